"""By words, whatever script and form they are in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from chat.retrieval.dense import DEPTH
from ingestion.parts import Parts


@dataclass(frozen=True, slots=True)
class LexicalSearch:
    tenant_id: UUID
    parts: Parts
    depth: int = DEPTH
    name: str = "lexical"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if state.scope.is_empty:
            return state
        index = self.parts.lexical.for_tenant(self.tenant_id)
        hits = await in_thread(index.search, state.query, limit=self.depth, scope=state.scope)
        return replace(
            state, lexical=tuple(Candidate(hit.chunk_id, hit.document_id, lexical=hit.score) for hit in hits)
        )
