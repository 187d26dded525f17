"""Answers in the making: what is written down, how they end, what a second tab and a reload see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import DataError
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone, translation
from httpx import ConnectError

from chat import services, turns
from chat.aio import in_thread
from chat.domain import ContextUse, Usage
from chat.following import follow
from chat.llm.fakes import Step
from chat.models import Conversation, Source, Turn
from chat.protocol.events import (
    AnswerBlock,
    AnswerChecked,
    ContextFrame,
    TurnCompleted,
    TurnFailed,
    TurnFrame,
    TurnSources,
    TurnStage,
    TurnStopped,
)
from chat.selectors import HISTORY_TURNS, TurnView, history_before, turn_get, turn_views
from chat.shared_redis import close_redis
from chat.tasks import reap_turns
from ingestion.domain import Vector
from tenants.access import Access
from tenants.models import Tenant, User
from tests.chat.kits import Plans, kit, passage

QUESTION = "How long does the warranty last?"
WARRANTY = passage("The warranty lasts two years.", page=4)

DONE = Turn.Status.COMPLETED

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _loop_cleaned() -> AsyncIterator[None]:
    yield
    await close_redis()


async def start(access: Access, turn_id: UUID | None = None) -> Turn:
    turn, _new = await in_thread(services.turn_start, access=access, turn_id=turn_id or uuid4(), text=QUESTION)
    await turns.start(turn)
    return turn


async def frames(turn: Turn, after: int = 0) -> list[TurnFrame]:
    async with asyncio.timeout(10):
        return [frame async for frame in follow(turns.turn_log(), turn, "acme", after=after)]


async def test_every_frame_has_the_next_number_and_exactly_one_is_the_last(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two ", 0.15, "years ", 0.15, "[1].\n\n", "And no more."]))
    turn = await start(as_alice)

    seen = await frames(turn)

    assert [frame.seq for frame in seen] == list(range(1, len(seen) + 1))
    assert [isinstance(frame, (TurnCompleted, TurnStopped, TurnFailed)) for frame in seen].count(True) == 1
    assert isinstance(seen[-1], TurnCompleted)


async def test_a_replay_shows_what_a_fresh_page_shows(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two **years** ", "[1].\n\n", "- and\n- more"]))
    turn = await start(as_alice)
    last = (await frames(turn))[-1]
    assert isinstance(last, TurnCompleted)

    stored = await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).get(pk=turn.pk))
    (view,) = await in_thread(turn_views, access=as_alice, turns=[stored])

    assert last.html == view.answer_html
    assert [frame.model_dump() for frame in await frames(turn)] == [frame.model_dump() for frame in await frames(turn)]


MADE_UP = "Two years [1]. The warranty was signed by **James Cameron** on 4 March [1].\n\nThe warranty lasts two years."


async def test_a_checked_answer_is_the_same_live_replayed_and_on_a_fresh_page(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], [MADE_UP]))
    turn = await start(as_alice)
    seen = await frames(turn)
    [checked] = [frame for frame in seen if isinstance(frame, AnswerChecked)]
    last = seen[-1]
    assert isinstance(last, TurnCompleted)

    stored = await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).get(pk=turn.pk))
    (view,) = await in_thread(turn_views, access=as_alice, turns=[stored])

    assert "<strong>James Cameron</strong>" in checked.html[checked.html.index("<mark") :]
    assert (checked.sentences, checked.unsupported) == (2, 1)
    assert checked.html == last.html == view.answer_html
    assert checked.summary == view.check_summary != ""
    assert await frames(turn) == seen


async def test_an_answer_is_whole_on_the_screen_before_it_is_checked(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["The warranty lasts ", "two years [1]."]))
    turn = await start(as_alice)
    seen = await frames(turn)

    at = next(number for number, frame in enumerate(seen) if isinstance(frame, TurnStage) and frame.stage == "checking")
    shown = [frame.html for frame in seen[:at] if isinstance(frame, AnswerBlock)][-1]
    assert "The warranty lasts two years" in shown
    assert "cite" in shown


async def test_an_answer_that_is_stopped_while_it_is_checked_is_whole(as_alice: Access, planned: Plans) -> None:
    reached = asyncio.Event()

    async def never(_texts: Sequence[str]) -> list[Vector]:
        reached.set()
        await asyncio.sleep(60)
        return []

    planned(replace(kit([WARRANTY], ["The warranty expires eventually, as usual [1]."]), embed=never))
    turn = await start(as_alice)
    await asyncio.wait_for(reached.wait(), 10)
    await turns.stop(turn.pk)

    last = (await frames(turn))[-1]
    assert isinstance(last, TurnCompleted)
    await in_thread(turn.refresh_from_db)
    assert (turn.status, turn.model, turn.checked) == (Turn.Status.COMPLETED, "scripted-1", None)


async def test_sources_say_which_sentences_decide_while_they_stream_and_afterwards(
    as_alice: Access, planned: Plans
) -> None:
    planned(kit([passage("Lids are blue here. The warranty lasts two years.")], ["Two years [1]."]))
    turn = await start(as_alice)
    [streamed] = [frame for frame in await frames(turn) if isinstance(frame, TurnSources)]

    def stored() -> TurnView:
        return turn_views(access=as_alice, turns=[turn_get(access=as_alice, turn_id=turn.pk)])[0]

    decided = [("Lids are blue here. ", False), ("The warranty lasts two years.", True)]
    assert [(part.text, part.is_deciding) for part in streamed.sources[0].excerpt] == decided
    assert list((await in_thread(stored)).sources[0].excerpt) == decided


async def test_resuming_gives_the_rest_and_the_blocks_are_whole(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two ", 0.15, "years ", 0.15, "[1]."]))
    turn = await start(as_alice)
    everything = await frames(turn)

    for after in range(len(everything)):
        rest = await frames(turn, after=after)
        assert [frame.model_dump() for frame in rest] == [frame.model_dump() for frame in everything[after:]]


async def test_two_tabs_see_the_same(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two ", 0.1, "years ", 0.1, "[1]."]))
    turn = await start(as_alice)

    first, second = await asyncio.gather(frames(turn), frames(turn))

    assert first == second


async def test_stopping_keeps_what_was_written_and_frees_the_model(as_alice: Access, planned: Plans) -> None:
    going_on: list[Step] = ["and more ", 0.2]
    planned(kit([WARRANTY], ["Two years [1]. ", *going_on * 100]))
    turn = await start(as_alice)
    watching = asyncio.create_task(frames(turn))
    await asyncio.sleep(0.3)
    await turns.stop(turn.pk)

    seen = await watching
    assert isinstance(seen[-1], TurnStopped)
    assert "Two years" in seen[-1].html
    await in_thread(turn.refresh_from_db)
    assert turn.status == Turn.Status.STOPPED
    assert turn.answer.startswith("Two years [1].")
    assert turn.pk not in turns._running


async def test_a_failure_is_an_event_with_a_code_and_keeps_the_text(as_alice: Access, planned: Plans) -> None:
    from chat.errors import StreamBroken

    planned(kit([WARRANTY], ["Two ", StreamBroken("The line to the model was cut.")]))
    turn = await start(as_alice)

    last = (await frames(turn))[-1]

    assert isinstance(last, TurnFailed)
    assert (last.code, last.retryable) == ("provider.stream_broken", True)
    await in_thread(turn.refresh_from_db)
    assert (turn.status, turn.answer) == (Turn.Status.FAILED, "Two ")


async def test_a_failure_is_told_in_the_language_that_the_form_was_sent_in(
    alice: User, as_alice: Access, planned: Plans
) -> None:
    planned(kit([WARRANTY], [ConnectError("refused")]))
    client = AsyncClient()
    await client.aforce_login(alice)
    url = reverse("chat:ask", args=["acme"])
    response = await client.post(url, {"text": QUESTION}, headers={"accept-language": "de"})
    assert response.status_code == 302
    turn = await Turn.objects.for_tenant(as_alice.tenant).select_related("conversation").aget()
    last = (await frames(turn))[-1]
    assert isinstance(last, TurnFailed)
    assert last.message.startswith("Scripted antwortet nicht. Prüfen Sie")


async def test_a_bug_is_shown_as_a_sentence_with_a_reference(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], [RuntimeError("secret detail")]))
    turn = await start(as_alice)

    last = (await frames(turn))[-1]

    assert isinstance(last, TurnFailed)
    assert "secret detail" not in last.message
    assert "Quote" in last.message


async def test_sources_are_stored_with_their_numbers_and_what_was_cited(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY, passage("Returns within thirty days of the warranty.")], ["Two years [1]."]))
    turn = await start(as_alice)
    await frames(turn)

    def stored() -> Sequence[tuple[int, bool]]:
        return list(Source.objects.for_tenant(as_alice.tenant).filter(turn=turn).values_list("number", "cited"))

    assert await in_thread(stored) == [(1, True), (2, False)]


async def test_a_source_that_goes_over_pages_says_so_while_it_streams_and_afterwards(
    as_alice: Access, planned: Plans
) -> None:
    planned(kit([replace(WARRANTY, last_page=5)], ["Two years [1]."]))
    turn = await start(as_alice)
    [streamed] = [frame for frame in await frames(turn) if isinstance(frame, TurnSources)]

    def stored() -> TurnView:
        return turn_views(access=as_alice, turns=[turn_get(access=as_alice, turn_id=turn.pk)])[0]

    assert [(source.page, source.last_page) for source in streamed.sources] == [(4, 5)]
    assert [(source.page, source.last_page) for source in (await in_thread(stored)).sources] == [(4, 5)]


async def test_text_streams_in_steps_and_not_in_one_piece(as_alice: Access, planned: Plans) -> None:
    script: list[Step] = []
    for word in range(8):
        script += [f"word{word} ", 0.12]
    planned(kit([WARRANTY], script))
    turn = await start(as_alice)

    blocks = [frame for frame in await frames(turn) if isinstance(frame, AnswerBlock)]

    assert len(blocks) >= 4
    assert len({block.index for block in blocks}) == 1


async def test_asking_twice_with_one_id_asks_once(as_alice: Access, planned: Plans) -> None:
    turn_id = uuid4()

    first, new = await in_thread(services.turn_start, access=as_alice, turn_id=turn_id, text=QUESTION)
    again, new_again = await in_thread(services.turn_start, access=as_alice, turn_id=turn_id, text="Other")

    assert (new, new_again) == (True, False)
    assert again == first
    assert again.question == QUESTION


async def test_the_reaper_closes_what_a_dead_process_left(as_alice: Access) -> None:
    turn, _new = await in_thread(services.turn_start, access=as_alice, turn_id=uuid4(), text=QUESTION)
    log = turns.turn_log()
    await log.append(
        turn.pk,
        [{"type": "turn.accepted"}, {"type": "answer.delta", "block": 0, "text": "Two ye", "draft": False}],
    )
    log.hand_over(turn.pk)  # in life, what has written this is gone altogether
    long_ago = timezone.now() - timedelta(minutes=5)
    await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).filter(pk=turn.pk).update(heartbeat_at=long_ago))

    await in_thread(reap_turns)

    await in_thread(turn.refresh_from_db)
    assert (turn.status, turn.answer) == (Turn.Status.INTERRUPTED, "Two ye")
    last = (await frames(await in_thread(turn_get, access=as_alice, turn_id=turn.pk)))[-1]
    assert isinstance(last, TurnFailed)
    assert (last.code, last.retryable) == ("turn.interrupted", True)
    assert last.message.startswith("The server was restarted while it answered.")


async def test_a_turn_that_cannot_be_closed_leaves_none_of_the_others_open(
    as_alice: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = [
        (await in_thread(services.turn_start, access=as_alice, turn_id=uuid4(), text=QUESTION))[0] for _ in range(2)
    ]
    long_ago = timezone.now() - timedelta(minutes=5)
    await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).update(heartbeat_at=long_ago))
    finish = services.turn_finish

    def fails_for_the_first(*, turn: Turn, outcome: services.Outcome) -> bool:
        if turn.pk == broken.pk:
            raise DataError("a value that the database does not take")
        return finish(turn=turn, outcome=outcome)

    monkeypatch.setattr(services, "turn_finish", fails_for_the_first)
    await in_thread(reap_turns)

    for turn in (broken, other):
        await in_thread(turn.refresh_from_db)
    assert (broken.status, other.status) == (Turn.Status.RUNNING, Turn.Status.INTERRUPTED)


async def test_what_the_database_does_not_take_is_not_in_an_answer(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two\0 years ", "[1].\0"]))
    turn = await start(as_alice)
    await frames(turn)
    await in_thread(turn.refresh_from_db)
    assert turn.answer == "Two years [1]."


async def test_an_interruption_is_told_in_the_language_of_whoever_looks(as_alice: Access) -> None:
    """The worker that writes it down knows none."""
    turn, _new = await in_thread(services.turn_start, access=as_alice, turn_id=uuid4(), text=QUESTION)
    log = turns.turn_log()
    await log.append(turn.pk, [{"type": "turn.accepted"}])
    log.hand_over(turn.pk)
    long_ago = timezone.now() - timedelta(minutes=5)
    await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).filter(pk=turn.pk).update(heartbeat_at=long_ago))
    await in_thread(reap_turns)
    turn = await in_thread(turn_get, access=as_alice, turn_id=turn.pk)

    for language, beginning in {"de": "Der Server wurde neu gestartet", "sr": "Сервер је поново покренут"}.items():
        with translation.override(language):
            last = (await frames(turn))[-1]
            (view,) = await in_thread(turn_views, access=as_alice, turns=[turn])
        assert isinstance(last, TurnFailed)
        assert view.error is not None
        assert last.message == view.error["message"]
        assert last.message.startswith(beginning)


async def test_the_reaper_leaves_the_living_alone(as_alice: Access) -> None:
    turn, _new = await in_thread(services.turn_start, access=as_alice, turn_id=uuid4(), text=QUESTION)

    await in_thread(reap_turns)

    await in_thread(turn.refresh_from_db)
    assert turn.status == Turn.Status.RUNNING


async def test_a_question_that_is_asked_again_is_no_follow_up_to_itself(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two years [1]."]))
    first = await start(as_alice)
    await frames(first)
    again, _new = await in_thread(services.turn_retry, access=as_alice, turn_id=uuid4(), retry_of=first.pk)
    await turns.start(again)
    await frames(again)
    other, _new = await in_thread(
        services.turn_start,
        access=as_alice,
        turn_id=uuid4(),
        text="And the battery?",
        conversation_id=first.conversation_id,
    )

    assert await in_thread(history_before, again) == ((), 0)
    assert [each.question for each in (await in_thread(history_before, other))[0]] == [QUESTION]


async def test_a_reload_says_how_many_passages_were_used_as_the_stream_did(as_alice: Access, planned: Plans) -> None:
    long = [passage("The warranty lasts two years. Paint is not covered. " * 80) for _ in range(9)]
    planned(kit(long, ["Two years [1]."]))
    turn = await start(as_alice)
    (sources,) = [frame for frame in await frames(turn) if isinstance(frame, TurnSources)]
    view = await in_thread(view_of, as_alice, turn)

    assert sources.shortened > 0
    assert (view.omitted, view.shortened) == (sources.omitted, sources.shortened)
    assert view.found == len(sources.sources) + sources.omitted == 9


def view_of(access: Access, turn: Turn) -> TurnView:
    (view,) = turn_views(access=access, turns=[turn_get(access=access, turn_id=turn.pk)])
    return view


async def test_a_reload_says_how_full_the_context_was_as_the_stream_did(as_alice: Access, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two years [1]."]))
    turn = await start(as_alice)
    (completed,) = [frame for frame in await frames(turn) if isinstance(frame, TurnCompleted)]
    view = await in_thread(view_of, as_alice, turn)

    assert view.context is not None
    assert completed.context == ContextFrame(**asdict(view.context))
    assert 0 < view.context.used <= view.context.size
    assert (view.context.earlier, view.context.remembered) == (0, 0)


@pytest.mark.parametrize(
    ("trace", "usage", "used"),
    [
        ({"context_tokens": 4096, "counted_tokens": 700}, Usage(), 700),
        ({"context_tokens": 4096, "counted_tokens": 700}, Usage(720, 80), 800),
        ({"context_tokens": 512, "counted_tokens": 500}, Usage(500, 80), 512),
        ({"counted_tokens": 700}, Usage(720, 80), None),
        ({"context_tokens": 4096}, Usage(), None),
        ({}, Usage(), None),
    ],
)
def test_the_context_that_was_used_is_what_the_model_has_counted(
    trace: dict[str, int], usage: Usage, used: int | None
) -> None:
    found = ContextUse.of(trace, usage)
    assert (found.used if found else None) == used


async def test_the_oldest_questions_are_forgotten_four_at_a_time(as_alice: Access, acme: Tenant) -> None:
    def begins() -> list[str]:
        conversation = Conversation.objects.create(tenant=acme, user=as_alice.user)
        first = []
        row = None
        for number in range(18):
            row = Turn.objects.create(
                id=uuid4(),
                tenant=acme,
                conversation=conversation,
                parent=row,
                question=f"{number}?",
                answer="Yes.",
                status=DONE,
            )
            known, earlier = history_before(row)
            assert earlier == number
            if known:
                assert len(known) <= HISTORY_TURNS
                assert known[-1].question == f"{number - 1}?"
                first.append(known[0].question)
        return first

    assert await in_thread(begins) == ["0?"] * 8 + ["4?"] * 4 + ["8?"] * 4 + ["12?"]
