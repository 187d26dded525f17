"""Reciprocal rank fusion: what both searches put high comes first, whatever units their scores are in.

Cormack, Clarke, Büttcher: Reciprocal rank fusion outperforms Condorcet and individual rank learning methods, 2009.
"""

from __future__ import annotations

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
        fused: dict[UUID, Candidate] = {}
        for found, weight in ((state.dense, self.dense_weight), (state.lexical, self.lexical_weight)):
            for rank, hit in enumerate(found, 1):
                known = fused.get(hit.chunk_id, Candidate(hit.chunk_id, hit.document_id, fused=0.0))
                fused[hit.chunk_id] = replace(
                    known,
                    dense=known.dense if hit.dense is None else hit.dense,
                    lexical=known.lexical if hit.lexical is None else hit.lexical,
                    fused=(known.fused or 0.0) + weight / (self.k + rank),
                )
        ranked = sorted(fused.values(), key=lambda each: (-(each.fused or 0.0), str(each.chunk_id)))
        return replace(state, fused=tuple(ranked))
