"""An embedder without a model, for tests."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence

import numpy as np

from ingestion.domain import Embedded, Vector
from ingestion.embedding import words

WORDS = re.compile(r"\w+")


class HashEmbedder:
    """Adds up a fixed direction for each word, so that texts which share words are near each other.

    Deterministic across processes and machines; upper and lower case are the same.
    """

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.fingerprint = f"hash-{dimension}"

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        return [self._embed(text) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        return [Embedded(self._embed(text), words.pack_signs(self.words_of(text))) for text in texts]

    def embed_query(self, text: str) -> Vector:
        return self._embed(text)

    async def aembed_query(self, text: str) -> Vector:
        return self._embed(text)

    async def aembed_question(self, text: str) -> Embedded:
        return Embedded(self._embed(text), words.pack_numbers(self.words_of(text)))

    async def aembed_sentences(self, sentences: Sequence[str]) -> list[Vector]:
        return self.embed_documents(sentences)

    def _embed(self, text: str) -> Vector:
        # A text without a word gets the direction of the empty one, because a vector needs some direction.
        words = WORDS.findall(text.lower()) or [""]
        sums = [sum(column) for column in zip(*map(self._direction, words), strict=True)]
        length = math.hypot(*sums)
        return tuple(number / length for number in sums) if length else self._direction("")

    def words_of(self, text: str) -> words.Rows:
        rows = [self._direction(text[start:end].lower()) for start, end in words.spans(text)]
        return np.asarray(rows, np.float32).reshape(-1, self.dimension)

    def _direction(self, word: str) -> Vector:
        """Return numbers in [-1, 1) drawn from the word's hash, scaled to length 1."""
        digest = hashlib.shake_128(word.encode()).digest(2 * self.dimension)
        numbers = [int.from_bytes(digest[at : at + 2], "little") / 0x8000 - 1 for at in range(0, len(digest), 2)]
        length = math.hypot(*numbers)
        return tuple(number / length for number in numbers)
