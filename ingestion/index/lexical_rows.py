"""What is written to the lexical index, on either database."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from ingestion.domain import IndexEntry
from ingestion.index.entries import LexicalEntry


class Row(NamedTuple):
    entry: IndexEntry
    terms: list[str]

    def model(self, tenant_id: UUID) -> LexicalEntry:
        return LexicalEntry(
            tenant_id=tenant_id,
            chunk_id=self.entry.chunk_id,
            document_id=self.entry.document_id,
            collection_id=self.entry.collection_id,
            language=self.entry.language,
            length=len(self.terms),
        )
