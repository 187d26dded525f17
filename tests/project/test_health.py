"""The two pages that load balancers and orchestrators ask for."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import LazySettings

from project import health
from project.probes import ProbeFailed, health_url, probe_chroma, probe_http, probe_redis
from tests.contracts.http import ContractServer, Reply, Request

pytestmark = pytest.mark.django_db(transaction=True)


async def django_page(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def get(path: str, host: str = "10.0.0.7") -> tuple[int, dict[str, Any]]:
    """Return the status and JSON of the page, asked for by a host name that Django does not serve."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", host.encode())]}
    communicator = ApplicationCommunicator(health.with_health(django_page), scope)
    await communicator.send_input({"type": "http.request"})
    status = (await communicator.receive_output(timeout=10))["status"]
    return status, json.loads((await communicator.receive_output())["body"])


@pytest.fixture
def everything_answers(settings: LazySettings, redis_url: str, chroma_url: str) -> None:
    """The embedder's part is played by another server that answers over HTTP."""
    settings.EMBEDDER_URL = f"{chroma_url}/v1"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_a_process_that_runs_says_so_whatever_else_is_down() -> None:
    assert await get("/healthz") == (200, {"ok": True})


async def test_other_pages_are_left_to_django() -> None:
    assert (await get("/"))[0] == 299


async def test_it_is_ready_when_every_part_answers(everything_answers: None) -> None:
    status, body = await get("/readyz")
    assert status == 200
    assert body["ok"] is True
    assert {name: part["ok"] for name, part in body["parts"].items()} == dict.fromkeys(
        ("database", "redis", "chroma", "embedder"), True
    )


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("redis", "REDIS_URL", "redis://127.0.0.1:1/0"),
        ("chroma", "CHROMA_URL", "http://127.0.0.1:1"),
        ("embedder", "EMBEDDER_URL", "http://127.0.0.1:1/v1"),
    ],
)
async def test_it_is_not_ready_when_a_part_is_down_and_says_which(
    everything_answers: None, settings: LazySettings, part: str, name: str, value: str
) -> None:
    setattr(settings, name, value)
    status, body = await get("/readyz")
    assert status == 503
    assert [name for name, found in body["parts"].items() if not found["ok"]] == [part]


@pytest.fixture
def reranking_embedder(everything_answers: None) -> Iterator[ModelList]:
    """An embedding server that lists its models, a re-ranker among them while `has_reranker`."""
    with ModelList() as server:
        yield server


class ModelList(ContractServer):
    has_reranker = True

    async def handle(self, request: Request, reply: Reply) -> None:
        reranker = [{"id": "bge", "task": "rerank"}] if self.has_reranker else []
        reply.send_json(200, {"data": [{"id": "e5"}, *reranker]})


async def test_a_reranker_is_told_of_where_there_is_to_be_one(
    reranking_embedder: ModelList, settings: LazySettings
) -> None:
    settings.EMBEDDER_URL = settings.RERANKER_URL = f"{reranking_embedder.root}/v1"
    status, body = await get("/readyz")
    assert (status, body["parts"]["reranker"]["ok"]) == (200, True)


async def test_a_reranker_that_is_not_there_is_no_reason_to_stop(
    reranking_embedder: ModelList, settings: LazySettings
) -> None:
    settings.EMBEDDER_URL = settings.RERANKER_URL = f"{reranking_embedder.root}/v1"
    reranking_embedder.has_reranker = False
    status, body = await get("/readyz")
    assert (status, body["ok"]) == (200, True)
    assert body["parts"]["reranker"]["error"] == "no re-ranker is loaded"


async def test_another_server_for_it_is_asked_for_nothing_but_whether_it_is_there(
    reranking_embedder: ModelList, settings: LazySettings
) -> None:
    settings.RERANKER_URL = f"{reranking_embedder.root}/v1"
    assert (await get("/readyz"))[1]["parts"]["reranker"]["ok"] is True
    assert [(request.method, request.path) for request in reranking_embedder.requests] == [("GET", "/health")]
    settings.RERANKER_URL = "http://127.0.0.1:1/v1"
    status, body = await get("/readyz")
    assert (status, body["parts"]["reranker"]["error"]) == (200, "ConnectError")


async def test_it_is_not_ready_without_its_database(everything_answers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise ProbeFailed("OperationalError")

    monkeypatch.setattr(health, "probe_database", down)
    status, body = await get("/readyz")
    assert (status, body["parts"]["database"]["error"]) == (503, "OperationalError")


async def test_it_does_not_wait_for_a_part_that_says_nothing(
    everything_answers: None, settings: LazySettings, silent_port: int
) -> None:
    settings.CHROMA_URL = f"http://127.0.0.1:{silent_port}"
    status, body = await get("/readyz")
    assert status == 503
    assert body["parts"]["chroma"]["ms"] < 5000


async def test_it_tells_no_address_and_no_password(everything_answers: None, settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"
    _status, body = await get("/readyz")
    assert "hunter2" not in json.dumps(body)
    assert "127.0.0.1" not in json.dumps(body)


def test_a_page_that_a_server_does_not_have_is_an_answer(chroma_url: str) -> None:
    probe_http(f"{chroma_url}/no-such-page")


def test_the_probes_find_the_servers_and_miss_what_is_not_there(redis_url: str, chroma_url: str) -> None:
    probe_redis(redis_url)
    probe_chroma(chroma_url)
    with pytest.raises(ProbeFailed):
        probe_redis(redis_url.replace("redis://", "redis://nobody:wrong@"))
    with pytest.raises(ProbeFailed):
        probe_chroma("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("base", "page"),
    [
        ("http://embedder:8000/v1", "http://embedder:8000/health"),
        ("http://host/models/v1/", "http://host/models/health"),
        ("http://host:1", "http://host:1/health"),
    ],
)
def test_a_model_servers_health_page_lies_beside_its_api(base: str, page: str) -> None:
    assert health_url(base) == page
