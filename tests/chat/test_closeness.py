"""Cosines of one embedding model in the terms of another."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import pytest

from chat.closeness import STARTER_BACKGROUND, as_it_is, closeness_of
from ingestion.domain import Embedded, Vector
from ingestion.embedding.fakes import HashEmbedder
from ingestion.errors import EmbedderUnavailable


class Narrow:
    """Everything has the cosine `background` with everything else."""

    def __init__(self, background: float) -> None:
        self.fingerprint = uuid4().hex
        self.asked = 0
        self._question = (background**0.5, (1 - background) ** 0.5, 0.0)
        self._passage = (background**0.5, 0.0, (1 - background) ** 0.5)

    def embed_query(self, _text: str) -> Vector:
        self.asked += 1
        return self._question

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        return [self._passage] * len(texts)

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        return [Embedded(vector) for vector in self.embed_documents(texts)]


@pytest.mark.parametrize("background", [0.0, 0.3, 0.9])
def test_the_background_becomes_the_starters_and_the_same_stays_the_same(background: float) -> None:
    closeness = closeness_of(Narrow(background))

    assert closeness(background) == pytest.approx(STARTER_BACKGROUND)
    assert closeness(1.0) == pytest.approx(1.0)
    assert closeness(background) < closeness((1 + background) / 2) < closeness(1.0)


@pytest.mark.parametrize("background", [STARTER_BACKGROUND, 0.99])
def test_the_starters_cosines_and_those_that_tell_nothing_are_left_as_they_are(background: float) -> None:
    assert closeness_of(Narrow(background)) is as_it_is


def test_an_embedder_is_asked_once() -> None:
    embedder = Narrow(0.1)
    for _ in range(3):
        closeness_of(embedder)
    assert embedder.asked == 6


def test_an_embedder_that_does_not_answer_changes_nothing_and_is_asked_again() -> None:
    class Away(HashEmbedder):
        def embed_query(self, text: str) -> Vector:
            raise EmbedderUnavailable("It is away.")

    embedder = Away(17)
    assert closeness_of(embedder) is as_it_is
    assert closeness_of(HashEmbedder(17)) is not as_it_is
