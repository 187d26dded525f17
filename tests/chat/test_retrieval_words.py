from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.retrieval.dense import embed_question
from chat.retrieval.words import WordInteraction, near_words, standardised
from ingestion.domain import Scope
from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.chat.retrieval_cast import library, memory_parts

# The stages read from threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

LEAVE = "Parental leave lasts twelve months, and the saw stays at work."
SAW = "The battery of the saw lasts twelve hours."
LOUD = "The saw is loud."
PUMP, BUS = "The pump of the hall is green.", "A bus waits outside."
MACHINES = ["The pump of the hall needs oil filters.", PUMP, BUS, "Cranes lift steel.", "Every lathe turns wood."]
QUESTION = "How long does parental leave last?"


@pytest.fixture
def parts() -> Parts:
    return memory_parts()


@pytest.fixture
def machines(parts: Parts, acme: Tenant) -> Document:
    return library(parts, acme, "machines.txt", MACHINES)


@pytest.fixture
def guide(parts: Parts, acme: Tenant) -> Document:
    return library(parts, acme, "guide.txt", [SAW, LEAVE, LOUD])


async def asked(parts: Parts, document: Document, question: str, *, before: str = "") -> Retrieval:
    """The question as the stage gets it, with every passage of the document alike so far."""
    query = f"{before} {question}".strip()
    vector, spoken = await embed_question(parts, query)
    return Retrieval(question, query, Scope(), vector=vector, words=spoken, fused=await in_thread(alike, document))


def alike(document: Document) -> tuple[Candidate, ...]:
    chunks = Chunk.objects.for_tenant(document.tenant_id).filter(document=document)
    return tuple(Candidate(chunk.pk, document.pk, fused=0.0) for chunk in chunks)


async def scores(stage: WordInteraction, state: Retrieval) -> dict[str, float]:
    """Text -> score, best first."""
    fused = (await stage(state)).fused
    chunks = await in_thread(Chunk.objects.for_tenant(stage.tenant_id).in_bulk)
    return {chunks[each.chunk_id].text: each.fused or 0.0 for each in fused}


async def test_the_passage_that_says_the_rare_words_comes_first(parts: Parts, acme: Tenant, guide: Document) -> None:
    found = await scores(WordInteraction(acme.pk, parts), await asked(parts, guide, QUESTION))
    assert next(iter(found)) == LEAVE
    assert list(found.values()) == sorted(found.values(), reverse=True)


async def test_words_of_an_earlier_question_count_less(parts: Parts, acme: Tenant, guide: Document) -> None:
    stage = WordInteraction(acme.pk, parts)
    before = await scores(stage, await asked(parts, guide, "battery hours", before="parental leave"))
    together = await scores(stage, await asked(parts, guide, "parental leave battery hours"))
    assert next(iter(before)) == SAW
    assert before[LEAVE] < together[LEAVE]


async def test_another_organisations_words_are_not_looked_up(parts: Parts, other_org: Tenant, guide: Document) -> None:
    state = await asked(parts, guide, QUESTION)
    assert (await WordInteraction(other_org.pk, parts)(state)).fused == state.fused


async def test_passages_and_questions_without_words_stay_where_they_are(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    stage, state = WordInteraction(acme.pk, parts), await asked(parts, guide, QUESTION)
    unknown = replace(state, fused=(Candidate(uuid4(), uuid4(), fused=1.0),))
    assert (await stage(unknown)).fused == unknown.fused
    wordless = replace(state, words=b"")
    assert (await stage(wordless)).fused == wordless.fused


async def test_candidates_beyond_the_depth_stay_behind(parts: Parts, acme: Tenant, guide: Document) -> None:
    state = await asked(parts, guide, QUESTION)
    fused = (await WordInteraction(acme.pk, parts, depth=1)(state)).fused
    assert [each.chunk_id for each in fused] == [each.chunk_id for each in state.fused]


async def test_a_longer_request_finds_what_is_like_the_passages_that_say_it(
    parts: Parts, acme: Tenant, machines: Document
) -> None:
    state = await asked(parts, machines, "Oil is dear. Filters, too.")
    trusting, plain = WordInteraction(acme.pk, parts), WordInteraction(acme.pk, parts, alike_weight=0)
    before, after = await scores(plain, state), await scores(trusting, state)
    assert after[PUMP] - before[PUMP] > after[BUS] - before[BUS]
    single = replace(state, question="Oil and filters are dear.")
    assert await scores(trusting, single) == await scores(plain, single)


def test_nearness_is_the_weighted_mean_of_the_nearest_words() -> None:
    question = np.asarray([[1, 0], [0, 1]], np.float32)
    both, one = uuid4(), uuid4()
    side = 1 / np.sqrt(2)
    passages = {
        both: np.asarray([[side, side]], np.float32),
        one: np.asarray([[-side, -side], [side, -side]], np.float32),
    }
    near = near_words(question, np.asarray([3, 1], np.float32), passages)
    assert near[both].max(axis=1).sum() == pytest.approx(side)
    assert near[one].max(axis=1).sum() == pytest.approx((3 * side - side) / 4)


def test_a_question_of_words_that_weigh_nothing_compares_nothing() -> None:
    assert (
        near_words(np.ones((1, 2), np.float32), np.zeros(1, np.float32), {uuid4(): np.ones((1, 2), np.float32)}) == {}
    )


def test_what_is_not_known_is_the_mean() -> None:
    assert standardised([1.0, None, 3.0]) == [-1.0, 0.0, 1.0]
    assert standardised([2.0, 2.0]) == [0.0, 0.0]
    assert standardised([None]) == [0.0]
