from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from ingestion.embedding.client import TEXTS_PER_REQUEST, HttpEmbedder
from ingestion.embedding.fakes import HashEmbedder
from ingestion.errors import EmbedderRefused, EmbedderUnavailable
from tests.contracts.http import Reply, Request, eventually
from tests.contracts.openai_server import openai_error, refuse
from tests.ingestion.embedder_contract import EmbedderContract, cosine
from tests.ingestion.embedding_kits import HashEngine, OtherEndpoint, hash_server
from tests.services import unused_ports


@pytest.fixture
def engine() -> HashEngine:
    return HashEngine()


@pytest_asyncio.fixture
async def own(engine: HashEngine) -> AsyncIterator[HttpEmbedder]:
    """A client of the product's own server."""
    with hash_server(engine) as url:
        embedder = HttpEmbedder(url)
        yield embedder
        await embedder.aclose()
        embedder.close()


@pytest.fixture
def endpoint() -> Iterator[OtherEndpoint]:
    with OtherEndpoint() as server:
        yield server


@pytest.fixture
def other(endpoint: OtherEndpoint) -> Iterator[HttpEmbedder]:
    """A client of another make of server."""
    embedder = other_at(endpoint)
    yield embedder
    embedder.close()


def other_at(endpoint: OtherEndpoint, **options: Any) -> HttpEmbedder:
    return HttpEmbedder(endpoint.base_url, **{"kind": "openai", "model": "other", "retry_for_s": 1.0, **options})


class TestOwnServer(EmbedderContract):
    @pytest.fixture
    def embedder(self, own: HttpEmbedder) -> HttpEmbedder:
        return own

    def test_it_takes_the_fingerprint_from_the_server(self, embedder: HttpEmbedder) -> None:
        assert embedder.fingerprint == HashEngine.fingerprint
        assert embedder.dimension == HashEngine.dimension
        assert embedder.profile.max_tokens == HashEngine.max_tokens


@pytest.mark.slow
@pytest.mark.xdist_group("models")
class TestStarterModel(EmbedderContract):
    @pytest_asyncio.fixture
    async def embedder(self, embedder_url: str) -> AsyncIterator[HttpEmbedder]:  # type: ignore[override]
        embedder = HttpEmbedder(embedder_url)
        yield embedder
        await embedder.aclose()
        embedder.close()

    def test_it_reads_serbian_in_both_scripts(self, embedder: HttpEmbedder) -> None:
        question = embedder.embed_query("Koliko traje porodiljsko odsustvo?")
        answer, other = embedder.embed_documents(
            ["Породиљско одсуство траје дванаест месеци.", "Извадите батерију пре чишћења тестере."]
        )
        assert cosine(question, answer) > cosine(question, other)

    def test_questions_and_passages_have_prompts_of_their_own(self, embedder: HttpEmbedder) -> None:
        text = "The parental leave lasts twelve months."
        assert cosine(embedder.embed_query(text), embedder.embed_documents([text])[0]) < 0.999


# --- the product's own server --------------------------------------------------------------------------------------


async def test_questions_and_documents_get_their_prompts(own: HttpEmbedder, engine: HashEngine) -> None:
    own.embed_query("a")
    own.embed_documents(["b"])
    await own.aembed_sentences(["c"])
    assert engine.batches == [["query: a"], ["passage: b"], ["query: c"]]


async def test_a_question_overtakes_documents(own: HttpEmbedder, engine: HashEngine) -> None:
    assert own.dimension
    engine.gate.clear()
    documents = threading.Thread(target=own.embed_documents, args=(["word " * 300] * 3,))
    documents.start()
    assert await eventually(lambda: bool(engine.batches))
    question = asyncio.create_task(own.aembed_query("a"))
    await asyncio.sleep(1)
    engine.gate.set()
    await question
    await asyncio.to_thread(documents.join)
    assert engine.batches[1] == ["query: a"]


@pytest.mark.slow
async def test_two_hundred_questions_at_once_are_answered_each_with_its_own(own: HttpEmbedder) -> None:
    vectors = await asyncio.gather(*(own.aembed_query(f"word{number}") for number in range(200)))
    hashes = HashEmbedder(HashEngine.dimension)
    for number in (0, 99, 199):
        assert cosine(vectors[number], hashes.embed_query(f"query: word{number}")) > 0.999


async def test_every_event_loop_has_connections_of_its_own(own: HttpEmbedder) -> None:
    async def elsewhere() -> tuple[float, ...]:
        try:
            return await own.aembed_query("a")
        finally:
            await own.aclose()

    here = await own.aembed_query("a")
    assert await asyncio.to_thread(asyncio.run, elsewhere()) == here
    assert await own.aembed_query("a") == here


async def test_a_loop_that_has_ended_is_forgotten(own: HttpEmbedder) -> None:
    loop = asyncio.new_event_loop()
    own._lines[loop] = own._line()
    loop.close()
    own._lines.pop(asyncio.get_running_loop())
    await own.aembed_query("a")
    assert list(own._lines) == [asyncio.get_running_loop()]


async def test_another_model_behind_the_address_is_refused_once_and_then_asked_for_its_name(
    own: HttpEmbedder, engine: HashEngine
) -> None:
    assert own.fingerprint == HashEngine.fingerprint
    engine.name, engine.fingerprint = "bge-m3", "another"  # type: ignore[misc]
    with pytest.raises(EmbedderRefused, match="This server has bge-m3, not hashes"):
        own.embed_query("a")
    assert own.fingerprint == "another"
    assert len(own.embed_query("a")) == HashEngine.dimension


async def test_a_batch_that_the_model_cannot_compute_is_worth_another_try_later(
    own: HttpEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EmbedderUnavailable, match="Look into its log"):
        own.embed_documents(["poison"])
    assert "the model cannot compute this" in caplog.text


# --- any other server ----------------------------------------------------------------------------------------------


def test_it_asks_in_requests_of_bounded_size(other: HttpEmbedder, endpoint: OtherEndpoint) -> None:
    texts = [f"word{number}" for number in range(2 * TEXTS_PER_REQUEST + 1)]
    assert len(other.embed_documents(texts)) == len(texts)
    sizes = [len(request.json["input"]) for request in endpoint.requests]
    assert sizes == [TEXTS_PER_REQUEST, TEXTS_PER_REQUEST, 1]


def test_it_scales_what_the_endpoint_does_not(other: HttpEmbedder) -> None:
    assert math.hypot(*other.embed_query("plum")) == pytest.approx(1)


def test_it_sends_the_key_and_the_configured_prefixes(endpoint: OtherEndpoint) -> None:
    embedder = other_at(endpoint, api_key="sk-test", query_prefix="Q: ", document_prefix="D: ")
    embedder.embed_query("a")
    embedder.embed_documents(["b"])
    assert [request.json["input"] for request in endpoint.requests] == [["Q: a"], ["D: b"]]
    assert {request.headers["authorization"] for request in endpoint.requests} == {"Bearer sk-test"}
    assert all("input_type" not in request.json for request in endpoint.requests)
    embedder.close()


def test_its_fingerprint_is_that_of_what_was_configured(endpoint: OtherEndpoint) -> None:
    same = [other_at(endpoint), other_at(endpoint, api_key="sk-test")]
    different = [other_at(endpoint, model="another"), other_at(endpoint, query_prefix="Q: ")]
    assert len({embedder.fingerprint for embedder in same}) == 1
    assert len({embedder.fingerprint for embedder in [same[0], *different]}) == 3
    assert same[0].dimension == endpoint.dimension
    for embedder in [*same, *different]:
        embedder.close()


def test_it_tries_again_while_the_endpoint_is_busy(other: HttpEmbedder, endpoint: OtherEndpoint) -> None:
    endpoint.script(refuse(503, openai_error("busy")), refuse(429, openai_error("slow down")))
    assert len(other.embed_query("a")) == endpoint.dimension
    assert len(endpoint.requests) == 3


async def test_it_tries_again_on_the_event_loop_too(endpoint: OtherEndpoint) -> None:
    embedder = other_at(endpoint)
    assert embedder.dimension
    endpoint.script(refuse(503, openai_error("busy")))
    assert len(await embedder.aembed_query("a")) == endpoint.dimension
    await embedder.aclose()
    embedder.close()


def test_it_gives_up_when_the_endpoint_stays_busy(endpoint: OtherEndpoint) -> None:
    endpoint.script(*[refuse(503, openai_error("busy"))] * 100)
    embedder = other_at(endpoint, retry_for_s=0.3)
    with pytest.raises(EmbedderUnavailable, match="busy or loading") as caught:
        embedder.embed_query("a")
    assert caught.value.retryable
    assert 1 < len(endpoint.requests) < 100
    embedder.close()


def test_nobody_at_the_address_is_unavailable() -> None:
    (port,) = unused_ports(1)
    embedder = HttpEmbedder(f"http://127.0.0.1:{port}/v1", retry_for_s=0.2)
    with pytest.raises(EmbedderUnavailable, match=r"does not answer\. Start it, or correct its address"):
        embedder.embed_query("a")
    embedder.close()


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, openai_error("This text is too long"), EmbedderRefused, "This text is too long."),
        (401, openai_error("Incorrect API key"), EmbedderRefused, "Enter a valid one"),
        (404, {"error": 'model "other" not found'}, EmbedderRefused, 'model "other" not found'),
        (404, b"<h1>Not Found</h1>", EmbedderRefused, "HTTP status 404"),
        (500, openai_error("out of memory"), EmbedderUnavailable, "out of memory. Look into its log"),
        (200, b"<h1>Welcome</h1>", EmbedderRefused, "does not answer as OpenAI"),
        (200, {"data": []}, EmbedderRefused, "1 texts were sent, 0 vectors came back"),
        (200, [], EmbedderRefused, "does not answer as OpenAI"),
    ],
)
def test_it_says_what_the_endpoint_refused(
    endpoint: OtherEndpoint, status: int, body: Any, error: type[Exception], words: str
) -> None:
    other = other_at(endpoint)
    endpoint.script(refuse(status, body))
    with pytest.raises(error, match=words):
        other.embed_query("a")
    assert len(endpoint.requests) == 1
    other.close()


def test_a_silent_endpoint_is_unavailable_after_the_timeout(endpoint: OtherEndpoint) -> None:
    async def silence(_request: object, _reply: object) -> None:
        await asyncio.sleep(5)

    endpoint.script(silence)
    embedder = other_at(endpoint, timeout_s=0.2)
    with pytest.raises(EmbedderUnavailable, match="took too long"):
        embedder.embed_query("a")
    assert len(endpoint.requests) == 1
    embedder.close()


def test_threads_share_it(other: HttpEmbedder, endpoint: OtherEndpoint) -> None:
    vectors: dict[int, Any] = {}

    def embed(number: int) -> None:
        vectors[number] = other.embed_query(f"word{number}")

    threads = [threading.Thread(target=embed, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hashes = HashEmbedder(endpoint.dimension)
    assert all(cosine(vectors[number], hashes.embed_query(f"word{number}")) > 0.999 for number in range(8))


# --- questions together --------------------------------------------------------------------------------------------


async def test_questions_that_come_together_are_sent_together(endpoint: OtherEndpoint) -> None:
    other = other_at(endpoint)
    assert other.dimension
    before = len(endpoint.requests)
    vectors = await asyncio.gather(*(other.aembed_query(f"word{number}") for number in range(50)))
    sent = [request.json["input"] for request in endpoint.requests[before:]]
    assert len(sent) <= 4
    assert sorted(text for texts in sent for text in texts) == sorted(f"word{number}" for number in range(50))
    assert cosine(vectors[49], other.embed_query("word49")) > 0.999
    await other.aclose()
    other.close()


async def test_a_text_that_is_refused_spoils_its_own_question_only(endpoint: OtherEndpoint) -> None:
    other = other_at(endpoint)
    assert other.dimension

    async def refuse_the_bad_one(request: Request, reply: Reply) -> None:
        texts = request.json["input"]
        if "bad" in texts:
            reply.send_json(400, openai_error("That text is bad."))
        else:
            reply.send_json(200, endpoint.answer(texts))

    endpoint.script(*[refuse_the_bad_one] * 10)
    results = await asyncio.gather(*(other.aembed_query(text) for text in ("a", "bad", "b")), return_exceptions=True)
    assert [isinstance(each, EmbedderRefused) for each in results] == [False, True, False]
    await other.aclose()
    other.close()


async def test_whoever_gives_up_does_not_hold_the_others_up(endpoint: OtherEndpoint) -> None:
    other = other_at(endpoint)
    assert other.dimension
    asked = [asyncio.create_task(other.aembed_query(f"word{number}")) for number in range(5)]
    await asyncio.sleep(0)
    asked[3].cancel()
    vectors = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in vectors] == [False, False, False, True, False]
    await other.aclose()
    other.close()
