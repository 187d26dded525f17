"""Indexes in memory, for tests and experiments. They pass the same contract tests as the real ones: cosine similarity
is exact, BM25 is the one of `bm25.py`."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from ingestion.domain import Hit, IndexEntry, Scope, Vector
from ingestion.index import bm25
from ingestion.index.ids import by_document
from ingestion.index.tokens import terms


class _Entries:
    """What both kinds of index do with entries."""

    def __init__(self) -> None:
        self._entries: dict[UUID, IndexEntry] = {}

    def upsert(self, entries: Sequence[IndexEntry]) -> None:
        self._entries.update((entry.chunk_id, entry) for entry in entries)

    def delete_document(self, document_id: UUID) -> None:
        self._entries = {id_: entry for id_, entry in self._entries.items() if entry.document_id != document_id}

    def move_document(self, document_id: UUID, collection_id: UUID) -> None:
        for id_, entry in self._entries.items():
            if entry.document_id == document_id:
                self._entries[id_] = replace(entry, collection_id=collection_id)

    def contents(self) -> Mapping[UUID, frozenset[UUID]]:
        return by_document((entry.document_id, id_) for id_, entry in self._entries.items())


class MemoryTenantVectors(_Entries):
    def search(self, query: Vector, *, limit: int, scope: Scope) -> list[Hit]:
        return _best(((entry, _cosine(query, entry.vector or ())) for entry in self._entries.values()), limit, scope)

    def words(self, chunk_ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
        known = {id_: self._entries[id_].words for id_ in chunk_ids if id_ in self._entries}
        return {id_: words for id_, words in known.items() if words}


class MemoryVectorIndex:
    """`ingestion.ports.VectorIndex` with exact search."""

    def __init__(self) -> None:
        self._tenants: defaultdict[UUID, defaultdict[str, MemoryTenantVectors]] = defaultdict(
            lambda: defaultdict(MemoryTenantVectors)
        )

    def for_tenant(self, tenant_id: UUID, *, fingerprint: str) -> MemoryTenantVectors:
        return self._tenants[tenant_id][fingerprint]

    def drop_tenant(self, tenant_id: UUID, *, fingerprint: str | None = None) -> None:
        if fingerprint is None:
            self._tenants.pop(tenant_id, None)
        else:
            self._tenants[tenant_id].pop(fingerprint, None)


class MemoryTenantWords(_Entries):
    def search(self, query: str, *, limit: int, scope: Scope) -> list[Hit]:
        wanted = bm25.wanted(query, {entry.language for entry in self._entries.values()})
        passages = {id_: _terms_of(entry) for id_, entry in self._entries.items()}
        mean_length = sum(map(len, passages.values())) / max(1, len(passages))
        counts = {id_: Counter(each) for id_, each in passages.items()}
        holding = Counter(term for each in counts.values() for term in each)
        idf = {term: bm25.idf(holding[term], len(passages)) for term in wanted}
        scored = (
            (
                entry,
                sum(
                    idf[term] * bm25.term_score(tf, len(passages[id_]), mean_length)
                    for term in wanted
                    if (tf := counts[id_][term])
                ),
            )
            for id_, entry in self._entries.items()
        )
        return _best(((entry, score) for entry, score in scored if score > 0), limit, scope)

    def rarity(self, words: Sequence[str]) -> list[float]:
        holding = Counter(term for entry in self._entries.values() for term in set(_terms_of(entry)))
        languages = {entry.language for entry in self._entries.values()}
        return bm25.rarity(bm25.variants(words, languages), holding, len(self._entries))


class MemoryLexicalIndex:
    """`ingestion.ports.LexicalIndex`."""

    def __init__(self) -> None:
        self._tenants: defaultdict[UUID, MemoryTenantWords] = defaultdict(MemoryTenantWords)

    def for_tenant(self, tenant_id: UUID) -> MemoryTenantWords:
        return self._tenants[tenant_id]

    def drop_tenant(self, tenant_id: UUID) -> None:
        self._tenants.pop(tenant_id, None)


def _best(scored: Iterable[tuple[IndexEntry, float]], limit: int, scope: Scope) -> list[Hit]:
    hits = [
        Hit(entry.chunk_id, entry.document_id, score)
        for entry, score in scored
        if scope.sees(collection_id=entry.collection_id, document_id=entry.document_id)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id.hex))[:limit]


def _terms_of(entry: IndexEntry) -> list[str]:
    return terms("\n".join((entry.title, entry.heading, entry.text)), entry.language)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    norms = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / norms if norms else 0.0
