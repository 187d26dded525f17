"""Ids as indexes store them, in text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from uuid import UUID

KNOWN = 16_384
"""Every search names some hundreds of chunks and their documents, mostly those that the last ones have named."""


@lru_cache(maxsize=KNOWN)
def uuid_of(text: str) -> UUID:
    return UUID(text)


def by_document(pairs: Iterable[tuple[UUID, UUID]]) -> Mapping[UUID, frozenset[UUID]]:
    """(document id, chunk id) as often as there are chunks -> the chunks of each document."""
    chunks: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for document_id, chunk_id in pairs:
        chunks[document_id].add(chunk_id)
    return {document_id: frozenset(ids) for document_id, ids in chunks.items()}
