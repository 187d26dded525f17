"""The lexical index in the default database, and so in the caller's transaction: a document and its words appear and go
together. See docs/adr/0003-lexical-search.md for why it is built the way it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Protocol
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet

from ingestion.domain import Hit, IndexEntry, Scope
from ingestion.errors import IndexUnavailable
from ingestion.index import bm25
from ingestion.index.entries import TABLE, LexicalEntry
from ingestion.index.ids import by_document
from ingestion.index.lexical_postgres import PostgresTerms
from ingestion.index.lexical_rows import Row
from ingestion.index.lexical_sqlite import SqliteTerms
from ingestion.index.tokens import terms
from ingestion.sentences import sentence as _

WRITE_BATCH = 500
LANGUAGES = f"""
    WITH RECURSIVE found (language) AS (
        SELECT min(language) FROM {TABLE} WHERE tenant_id = %(tenant)s
        UNION ALL
        SELECT (SELECT min(language) FROM {TABLE} WHERE tenant_id = %(tenant)s AND language > found.language)
        FROM found WHERE found.language IS NOT NULL
    )
    SELECT language FROM found WHERE language IS NOT NULL ORDER BY language
"""  # noqa: S608 - a constant


class TermStore(Protocol):
    """What differs between the databases."""

    def add(self, tenant_id: UUID, rows: Sequence[Row]) -> None:
        """Write entries and their terms; none of the chunks is there yet."""
        ...

    def remove(self, tenant_id: UUID, entries: QuerySet[LexicalEntry]) -> None: ...

    def drop(self, tenant_id: UUID) -> None: ...

    def frequencies(self, tenant_id: UUID, wanted: Sequence[str]) -> tuple[Mapping[str, int], int]:
        """How many of so many passages hold each term; PostgreSQL looks at a sample. Absent terms may be left out."""
        ...

    def search(self, tenant_id: UUID, wanted: Sequence[str], *, limit: int, scope: Scope) -> list[Hit]:
        """Rank by BM25. `wanted` is not empty and the tenant has entries."""
        ...


class SqlLexicalIndex:
    """`ingestion.ports.LexicalIndex`. Scores are BM25 with the tenant's own statistics."""

    def for_tenant(self, tenant_id: UUID) -> TenantLexicalIndex:
        return TenantLexicalIndex(tenant_id, _store())

    def drop_tenant(self, tenant_id: UUID) -> None:
        with _database_errors(), transaction.atomic():
            _store().drop(tenant_id)


class TenantLexicalIndex:
    def __init__(self, tenant_id: UUID, store: TermStore) -> None:
        self._tenant_id = tenant_id
        self._store = store

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        latest = iter({entry.chunk_id: entry for entry in entries}.values())
        with _database_errors(), transaction.atomic():
            while batch := list(islice(latest, WRITE_BATCH)):
                known = self._entries().filter(chunk_id__in=[entry.chunk_id for entry in batch])
                self._store.remove(self._tenant_id, known)
                self._store.add(self._tenant_id, [Row(entry, _terms_of(entry)) for entry in batch])

    def delete_document(self, document_id: UUID) -> None:
        with _database_errors(), transaction.atomic():
            self._store.remove(self._tenant_id, self._entries().filter(document_id=document_id))

    def search(self, query: str, *, limit: int, scope: Scope) -> list[Hit]:
        if scope.is_empty or limit < 1:
            return []
        with _database_errors():
            wanted = bm25.wanted(query, languages) if (languages := self.languages()) else []
            if not wanted:
                return []
            selected = bm25.telling(wanted, *self._store.frequencies(self._tenant_id, wanted))
            hits = self._store.search(self._tenant_id, selected, limit=limit, scope=scope) if selected else []
            if not hits and len(selected) < len(wanted):  # what is rare in the question is nowhere in the documents
                hits = self._store.search(self._tenant_id, wanted, limit=limit, scope=scope)
            return hits

    def rarity(self, words: Sequence[str]) -> list[float]:
        with _database_errors():
            variants = bm25.variants(words, languages := self.languages())
            every = list(dict.fromkeys(term for each in variants for term in each))
            if not languages or not every:  # nothing is indexed, or nothing was asked
                return [0.0] * len(words)
            return bm25.rarity(variants, *self._store.frequencies(self._tenant_id, every))

    def move_document(self, document_id: UUID, collection_id: UUID) -> None:
        with _database_errors():
            self._entries().filter(document_id=document_id).update(collection_id=collection_id)

    def contents(self) -> Mapping[UUID, frozenset[UUID]]:
        with _database_errors():
            return by_document(self._entries().values_list("document_id", "chunk_id").iterator())

    def languages(self) -> list[str]:
        """The languages of the tenant's passages, "" for those of which it is not known. A look into an index for each
        of them, however many passages there are."""
        with connection.cursor() as cursor:
            cursor.execute(LANGUAGES, {"tenant": self._tenant_id.hex})
            return [language for (language,) in cursor.fetchall()]

    def _entries(self) -> QuerySet[LexicalEntry]:
        return LexicalEntry.objects.for_tenant(self._tenant_id)


def _terms_of(entry: IndexEntry) -> list[str]:
    """Title and headings count as if they stood in the text."""
    return terms("\n".join((entry.title, entry.heading, entry.text)), entry.language)


def _store() -> TermStore:
    return PostgresTerms() if connection.vendor == "postgresql" else SqliteTerms()


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise IndexUnavailable(_("The index of words does not answer at the moment. Please try again.")) from error
