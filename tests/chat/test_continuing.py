"""An answer that was cut goes on from where it ended, on the same passages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from chat import plans, selectors, services, turns
from chat.aio import in_thread
from chat.domain import AnswerStyle
from chat.errors import TurnConflict
from chat.following import follow
from chat.llm.fakes import ScriptedChat
from chat.models import Turn
from chat.prompting import GO_ON
from chat.protocol.events import TurnCompleted, TurnFrame, TurnSources
from chat.question import Kit
from chat.shared_redis import close_redis
from tenants.access import Access
from tests.chat.kits import Plans, kit, passage, question
from tests.chat.talks import talk

pytestmark = pytest.mark.django_db(transaction=True)

WARRANTY = passage("The warranty lasts two years. It covers parts and labour.", name="warranty.pdf")


@pytest.fixture(autouse=True)
async def _loop_cleaned() -> AsyncIterator[None]:
    yield
    await close_redis()


async def frames(turn: Turn) -> list[TurnFrame]:
    async with asyncio.timeout(20):
        return [frame async for frame in follow(turns.turn_log(), turn, "acme", after=0)]


async def answered(turn: Turn) -> tuple[Turn, list[TurnFrame]]:
    await turns.start(turn)
    seen = await frames(turn)
    await in_thread(turn.refresh_from_db)
    return turn, seen


async def cut_answer(access: Access, planned: Plans) -> Turn:
    script = ["The warranty ", "lasts two years [1]. ", "It cov"]
    planned(kit([WARRANTY], ScriptedChat(script=script, finish_reason="length")))
    turn, _new = await in_thread(
        services.turn_start, access=access, turn_id=uuid4(), text="How long does the warranty last?"
    )
    return (await answered(turn))[0]


def going_on(monkeypatch: pytest.MonkeyPatch, the_kit: Kit) -> None:
    """What goes on is planned as in life, but for the model."""
    monkeypatch.setattr(
        plans, "load", lambda turn, _breaker: plans.Plan(question(""), the_kit, begun=plans._begun(turn))
    )


async def continued(access: Access, turn: Turn) -> tuple[Turn, list[TurnFrame]]:
    new, _new = await in_thread(services.turn_continue, access=access, turn_id=uuid4(), continue_of=turn.pk)
    return await answered(new)


async def test_the_whole_answer_stands_beside_the_cut_one(
    as_alice: Access, planned: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await cut_answer(as_alice, planned)
    assert turn.can_go_on
    model = ScriptedChat(script=["covers parts ", "and labour [1][7]."])
    going_on(monkeypatch, kit([WARRANTY], model))
    whole, seen = await continued(as_alice, turn)
    assert whole.answer == "The warranty lasts two years [1]. It covers parts and labour [1]."
    assert (whole.status, whole.can_go_on, whole.parent_id) == (Turn.Status.COMPLETED, False, turn.parent_id)
    (sources,) = [frame for frame in seen if isinstance(frame, TurnSources)]
    assert [(source.number, source.document) for source in sources.sources] == [(1, "warranty.pdf")]
    assert (whole.checked or {})["sentences"] == 2
    last = seen[-1]
    assert isinstance(last, TurnCompleted)
    (view,) = await in_thread(selectors.turn_views, access=as_alice, turns=[whole])
    assert last.html == view.answer_html


async def test_the_model_sees_its_own_prompt_and_what_it_wrote(
    as_alice: Access, planned: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await cut_answer(as_alice, planned)
    first = turn.trace["prompt"]
    for rest in ("covers ", "parts."):
        going_on(monkeypatch, kit([WARRANTY], ScriptedChat(script=[rest], finish_reason="length")))
        turn, _seen = await continued(as_alice, turn)
        prompt = turn.trace["prompt"]
        assert prompt[:-2] == first
        assert [each["role"] for each in prompt[-3:]] == ["human", "ai", "human"]
        assert prompt[-1]["content"] == GO_ON
        assert prompt[-2]["content"].startswith("The warranty lasts two years [1].")
    assert turn.answer == "The warranty lasts two years [1]. It covers parts."


async def test_code_that_was_cut_is_gone_on_with_and_not_begun_again(
    as_alice: Access, planned: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await cut_answer(as_alice, planned)
    said = "Run `pump --fa"
    await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).filter(pk=turn.pk).update(answer=said))
    going_on(monkeypatch, kit([WARRANTY], ScriptedChat(script=["--fast` ", "now."])))
    whole, _seen = await continued(as_alice, turn)
    assert whole.trace["prompt"][-2]["content"] == "Run `pump"
    assert whole.answer == "Run `pump --fast` now."


async def test_so_much_of_the_first_part_is_sent_as_there_is_room_for(
    as_alice: Access, planned: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = await cut_answer(as_alice, planned)
    await in_thread(lambda: Turn.objects.for_tenant(as_alice.tenant).filter(pk=turn.pk).update(answer="word " * 2000))
    style = AnswerStyle(extractive=False, context_tokens=2048)
    going_on(monkeypatch, kit([WARRANTY], ScriptedChat(script=["end."]), style=style))
    whole, _seen = await continued(as_alice, turn)
    assert whole.answer.endswith("word end.")
    assert len(whole.answer) > 9_990
    assert whole.trace["counted_tokens"] <= whole.trace["room_tokens"]


async def test_a_whole_answer_a_quote_and_what_was_not_made_here_end_where_they_end(as_alice: Access) -> None:
    def refused() -> None:
        with pytest.raises(TurnConflict, match="nothing to go on with"):
            services.turn_continue(access=as_alice, turn_id=uuid4(), continue_of=talk(as_alice).pk)

    await in_thread(refused)
    outcome = services.Outcome(status=Turn.Status.STOPPED, answer="“Two years.” [1]")
    outcome.trace.prompt_version = "draft.v2"
    assert not outcome.can_go_on


async def test_a_stopped_answer_can_go_on() -> None:
    outcome = services.Outcome(status=Turn.Status.STOPPED, answer="Two")
    outcome.trace.prompt_version = "answer.v2"
    assert outcome.can_go_on
