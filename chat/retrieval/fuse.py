"""Reciprocal rank fusion: what both searches put high comes first, whatever units their scores are in.

Cormack, Clarke, Büttcher: Reciprocal rank fusion outperforms Condorcet and individual rank learning methods, 2009.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from uuid import UUID

from chat.domain import Candidate, Retrieval
from ingestion.parts import Parts

K = 20
"""Smaller than the paper's 60: two good lists are fused here, not many of mixed quality, and the top should weigh.
Measured in docs/adr/0003-lexical-search.md."""


@dataclass(frozen=True, slots=True)
class ReciprocalRankFusion:
    """Writes `fused`: the sum of weight / (k + rank) over the lists that a candidate is in, where ranks begin at 1."""

    tenant_id: UUID
    parts: Parts
    k: int = K
    dense_weight: float = 1.0
    lexical_weight: float = 1.0
    name: str = "fusion"

    async def __call__(self, state: Retrieval) -> Retrieval:
        scores: defaultdict[UUID, float] = defaultdict(float)
        for found, weight in ((state.dense, self.dense_weight), (state.lexical, self.lexical_weight)):
            for rank, hit in enumerate(found, 1):
                scores[hit.chunk_id] += weight / (self.k + rank)
        dense = {hit.chunk_id: hit for hit in state.dense}
        lexical = {hit.chunk_id: hit for hit in state.lexical}
        ranked = sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id.int))
        return replace(
            state,
            fused=tuple(_fused(dense.get(each), lexical.get(each), scores[each]) for each in ranked),
        )


def _fused(dense: Candidate | None, lexical: Candidate | None, score: float) -> Candidate:
    """What both searches say of a chunk that at least one of them found."""
    either = dense or lexical
    assert either is not None  # noqa: S101
    return Candidate(
        either.chunk_id,
        either.document_id,
        dense=dense.dense if dense else None,
        lexical=lexical.lexical if lexical else None,
        fused=score,
    )
