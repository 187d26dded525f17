from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator

import httpx
import numpy as np
import pytest
import pytest_asyncio

from ingestion.embedding import app as module
from ingestion.embedding import lanes
from ingestion.embedding.app import App, Service
from tests.contracts.http import eventually
from tests.ingestion.embedding_kits import HashEngine, hash_server, hash_service


@pytest.fixture
def engine() -> HashEngine:
    return HashEngine()


@pytest.fixture
def service(engine: HashEngine) -> Iterator[Service]:
    with hash_service(engine) as made:
        yield made


@pytest_asyncio.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service) as client:
        yield client


def client_of(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(App(service)), base_url="http://embedder")


async def test_it_is_not_ready_before_the_model_is() -> None:
    async with client_of(Service()) as client:
        for path in ("/health", "/v1/models"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["error"]["code"] == "loading"


async def test_it_says_which_model_it_has(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health")).status_code == 200
    (model,) = (await http.get("/v1/models")).json()["data"]
    assert model["id"] == HashEngine.name
    assert (model["fingerprint"], model["dimension"], model["max_tokens"]) == (HashEngine.fingerprint, 16, 512)


async def test_it_answers_as_openai_does(http: httpx.AsyncClient) -> None:
    answer = (await http.post("/v1/embeddings", json={"input": ["one", "two words"]})).json()
    assert [item["index"] for item in answer["data"]] == [0, 1]
    assert {item["object"] for item in answer["data"]} == {"embedding"}
    assert [len(item["embedding"]) for item in answer["data"]] == [16, 16]
    assert answer["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert answer["model"] == HashEngine.name


async def test_one_text_is_a_list_of_one(http: httpx.AsyncClient) -> None:
    alone = (await http.post("/v1/embeddings", json={"input": "one"})).json()
    listed = (await http.post("/v1/embeddings", json={"input": ["one"]})).json()
    assert alone == listed


async def test_base64_holds_the_same_numbers(http: httpx.AsyncClient) -> None:
    plain = (await http.post("/v1/embeddings", json={"input": "one"})).json()
    packed = (await http.post("/v1/embeddings", json={"input": "one", "encoding_format": "base64"})).json()
    numbers = np.frombuffer(base64.b64decode(packed["data"][0]["embedding"]), "<f4")
    assert numbers.tolist() == plain["data"][0]["embedding"]


@pytest.mark.parametrize(("input_type", "seen"), [("query", "query: x"), ("document", "passage: x"), (None, "x")])
async def test_the_input_type_chooses_the_prompt(
    http: httpx.AsyncClient, engine: HashEngine, input_type: str | None, seen: str
) -> None:
    await http.post("/v1/embeddings", json={"input": "x", "input_type": input_type})
    assert engine.batches == [[seen]]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "JSON"),
        (b"[]", "body"),
        (b"{}", "input"),
        (b'{"input": []}', "input"),
        (b'{"input": ""}', "input.0"),
        (b'{"input": ["a", 7]}', "input.1"),
        (b'{"input": [[1, 2]]}', "input.0"),
        (b'{"input": "a", "encoding_format": "hex"}', "encoding_format"),
        (b'{"input": "a", "input_type": "title"}', "input_type"),
        (b'{"input": "a", "dimensions": 8}', "16 dimensions"),
    ],
)
async def test_it_refuses_bad_input_in_openais_shape(http: httpx.AsyncClient, body: bytes, words: str) -> None:
    answer = await http.post("/v1/embeddings", content=body)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert words in error["message"]


async def test_it_refuses_another_model_s_name(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/embeddings", json={"input": "a", "model": "bge-m3"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_it_refuses_an_unknown_lane_and_an_unknown_page(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/embeddings", json={"input": "a"}, headers={"X-Lane": "fast"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_lane")
    assert (await http.get("/v1/embeddings")).status_code == 404


async def test_it_refuses_a_body_that_is_too_large(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BODY_BYTES", 100)
    assert (await http.post("/v1/embeddings", json={"input": "a" * 100})).status_code == 413


async def test_a_full_queue_says_when_to_come_back(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "WAITING_LIMIT", 1)
    answer = await http.post("/v1/embeddings", json={"input": ["a", "b"]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["type"] == "server_error"


async def test_the_header_puts_a_document_into_the_questions_lane(http: httpx.AsyncClient, engine: HashEngine) -> None:
    engine.gate.clear()
    blocking = asyncio.create_task(http.post("/v1/embeddings", json={"input": "1"}))
    assert await eventually(lambda: len(engine.batches) == 1)
    slow = asyncio.create_task(http.post("/v1/embeddings", json={"input": "2"}))
    await asyncio.sleep(0.05)
    fast = asyncio.create_task(http.post("/v1/embeddings", json={"input": "3"}, headers={"X-Lane": "query"}))
    await asyncio.sleep(0.05)
    engine.gate.set()
    await asyncio.gather(blocking, slow, fast)
    assert engine.batches == [["1"], ["3"], ["2"]]


async def test_work_for_a_client_that_has_gone_is_dropped(engine: HashEngine) -> None:
    engine.gate.clear()
    with hash_server(engine) as url:
        async with httpx.AsyncClient(base_url=url) as http:
            first = asyncio.create_task(http.post("/embeddings", json={"input": "1"}))
            assert await eventually(lambda: len(engine.batches) == 1)
            with pytest.raises(httpx.ReadTimeout):
                await http.post("/embeddings", json={"input": "unwanted"}, timeout=0.3)
            await asyncio.sleep(0.2)
            engine.gate.set()
            await first
            await http.post("/embeddings", json={"input": "2"})
    assert engine.batches == [["1"], ["2"]]
