"""The client of `/v1/rerank`, against a server that keeps to the protocol and against ones that do not."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from chat.errors import ProviderBusy, ProviderError, RerankerFailed
from chat.llm.breaker import FAILURES_TO_OPEN, MemoryBreaker
from chat.retrieval.reranker import HttpReranker, decoded
from ingestion.embedding.reranker import Pair, Reranker, RerankerOptions
from tests.contracts.http import Step, eventually
from tests.contracts.openai_server import refuse
from tests.contracts.rerank_server import RerankServer, babble, fall_silent, hang_up, say
from tests.ingestion.embedding_kits import HashEngine, app_server, hash_service
from tests.ingestion.tiny_models import write_cross_encoder
from tests.services import unused_ports

QUESTION = "Where is the printer?"
TEXTS = ["Lunch is at noon.", "The printer is in the hall.", "Where the hall is."]
LIMIT_S = 0.3


def reranker_of(server: RerankServer, **options: Any) -> HttpReranker:
    return HttpReranker(server.base_url, **{"api_key": "sk-test", "limit_s": LIMIT_S, "next_door": True, **options})


async def test_scores_come_in_the_order_of_the_texts(rerank_endpoint: RerankServer) -> None:
    scores = await reranker_of(rerank_endpoint).scores(QUESTION, TEXTS)
    assert scores == [0.25, 0.75, 0.75]
    [request] = rerank_endpoint.requests
    assert request.json == {"query": QUESTION, "documents": TEXTS, "top_n": 3}


async def test_the_model_is_named_where_the_server_wants_it(rerank_endpoint: RerankServer) -> None:
    rerank_endpoint.model = "bge-reranker-v2-m3"
    assert len(await reranker_of(rerank_endpoint, model="bge-reranker-v2-m3").scores(QUESTION, TEXTS)) == 3
    with pytest.raises(RerankerFailed, match="422: Model None not found"):
        await reranker_of(rerank_endpoint).scores(QUESTION, TEXTS)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (refuse(500, {"error": {"message": "out of memory"}}), "status 500: out of memory"),
        (refuse(307, b"", {"Location": "http://127.0.0.1:1/"}), "status 307"),
        (refuse(200, b"<html>Welcome</html>"), "does not answer as /v1/rerank does"),
        (refuse(200, [{"index": 0, "score": 0.9}]), "does not answer as /v1/rerank does"),
        (say((0, 0.1), (1, 0.2)), "2 scores for 3 texts"),
        (say((0, 0.1), (1, 0.2), (1, 0.3)), "index 1 of 3"),
        (say((0, 0.1), (1, 0.2), (3, 0.3)), "index 3 of 3"),
        (say((0, 0.1), (1, 0.2), (2, float("nan"))), "a score of nan"),
        (say((0, 0.1), (1, 0.2), (2, None)), "does not answer as /v1/rerank does"),
        (hang_up, "does not answer."),
        (babble, "does not answer as /v1/rerank does"),
        (fall_silent, "took longer than 0.3 seconds"),
    ],
)
async def test_whatever_goes_wrong_is_one_error_with_a_sentence(
    rerank_endpoint: RerankServer, step: Step, words: str
) -> None:
    rerank_endpoint.script(step)
    with pytest.raises(RerankerFailed, match=words):
        await reranker_of(rerank_endpoint).scores(QUESTION, TEXTS)


async def test_a_key_that_is_refused_is_no_secret_in_the_sentence(rerank_endpoint: RerankServer) -> None:
    with pytest.raises(RerankerFailed, match="status 401: Invalid API key") as caught:
        await reranker_of(rerank_endpoint, api_key="sk-other").scores(QUESTION, TEXTS)
    assert "sk-other" not in caught.value.message


async def test_a_server_that_is_not_there_is_such_an_error_too(closed_clients: None) -> None:
    (port,) = unused_ports(1)
    with pytest.raises(RerankerFailed, match="does not answer"):
        await HttpReranker(f"http://127.0.0.1:{port}/v1").scores(QUESTION, TEXTS)


async def test_a_request_that_nobody_waits_for_is_given_up(rerank_endpoint: RerankServer) -> None:
    rerank_endpoint.script(fall_silent)
    with pytest.raises(RerankerFailed):
        await reranker_of(rerank_endpoint).scores(QUESTION, TEXTS)
    assert await eventually(lambda: rerank_endpoint.requests[0].disconnected)


async def test_after_a_few_failures_it_is_left_alone_and_costs_no_time(rerank_endpoint: RerankServer) -> None:
    reranker = reranker_of(rerank_endpoint)
    rerank_endpoint.script(*[fall_silent] * FAILURES_TO_OPEN)
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(RerankerFailed):
            await reranker.scores(QUESTION, TEXTS)
    began = time.monotonic()
    with pytest.raises(ProviderBusy, match="left alone"):
        await reranker.scores(QUESTION, TEXTS)
    assert time.monotonic() - began < LIMIT_S / 3
    assert len(rerank_endpoint.requests) == FAILURES_TO_OPEN


async def test_a_refusal_counts_as_a_failure_because_there_is_nothing_to_be_had(rerank_endpoint: RerankServer) -> None:
    reranker = reranker_of(rerank_endpoint, api_key="sk-other")
    for _ in range(FAILURES_TO_OPEN + 2):
        with pytest.raises(ProviderError):
            await reranker.scores(QUESTION, TEXTS)
    assert len(rerank_endpoint.requests) == FAILURES_TO_OPEN


async def test_it_is_asked_again_after_a_while(rerank_endpoint: RerankServer) -> None:
    now = [0.0]
    reranker = reranker_of(rerank_endpoint)
    reranker._breaker = MemoryBreaker(clock=lambda: now[0])
    rerank_endpoint.script(*[hang_up] * FAILURES_TO_OPEN)
    for _ in range(FAILURES_TO_OPEN + 1):
        with pytest.raises(ProviderError):
            await reranker.scores(QUESTION, TEXTS)
    now[0] += 60
    assert await reranker.scores(QUESTION, TEXTS) == [0.25, 0.75, 0.75]


async def test_the_log_hears_of_it_once_and_not_with_every_question(
    rerank_endpoint: RerankServer, caplog: pytest.LogCaptureFixture
) -> None:
    reranker = reranker_of(rerank_endpoint)
    rerank_endpoint.script(*[refuse(503, {"error": "loading"})] * 2)
    with caplog.at_level(logging.WARNING, "chat.retrieval.reranker"):
        for _ in range(2):
            with pytest.raises(RerankerFailed):
                await reranker.scores(QUESTION, TEXTS)
    assert [record.getMessage() for record in caplog.records] == [
        "Passages stay in the order of the searches. The re-ranker answered with status 503: loading."
    ]


async def test_it_is_told_of_in_english_whoever_has_asked(rerank_endpoint: RerankServer) -> None:
    """The log and the dashboard hear of it, and not whoever has asked."""
    reranker = reranker_of(rerank_endpoint)
    rerank_endpoint.script(*[refuse(503, {"error": "loading"})] * 3)
    with translation.override("de"):
        for _ in range(3):
            with pytest.raises(RerankerFailed):
                await reranker.scores(QUESTION, TEXTS)
        with pytest.raises(ProviderBusy, match="The re-ranker has failed several times in a row"):
            await reranker.scores(QUESTION, TEXTS)
        assert translation.get_language() == "de"


async def test_a_proxy_of_the_environment_is_not_for_the_process_next_door(
    rerank_endpoint: RerankServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = unused_ports(1)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "")
    assert len(await reranker_of(rerank_endpoint, next_door=True).scores(QUESTION, TEXTS)) == 3
    with pytest.raises(RerankerFailed, match="does not answer"):
        await reranker_of(rerank_endpoint, next_door=False).scores(QUESTION, TEXTS)


async def test_only_the_server_next_door_is_told_whether_somebody_waits(rerank_endpoint: RerankServer) -> None:
    for next_door, urgent in ((True, True), (True, False), (False, True)):
        await reranker_of(rerank_endpoint, next_door=next_door).scores(QUESTION, TEXTS, urgent=urgent)
    assert [request.headers.get("x-lane") for request in rerank_endpoint.requests] == ["query", "documents", None]


@pytest.mark.slow
@pytest.mark.xdist_group("models")
async def test_the_bundled_server_is_understood(closed_clients: None, tmp_path: Path) -> None:
    model = Reranker(RerankerOptions(str(write_cross_encoder(tmp_path)), dtype="fp32"))
    with hash_service(HashEngine()) as service:
        service.reranking.open(model)
        with app_server(service) as url:
            scores = await HttpReranker(url, limit_s=30, next_door=True).scores(QUESTION, TEXTS)
    assert scores == pytest.approx(model.score([Pair(QUESTION, text) for text in TEXTS]), abs=1e-5)


def test_numbers_are_read_whatever_their_order_and_form() -> None:
    results = [{"index": 1, "relevance_score": -3}, {"index": 0, "relevance_score": 0.5}]
    assert decoded(json.loads(json.dumps({"results": results})), expected=2) == [0.5, -3.0]
