"""How near each sentence of a passage is to the question, word by word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chat.aio import in_thread
from chat.domain import Candidate, Passage, Retrieval
from chat.retrieval.dense import embed_question
from chat.retrieval.load import LoadPassages
from chat.retrieval.sentences import SentenceNearness, nearness
from chat.retrieval.words import WordInteraction
from chat.sentences import sentences
from ingestion.domain import Scope
from ingestion.embedding import words
from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.chat.retrieval_cast import library, memory_parts

# The stages read from threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = "The saw is loud. Parental leave lasts twelve months. Its battery is new."
QUESTION = "Parental leave months?"
EAST, NORTH, SOUTH = [1, 1], [-1, 1], [-1, -1]


@pytest.fixture
def parts() -> Parts:
    return memory_parts()


@pytest.fixture
def guide(parts: Parts, acme: Tenant) -> Document:
    return library(parts, acme, "guide.txt", [GUIDE, "The saw is red."])


async def loaded(parts: Parts, tenant: Tenant, document: Document) -> Retrieval:
    vector, spoken = await embed_question(parts, QUESTION)
    fused = await in_thread(candidates, document)
    state = Retrieval(QUESTION, QUESTION, Scope(), vector=vector, words=spoken, fused=fused)
    return await LoadPassages(tenant.pk, parts)(await WordInteraction(tenant.pk, parts)(state))


def candidates(document: Document) -> tuple[Candidate, ...]:
    chunks = Chunk.objects.for_tenant(document.tenant_id).filter(document=document)
    return tuple(Candidate(chunk.pk, document.pk, fused=0.0) for chunk in chunks)


def nearest(passage: Passage) -> str:
    return max(zip(passage.near, sentences(passage.text), strict=True), key=lambda each: each[0])[1].text


async def test_the_sentence_that_answers_is_the_nearest(parts: Parts, acme: Tenant, guide: Document) -> None:
    found = await SentenceNearness(acme.pk, parts)(await loaded(parts, acme, guide))
    (passage,) = (each for each in found.passages if each.text == GUIDE)
    assert nearest(passage) == "Parental leave lasts twelve months."
    assert sum(near for each in found.passages for near in each.near) == pytest.approx(0.0, abs=1e-6)


async def test_another_organisations_words_are_not_looked_up(
    parts: Parts, acme: Tenant, other_org: Tenant, guide: Document
) -> None:
    found = await SentenceNearness(other_org.pk, parts)(await loaded(parts, acme, guide))
    assert found.passages
    assert not any(each.near for each in found.passages)


async def test_a_question_without_words_leaves_passages_as_they_are(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    state = replace(await loaded(parts, acme, guide), word_weights=())
    assert await SentenceNearness(acme.pk, parts)(state) == state


def packed(*rows: list[int]) -> bytes:
    return words.pack_signs(np.asarray(rows, np.float32))


def test_each_sentence_has_its_own_words_and_not_those_of_the_title() -> None:
    question = np.asarray([[1, 1]], np.float32) / np.sqrt(2)
    found = nearness(question, np.ones(1, np.float32), packed(EAST, SOUTH, SOUTH, EAST), "One two. Three.")
    assert found == pytest.approx([-1.0, 1.0])


def test_each_word_of_the_question_counts_by_its_weight() -> None:
    question = np.asarray([[1, 1], [-1, 1]], np.float32) / np.sqrt(2)
    found = nearness(question, np.asarray([3, 1], np.float32), packed(EAST, NORTH), "One. Two.")
    assert found == pytest.approx([0.75, 0.25])


def test_a_sentence_without_words_and_a_text_that_was_cut_off_have_none() -> None:
    question, weights = np.ones((1, 2), np.float32), np.ones(1, np.float32)
    assert nearness(question, weights, packed(EAST), "One\n---")[1] is None
    assert nearness(question, weights, packed(EAST), "One two.") == []
    assert nearness(question, weights, b"", "One two.") == []
    assert nearness(question, np.zeros(1, np.float32), packed(EAST), "One.") == []
