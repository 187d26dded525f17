"""The indexes are copies of what SQL holds. Here they are compared with it, and built anew from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from ingestion.pipeline import EMBED_BATCH, entry_of, searchable_text
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Counts:
    """A document's chunks in each place."""

    document_id: UUID
    name: str
    sql: int
    vectors: int
    lexical: int

    @property
    def agree(self) -> bool:
        return self.sql == self.vectors == self.lexical


def check(*, tenant: Tenant, parts: Parts) -> list[Counts]:
    """Count every document's chunks in SQL and both indexes. Documents that SQL does not have come with 0 there."""
    documents = {row.pk: row for row in Document.objects.for_tenant(tenant)}
    ready = {pk for pk, row in documents.items() if row.status == Document.Status.READY}
    sql = dict(
        Chunk.objects.for_tenant(tenant)
        .filter(document__in=ready)
        .values_list("document_id")
        .annotate(count=Count("pk"))
        .order_by()
    )
    lexical = parts.lexical.for_tenant(tenant.pk).counts()
    vectors: dict[UUID, int] = {}
    fingerprints = {row.embedder_fingerprint for row in documents.values() if row.embedder_fingerprint}
    for fingerprint in sorted(fingerprints | {parts.embedder.fingerprint}):
        for document_id, count in parts.vectors.for_tenant(tenant.pk, fingerprint=fingerprint).counts().items():
            known = documents.get(document_id)
            if known is None or known.embedder_fingerprint == fingerprint:
                vectors[document_id] = vectors.get(document_id, 0) + count
    busy = {pk for pk, row in documents.items() if row.is_busy}
    everywhere = (set(sql) | set(vectors) | set(lexical) | ready) - busy
    return [
        Counts(
            document_id=document_id,
            name=documents[document_id].name if document_id in documents else "(not in the database)",
            sql=sql.get(document_id, 0),
            vectors=vectors.get(document_id, 0),
            lexical=lexical.get(document_id, 0),
        )
        for document_id in sorted(everywhere)
    ]


def rebuild(*, tenant: Tenant, parts: Parts, report: Callable[[int, int], None]) -> int:
    """Make both indexes again from the chunks in SQL, without parsing; return how many chunks they hold now."""
    documents = list(Document.objects.for_tenant(tenant).filter(status=Document.Status.READY))
    parts.vectors.drop_tenant(tenant.pk)
    parts.lexical.drop_tenant(tenant.pk)
    fingerprint = parts.embedder.fingerprint
    vectors = parts.vectors.for_tenant(tenant.pk, fingerprint=fingerprint)
    lexical = parts.lexical.for_tenant(tenant.pk)
    total = sum(document.chunk_count for document in documents)
    done = 0
    for document in documents:
        chunks = list(Chunk.objects.for_tenant(tenant).filter(document=document))
        for first in range(0, len(chunks), EMBED_BATCH):
            batch = chunks[first : first + EMBED_BATCH]
            embeddings = parts.embedder.embed_documents([searchable_text(document, chunk) for chunk in batch])
            vectors.upsert([entry_of(document, chunk, vector) for chunk, vector in zip(batch, embeddings, strict=True)])
            done += len(batch)
            report(done, total)
        with transaction.atomic():
            lexical.upsert([entry_of(document, chunk, None) for chunk in chunks])
            Document.objects.for_tenant(tenant).filter(pk=document.pk).update(embedder_fingerprint=fingerprint)
    return done
