from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from uuid import UUID, uuid4

import httpx
import pytest
from django.utils import translation
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from chat.domain import ProviderConfig, ProviderKind, Usage
from chat.errors import (
    ModelNotFound,
    NoProvider,
    PromptTooLong,
    ProviderError,
    ProviderGone,
    ProviderUnreachable,
    StreamBroken,
)
from chat.llm.breaker import BreakerKey, MemoryBreaker
from chat.llm.chain import Delta, FallbackChain, Finished, Item, Link, Started
from chat.llm.fakes import ScriptedChat
from chat.llm.ollama import OllamaChat
from chat.llm.openai_compatible import OpenAICompatibleChat
from tests.contracts.http import eventually
from tests.contracts.ollama_server import OllamaServer, fall_silent, refuse
from tests.contracts.openai_server import OpenAIServer
from tests.services import unused_ports

TENANT = UUID(int=1)
QUESTION = [HumanMessage("What is the warranty?")]
GONE = ProviderGone("GitHub Models was retired.")
DOWN = ProviderUnreachable("Ollama does not answer.")


def chain_of(models: Mapping[str, BaseChatModel], breaker: MemoryBreaker | None = None) -> FallbackChain:
    """A chain of the models, each labelled and named by its key; ids count from 1."""
    links = [
        Link(UUID(int=number), label, ProviderConfig(ProviderKind.OPENAI, model=label, base_url="http://127.0.0.1"))
        for number, label in enumerate(models, start=1)
    ]
    return FallbackChain(
        links, tenant_id=TENANT, breaker=breaker or MemoryBreaker(), build=lambda config: models[config.model]
    )


async def items_of(chain: FallbackChain) -> list[Item]:
    return [item async for item in chain.stream(QUESTION)]


async def test_the_first_provider_answers() -> None:
    unused = ScriptedChat.saying("no")
    items = await items_of(chain_of({"one": ScriptedChat.saying("Two years"), "two": unused}))
    assert items == [Started("one", "one"), Delta("Two "), Delta("years"), Finished(Usage(4, 2), "stop")]
    assert unused.calls == []


async def test_characters_that_cannot_be_stored_are_left_out() -> None:
    items = await items_of(chain_of({"one": ScriptedChat(script=["\x00", "Two\x00 ", "\ud83d", "years\n\t😀"])}))
    assert items[:3] == [Started("one", "one"), Delta("Two "), Delta("years\n\t😀")]


async def test_the_next_one_answers_when_the_first_cannot_begin() -> None:
    items = await items_of(chain_of({"GitHub": ScriptedChat(script=[GONE]), "two": ScriptedChat.saying("Yes")}))
    started = items[0]
    assert isinstance(started, Started)
    assert started.label == "two"
    assert [(failure.label, failure.error) for failure in started.failures] == [("GitHub", GONE)]
    assert items[1:] == [Delta("Yes"), Finished(Usage(4, 1), "stop")]


async def test_nobody_takes_over_once_text_was_passed_on() -> None:
    broken = StreamBroken("Ollama stopped in the middle of its answer.")
    second = ScriptedChat.saying("no")
    stream = chain_of({"one": ScriptedChat(script=["The ", broken]), "two": second}).stream(QUESTION)
    assert [await anext(stream), await anext(stream)] == [Started("one", "one"), Delta("The ")]
    with pytest.raises(StreamBroken):
        await anext(stream)
    assert second.calls == []


async def test_all_the_reasons_are_in_one_sentence() -> None:
    models = {"GitHub": ScriptedChat(script=[GONE]), "Ollama": ScriptedChat(script=[DOWN])}
    with pytest.raises(NoProvider) as failed:
        await items_of(chain_of(models))
    assert failed.value.message == (
        "None of the 2 models could answer. GitHub: GitHub Models was retired. Ollama: Ollama does not answer."
    )
    assert failed.value.retryable


async def test_a_single_provider_keeps_the_code_of_its_error() -> None:
    missing = ModelNotFound("Ollama does not have the model “phi4”.")
    with pytest.raises(NoProvider) as failed:
        await items_of(chain_of({"Ollama": ScriptedChat(script=[missing])}))
    assert failed.value.code == missing.code
    assert failed.value.message == missing.message
    assert not failed.value.retryable


async def test_no_provider_at_all_says_what_to_do() -> None:
    with pytest.raises(NoProvider, match="Ask an administrator"):
        await items_of(chain_of({}))


async def test_a_provider_that_keeps_failing_is_left_alone() -> None:
    down = ScriptedChat(script=[DOWN])
    chain = chain_of({"Ollama": down, "two": ScriptedChat.saying("Yes")})
    for _ in range(5):
        items = await items_of(chain)
    assert len(down.calls) == 3
    assert isinstance(items[0], Started)
    assert items[0].failures[0].error.code == "provider.resting"


async def test_an_answer_closes_the_breaker_again() -> None:
    breaker = MemoryBreaker()
    key = BreakerKey(TENANT, UUID(int=1))
    await breaker.failed(key)
    await breaker.failed(key)
    await items_of(chain_of({"one": ScriptedChat.saying("Yes")}, breaker))
    await breaker.failed(key)
    assert await breaker.admit(key) == 0


async def test_a_stopped_answer_does_not_count_against_the_provider() -> None:
    breaker = MemoryBreaker()
    slow = ScriptedChat(script=["The ", 60.0])
    for _ in range(4):
        async with aclosing(chain_of({"one": slow}, breaker).stream(QUESTION)) as items:
            async for item in items:
                if isinstance(item, Delta):
                    break
    assert await breaker.admit(BreakerKey(TENANT, UUID(int=1))) == 0


async def test_an_empty_answer_is_an_answer() -> None:
    assert await items_of(chain_of({"one": ScriptedChat()})) == [Started("one", "one"), Finished(Usage(4, 0), "stop")]


async def test_the_reason_of_the_end_is_passed_on() -> None:
    items = await items_of(chain_of({"one": ScriptedChat(script=["The"], finish_reason="length")}))
    assert items[-1] == Finished(Usage(4, 1), "length")


async def test_another_packages_exception_makes_room_for_the_next_provider() -> None:
    foreign = ScriptedChat(script=[httpx.ConnectError("refused")])
    items = await items_of(chain_of({"foreign": foreign, "two": ScriptedChat.saying("Yes")}))
    assert isinstance(items[0], Started)
    assert type(items[0].failures[0].error) is ProviderUnreachable


async def test_a_bug_is_not_hidden_by_the_next_provider() -> None:
    with pytest.raises(KeyError):
        await items_of(chain_of({"one": ScriptedChat(script=[KeyError("choices")]), "two": ScriptedChat.saying("x")}))


async def test_a_model_that_cannot_be_made_makes_room_for_the_next() -> None:
    def build(config: ProviderConfig) -> BaseChatModel:
        if config.model == "one":
            raise ProviderError("This server may not call that host.", code="provider.not_allowed")
        return ScriptedChat.saying("Yes")

    links = [
        Link(uuid4(), name, ProviderConfig(ProviderKind.OPENAI, model=name, base_url="")) for name in ("one", "two")
    ]
    chain = FallbackChain(links, tenant_id=TENANT, breaker=MemoryBreaker(), build=build)
    assert isinstance((await items_of(chain))[0], Started)


async def test_closing_the_chain_hangs_up(ollama: OllamaServer) -> None:
    ollama.script(fall_silent("The "))
    model = OllamaChat(model="phi3.5", base_url=ollama.root, allowed_hosts=(ollama.host,))
    async with aclosing(chain_of({"one": model}).stream(QUESTION)) as items:
        assert isinstance(await anext(items), Started)
        assert await anext(items) == Delta("The ")
    assert await eventually(lambda: ollama.requests[0].disconnected)


async def test_cancelling_the_chain_hangs_up(ollama: OllamaServer) -> None:
    ollama.script(fall_silent("The "))
    model = OllamaChat(model="phi3.5", base_url=ollama.root, allowed_hosts=(ollama.host,))
    asking = asyncio.create_task(items_of(chain_of({"one": model})))
    assert await eventually(lambda: len(ollama.requests) == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await eventually(lambda: ollama.requests[0].disconnected)


def test_the_scripted_model_says_it_whole_as_well() -> None:
    model = ScriptedChat.saying("Two years")
    answer = model.invoke("How long?")
    assert answer.text == "Two years"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 2


async def test_that_the_prompt_is_too_long_is_told_whatever_failed_beside_it() -> None:
    """A shorter one may be answered by the provider that is there."""
    with pytest.raises(NoProvider) as failed:
        await items_of(
            chain_of({"one": ScriptedChat(script=[DOWN]), "two": ScriptedChat(script=[PromptTooLong("no")])})
        )
    assert failed.value.code == PromptTooLong.code


def ollama_at(server: OllamaServer, **fields: float) -> OllamaChat:
    return OllamaChat(model="phi3.5", base_url=server.root, allowed_hosts=(server.host,), attempts=1, **fields)


async def told(chain: FallbackChain, language: str) -> str:
    with translation.override(language), pytest.raises((NoProvider, ProviderError)) as failed:
        await items_of(chain)
    return failed.value.message


async def test_a_failure_is_told_in_the_readers_language(ollama: OllamaServer) -> None:
    chain = chain_of({"Ollama": ollama_at(ollama)}, MemoryBreaker())
    said = {}
    for language in ("en", "de", "sr", "sr-latn"):
        ollama.script(refuse(400, "out of memory"))
        said[language] = await told(chain, language)
    assert said == {
        "en": f"Ollama at {ollama.host} refused the request with status 400: out of memory.",
        "de": f"Ollama unter {ollama.host} hat die Anfrage mit Status 400 abgelehnt: out of memory.",
        "sr": f"Ollama на адреси {ollama.host} је одбио захтев са статусом 400: out of memory.",
        "sr-latn": f"Ollama na adresi {ollama.host} je odbio zahtev sa statusom 400: out of memory.",
    }


async def test_what_the_task_that_reads_finds_is_told_in_the_readers_language(closed_clients: None) -> None:
    (port,) = unused_ports(1)
    host = f"127.0.0.1:{port}"
    nobody = OpenAICompatibleChat(model="phi", base_url=f"http://{host}/v1", allowed_hosts=(host,))
    chain = chain_of({"vLLM": nobody})
    assert (await told(chain, "de")).startswith(f"Der Modellserver unter {host} antwortet nicht. Prüfen Sie")
    assert (await told(chain, "sr")).startswith(f"Сервер модела на адреси {host} не одговара. Проверите")


async def test_a_silence_is_told_in_the_readers_language(ollama: OllamaServer) -> None:
    ollama.script(fall_silent())
    slow = ollama_at(ollama, first_token_timeout_s=0.2)
    assert "hat nicht innerhalb von 0.2 Sekunden zu antworten begonnen" in await told(chain_of({"one": slow}), "de")
    ollama.script(fall_silent("The "))
    cut = ollama_at(ollama, timeout_s=0.2)
    assert "је заћутао усред одговора. Покушајте поново." in await told(chain_of({"one": cut}), "sr")


async def test_readers_who_ask_together_are_told_each_in_their_own_language(openai_endpoint: OpenAIServer) -> None:
    """They share the connections, and so does what goes wrong with them."""
    model = OpenAICompatibleChat(
        model="phi-3.5-mini", base_url=openai_endpoint.base_url, allowed_hosts=(openai_endpoint.host,)
    )
    chain = chain_of({"one": model})
    wanted = {"en": "does not accept", "de": "nimmt den Schlüssel", "sr": "не прихвата", "ar": "لا يقبل"}
    asked = [language for language in wanted for _ in range(3)]
    said = await asyncio.gather(*(asyncio.create_task(told(chain, language)) for language in asked))
    assert [wanted[language] in sentence for language, sentence in zip(asked, said, strict=True)] == [True] * 12


async def test_a_resting_provider_is_told_of_in_the_language_of_whoever_asks_now() -> None:
    """What its failures were told in is forgotten: the breaker remembers numbers."""
    chain = chain_of({"Ollama": ScriptedChat(script=[httpx.ConnectError("refused")])})
    for _ in range(3):
        assert "antwortet nicht" in await told(chain, "de")
    assert await told(chain, "sr") == "Ollama је више пута заредом заказао, па се још 30 секунди не пита."
    assert "has failed several times in a row" in await told(chain, "en")


async def test_that_nobody_could_answer_is_told_in_one_language() -> None:
    models = {name: ScriptedChat(script=[httpx.ConnectError("refused")]) for name in ("one", "two")}
    message = await told(chain_of(models), "de")
    assert message.startswith("Keines der 2 Modelle konnte antworten. one: one antwortet nicht. Prüfen Sie")
    assert "two: two antwortet nicht." in message
    assert await told(chain_of({}), "sr") == (
        "Ниједан модел није подешен. Замолите администратора да га изабере у подешавањима."
    )
