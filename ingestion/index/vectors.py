"""The vector index as the product uses it: a vector of each passage in Chroma, and beside it, in SQL, those of its
words where the embedder tells them. Whoever writes, moves or deletes a passage here does both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from ingestion.domain import Hit, IndexEntry, Scope, Vector
from ingestion.index import passage_words
from ingestion.index.chroma import ChromaIndex, ChromaTenantIndex


class PassageVectors:
    """`ingestion.ports.VectorIndex` over the Chroma server at `url` and the database."""

    def __init__(self, url: str) -> None:
        self._chroma = ChromaIndex(url)

    def for_tenant(self, tenant_id: UUID, *, fingerprint: str) -> TenantPassageVectors:
        return TenantPassageVectors(self._chroma.for_tenant(tenant_id, fingerprint=fingerprint), tenant_id, fingerprint)

    def drop_tenant(self, tenant_id: UUID, *, fingerprint: str | None = None) -> None:
        self._chroma.drop_tenant(tenant_id, fingerprint=fingerprint)
        passage_words.drop(tenant_id, fingerprint)


class TenantPassageVectors:
    """`contents` are Chroma's: a passage without words is found like any other, and only ranked less finely."""

    def __init__(self, chroma: ChromaTenantIndex, tenant_id: UUID, fingerprint: str) -> None:
        self._chroma = chroma
        self._tenant_id = tenant_id
        self._fingerprint = fingerprint

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        passage_words.add(self._tenant_id, self._fingerprint, entries)
        self._chroma.upsert(entries)

    def delete_document(self, document_id: UUID) -> None:
        self._chroma.delete_document(document_id)
        passage_words.remove_document(self._tenant_id, self._fingerprint, document_id)

    def search(self, query: Vector, *, limit: int, scope: Scope) -> list[Hit]:
        return self._chroma.search(query, limit=limit, scope=scope)

    def move_document(self, document_id: UUID, collection_id: UUID) -> None:
        self._chroma.move_document(document_id, collection_id)

    def contents(self) -> Mapping[UUID, frozenset[UUID]]:
        return self._chroma.contents()

    def words(self, chunk_ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
        return passage_words.of_chunks(self._tenant_id, self._fingerprint, chunk_ids)
