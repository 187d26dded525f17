"""The stage that re-ranks, over documents of Alice's organisation and a server that speaks the protocol."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, pstdev
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.retrieval import build_pipeline
from chat.retrieval.rerank import CrossEncoderRerank, combined
from ingestion.domain import Scope
from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.chat.retrieval_cast import library, memory_parts
from tests.contracts.http import Step
from tests.contracts.openai_server import refuse
from tests.contracts.rerank_server import RerankServer, fall_silent, hang_up, say

# The stages read from threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

PRINTER = "The printer is in the hall beside the stairs."
LUNCH = "Lunch is served at noon in the canteen."
PENCIL = "Bring a pencil to the meeting."
QUESTION = "Where is the printer?"


@pytest.fixture
def parts() -> Parts:
    return memory_parts()


@pytest.fixture
def guide(parts: Parts, acme: Tenant) -> Document:
    return library(parts, acme, "guide.txt", [LUNCH, PENCIL, PRINTER])


@pytest.fixture
def configured(settings: LazySettings, rerank_endpoint: RerankServer) -> RerankServer:
    """The server of the settings."""
    options: dict[str, Any] = {"base_url": rerank_endpoint.base_url, "api_key": "sk-test", "limit_s": 0.3}
    backend = {"BACKEND": "chat.retrieval.reranker.HttpReranker", "OPTIONS": {**options, "next_door": True}}
    settings.RAG = {**settings.RAG, "RERANKER": backend}
    return rerank_endpoint


async def found(document: Document, **fields: Any) -> Retrieval:
    """What fusion has left, the first passages first, three standard deviations apart."""
    fused = await in_thread(candidates, document)
    return Retrieval(QUESTION, QUESTION, Scope(), fused=fused, **fields)


def candidates(document: Document) -> tuple[Candidate, ...]:
    chunks = Chunk.objects.for_tenant(document.tenant_id).filter(document=document).order_by("ordinal")
    return tuple(Candidate(chunk.pk, document.pk, fused=2.0 - 0.5 * place) for place, chunk in enumerate(chunks))


async def texts(state: Retrieval, tenant: Tenant) -> list[str]:
    chunks = await in_thread(Chunk.objects.for_tenant(tenant).in_bulk)
    return [chunks[each.chunk_id].text for each in state.fused]


async def test_what_the_model_has_read_comes_first(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document
) -> None:
    ranked = await CrossEncoderRerank(acme.pk, parts)(await found(guide))
    assert (await texts(ranked, acme))[0] == PRINTER
    assert ranked.skipped == {}
    scores = [each.fused or 0.0 for each in ranked.fused]
    assert scores == sorted(scores, reverse=True)


async def test_the_model_reads_the_headings_too_and_the_question_before(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document
) -> None:
    await CrossEncoderRerank(acme.pk, parts)(replace(await found(guide), query=f"And lunch? {QUESTION}"))
    [request] = configured.requests
    assert request.json["query"] == f"And lunch? {QUESTION}"
    assert request.json["documents"] == [f"Chapter\n{text}" for text in (LUNCH, PENCIL, PRINTER)]


async def test_what_nobody_waits_for_is_not_urgent(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document
) -> None:
    for urgent in (True, False):
        await CrossEncoderRerank(acme.pk, parts)(replace(await found(guide), urgent=urgent))
    assert [request.headers["x-lane"] for request in configured.requests] == ["query", "documents"]


@pytest.mark.parametrize(
    "step",
    [
        refuse(503, {"error": "loading"}),
        refuse(200, b"no JSON"),
        say((0, 0.9)),
        say((0, 0.9), (1, float("nan")), (2, 0.1)),
        hang_up,
        fall_silent,
    ],
)
async def test_the_order_of_before_stands_where_there_are_no_scores(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document, step: Step
) -> None:
    configured.script(step)
    state = await found(guide)
    ranked = await CrossEncoderRerank(acme.pk, parts)(state)
    assert ranked.fused == state.fused
    assert ranked.skipped["reranking"].startswith("The re-ranker")


async def test_a_question_is_answered_from_the_fused_order_while_the_server_is_away(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document, settings: LazySettings
) -> None:
    stages = list(settings.RAG["RETRIEVAL"])
    stages.insert(stages.index("chat.retrieval.load.LoadPassages"), "chat.retrieval.rerank.CrossEncoderRerank")
    configured.script(*[hang_up] * 9)
    asked = Retrieval(QUESTION, QUESTION, Scope())
    without = await build_pipeline(acme.pk, parts=parts)(asked)
    for _ in range(5):  # the breaker opens on the way
        answered = await build_pipeline(acme.pk, parts=parts, stages=stages)(asked)
        assert [each.text for each in answered.passages] == [each.text for each in without.passages]
        assert [each.fused for each in answered.passages] == [each.fused for each in without.passages]
    assert "left alone" in answered.skipped["reranking"]
    assert len(configured.requests) == 3


async def test_candidates_beyond_the_depth_stay_behind_and_are_not_read(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document
) -> None:
    ranked = await CrossEncoderRerank(acme.pk, parts, depth=2)(await found(guide))
    assert (await texts(ranked, acme))[-1] == PRINTER
    assert len(configured.requests[0].json["documents"]) == 2


async def test_one_candidate_is_in_order_already(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document
) -> None:
    state = await found(guide)
    for few in (state.fused[:1], ()):
        assert (await CrossEncoderRerank(acme.pk, parts)(replace(state, fused=few))).fused == few
    assert configured.requests == []


async def test_no_server_gets_to_see_another_organisations_passages(
    configured: RerankServer, parts: Parts, other_org: Tenant, guide: Document
) -> None:
    state = await found(guide)
    assert (await CrossEncoderRerank(other_org.pk, parts)(state)).fused == state.fused
    assert configured.requests == []


async def test_no_server_gets_to_see_what_has_left_the_scope(
    configured: RerankServer, parts: Parts, acme: Tenant, guide: Document
) -> None:
    state = await found(guide)
    for scope in (Scope(collection_ids=frozenset({uuid4()})), Scope(document_ids=frozenset())):
        await CrossEncoderRerank(acme.pk, parts)(replace(state, scope=scope))
    assert configured.requests == []


# --- putting both scores together ---


def scored(*fused: float) -> list[Candidate]:
    return [Candidate(uuid4(), uuid4(), fused=each) for each in fused]


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.7, 1.0])
def test_the_mean_and_the_spread_stay_which_packing_goes_by(weight: float) -> None:
    best = scored(3.1, 2.0, 1.9, 0.4)
    after = [each.fused or 0.0 for each in combined(best, [-9.0, 4.0, 0.1, 11.0], weight=weight)]
    before = [each.fused or 0.0 for each in best]
    assert fmean(after) == pytest.approx(fmean(before))
    assert pstdev(after) == pytest.approx(pstdev(before))


def test_the_weight_says_whose_word_counts() -> None:
    best = scored(3.0, 2.0, 1.0)
    first, second, third = (each.chunk_id for each in best)
    order = {
        weight: [each.chunk_id for each in combined(best, [0.1, 0.2, 0.9], weight=weight)] for weight in (0.0, 1.0)
    }
    assert order == {0.0: [first, second, third], 1.0: [third, second, first]}


def test_scores_that_are_all_the_same_change_nothing() -> None:
    best = scored(3.0, 2.5, 1.0)
    for weight in (0.7, 1.0):
        assert [each.chunk_id for each in combined(best, [0.5] * 3, weight=weight)] == [each.chunk_id for each in best]
    assert [each.fused for each in combined(best, [0.5] * 3, weight=0.7)] == pytest.approx([3.0, 2.5, 1.0])


def test_candidates_that_were_all_the_same_are_told_apart() -> None:
    best = scored(1.0, 1.0)
    assert [each.fused for each in combined(best, [0.2, 0.8], weight=0.7)] == [2.0, 0.0]
