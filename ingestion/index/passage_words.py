"""The words of passages, as the embedder sees them: a few kilobytes for each passage, in SQL, where they can be had by
the chunk's id in one query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar
from uuid import UUID

from django.db import InterfaceError, OperationalError, models
from django.db.models import QuerySet

from ingestion.domain import IndexEntry
from ingestion.errors import IndexUnavailable
from ingestion.sentences import sentence as _
from tenants.scoping import TenantOwned


class PassageWords(TenantOwned):
    """A chunk's words by one embedder (`ingestion.domain.Embedded`).

    No foreign keys but the tenant's: this is a copy of what the embedder says of a chunk, thrown away and built anew
    at any time.
    """

    fingerprint = models.CharField(max_length=64)
    chunk_id = models.UUIDField()
    document_id = models.UUIDField()
    words = models.BinaryField()

    class Meta(TenantOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "fingerprint", "chunk_id"], name="passage_words_once_per_embedder"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "document_id"], name="passage_words_document")
        ]

    def __str__(self) -> str:
        return str(self.chunk_id)


def add(tenant_id: UUID, fingerprint: str, entries: Sequence[IndexEntry]) -> None:
    rows = [
        PassageWords(
            tenant_id=tenant_id,
            fingerprint=fingerprint,
            chunk_id=entry.chunk_id,
            document_id=entry.document_id,
            words=entry.words,
        )
        for entry in entries
        if entry.words
    ]
    with _database_errors():
        PassageWords.all_tenants.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "fingerprint", "chunk_id"],
            update_fields=["document_id", "words"],
        )


def of_chunks(tenant_id: UUID, fingerprint: str, chunk_ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
    with _database_errors():
        found = _rows(tenant_id, fingerprint).filter(chunk_id__in=chunk_ids).values_list("chunk_id", "words")
        return {chunk_id: bytes(words) for chunk_id, words in found}


def remove_document(tenant_id: UUID, fingerprint: str, document_id: UUID) -> None:
    with _database_errors():
        _rows(tenant_id, fingerprint).filter(document_id=document_id).delete()


def drop(tenant_id: UUID, fingerprint: str | None) -> None:
    with _database_errors():
        _rows(tenant_id, fingerprint).delete()


def _rows(tenant_id: UUID, fingerprint: str | None) -> QuerySet[PassageWords]:
    rows = PassageWords.objects.for_tenant(tenant_id)
    return rows if fingerprint is None else rows.filter(fingerprint=fingerprint)


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise IndexUnavailable(_("The words of the passages cannot be had at the moment. Please try again.")) from error
