"""Fusion of both searches by their scores: how far a candidate stands out in each, not only in which place.

Each search's scores are shifted and scaled to mean 0 and variance 1 over the candidates, and added up with a weight:
Montague, Aslam: Relevance score normalization for metasearch, 2001. Ranks alone lose that a question with a rare word
has one clear answer, and one of common words has none. Measured in docs/adr/0007-score-fusion.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt
from statistics import fmean
from uuid import UUID

from chat.domain import Candidate, Retrieval
from ingestion.parts import Parts

DEPTH = 100
"""The best of each search that become candidates. What lies deeper only tells the score of the other's."""
DENSE_WEIGHT = 0.6
"""Of 1; the rest is the lexical search's."""
DIGITS = 9
"""Scores that differ in less are equal, and in the same order everywhere."""
EQUAL = 1e-9
"""A spread below this is rounding: all scores are the same, and say nothing."""

Scores = Mapping[UUID, float]


@dataclass(frozen=True, slots=True)
class ScoreFusion:
    """Writes `fused`, whose scores are comparable within one question and not between two."""

    tenant_id: UUID
    parts: Parts
    depth: int = DEPTH
    dense_weight: float = DENSE_WEIGHT
    name: str = "fusion"

    async def __call__(self, state: Retrieval) -> Retrieval:
        dense = {hit.chunk_id: hit.dense or 0.0 for hit in state.dense}
        lexical = {hit.chunk_id: hit.lexical or 0.0 for hit in state.lexical}
        found = {hit.chunk_id: hit for hits in (state.dense, state.lexical) for hit in hits[: self.depth]}
        candidates = [
            hit._replace(dense=dense.get(chunk_id), lexical=lexical.get(chunk_id)) for chunk_id, hit in found.items()
        ]
        by_meaning = _standardised(candidates, dense, absent=min(dense.values(), default=0.0))
        by_words = _standardised(candidates, lexical, absent=min(lexical.values(), default=0.0))
        weight = self.dense_weight
        fused = (
            candidate._replace(fused=round(weight * meaning + (1 - weight) * words, DIGITS))
            for candidate, meaning, words in zip(candidates, by_meaning, by_words, strict=True)
        )
        return replace(state, fused=tuple(sorted(fused, key=best_first)))


def _standardised(candidates: Sequence[Candidate], scores: Scores, *, absent: float) -> list[float]:
    """`absent` is the score of what the search has not found: it is no better than the last that it has."""
    values = [scores.get(candidate.chunk_id, absent) for candidate in candidates]
    mean = fmean(values) if values else 0.0
    offsets = [value - mean for value in values]
    spread = hypot(*offsets) / sqrt(len(values) or 1)
    return [offset / spread if spread > EQUAL else 0.0 for offset in offsets]


def best_first(candidate: Candidate) -> tuple[float, int]:
    return -(candidate.fused or 0.0), candidate.chunk_id.int
