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
from ingestion.embedding.words import Rows
from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from tenants.models import Tenant
from tests.chat.retrieval_cast import library, memory_parts

# The stages read from threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = "The saw is loud. Parental leave lasts twelve months. Its battery is new."
QUESTION = "Parental leave months?"


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


async def test_what_was_compared_is_not_kept_while_an_answer_is_written(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    state = await loaded(parts, acme, guide)
    assert state.near_words
    assert not (await SentenceNearness(acme.pk, parts)(state)).near_words


async def test_a_question_without_words_leaves_passages_as_they_are(
    parts: Parts, acme: Tenant, guide: Document
) -> None:
    state = replace(await loaded(parts, acme, guide), near_words={})
    assert await SentenceNearness(acme.pk, parts)(state) == state


def near(*columns: list[float]) -> Rows:
    """Of each word of the passage, to each of the question's."""
    return np.asarray(columns, np.float32).T


def test_each_sentence_has_its_own_words_and_not_those_of_the_title() -> None:
    assert nearness(near([0.9], [0.1], [0.2], [0.3]), "One two. Three.") == pytest.approx([0.2, 0.3])


def test_the_nearest_word_to_each_of_the_questions_counts() -> None:
    assert nearness(near([0.6, 0.0], [0.1, 0.2], [0.3, 0.3]), "One two. Three.") == pytest.approx([0.8, 0.6])


def test_a_sentence_without_words_and_a_text_that_was_cut_off_have_none() -> None:
    assert nearness(near([0.5]), "One\n---") == [pytest.approx(0.5), None]
    assert nearness(near([0.5]), "One two.") == []
    assert nearness(None, "One two.") == []
