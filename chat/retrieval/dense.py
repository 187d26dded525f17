"""By meaning: the question's vector against the passages'."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

from chat.aio import in_thread
from chat.domain import Candidate, Retrieval
from ingestion.domain import Embedded, Hit, Scope, Vector
from ingestion.parts import Parts

DEPTH = 200
"""Passages that a search finds. Twice as many as become candidates, so that most of these have a score in both."""


@dataclass(frozen=True, slots=True)
class DenseSearch:
    tenant_id: UUID
    parts: Parts
    depth: int = DEPTH
    name: str = "dense"

    async def __call__(self, state: Retrieval) -> Retrieval:
        if state.scope.is_empty:
            return state
        vector = state.vector or (await embed_question(self.parts, state.query)).vector
        hits = await in_thread(self._search, vector, state.scope)
        return replace(state, dense=tuple(Candidate(hit.chunk_id, hit.document_id, dense=hit.score) for hit in hits))

    def _search(self, vector: Vector, scope: Scope) -> list[Hit]:
        """In a thread as a whole: the embedder may have to ask its server for the fingerprint."""
        index = self.parts.vectors.for_tenant(self.tenant_id, fingerprint=self.parts.embedder.fingerprint)
        return index.search(vector, limit=self.depth, scope=scope)


async def embed_question(parts: Parts, query: str) -> Embedded:
    """An embedder that knows the event loop is asked in it; any other one in a thread, and knows no words."""
    ask: Callable[[str], Awaitable[Embedded]] | None = getattr(parts.embedder, "aembed_question", None)
    return await ask(query) if ask else Embedded(await in_thread(parts.embedder.embed_query, query))
