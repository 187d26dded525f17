"""A cross-encoder reads the question with each of the best candidates, and puts them in order anew.

Everything before compares what is known of a passage with what is known of the question; this reads both together.
Where the re-ranker gives no scores, the order of before stands. See docs/adr/0016-re-ranking.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pstdev
from typing import cast
from uuid import UUID

from django.conf import settings

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.errors import ProviderError
from chat.ports import Reranker
from chat.retrieval.fuse import DIGITS, EQUAL
from chat.retrieval.load import chunks_in
from chat.retrieval.words import standardised
from ingestion.domain import Scope
from ingestion.parts import Parts
from ingestion.pipeline import searchable_text
from project.backends import backend

DEPTH = 30
"""The best candidates, each of which the model reads as a whole: what takes the time."""
WEIGHT = 0.7
"""Of 1; the rest is what the searches say."""


@dataclass(frozen=True, slots=True)
class CrossEncoderRerank:
    """Writes `fused` of the best candidates, or a line of `skipped`."""

    tenant_id: UUID
    parts: Parts
    depth: int = DEPTH
    weight: float = WEIGHT
    name: str = "reranking"

    async def __call__(self, state: Retrieval) -> Retrieval:
        texts = await in_thread(self._texts, state.fused[: self.depth], state.scope)
        best = [candidate for candidate in state.fused if candidate.chunk_id in texts]
        if len(best) < 2:
            return state
        read = [texts[candidate.chunk_id] for candidate in best]
        try:
            scores = await _reranker().scores(state.query, read, urgent=state.urgent)
        except ProviderError as error:
            return replace(state, skipped={**state.skipped, self.name: error.message})
        rest = (candidate for candidate in state.fused if candidate.chunk_id not in texts)
        return replace(state, fused=(*combined(best, scores, weight=self.weight), *rest))

    def _texts(self, best: Sequence[Candidate], scope: Scope) -> dict[UUID, str]:
        """What may be read of them, as the embedder has read it: whatever may not, no other server gets to see."""
        if not best or scope.is_empty:
            return {}
        rows = chunks_in(scope, [candidate.chunk_id for candidate in best], tenant_id=self.tenant_id)
        known = rows.select_related("document").only("text", "heading", "document", "document__title")
        return {chunk.pk: searchable_text(chunk.document, chunk) for chunk in known}


def combined(best: Sequence[Candidate], scores: Sequence[float], *, weight: float) -> list[Candidate]:
    """The candidates in their new order.

    Both scores are counted in standard deviations, since a cross-encoder's may be anything. The sum is brought back to
    the mean and the spread that the fused scores had: what comes after goes by these, not only by the order.
    """
    fused = [candidate.fused or 0.0 for candidate in best]
    mean, spread = fmean(fused), pstdev(fused)
    both = zip(standardised(scores), standardised(fused), strict=True)
    together = standardised([weight * read + (1 - weight) * found for read, found in both])
    scored = [
        candidate._replace(fused=round(mean + each * (spread if spread > EQUAL else 1.0), DIGITS))
        for candidate, each in zip(best, together, strict=True)
    ]
    return sorted(scored, key=lambda candidate: -(candidate.fused or 0.0))  # stable: equals stay as they were


def _reranker() -> Reranker:
    configured = settings.RAG["RERANKER"]
    return cast("Reranker", backend(configured["BACKEND"], configured["OPTIONS"]))
