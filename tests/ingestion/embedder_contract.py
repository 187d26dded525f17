"""What every embedder has to do, be it real or in memory. A test module subclasses this and says which."""

from __future__ import annotations

import math
from typing import Protocol

import pytest

from ingestion.domain import Embedded, Vector
from ingestion.embedding import words
from ingestion.ports import Embedder

ORDER = "The parental leave lasts twelve months."
BATTERY = "Remove the battery before cleaning the saw."
QUESTION = "How long does the parental leave last?"
LENGTH_TOLERANCE = 1e-3


class SharedEmbedder(Embedder, Protocol):
    """The port, with what the chat and the index ask for beside it."""

    @property
    def dimension(self) -> int: ...

    async def aembed_query(self, text: str) -> Vector: ...

    async def aembed_question(self, text: str) -> Embedded: ...

    async def aembed_sentences(self, sentences: list[str]) -> list[Vector]: ...


def cosine(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


class EmbedderContract:
    @pytest.fixture
    def embedder(self) -> SharedEmbedder:
        raise NotImplementedError

    def test_its_vectors_have_the_announced_dimension_and_length_1(self, embedder: SharedEmbedder) -> None:
        for vector in [*embedder.embed_documents([ORDER, "Ђорђе воли шљиве.", "?"]), embedder.embed_query(QUESTION)]:
            assert len(vector) == embedder.dimension
            assert math.hypot(*vector) == pytest.approx(1, abs=LENGTH_TOLERANCE)

    def test_it_answers_in_the_order_of_the_texts(self, embedder: SharedEmbedder) -> None:
        texts = [f"{'long ' * (17 * number % 41)}text number {number}" for number in range(70)]
        together = embedder.embed_documents(texts)
        assert len(together) == len(texts)
        for number in (0, 1, 35, 69):
            alone = embedder.embed_documents([texts[number]])[0]
            assert cosine(together[number], alone) > 0.999

    def test_no_texts_give_no_vectors(self, embedder: SharedEmbedder) -> None:
        assert embedder.embed_documents([]) == []

    def test_a_question_is_nearest_to_the_passage_that_answers_it(self, embedder: SharedEmbedder) -> None:
        question = embedder.embed_query(QUESTION)
        answer, other = embedder.embed_documents([ORDER, BATTERY])
        assert cosine(question, answer) > cosine(question, other)

    async def test_where_it_tells_words_there_is_a_row_for_each(self, embedder: SharedEmbedder) -> None:
        (passage,) = embedder.embed_passages([ORDER])
        question = await embedder.aembed_question(QUESTION)
        assert cosine(passage.vector, embedder.embed_documents([ORDER])[0]) > 0.999
        if passage.words:
            assert len(words.unpack_signs(passage.words, embedder.dimension)) == len(words.spans(ORDER))
            assert len(words.unpack_numbers(question.words, embedder.dimension)) == len(words.spans(QUESTION))

    def test_the_fingerprint_stays(self, embedder: SharedEmbedder) -> None:
        assert embedder.fingerprint
        assert embedder.fingerprint == embedder.fingerprint

    async def test_an_event_loop_gets_the_same_vectors(self, embedder: SharedEmbedder) -> None:
        expected = embedder.embed_query(QUESTION)
        assert cosine(await embedder.aembed_query(QUESTION), expected) > 0.999

    async def test_a_question_is_nearest_to_the_sentence_that_answers_it(self, embedder: SharedEmbedder) -> None:
        question, answer, other = await embedder.aembed_sentences([QUESTION, ORDER, BATTERY])
        assert cosine(question, answer) > cosine(question, other)
