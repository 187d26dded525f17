"""What ingestion needs from the outside. Adapters live beside their vendors; a fake of each ships with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, ClassVar, Protocol, TypeVar
from uuid import UUID

from ingestion.domain import Chunk, Embedded, Hit, IndexEntry, ParsedDocument, Scope, Vector

Query_contra = TypeVar("Query_contra", contravariant=True)

Report = Callable[[int, int], None]
"""Called as `report(done, total)` while work goes on; raises `IngestionCancelled` when a person has asked to stop."""


class Parser(Protocol):
    """Reads one family of formats. One module in `ingestion/parsers/` each, which the registry finds by itself."""

    media_types: ClassVar[Mapping[str, tuple[str, ...]]]
    """Media type -> the file name extensions it goes by, with their dot, in lower case."""

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        """Raise `DocumentUnreadable` with a sentence that says what the reader can do."""
        ...


class Chunker(Protocol):
    version: str

    def split(self, document_id: UUID, parsed: ParsedDocument) -> tuple[Chunk, ...]: ...


class Embedder(Protocol):
    """Turns text into vectors of length 1 (L2 norm), `dimension` numbers each."""

    @property
    def fingerprint(self) -> str:
        """Names the model and everything else that changes its vectors; equal fingerprints give equal vectors."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]: ...

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """`embed_documents`, with the passages' words where the model tells them."""
        ...

    def embed_query(self, text: str) -> Vector: ...


class TenantIndex(Protocol[Query_contra]):
    """One tenant's part of an index. There is no way from here to another tenant's."""

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        """Add or replace by `chunk_id`; doing it twice changes nothing."""
        ...

    def delete_document(self, document_id: UUID) -> None: ...

    def search(self, query: Query_contra, *, limit: int, scope: Scope) -> list[Hit]: ...

    def move_document(self, document_id: UUID, collection_id: UUID) -> None:
        """Say of its entries that they belong to another collection of the tenant's."""
        ...

    def contents(self) -> Mapping[UUID, frozenset[UUID]]:
        """The ids of the chunks that each document has here."""
        ...


class TenantVectors(TenantIndex[Vector], Protocol):
    def words(self, chunk_ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
        """The words of those passages of which they are known (`ingestion.domain.Embedded`)."""
        ...


class VectorIndex(Protocol):
    def for_tenant(self, tenant_id: UUID, *, fingerprint: str) -> TenantVectors:
        """The tenant's vectors that were made by the embedder of this `fingerprint`."""
        ...

    def drop_tenant(self, tenant_id: UUID, *, fingerprint: str | None = None) -> None:
        """Delete the tenant's vectors of this embedder, or of every one."""
        ...


class TenantTerms(TenantIndex[str], Protocol):
    def rarity(self, words: Sequence[str]) -> list[float]:
        """How rare each word is among the tenant's passages, as BM25 weighs it (`idf`)."""
        ...


class LexicalIndex(Protocol):
    def for_tenant(self, tenant_id: UUID) -> TenantTerms: ...

    def drop_tenant(self, tenant_id: UUID) -> None: ...
