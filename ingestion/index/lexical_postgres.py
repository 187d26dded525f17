"""The terms of a passage in a `tsvector` under a GIN index, and BM25 computed in SQL.

`ts_rank` is not used: it knows neither how rare a word is nor how long a passage. A `tsvector` is taken apart by
`unnest` to count a term in it, which takes PostgreSQL about 20 microseconds a passage and would be seconds for a
common word in 100,000 of them. So passages are ranked twice: all that hold any of the terms by which terms they hold,
which the `@@` operator tells quickly, and the best `CANDIDATES` of those exactly.
"""

# What is put into a query here is the table's name and numbers; everything else is a parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from ingestion.domain import Hit, Scope
from ingestion.index import bm25
from ingestion.index.entries import TABLE, LexicalEntry
from ingestion.index.lexical_rows import Row

CANDIDATES = 500
"""At 100,000 passages, the 10 best of these were the 10 best of all for each of eight questions, and of the 50 best at
most 3 were missed."""
SAMPLE = 1_000
"""Passages that tell how frequent a term is, and how long passages are: the first by chunk id, which is a hash. Of a
tenant that has no more than these, nothing is estimated."""
MAX_COUNT = 255
"""How many positions a `tsvector` keeps of a term."""

INSERT = f"""
    INSERT INTO {TABLE} (tenant_id, chunk_id, document_id, collection_id, language, length, terms)
    VALUES (%s, %s, %s, %s, %s, %s, %s::tsvector)
"""
SAMPLED = (
    f"(SELECT length, terms FROM {TABLE} WHERE tenant_id = %(tenant)s ORDER BY chunk_id LIMIT {SAMPLE}) AS sampled"
)


class PostgresTerms:
    """`ingestion.index.lexical.TermStore` with a `tsvector`."""

    def add(self, tenant_id: UUID, rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(INSERT, [_values(row.model(tenant_id), row.terms) for row in rows])

    def remove(self, tenant_id: UUID, entries: QuerySet[LexicalEntry]) -> None:
        entries.delete()

    def drop(self, tenant_id: UUID) -> None:
        LexicalEntry.objects.for_tenant(tenant_id).delete()

    def frequencies(self, tenant_id: UUID, wanted: Sequence[str]) -> tuple[Mapping[str, int], int]:
        counts = ", ".join(f"count(*) FILTER (WHERE terms @@ %(t{i})s::tsquery)" for i in range(len(wanted)))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*), {counts} FROM {SAMPLED}", {"tenant": tenant_id, **_operands(wanted)})
            sampled, *holding = cursor.fetchone()
        return dict(zip(wanted, holding, strict=True)), sampled

    def search(self, tenant_id: UUID, wanted: Sequence[str], *, limit: int, scope: Scope) -> list[Hit]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT (SELECT count(*) FROM {TABLE} WHERE tenant_id = %(tenant)s), avg(length) FROM {SAMPLED}",
                {"tenant": tenant_id},
            )
            passages, mean_length = cursor.fetchone()
            parameters: dict[str, Any] = {
                "tenant": tenant_id,
                "passages": passages,
                "mean_length": float(mean_length),
                "candidates": max(CANDIDATES, limit),
                "limit": limit,
                "wanted": list(wanted),
                "any": " | ".join(map(_lexeme, wanted)),
                "everything": scope.is_everything,
                "collections": list(scope.collection_ids or ()),
                "documents": list(scope.document_ids or ()),
                **_operands(wanted),
            }
            cursor.execute(_ranking(len(wanted)), parameters)
            return [Hit(chunk, document, score) for chunk, document, score in cursor.fetchall()]


def _ranking(terms: int) -> str:
    """The query, for so many terms."""
    numbers = range(terms)
    held = ", ".join(f"(terms @@ %(t{i})s::tsquery)::int AS held{i}" for i in numbers)
    passages = "%(passages)s::float8"
    idfs = ", ".join(
        f"greatest(ln(({passages} - sum(held{i}) + 0.5) / (sum(held{i}) + 0.5)), {bm25.IDF_FLOOR})" for i in numbers
    )
    rough = " + ".join(f"held{i} * idfs[{i + 1}]" for i in numbers)
    # float8 throughout: PostgreSQL reads a number with a point as `numeric`, which is many times as slow.
    weighted = "idfs[array_position(%(wanted)s::text[], lexeme)] * tf"
    k1, damping = f"{bm25.K1}::float8", f"({1 - bm25.B}::float8 + {bm25.B}::float8 * length / %(mean_length)s::float8)"
    return f"""
        WITH holders AS MATERIALIZED (
            SELECT id, length, collection_id, document_id, {held}
            FROM {TABLE} WHERE tenant_id = %(tenant)s AND terms @@ %(any)s::tsquery
        ), rarity AS MATERIALIZED (
            SELECT ARRAY[{idfs}]::float8[] AS idfs FROM holders
        ), candidates AS MATERIALIZED (
            SELECT id, idfs FROM holders, rarity
            WHERE %(everything)s OR collection_id = ANY (%(collections)s::uuid[])
               OR document_id = ANY (%(documents)s::uuid[])
            ORDER BY ({rough}) / (1 + {k1} * {damping}) DESC LIMIT %(candidates)s
        )
        SELECT chunk_id, document_id,
               sum({weighted} * ({k1} + 1) / (tf + {k1} * {damping})) AS score
        FROM candidates JOIN {TABLE} AS entry USING (id),
             LATERAL (SELECT lexeme, cardinality(positions) AS tf FROM unnest(entry.terms)
                      WHERE lexeme = ANY (%(wanted)s::text[])) AS found
        GROUP BY entry.id ORDER BY score DESC, chunk_id LIMIT %(limit)s
    """


def _values(entry: LexicalEntry, terms: Sequence[str]) -> tuple[Any, ...]:
    """The row, in the order of `INSERT`. Positions only serve to count, so a term that is held thrice is at 1, 2, 3."""
    counted = Counter(terms).items()
    vector = " ".join(f"{_lexeme(term)}:{','.join(map(str, range(1, min(n, MAX_COUNT) + 1)))}" for term, n in counted)
    return (
        entry.tenant_id,
        entry.chunk_id,
        entry.document_id,
        entry.collection_id,
        entry.language,
        entry.length,
        vector,
    )


def _operands(wanted: Sequence[str]) -> dict[str, str]:
    return {f"t{i}": _lexeme(term) for i, term in enumerate(wanted)}


def _lexeme(term: str) -> str:
    """As `tsvector` and `tsquery` are written. Terms are letters, digits and marks; nothing in them needs escaping."""
    return f"'{term}'"
