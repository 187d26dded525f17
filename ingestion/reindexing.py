"""The indexes are copies of what SQL holds. Here they are compared with it, and built anew from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from ingestion.embedding.meaning import has_meaning
from ingestion.index.ids import by_document
from ingestion.models import Chunk, Document
from ingestion.parts import Parts
from ingestion.pipeline import EMBED_BATCH, entry_of, meant, searchable_text
from tenants.models import Tenant

Status = Document.Status


@dataclass(frozen=True, slots=True)
class Counts:
    """A document's chunks in each place; `agree` says that they are the same ones."""

    document_id: UUID
    name: str
    sql: int
    vectors: int
    lexical: int
    agree: bool


def check(*, tenant: Tenant, parts: Parts) -> list[Counts]:
    """Compare, chunk by chunk, what SQL says is in the indexes with what is there. Documents that nobody works on come
    with their counts; those that SQL does not have, with 0 there.

    Of a document whose reading broke off, Chroma may hold one batch more than SQL knows of: no search shows it, and
    reading on writes it once more.
    """
    documents = {row.pk: row for row in Document.objects.for_tenant(tenant)}
    embedded = Chunk.objects.for_tenant(tenant).filter(embedded=True).values_list("document_id", "pk")
    sql = by_document(embedded.order_by().iterator())
    lexical = parts.lexical.for_tenant(tenant.pk).contents()
    vectors = _vectors(tenant, parts, documents)
    idle = {pk for pk, row in documents.items() if not row.is_busy and row.status != Status.DELETING}
    unknown = (set(sql) | set(vectors) | set(lexical)) - set(documents)
    nothing: frozenset[UUID] = frozenset()
    counts = []
    for pk in sorted(idle | unknown):
        held = sql.get(pk, nothing), vectors.get(pk, nothing), lexical.get(pk, nothing)
        row = documents.get(pk)
        is_broken_off = row is not None and row.status in {Status.FAILED, Status.CANCELLED}
        meant_ones = held[0] - _without_meaning(tenant, held[0] - held[1])
        same = held[0] == held[2] and (meant_ones == held[1] or (is_broken_off and meant_ones < held[1]))
        in_sql, in_vectors, in_lexical = map(len, held)
        name = row.name if row else "(not in the database)"
        counts.append(Counts(pk, name, in_sql, in_vectors, in_lexical, agree=same))
    return counts


def _without_meaning(tenant: Tenant, chunk_ids: frozenset[UUID]) -> frozenset[UUID]:
    """Those of the chunks that are to be found by their words alone."""
    texts = Chunk.objects.for_tenant(tenant).filter(pk__in=chunk_ids).values_list("pk", "text")
    return frozenset(pk for pk, text in texts if not has_meaning(text))


def _vectors(tenant: Tenant, parts: Parts, documents: Mapping[UUID, Document]) -> Mapping[UUID, frozenset[UUID]]:
    """Of each document those of its own embedder, and of documents that SQL does not have those of any."""
    found: dict[UUID, frozenset[UUID]] = {}
    fingerprints = {row.embedder_fingerprint for row in documents.values()} - {""}
    for fingerprint in sorted(fingerprints | {parts.embedder.fingerprint}):
        for document_id, chunk_ids in parts.vectors.for_tenant(tenant.pk, fingerprint=fingerprint).contents().items():
            row = documents.get(document_id)
            if row is None or row.embedder_fingerprint in {fingerprint, ""}:
                found[document_id] = found.get(document_id, frozenset()) | chunk_ids
    return found


def rebuild(*, tenant: Tenant, parts: Parts, report: Callable[[int, int], None]) -> int:
    """Make both indexes again from the chunks in SQL, without parsing; return how many chunks they hold now."""
    documents = list(Document.objects.for_tenant(tenant).filter(status=Status.READY))
    parts.vectors.drop_tenant(tenant.pk)
    parts.lexical.drop_tenant(tenant.pk)
    Document.objects.for_tenant(tenant).update(other_fingerprint="")
    Chunk.objects.for_tenant(tenant).update(embedded=False)  # documents that broke off go on from their first chunk
    fingerprint = parts.embedder.fingerprint
    vectors = parts.vectors.for_tenant(tenant.pk, fingerprint=fingerprint)
    lexical = parts.lexical.for_tenant(tenant.pk)
    total = sum(document.chunk_count for document in documents)
    done = 0
    for document in documents:
        chunks = list(Chunk.objects.for_tenant(tenant).filter(document=document))
        for first in range(0, len(chunks), EMBED_BATCH):
            batch = chunks[first : first + EMBED_BATCH]
            known = meant(batch)
            embedded = parts.embedder.embed_passages([searchable_text(document, chunk) for chunk in known])
            vectors.upsert([entry_of(document, chunk, each) for chunk, each in zip(known, embedded, strict=True)])
            done += len(batch)
            report(done, total)
        with transaction.atomic():
            lexical.upsert([entry_of(document, chunk, None) for chunk in chunks])
            Chunk.objects.for_tenant(tenant).filter(document=document).update(embedded=True)
            Document.objects.for_tenant(tenant).filter(pk=document.pk).update(embedder_fingerprint=fingerprint)
    return done
