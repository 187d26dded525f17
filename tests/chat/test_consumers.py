"""The socket: who may speak, what may be said, and that one tenant hears nothing of another."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone
from httpx import ConnectError

from chat import plans, turns
from chat.aio import in_thread
from chat.consumers import COMMANDS_IN_WINDOW, NOT_A_MEMBER, NOT_SIGNED_IN, TOO_MANY
from chat.llm.fakes import Step
from chat.models import Conversation, Provider, Turn
from chat.protocol.commands import MOST_IMAGES
from chat.routing import websocket_urlpatterns
from chat.shared_redis import close_redis
from ingestion.models import Document
from ingestion.progress import publish
from tenants.models import Membership, Tenant, User
from tests.chat.kits import Plans, kit, passage, plan
from tests.conftest import signed_in
from tests.factories import DocumentFactory

pytestmark = pytest.mark.django_db(transaction=True)

WARRANTY = passage("The warranty lasts two years.")


@pytest.fixture(autouse=True)
async def _loop_cleaned() -> AsyncIterator[None]:
    yield
    await close_redis()


async def line_of(user: User | AnonymousUser, slug: str = "acme", *, language: str = "en") -> WebsocketCommunicator:
    """A socket that is not open yet, with the session of a browser in which `user` has signed in."""
    spoken = [(b"accept-language", language.encode())]
    communicator = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/t/{slug}/", headers=spoken)
    browser = await in_thread(signed_in, user) if user.is_authenticated else Client()
    communicator.scope |= {"user": user, "session": await in_thread(lambda: browser.session)}
    return communicator


@asynccontextmanager
async def socket(user: Any, slug: str = "acme", *, language: str = "en") -> AsyncIterator[WebsocketCommunicator]:
    communicator = await line_of(user, slug, language=language)
    connected, _subprotocol = await communicator.connect()
    assert connected
    try:
        yield communicator
    finally:
        await communicator.disconnect()


async def until(communicator: WebsocketCommunicator, *types: str) -> list[dict[str, Any]]:
    """Every frame up to the first of one of `types`."""
    seen: list[dict[str, Any]] = []
    while not seen or seen[-1]["type"] not in types:
        seen.append(await communicator.receive_json_from(timeout=5))
    return seen


def ask(**fields: Any) -> dict[str, Any]:
    return {"type": "ask", "turn_id": str(uuid4()), "text": "How long does the warranty last?", **fields}


async def test_a_question_is_answered_over_the_socket(alice: User, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two years [1]."]))
    async with socket(alice) as line:
        await line.send_json_to(ask())
        seen = await until(line, "turn.completed")

    assert [frame["type"] for frame in seen][:4] == ["turn.accepted", "turn.stage", "turn.sources", "turn.stage"]
    assert [frame["seq"] for frame in seen] == list(range(1, len(seen) + 1))
    assert 'data-cite="1"' in seen[-1]["html"]


async def test_a_failure_is_told_in_the_language_of_the_page(alice: User, planned: Plans) -> None:
    planned(kit([WARRANTY], [ConnectError("refused")]))
    for language, sentence in {"de": "Scripted antwortet nicht.", "sr": "Scripted не одговара."}.items():
        question = ask()
        async with socket(alice, language=language) as line:
            await line.send_json_to(question)
            failed = (await until(line, "turn.failed"))[-1]
        assert failed["message"].startswith(sentence)
        stored = await Turn.all_tenants.aget(pk=question["turn_id"])
        assert stored.error_message == failed["message"]


async def test_a_refusal_is_told_in_the_language_of_the_page(alice: User) -> None:
    async with socket(alice, language="de") as line:
        await line.send_json_to({"type": "retry", "turn_id": str(uuid4()), "retry_of": str(uuid4())})
        refused = (await until(line, "protocol.error"))[-1]
    assert refused["message"].startswith("Diese Antwort gibt es nicht.")


async def test_what_broke_unexpectedly_is_told_in_the_language_of_the_page(alice: User, planned: Plans) -> None:
    planned(kit([WARRANTY], [RuntimeError("secret detail")]))
    async with socket(alice, language="de") as line:
        await line.send_json_to(ask())
        failed = (await until(line, "turn.failed"))[-1]
    assert failed["message"].startswith(
        "Etwas Unerwartetes ist schiefgegangen. Nennen Sie dem Betreiber diese Kennung: "
    )


async def test_stop_is_heard_while_the_answer_is_coming(alice: User, planned: Plans) -> None:
    going_on: list[Step] = ["and ", 0.1]
    planned(kit([WARRANTY], ["Two years [1]. ", *going_on * 200]))
    async with socket(alice) as line:
        question = ask()
        await line.send_json_to(question)
        await until(line, "answer.block")
        await line.send_json_to({"type": "stop", "turn_id": question["turn_id"]})

        assert (await until(line, "turn.stopped"))[-1]["turn_id"] == question["turn_id"]


async def test_a_cut_line_is_taken_up_where_it_broke(alice: User, planned: Plans) -> None:
    planned(kit([WARRANTY], ["One ", 0.2, "two ", 0.2, "three ", 0.2, "four [1]."]))
    question = ask()
    async with socket(alice) as line:
        await line.send_json_to(question)
        before = await until(line, "answer.block")
    await asyncio.sleep(0.3)  # the answer goes on without anybody listening
    async with socket(alice) as line:
        await line.send_json_to({"type": "resume", "turn_id": question["turn_id"], "after": before[-1]["seq"]})
        after = await until(line, "turn.completed")

    seqs = [frame["seq"] for frame in before + after]
    assert seqs == list(range(1, len(seqs) + 1))
    assert "One two three four" in after[-1]["html"]


async def test_a_second_tab_follows_from_the_beginning(alice: User, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two ", 0.2, "years [1]."]))
    question = ask()
    async with socket(alice) as one, socket(alice) as two:
        await one.send_json_to(question)
        await until(one, "turn.accepted")
        await two.send_json_to({"type": "resume", "turn_id": question["turn_id"], "after": 0})

        first, second = await asyncio.gather(until(one, "turn.completed"), until(two, "turn.completed"))

    assert first == second[1:]


async def test_a_turn_whose_log_is_gone_is_fetched_instead(alice: User, acme: Tenant) -> None:
    def old() -> Turn:
        conversation = Conversation.objects.create(tenant=acme, user=alice)
        return Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="?", status="completed")

    turn = await in_thread(old)
    async with socket(alice) as line:
        await line.send_json_to({"type": "resume", "turn_id": str(turn.pk), "after": 3})

        assert (await until(line, "turn.gap"))[-1]["url"] == f"/t/acme/turns/{turn.pk}/"


async def test_a_retry_asks_the_same_question_in_the_same_conversation(alice: User, planned: Plans) -> None:
    planned(kit([WARRANTY], ["Two years [1]."]))
    async with socket(alice) as line:
        question = ask()
        await line.send_json_to(question)
        first = await until(line, "turn.completed")
        await line.send_json_to({"type": "retry", "turn_id": str(uuid4()), "retry_of": question["turn_id"]})
        second = await until(line, "turn.completed")

    assert second[0]["question"] == question["text"]
    assert second[0]["conversation_id"] == first[0]["conversation_id"]
    assert second[0]["turn_id"] != first[0]["turn_id"]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "dance"},
        {"type": "ask", "turn_id": "not-a-uuid", "text": "x"},
        {"type": "ask", "turn_id": str(uuid4()), "text": "   "},
        {"type": "ask", "turn_id": str(uuid4()), "text": "\0"},
        {"type": "ask", "turn_id": str(uuid4()), "text": "x" * 8001},
        {"type": "ask", "turn_id": str(uuid4()), "text": "x", "tenant": "other"},
        {"type": "resume", "turn_id": str(uuid4()), "after": -1},
        [],
    ],
)
async def test_what_is_no_command_is_answered_with_a_sentence(alice: User, frame: Any) -> None:
    async with socket(alice, language="de") as line:
        await line.send_json_to(frame)

        answer = await line.receive_json_from()
        assert (answer["type"], answer["code"]) == ("protocol.error", "command.invalid")
        assert answer["message"].startswith("Das war nicht zu verstehen.")


async def test_a_question_that_is_not_understood_is_refused_by_its_name(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    question = ask(image_ids=[str(uuid4()) for _ in range(MOST_IMAGES + 1)])
    async with socket(alice) as line:
        await line.send_json_to(question)
        answer = await line.receive_json_from()
        await line.send_json_to({"type": "ask", "turn_id": "not-a-uuid"})
        unnamed = await line.receive_json_from()

    assert answer["turn_id"] == question["turn_id"]
    assert answer["message"] == "This could not be understood. Reload the page and try again."
    assert "ask.image_ids: Tuple should have at most 6 items" in caplog.text
    assert question["text"] not in caplog.text
    assert unnamed["turn_id"] is None


async def test_a_stranger_is_told_to_sign_in(acme: Tenant) -> None:
    communicator = await line_of(AnonymousUser())
    await communicator.connect()

    assert (await communicator.receive_output())["code"] == NOT_SIGNED_IN


@pytest.mark.parametrize("slug", ["acme", "no-such-tenant"])
async def test_somebody_from_elsewhere_is_closed_like_a_wrong_address(charlie: User, acme: Tenant, slug: str) -> None:
    communicator = await line_of(charlie, slug)
    await communicator.connect()

    assert (await communicator.receive_output())["code"] == NOT_A_MEMBER


async def test_a_session_that_ends_ends_the_socket(alice: User, acme: Tenant) -> None:
    """By signing out in another tab, or by another password."""
    gone, changed = await line_of(alice), await line_of(alice)
    for communicator in (gone, changed):
        await communicator.connect()
    await in_thread(gone.scope["session"].flush)
    await gone.send_json_to(ask())
    assert (await gone.receive_output())["code"] == NOT_SIGNED_IN
    await changed.send_json_to({"type": "resume", "turn_id": str(uuid4()), "after": 0})
    assert (await changed.receive_output())["type"] == "websocket.send"
    alice.set_password("another one")
    await in_thread(alice.save)
    await changed.send_json_to(ask())
    assert (await changed.receive_output())["code"] == NOT_SIGNED_IN


async def test_a_membership_that_ends_ends_the_socket(alice: User, acme: Tenant) -> None:
    communicator = await line_of(alice)
    await communicator.connect()
    await in_thread(lambda: Membership.objects.for_tenant(acme).delete())
    await communicator.send_json_to(ask())

    assert (await communicator.receive_output())["code"] == NOT_A_MEMBER


def about(command: str, turn: Turn) -> dict[str, Any]:
    frames: dict[str, dict[str, Any]] = {
        "stop": {"type": "stop", "turn_id": str(turn.pk)},
        "resume": {"type": "resume", "turn_id": str(turn.pk), "after": 0},
        "retry": {"type": "retry", "turn_id": str(uuid4()), "retry_of": str(turn.pk)},
        "continue": {"type": "continue", "turn_id": str(uuid4()), "continue_of": str(turn.pk)},
        "ask": ask(conversation_id=str(turn.conversation_id)),
    }
    return frames[command]


@pytest.mark.parametrize("command", ["stop", "resume", "retry", "continue", "ask"])
async def test_what_its_reader_has_deleted_does_not_exist_either(alice: User, acme: Tenant, command: str) -> None:
    def deleted() -> Turn:
        conversation = Conversation.objects.create(tenant=acme, user=alice, deleted_at=timezone.now())
        return Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="?", status="completed")

    turn = await in_thread(deleted)
    async with socket(alice) as line:
        await line.send_json_to(about(command, turn))
        assert (await line.receive_json_from())["code"] == "tenancy.not_found"


@pytest.mark.parametrize("command", ["stop", "resume", "retry", "continue", "ask"])
async def test_a_turn_of_another_tenant_or_colleague_does_not_exist(
    alice: User, bob: User, charlie: User, acme: Tenant, command: str
) -> None:
    def of_alice() -> Turn:
        conversation = Conversation.objects.create(tenant=acme, user=alice)
        return Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="?", status="completed")

    turn = await in_thread(of_alice)
    frame = about(command, turn)
    for user, slug in ((bob, "acme"), (charlie, "other")):
        async with socket(user, slug) as line:
            await line.send_json_to(frame)
            answer = await line.receive_json_from()
            assert (answer["type"], answer["code"]) == ("protocol.error", "tenancy.not_found")
    assert not await turns.turn_log().stops_requested([turn.pk])


async def test_an_id_that_another_tenant_uses_is_refused(alice: User, charlie: User, acme: Tenant) -> None:
    def of_alice() -> Turn:
        conversation = Conversation.objects.create(tenant=acme, user=alice)
        return Turn.objects.create(id=uuid4(), tenant=acme, conversation=conversation, question="secret")

    turn = await in_thread(of_alice)
    async with socket(charlie, "other") as line:
        await line.send_json_to(ask(turn_id=str(turn.pk)))

        answer = await line.receive_json_from()
        assert (answer["type"], answer["code"]) == ("protocol.error", "turn.conflict")


async def test_a_conversation_of_somebody_else_cannot_be_continued(alice: User, bob: User, acme: Tenant) -> None:
    conversation = await in_thread(lambda: Conversation.objects.create(tenant=acme, user=alice))
    async with socket(bob) as line:
        await line.send_json_to(ask(conversation_id=str(conversation.pk)))

        assert (await line.receive_json_from())["code"] == "tenancy.not_found"


async def test_news_of_a_document_reaches_its_tenant_and_nobody_else(alice: User, charlie: User, acme: Tenant) -> None:
    document: Document = await in_thread(lambda: DocumentFactory(tenant=acme, status="running", stage="embedding"))
    async with socket(alice) as ours, socket(charlie, "other") as theirs:
        await in_thread(publish, document)

        frame = await ours.receive_json_from()
        assert frame["type"] == "document.updated"
        assert f'id="doc-{document.pk}"' in frame["html"]
        assert await theirs.receive_nothing(timeout=0.3)


async def test_a_flood_of_commands_closes_the_socket(alice: User) -> None:
    communicator = await line_of(alice)
    await communicator.connect()
    for _ in range(COMMANDS_IN_WINDOW + 1):
        await communicator.send_json_to({"type": "resume", "turn_id": str(uuid4()), "after": 0})
    codes: list[int] = []
    while not codes:
        output = await communicator.receive_output(timeout=5)
        if output["type"] == "websocket.close":
            codes.append(output["code"])

    assert codes == [TOO_MANY]


# --- several models at once ---


@pytest.fixture
def models(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Ids of providers: "Good" answers, "Broken" fails, "Slow" goes on until it is stopped."""
    going_on: list[Step] = ["and ", 0.1]
    scripts: dict[str, list[Step]] = {
        "Good": ["Two ", 0.3, "years [1]."],
        "Broken": [ValueError("out of order")],
        "Slow": ["Two years [1]. ", *going_on * 200],
    }
    kits = {model: kit([WARRANTY], script) for model, script in scripts.items()}
    chosen = {str(Provider.objects.create(tenant=acme, kind="ollama", model=model).pk): model for model in kits}
    monkeypatch.setattr(
        plans, "load", lambda turn, _breaker: plan(turn.question, kits[chosen[str(turn.chosen_provider_id)]])
    )
    return {model: pk for pk, model in chosen.items()}


def compare(models: dict[str, str], first: str, other: str) -> dict[str, Any]:
    beside = {"turn_id": str(uuid4()), "provider_id": models[other]}
    return ask(provider_id=models[first], compare=[beside])


async def ends(line: WebsocketCommunicator, count: int) -> dict[str, str]:
    """How each of so many turns has ended; each one's events are gapless."""
    seqs: defaultdict[str, list[int]] = defaultdict(list)
    ended: dict[str, str] = {}
    while len(ended) < count:
        frame = await line.receive_json_from(timeout=5)
        seqs[frame["turn_id"]].append(frame["seq"])
        if frame["type"] in {"turn.completed", "turn.stopped", "turn.failed"}:
            ended[frame["turn_id"]] = frame["type"]
    assert all(each == list(range(1, len(each) + 1)) for each in seqs.values())
    return ended


async def test_one_model_fails_and_the_other_goes_on(alice: User, models: dict[str, str]) -> None:
    command = compare(models, "Broken", "Good")
    async with socket(alice) as line:
        await line.send_json_to(command)
        ended = await ends(line, 2)

    assert ended == {command["turn_id"]: "turn.failed", command["compare"][0]["turn_id"]: "turn.completed"}


async def test_one_model_is_stopped_and_the_other_goes_on(alice: User, models: dict[str, str]) -> None:
    command = compare(models, "Slow", "Good")
    async with socket(alice) as line:
        await line.send_json_to(command)
        await line.send_json_to({"type": "stop", "turn_id": command["turn_id"]})
        ended = await ends(line, 2)

    assert ended == {command["turn_id"]: "turn.stopped", command["compare"][0]["turn_id"]: "turn.completed"}


async def test_a_comparison_is_said_again_after_a_cut_line(alice: User, models: dict[str, str]) -> None:
    command = compare(models, "Good", "Broken")
    async with socket(alice) as line:
        await line.send_json_to(command)
        await until(line, "turn.accepted")
    async with socket(alice) as line:
        await line.send_json_to(command)
        assert len(await ends(line, 2)) == 2
    assert await in_thread(Turn.all_tenants.count) == 2


async def test_a_comparison_is_refused_as_a_whole(alice: User, models: dict[str, str]) -> None:
    async with socket(alice) as line:
        command = compare(models, "Good", "Good")
        await line.send_json_to(command)
        (error,) = await until(line, "protocol.error")
        without = {**compare(models, "Good", "Broken"), "provider_id": None}
        await line.send_json_to(without)
        (invalid,) = await until(line, "protocol.error")

    assert (error["code"], error["turn_id"]) == ("comparison.refused", command["turn_id"])
    assert (invalid["code"], invalid["turn_id"]) == ("command.invalid", without["turn_id"])
    assert await in_thread(Turn.all_tenants.count) == 0
