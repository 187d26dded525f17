"""`pytest_plugins = ["tests.contracts.fixtures"]` gives a test real servers to talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from chat.llm.clients import close_clients
from tests.contracts.github_server import GitHubModelsServer
from tests.contracts.ollama_server import OllamaServer
from tests.contracts.openai_server import OpenAIServer
from tests.contracts.rerank_server import RerankServer


@pytest_asyncio.fixture
async def closed_clients() -> AsyncIterator[None]:
    """No connection outlives the test's event loop. Ask for it where a test talks to a provider."""
    yield
    await close_clients()


@pytest.fixture
def ollama(closed_clients: None) -> Iterator[OllamaServer]:
    """An Ollama that has phi3.5."""
    with OllamaServer() as server:
        yield server


@pytest.fixture
def openai_endpoint(closed_clients: None) -> Iterator[OpenAIServer]:
    """An OpenAI-compatible server that accepts the key `sk-test`."""
    with OpenAIServer(key="sk-test") as server:
        yield server


@pytest.fixture
def github_models(closed_clients: None) -> Iterator[GitHubModelsServer]:
    """GitHub Models as it was while it ran; set `retired` for how it is now."""
    with GitHubModelsServer() as server:
        yield server


@pytest.fixture
def rerank_endpoint(closed_clients: None) -> Iterator[RerankServer]:
    """A server that re-ranks, for whoever has the key `sk-test`."""
    with RerankServer(key="sk-test") as server:
        yield server
