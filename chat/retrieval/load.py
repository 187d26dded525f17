"""Candidates become passages: their text is read from SQL, tenant first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from chat.aio import in_thread
from chat.domain import Candidate, Passage, Retrieval
from ingestion.domain import Scope
from ingestion.models import Chunk, Document
from ingestion.parts import Parts

LIMIT = 30
"""As many as a tenant can ask for in a prompt (`AnswerSettings.passages`)."""
SPARE = 2
"""So many times the limit are looked up, because some may be gone or say the same."""
WORD = re.compile(r"\w+")
COLUMNS = ("text", "start", "end", "page", "heading", "document__name", "document__language", "document__sha256")
"""What a passage needs: making sixty whole rows into objects costs twice as much."""
SHOWN = [Document.Status.READY, Document.Status.RUNNING]


@dataclass(frozen=True, slots=True)
class LoadPassages:
    """Writes `passages`: the best `limit` candidates with their text, numbered from 1.

    SQL has the last word: a passage whose document is being deleted, or has left the scope, is left out whatever an
    index may still say. So is one whose words another has said already; one that differs in a single word stays,
    because it may say the opposite.
    """

    tenant_id: UUID
    parts: Parts
    limit: int = LIMIT
    name: str = "loading"

    async def __call__(self, state: Retrieval) -> Retrieval:
        top = state.fused[: self.limit * SPARE]
        if not top or state.scope.is_empty:
            return state
        return replace(state, passages=await in_thread(self._load, top, state.scope))

    def _load(self, top: tuple[Candidate, ...], scope: Scope) -> tuple[Passage, ...]:
        chunks = self._chunks([each.chunk_id for each in top], scope)
        return tuple(islice(_passages(top, chunks), self.limit))

    def _chunks(self, ids: list[UUID], scope: Scope) -> dict[UUID, Chunk]:
        rows = Chunk.objects.for_tenant(self.tenant_id).filter(pk__in=ids, document__status__in=SHOWN)
        if scope.collection_ids is not None:
            rows = rows.filter(document__collection__in=scope.collection_ids)
        if scope.document_ids is not None:
            rows = rows.filter(document__in=scope.document_ids)
        return {row.pk: row for row in rows.select_related("document").only(*COLUMNS)}


def _passages(top: Iterable[Candidate], chunks: dict[UUID, Chunk]) -> Iterable[Passage]:
    seen: set[tuple[str, ...]] = set()
    for candidate in top:
        chunk = chunks.get(candidate.chunk_id)
        words = tuple(WORD.findall(chunk.text.casefold())) if chunk else ()
        if chunk is None or words in seen:  # the same text in two documents earns its tokens once
            continue
        seen.add(words)
        yield Passage(
            number=len(seen),
            chunk_id=chunk.pk,
            document_id=chunk.document_id,
            document_name=chunk.document.name,
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            page=chunk.page,
            heading=chunk.heading,
            language=chunk.document.language,
            dense=candidate.dense,
            lexical=candidate.lexical,
            fused=candidate.fused,
            version=chunk.document.sha256,
        )
