"""Late interaction: the candidates' words are compared with the question's, each by its meaning in its place.

A passage's one vector is of everything it says; of two that are near, it cannot tell which says the very thing. So for
each word of the question the nearest word of the passage is looked for, and how near they are is added up, the rare
words' with more weight. Khattab, Zaharia: ColBERT, 2020; here over the embedder's own word vectors, without any
training. Measured in docs/adr/0015-late-interaction.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from statistics import fmean, pstdev
from uuid import UUID

import numpy as np

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.retrieval.alike import vouched
from chat.retrieval.fuse import DIGITS, EQUAL, best_first
from chat.retrieval.lexical import PREVIOUS_WEIGHT
from chat.sentences import sentences
from ingestion.embedding import words
from ingestion.embedding.words import Rows
from ingestion.parts import Parts

DEPTH = 60
"""The best candidates, whose words are looked up: some 5 KB each."""
WEIGHT = 0.6
"""Of the words' score, in standard deviations, against the fused one's."""
ALIKE_WEIGHT = 0.4
"""Of the score of passages that say the like, in standard deviations, for a request of two sentences; of a single one,
which one passage answers, it counts nothing, and of four twice as much."""
MOST_SENTENCES = 5
"""Beyond which a longer request makes no difference."""


@dataclass(frozen=True, slots=True)
class WordInteraction:
    """Adds to `fused` of the best candidates. Passages or questions whose words are not known stay where they are."""

    tenant_id: UUID
    parts: Parts
    depth: int = DEPTH
    weight: float = WEIGHT
    alike_weight: float = ALIKE_WEIGHT
    name: str = "words"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if not state.words or not state.fused:
            return state
        return await in_thread(self._compared, state)

    def _compared(self, state: Retrieval) -> Retrieval:
        best, rest = state.fused[: self.depth], state.fused[self.depth :]
        index = self.parts.vectors.for_tenant(self.tenant_id, fingerprint=self.parts.embedder.fingerprint)
        known = index.words([candidate.chunk_id for candidate in best])
        if not known:
            return state
        assert state.vector is not None  # noqa: S101 - words come with the vector
        question = words.unpack_numbers(state.words, len(state.vector))
        rows = {chunk_id: words.unpack_signs(packed, question.shape[1]) for chunk_id, packed in known.items()}
        near = near_words(question, self._weights(state, len(question)), rows)
        compared = _added(best, self.weight, {chunk_id: _nearness(each) for chunk_id, each in near.items()})
        if weight := self.alike_weight * log2(_length(state.question)):
            scores = {candidate.chunk_id: candidate.fused or 0.0 for candidate in compared}
            compared = _added(compared, weight, vouched(scores, rows))
        return replace(state, fused=(*sorted(compared, key=best_first), *rest), near_words=near)

    def _weights(self, state: Retrieval, count: int) -> Rows:
        """How much each of the query's words counts: the rarer, the more; less where an earlier question has it."""
        spoken = [state.query[start:end] for start, end in words.spans(state.query)][:count]
        rarity = self.parts.lexical.for_tenant(self.tenant_id).rarity(spoken)
        own = len(words.spans(state.question))
        earlier = len(spoken) - own
        weights = [each * (PREVIOUS_WEIGHT if place < earlier else 1.0) for place, each in enumerate(rarity)]
        return np.asarray(weights, np.float32)


def _length(question: str) -> int:
    """In sentences."""
    return min(max(len(sentences(question)), 1), MOST_SENTENCES)


def _added(candidates: Sequence[Candidate], weight: float, scores: Mapping[UUID, float]) -> list[Candidate]:
    """The candidates with a share of the scores, in standard deviations."""
    added = standardised([scores.get(candidate.chunk_id) for candidate in candidates])
    return [
        candidate._replace(fused=round((candidate.fused or 0.0) + weight * each, DIGITS))
        for candidate, each in zip(candidates, added, strict=True)
    ]


def near_words(question: Rows, weights: Rows, passages: Mapping[UUID, Rows]) -> dict[UUID, Rows]:
    """For each passage the cosine of each word of the question with each of its own, times the weight of the question's
    word as a share of all: question's words by passage's."""
    if not len(question) or not weights.any():
        return {}
    rows = list(passages.values())
    weighted = question * (weights / weights.sum())[:, None]
    near = weighted @ np.concatenate(rows).T
    return dict(zip(passages, np.split(near, np.cumsum([*map(len, rows[:-1])]), axis=1), strict=True))


def _nearness(near: Rows) -> float:
    """The weighted mean, over the question's words, of the cosine of its nearest word."""
    return float(near.max(axis=1).sum())


def standardised(values: Sequence[float | None]) -> list[float]:
    """In standard deviations from the mean; 0 for what is not known."""
    known = [value for value in values if value is not None] or [0.0]
    mean, spread = fmean(known), pstdev(known)
    return [0.0 if value is None or spread < EQUAL else (value - mean) / spread for value in values]
