from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from chat.llm.openai_compatible import OpenAICompatibleChat, list_models
from tests.contracts.github_server import GitHubModelsServer
from tests.contracts.ollama_server import OllamaServer
from tests.contracts.rerank_server import RerankServer

TOKENS = 40
RATE = 200


@pytest.fixture
def load_server() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.contracts.openai_server", "--tokens-per-second", str(RATE)]
    with subprocess.Popen([*command, "--tokens", str(TOKENS)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(5)


async def test_the_load_server_feeds_many_streams_at_its_pace(load_server: str, closed_clients: None) -> None:
    model = OpenAICompatibleChat(model="load-test", base_url=load_server, allowed_hosts=("127.0.0.1",))
    begun = time.monotonic()
    answers = await asyncio.gather(*(_answer(model) for _ in range(30)))
    assert time.monotonic() - begun > TOKENS / RATE * 0.9
    assert {(len(text.split()), tokens) for text, tokens in answers} == {(TOKENS, TOKENS)}


async def test_the_load_server_lists_its_model(load_server: str, closed_clients: None) -> None:
    assert await list_models(load_server, allowed=["127.0.0.1"]) == ["load-test"]


async def _answer(model: OpenAICompatibleChat) -> tuple[str, int]:
    text, tokens = "", 0
    async for chunk in model.astream("hi"):
        text += chunk.text
        if chunk.usage_metadata:
            tokens = chunk.usage_metadata["output_tokens"]
    return text, tokens


async def test_every_server_can_run_as_a_process(closed_clients: None) -> None:
    for module in (OllamaServer.__module__, GitHubModelsServer.__module__, RerankServer.__module__):
        with subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", module], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://127.0.0.1:")
            process.terminate()
