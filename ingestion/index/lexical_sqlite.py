"""One FTS5 table for each tenant, so that the rarity of a word is that of the tenant's own documents.

A table is made when its tenant's first passage comes. Its row ids are those of `LexicalEntry`. The `ascii` tokeniser
takes the terms as they are: it splits at spaces and knows no letter beyond ASCII that it would change.
"""

# Table names come from `_table` alone, which is hexadecimal digits; everything else is a parameter.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from ingestion.domain import Hit, Scope
from ingestion.index.entries import TABLE, LexicalEntry
from ingestion.index.ids import uuid_of
from ingestion.index.lexical_rows import Row


class SqliteTerms:
    """`ingestion.index.lexical.TermStore` with FTS5."""

    def add(self, tenant_id: UUID, rows: Sequence[Row]) -> None:
        table = _table(tenant_id)
        entries = LexicalEntry.all_tenants.bulk_create(row.model(tenant_id) for row in rows)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(terms, tokenize='ascii')")
            cursor.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_vocabulary USING fts5vocab({table}, 'row')")
            cursor.executemany(
                f"INSERT INTO {table} (rowid, terms) VALUES (%s, %s)",
                [(entry.pk, " ".join(row.terms)) for entry, row in zip(entries, rows, strict=True)],
            )

    def remove(self, tenant_id: UUID, entries: QuerySet[LexicalEntry]) -> None:
        ids = list(entries.values_list("pk", flat=True))
        if not ids:
            return
        with connection.cursor() as cursor:
            cursor.executemany(f"DELETE FROM {_table(tenant_id)} WHERE rowid = %s", [(pk,) for pk in ids])
        entries.delete()

    def drop(self, tenant_id: UUID) -> None:
        table = _table(tenant_id)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {table}_vocabulary")
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        LexicalEntry.objects.for_tenant(tenant_id).delete()

    def frequencies(self, tenant_id: UUID, wanted: Sequence[str]) -> tuple[Mapping[str, int], int]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT term, doc FROM {_table(tenant_id)}_vocabulary WHERE term IN (SELECT value FROM json_each(%s))",
                [json.dumps(wanted)],
            )
            holding = dict(cursor.fetchall())
            cursor.execute(f"SELECT count(*) FROM {TABLE} WHERE tenant_id = %s", [tenant_id.hex])
            return holding, cursor.fetchone()[0]

    def search(self, tenant_id: UUID, wanted: Sequence[str], *, limit: int, scope: Scope) -> list[Hit]:
        table = _table(tenant_id)
        conditions, parameters = [f"{table} MATCH %s", "entry.tenant_id = %s"], [_any_of(wanted), tenant_id.hex]
        if not scope.is_everything:
            conditions.append(
                "(entry.collection_id IN (SELECT value FROM json_each(%s))"
                " OR entry.document_id IN (SELECT value FROM json_each(%s)))"
            )
            allowed = (scope.collection_ids, scope.document_ids)
            parameters += [json.dumps([each.hex for each in ids or ()]) for ids in allowed]
        query = f"""
            SELECT entry.chunk_id, entry.document_id, -bm25({table}) AS score
            FROM {table} JOIN {TABLE} AS entry ON entry.id = {table}.rowid
            WHERE {" AND ".join(conditions)}
            ORDER BY score DESC, entry.chunk_id
            LIMIT %s
        """
        with connection.cursor() as cursor:
            cursor.execute(query, [*parameters, limit])
            return [Hit(uuid_of(chunk), uuid_of(document), score) for chunk, document, score in cursor.fetchall()]


def _table(tenant_id: UUID) -> str:
    return f"ingestion_lexical_{tenant_id.hex}"


def _any_of(wanted: Sequence[str]) -> str:
    """An FTS5 expression. Terms are letters, digits and marks, so nothing in them needs escaping."""
    return " OR ".join(f'"{term}"' for term in wanted)
