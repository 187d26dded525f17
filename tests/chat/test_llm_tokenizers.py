"""The tokenizers of vLLM and llama.cpp, and what is done where there is none."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chat.answering import answer
from chat.counting import TokenCounter
from chat.domain import ProviderConfig, ProviderKind, Trace
from chat.llm import tokenizers
from chat.llm.clients import close_clients
from chat.llm.tokenizers import tokenizer_of
from chat.prompting import answer_messages, as_pairs
from tests.chat import injected, kits
from tests.contracts.http import ContractServer, Reply, Request

MESSAGES = [("system", "Be brief."), ("human", "How long?"), ("ai", "Two years."), ("human", "And then?")]
ROLES = ["system", "user", "assistant", "user"]


class Vllm(ContractServer):
    """`/tokenize` takes messages, and counts them in the model's chat template."""

    async def handle(self, request: Request, reply: Reply) -> None:
        if request.path != "/tokenize":
            reply.send_json(404, {"detail": "Not Found"})
            return
        assert [each["role"] for each in request.json["messages"]] == ROLES
        assert request.headers["authorization"] == "Bearer a key"
        reply.send_json(200, {"count": 42, "max_model_len": 4096, "tokens": list(range(42))})


class LlamaCpp(ContractServer):
    """`/tokenize` takes text alone; `/apply-template` makes text of messages."""

    async def handle(self, request: Request, reply: Reply) -> None:
        body = request.json
        if request.path == "/apply-template":
            reply.send_json(
                200, {"prompt": " ".join(f"<{each['role']}> {each['content']}" for each in body["messages"])}
            )
        elif request.path == "/tokenize":
            reply.send_json(200, {"tokens": list(range(len(body.get("content", "").split())))})
        else:
            reply.send_json(404, {"error": {"message": "File Not Found"}})


class Nothing(ContractServer):
    """A model server without a tokenizer."""

    async def handle(self, request: Request, reply: Reply) -> None:
        reply.send_json(404, {"error": "no such page"})


class Slow(ContractServer):
    async def handle(self, request: Request, reply: Reply) -> None:
        if await reply.pause(5.0):
            reply.send_json(200, {"count": 42})


@pytest.fixture(autouse=True)
async def _as_if_nothing_was_asked_yet() -> AsyncIterator[None]:
    yield
    tokenizers._left_alone.clear()
    tokenizers._apart.clear()
    await close_clients()


async def count(server: ContractServer, **changed: Any) -> int | None:
    config = {"kind": ProviderKind.OPENAI, "model": "m", "base_url": f"{server.root}/v1", "api_key": "a key"} | changed
    ask = tokenizer_of(ProviderConfig(**config), allowed=["127.0.0.1"])
    return None if ask is None else await ask(MESSAGES)


async def test_vllm_counts_messages_in_one_request() -> None:
    with Vllm() as server:
        assert await count(server) == 42
        assert [request.path for request in server.requests] == ["/tokenize"]


async def test_llama_cpp_is_asked_for_the_template_first() -> None:
    with LlamaCpp() as server:
        assert await count(server) == 12
        assert await count(server) == 12
        assert [request.path for request in server.requests] == [
            "/tokenize", "/apply-template", "/tokenize", "/apply-template", "/tokenize",
        ]  # fmt: skip


@pytest.mark.parametrize("server_class", [Nothing, Slow])
async def test_a_server_that_cannot_say_is_left_alone_for_a_while(server_class: type[ContractServer]) -> None:
    with server_class() as server:
        began = time.monotonic()
        assert await count(server) is None
        assert await count(server) is None

        assert time.monotonic() - began < 3.0
        assert len(server.requests) == 1


async def test_nothing_is_asked_of_a_host_that_the_operator_does_not_allow() -> None:
    with Vllm() as server:
        config = ProviderConfig(kind=ProviderKind.OPENAI, model="m", base_url=f"{server.root}/v1")
        ask = tokenizer_of(config, allowed=["*", "10.0.0.1"])
        assert ask is not None
        assert await ask(MESSAGES) is None
        assert server.requests == []


@pytest.mark.parametrize(
    ("kind", "base_url"),
    [
        (ProviderKind.OLLAMA, "http://127.0.0.1:11434"),
        (ProviderKind.GITHUB, "https://models.github.ai/inference"),
        (ProviderKind.OPENAI, "https://api.openai.com/v1"),
        (ProviderKind.OPENAI, "https://acme.openai.azure.com/openai/v1/"),
    ],
)
def test_ollama_and_hosted_services_are_not_asked(kind: ProviderKind, base_url: str) -> None:
    assert tokenizer_of(ProviderConfig(kind=kind, model="m", base_url=base_url), allowed=["*"]) is None


# --- the starter's own server ---


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "PATIENCE_S", 60.0)


def starter(url: str) -> ProviderConfig:
    return ProviderConfig(kind=ProviderKind.STARTER, model="starter", base_url=url, max_tokens=8, temperature=0.0)


@pytest.mark.slow
@pytest.mark.xdist_group("models")
@pytest.mark.usefixtures("patient")
async def test_the_starter_counts_what_it_then_reads(starter_llm_url: str) -> None:
    ask = tokenizer_of(starter(starter_llm_url), allowed=[starter_llm_url.split("/")[2]])
    assert ask is not None
    counted = await ask(MESSAGES)
    body = {
        "messages": [{"role": role, "content": text} for role, (_role, text) in zip(ROLES, MESSAGES, strict=True)],
        "max_tokens": 2,
    }
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        read = (await client.post(f"{starter_llm_url}/chat/completions", json=body)).json()

    assert counted == read["usage"]["prompt_tokens"]


@pytest.mark.slow
@pytest.mark.xdist_group("models")
@pytest.mark.parametrize("attack", injected.OWN, ids=lambda attack: attack.id)
async def test_no_text_of_a_document_becomes_a_role_in_the_models_template(
    starter_llm_url: str, attack: injected.Injected
) -> None:
    """Counted in the tokens themselves: as many beginnings and ends of a message as there are messages."""
    style = kits.kit([]).style
    messages = answer_messages(attack.question, (), injected.passages_of(attack), style=style, mark="bcdfgh")
    roles = {"human": "user", "ai": "assistant"}
    turns = [{"role": roles.get(role, role), "content": text} for role, text in as_pairs(messages)]
    async with httpx.AsyncClient(base_url=starter_llm_url.removesuffix("/v1"), timeout=60, trust_env=False) as client:

        async def tokens_of(text: str) -> list[int]:
            answer = await client.post("/tokenize", json={"content": text, "parse_special": True})
            return list(answer.json()["tokens"])

        (begin,), (end,) = await tokens_of("<|im_start|>"), await tokens_of("<|im_end|>")
        prompt = (await client.post("/apply-template", json={"messages": turns})).json()["prompt"]
        tokens = await tokens_of(prompt)

    assert tokens.count(end) == len(messages)
    assert tokens.count(begin) == len(messages) + 1  # the last one is the model's


@pytest.mark.slow
@pytest.mark.xdist_group("models")
@pytest.mark.usefixtures("patient")
async def test_an_answer_says_that_the_models_own_tokenizer_has_counted(starter_llm_url: str) -> None:
    ask = tokenizer_of(starter(starter_llm_url), allowed=[starter_llm_url.split("/")[2]])
    trace = Trace()
    kit = kits.kit(
        [kits.passage("The warranty lasts two years.")], ["Two [1]."], count=TokenCounter("starter", ask=ask)
    )
    async for _event in answer(kits.question("How long does the warranty last?"), kit, trace):
        pass

    assert trace.tokenizer == "starter"
