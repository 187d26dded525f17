"""Titles by a model: made after the answer, never over a name that a person gave, and only where there is a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from chat import plans, services, titles, turns
from chat.aio import in_thread
from chat.conversations.services import conversation_rename
from chat.domain import Exchange, ProviderConfig, ProviderKind
from chat.llm.breaker import MemoryBreaker
from chat.llm.chain import FallbackChain, Link
from chat.llm.openai_compatible import OpenAICompatibleChat
from chat.models import Turn
from chat.shared_redis import close_redis
from tenants.access import Access
from tenants.models import User
from tests.chat.kits import kit, passage
from tests.chat.talks import turn_in
from tests.chat.test_consumers import ask, socket, until
from tests.contracts.openai_server import OpenAIServer

QUESTION = "How long does the warranty of the Kestrel pump last, and from which day on does its maker count it?"
TITLE = "Warranty of the Kestrel pump"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _loop_cleaned() -> AsyncIterator[None]:
    yield
    await close_redis()


def writer(server: OpenAIServer, kind: ProviderKind = ProviderKind.OPENAI) -> FallbackChain:
    config = ProviderConfig(kind=kind, model=server.models[0], base_url=server.base_url, api_key="sk-test")
    return FallbackChain(
        [Link(provider_id=uuid4(), label="Contract", config=config)],
        tenant_id=uuid4(),
        breaker=MemoryBreaker(),
        build=lambda each: OpenAICompatibleChat.from_config(each, allowed=[server.host]),
    )


@pytest.fixture
def answered_by(openai_endpoint: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> OpenAIServer:
    """What is asked is answered and named by this server; only the search is not the real one."""
    made = replace(kit([passage("The warranty lasts two years.")]), writer=writer(openai_endpoint))
    monkeypatch.setattr(plans, "kit_of", lambda *_args: made)
    return openai_endpoint


async def asked(access: Access, conversation_id: UUID | None = None, text: str = QUESTION) -> Turn:
    turn, _new = await in_thread(
        services.turn_start, access=access, turn_id=uuid4(), text=text, conversation_id=conversation_id
    )
    await turns.start(turn)
    await turns.wait(turn.pk)
    return turn


async def name_of(turn: Turn) -> str:
    await asyncio.wait_for(titles.wait(turn.conversation_id), 10)
    await in_thread(turn.conversation.refresh_from_db)
    return turn.conversation.title


async def test_the_first_answer_gives_the_conversation_a_title(as_alice: Access, answered_by: OpenAIServer) -> None:
    answered_by.titles.append(f'**"{TITLE}"**\n')
    turn = await asked(as_alice)
    assert await name_of(turn) == TITLE

    [request] = answered_by.title_requests
    assert QUESTION in request.json["messages"][-1]["content"]
    assert request.json["max_tokens"] == titles.MAX_TOKENS
    await asked(as_alice, turn.conversation_id, "And then?")
    assert await name_of(turn) == TITLE
    assert len(answered_by.title_requests) == 1


async def test_answers_beside_each_other_have_one_title_made(as_alice: Access, answered_by: OpenAIServer) -> None:
    answered_by.titles += [TITLE, "Another one"]
    turn, _new = await in_thread(services.turn_start, access=as_alice, turn_id=uuid4(), text=QUESTION)
    titles.begin(turn, writer(answered_by))
    titles.begin(turn, writer(answered_by))
    await asyncio.wait_for(titles.wait(turn.conversation_id), 10)
    titles.begin(turn, writer(answered_by))  # whose answer ended later; it has read the old name
    await asyncio.wait_for(titles.wait(turn.conversation_id), 10)
    assert len(answered_by.title_requests) == 1
    assert await name_of(turn) == TITLE


async def test_every_open_page_of_its_reader_hears_of_it_and_nobody_else(
    alice: User, bob: User, answered_by: OpenAIServer
) -> None:
    answered_by.titles.append(TITLE)
    async with socket(alice) as line, socket(alice) as other, socket(bob) as bobs:
        await line.send_json_to(ask(text=QUESTION))
        renamed = (await until(line, "conversation.renamed"))[-1]
        assert renamed["title"] == TITLE
        assert await other.receive_json_from(timeout=5) == renamed
        assert await bobs.receive_nothing(timeout=0.2)


async def test_a_name_that_a_person_gave_stays(as_alice: Access, answered_by: OpenAIServer) -> None:
    answered_by.titles.append(TITLE)
    turn, _new = await in_thread(services.turn_start, access=as_alice, turn_id=uuid4(), text=QUESTION)
    await turns.start(turn)
    await in_thread(conversation_rename, access=as_alice, conversation_id=turn.conversation_id, title="Mine")
    await turns.wait(turn.pk)
    assert await name_of(turn) == "Mine"


@pytest.mark.parametrize("said", ["", "It lasts two years from the day on which the pump was delivered to you."])
async def test_what_is_no_title_leaves_the_question(as_alice: Access, answered_by: OpenAIServer, said: str) -> None:
    answered_by.titles.append(said)
    turn = await asked(as_alice)
    assert (await name_of(turn)).startswith("How long does the warranty")


async def test_a_model_that_is_gone_leaves_the_question_and_the_answer(
    as_alice: Access, answered_by: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(titles, "_written", gone)
    turn = await asked(as_alice)
    assert (await name_of(turn)).startswith("How long does the warranty")
    await in_thread(turn.refresh_from_db)
    assert turn.status == Turn.Status.COMPLETED


def test_the_starter_model_is_not_asked(openai_endpoint: OpenAIServer) -> None:
    assert writer(openai_endpoint, ProviderKind.STARTER).first_alone(max_tokens=9) is None


def test_it_is_tried_a_few_times_and_only_while_the_question_is_the_name(as_alice: Access) -> None:
    turn, _new = services.turn_start(access=as_alice, turn_id=uuid4(), text=QUESTION)
    assert titles.is_wanted(turn, (), 0)
    later = turn_in(turn.conversation, "And then?")
    assert titles.is_wanted(later, [Exchange(QUESTION, "Two years.")], 1)
    assert not titles.is_wanted(later, [Exchange("Asked before?", "Two years.")], 1)
    assert not titles.is_wanted(turn, (), titles.TRIES)
    turn.conversation.title = "Mine"
    assert not titles.is_wanted(turn, (), 0)


async def test_a_follow_up_comes_first_and_the_title_after_it(
    as_alice: Access, answered_by: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = asyncio.Event()
    whole = titles._written

    async def slow(*args: object) -> str:
        reading.set()
        await asyncio.sleep(60)
        return "Never"

    monkeypatch.setattr(titles, "_written", slow)
    turn = await asked(as_alice)
    await asyncio.wait_for(reading.wait(), 10)
    monkeypatch.setattr(titles, "_written", whole)
    answered_by.titles.append(TITLE)
    await asked(as_alice, turn.conversation_id, "And then?")
    assert await name_of(turn) == TITLE
