"""Candidates become passages: their text is read from SQL, tenant first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from chat.aio import in_thread
from chat.domain import Candidate, Passage, Retrieval
from ingestion.domain import Scope
from ingestion.models import Chunk
from ingestion.parts import Parts

LIMIT = 30
"""As many as a tenant can ask for in a prompt (`AnswerSettings.passages`)."""
SPARE = 2
"""So many times the limit are looked up, because some may be gone or say the same."""
WORD = re.compile(r"\w+")
COLUMNS = {
    "chunk_id": "pk",
    "document_id": "document_id",
    "document_name": "document__name",
    "text": "text",
    "start": "start",
    "end": "end",
    "page": "page",
    "last_page": "last_page",
    "heading": "heading",
    "language": "document__language",
    "version": "document__sha256",
    "collection_id": "document__collection_id",
}
"""A passage's field -> the column that it comes from. Making whole rows into objects costs several times as much."""


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
        limit = self.limit if state.wanted is None else min(self.limit, state.wanted)
        top = state.fused[: limit * SPARE]
        if not top or state.scope.is_empty:
            return state
        return replace(state, passages=await in_thread(self._load, top, state.scope, limit))

    def _load(self, top: tuple[Candidate, ...], scope: Scope, limit: int) -> tuple[Passage, ...]:
        chunks = self._chunks([each.chunk_id for each in top], scope)
        return tuple(islice(_passages(top, chunks), limit))

    def _chunks(self, ids: list[UUID], scope: Scope) -> dict[UUID, dict[str, Any]]:
        rows = chunks_in(scope, ids, tenant_id=self.tenant_id).values_list(*COLUMNS.values())
        found = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
        return {fields["chunk_id"]: fields for fields in found}


def chunks_in(scope: Scope, ids: Iterable[UUID], *, tenant_id: UUID) -> QuerySet[Chunk]:
    """Those of `ids` that may be read within the scope, whatever an index may say."""
    rows = Chunk.objects.for_tenant(tenant_id).filter(pk__in=ids, embedded=True, document__searchable=True)
    if scope.is_everything:
        return rows
    return rows.filter(
        Q(document__collection__in=scope.collection_ids or ()) | Q(document__in=scope.document_ids or ())
    )


def _passages(top: Iterable[Candidate], chunks: dict[UUID, dict[str, Any]]) -> Iterable[Passage]:
    seen: set[tuple[str, ...]] = set()
    for candidate in top:
        if (chunk := chunks.get(candidate.chunk_id)) is None:
            continue
        words = tuple(WORD.findall(chunk["text"].casefold()))
        if words in seen:  # the same text in two documents earns its tokens once
            continue
        seen.add(words)
        yield Passage(
            number=len(seen), dense=candidate.dense, lexical=candidate.lexical, fused=candidate.fused, **chunk
        )
