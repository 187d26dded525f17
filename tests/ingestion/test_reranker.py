"""The route for re-ranking, with a real cross-encoder that was made by chance."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ingestion.embedding import lanes
from ingestion.embedding.app import App, Service
from ingestion.embedding.rerank_wire import parse_rerank, rerank_body
from ingestion.embedding.reranker import NotAReranker, Pair, Reranker, RerankerOptions
from ingestion.embedding.reranking import Reranking
from ingestion.embedding.wire import RequestRefused
from tests.contracts.http import eventually
from tests.ingestion.embedding_kits import HashEngine, app_server, hash_service
from tests.ingestion.tiny_models import LONGEST, write_cross_encoder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("models")]

QUERY = "Where is the printer?"
DOCUMENTS = ["Lunch is served at noon.", "The printer is in the hall.", "Bring a pencil to the meeting " * 20]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("models") / "tiny-reranker")


@pytest.fixture(scope="module")
def reranker(folder: Path) -> Reranker:
    return Reranker(RerankerOptions(str(folder), dtype="fp32"))


@pytest.fixture
def service(reranker: Reranker) -> Iterator[Service]:
    with hash_service(HashEngine()) as made:
        made.reranking = Reranking(reranker.name)
        made.reranking.open(reranker)
        yield made


@pytest_asyncio.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service) as client:
        yield client


def client_of(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(App(service)), base_url="http://embedder")


async def scores_of(http: httpx.AsyncClient, documents: Sequence[str], **more: Any) -> dict[int, float]:
    """Index -> score, best first."""
    answer = await http.post("/v1/rerank", json={"query": QUERY, "documents": documents, **more})
    return {each["index"]: each["relevance_score"] for each in answer.raise_for_status().json()["results"]}


async def test_its_scores_are_those_of_sentence_transformers(http: httpx.AsyncClient, folder: Path) -> None:
    from sentence_transformers import CrossEncoder

    expected = CrossEncoder(str(folder), local_files_only=True).predict([[QUERY, each] for each in DOCUMENTS])
    found = await scores_of(http, DOCUMENTS)
    assert [found[index] for index in range(3)] == pytest.approx(expected.tolist(), abs=1e-5)
    assert len({round(score, 4) for score in found.values()}) == 3  # else any order would do


async def test_the_best_comes_first_wherever_it_stood(http: httpx.AsyncClient) -> None:
    for documents in (DOCUMENTS, DOCUMENTS[::-1]):
        scores = list((await scores_of(http, documents)).values())
        assert scores == sorted(scores, reverse=True)


def test_a_score_that_is_no_number_is_a_failure_of_the_server() -> None:
    request = parse_rerank(b'{"query": "a", "documents": ["b", "c"]}')
    with pytest.raises(RequestRefused, match="no number") as caught:
        rerank_body([0.5, float("nan")], request, model="bge", tokens=6)
    assert caught.value.status == 500


async def test_it_answers_in_the_shape_that_such_servers_share(http: httpx.AsyncClient) -> None:
    answer = (
        await http.post("/v1/rerank", json={"model": "tiny-reranker", "query": "lunch", "documents": ["noon"]})
    ).json()
    [result] = answer["results"]
    assert set(result) == {"index", "relevance_score"}
    assert answer["model"] == "tiny-reranker"
    assert answer["usage"] == {"prompt_tokens": 5, "total_tokens": 5}


async def test_top_n_keeps_the_best(http: httpx.AsyncClient) -> None:
    everything = await scores_of(http, DOCUMENTS)
    assert list(await scores_of(http, DOCUMENTS, top_n=2)) == list(everything)[:2]
    assert list(await scores_of(http, DOCUMENTS, top_n=9)) == list(everything)


async def test_documents_may_be_objects_and_what_else_is_said_is_ignored(http: httpx.AsyncClient) -> None:
    plain = await scores_of(http, DOCUMENTS)
    answer = await http.post(
        "/v1/rerank",
        json={"query": QUERY, "documents": [{"text": each} for each in DOCUMENTS], "return_documents": True},
    )
    assert {each["index"]: each["relevance_score"] for each in answer.json()["results"]} == pytest.approx(plain)


async def test_a_score_does_not_depend_on_what_it_is_computed_with(http: httpx.AsyncClient) -> None:
    """Batches are put together by length, over all requests that wait."""
    documents = [f"{'the hall ' * (place % 7)}{DOCUMENTS[place % 3]}" for place in range(40)]
    together = await asyncio.gather(scores_of(http, documents), scores_of(http, documents[::-1]))
    alone = [(await scores_of(http, [document]))[0] for document in documents]
    assert [together[0][index] for index in range(40)] == pytest.approx(alone, abs=1e-5)
    assert [together[1][39 - index] for index in range(40)] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "JSON"),
        (b'{"query": "a"}', "documents"),
        (b'{"query": "a", "documents": []}', "documents"),
        (b'{"query": "", "documents": ["b"]}', "query"),
        (b'{"query": "a", "documents": ["b", 7]}', "documents.1"),
        (b'{"query": "a", "documents": [{"title": "b"}]}', "documents.0"),
        (b'{"query": "a", "documents": ["b"], "top_n": 0}', "top_n"),
    ],
)
async def test_it_refuses_bad_input_in_openais_shape(http: httpx.AsyncClient, body: bytes, words: str) -> None:
    answer = await http.post("/v1/rerank", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert words in error["message"]


async def test_it_refuses_another_models_name(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/rerank", json={"query": "a", "documents": ["b"], "model": "bge"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_a_full_queue_says_when_to_come_back(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "WAITING_LIMIT", 1)
    answer = await http.post("/v1/rerank", json={"query": "a", "documents": ["b", "c"]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_the_embedding_model_comes_first_in_the_list(http: httpx.AsyncClient) -> None:
    models = (await http.get("/v1/models")).json()["data"]
    assert [(model["id"], model.get("task")) for model in models] == [
        (HashEngine.name, None),
        ("tiny-reranker", "rerank"),
    ]
    assert models[1]["max_tokens"] == LONGEST


@pytest.mark.parametrize(
    ("wanted", "failed", "status", "code"),
    [("", False, 404, "no_reranker"), ("bge", False, 503, "loading"), ("bge", True, 503, "not_loaded")],
)
async def test_without_one_it_says_why_and_embeds_all_the_same(
    service: Service, wanted: str, failed: bool, status: int, code: str
) -> None:
    service.reranking.close()
    service.reranking = Reranking(wanted)
    if failed:
        service.reranking.fail()
    async with client_of(service) as http:
        answer = await http.post("/v1/rerank", json={"query": "a", "documents": ["b"]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.json()["error"]["message"].endswith(".")
        assert (await http.post("/v1/embeddings", json={"input": "a"})).status_code == 200
        assert (await http.get("/health")).status_code == 200


def gated(service: Service, reranker: Reranker) -> tuple[threading.Event, list[str]]:
    """Put the model behind a gate that is shut, a pair at a time. Return the gate, and what has come to it."""
    gate, seen = threading.Event(), list[str]()

    class Gated:
        name, count_tokens = reranker.name, reranker.count_tokens

        @staticmethod
        def score(pairs: Sequence[Pair], _pause: object = None) -> list[float]:
            seen.extend(pair.document for pair in pairs)
            assert gate.wait(10)
            return reranker.score(pairs)

    service.reranking.close()
    service.reranking.open(Gated, batch_tokens=1)  # type: ignore[arg-type]
    return gate, seen


async def test_work_for_a_client_that_has_gone_is_dropped(reranker: Reranker, service: Service) -> None:
    gate, seen = gated(service, reranker)
    with app_server(service) as url:
        async with httpx.AsyncClient(base_url=url) as http:
            first = asyncio.create_task(scores_of_url(http, ["noon"]))
            assert await eventually(lambda: seen == ["noon"])
            with pytest.raises(httpx.ReadTimeout):
                await http.post("/rerank", json={"query": "a", "documents": ["unwanted"] * 5}, timeout=0.3)
            await asyncio.sleep(0.2)
            gate.set()
            await first
            await scores_of_url(http, ["lunch"])
    assert seen == ["noon", "lunch"]


async def test_what_nobody_waits_for_comes_last(reranker: Reranker, service: Service) -> None:
    gate, seen = gated(service, reranker)
    async with client_of(service) as http:
        first = asyncio.create_task(scores_of(http, ["first"]))
        assert await eventually(lambda: seen == ["first"])
        http.headers["X-Lane"] = "documents"
        patient = asyncio.create_task(scores_of(http, ["patient"]))
        await asyncio.sleep(0.1)
        del http.headers["X-Lane"]
        waiting = asyncio.create_task(scores_of(http, ["waiting"]))
        await asyncio.sleep(0.1)
        gate.set()
        await asyncio.gather(first, patient, waiting)
    assert seen == ["first", "waiting", "patient"]


async def scores_of_url(http: httpx.AsyncClient, documents: list[str]) -> None:
    (await http.post("/rerank", json={"query": "a", "documents": documents})).raise_for_status()


def test_tokens_are_counted_as_the_model_reads_them(reranker: Reranker) -> None:
    pairs = [Pair("where", "the hall"), Pair("where", "the " * 500)]
    assert reranker.count_tokens(pairs) == [6, LONGEST]


def test_a_model_of_classes_is_no_reranker(tmp_path: Path) -> None:
    with pytest.raises(NotAReranker, match="3 classes"):
        Reranker(RerankerOptions(str(write_cross_encoder(tmp_path, classes=3)), dtype="fp32"))


def test_a_name_stands_for_what_the_hubs_client_has_downloaded(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    cached = tmp_path / "models--somebody--tiny"
    shutil.copytree(folder, cached / "snapshots" / "0a1b2c")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0a1b2c")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    named, by_folder = (Reranker(RerankerOptions(each, dtype="fp32")) for each in ("somebody/tiny", str(folder)))
    assert named.name == "somebody/tiny"
    assert named.score([Pair(QUERY, DOCUMENTS[0])]) == by_folder.score([Pair(QUERY, DOCUMENTS[0])])


def test_what_is_not_on_this_machine_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where nothing has told the hub's client to stay at home."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(LocalEntryNotFoundError):
        Reranker(RerankerOptions("nobody/never-downloaded"))
