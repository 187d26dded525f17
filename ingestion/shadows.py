"""A throw-away copy of some collections, split into passages of another size: how they would be found is tried out
there, and nobody's search meets it.

It is an organisation of its own, which nobody belongs to and which no gate opens. It has the text of the documents, not
their files, and is taken away by `drop`. Everything can be done twice: ids follow from those of the originals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Collection as Some
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion import confinement
from ingestion.confined import chunk_of
from ingestion.errors import IngestionError
from ingestion.models import Chunk, Collection, Document
from ingestion.parts import Parts
from ingestion.pipeline import EMBED_BATCH, ROW_BATCH, chunk_row, entry_of, meant, searchable_text, write_sections
from ingestion.services import tenant_purge
from ingestion.tenant_parts import parts_of
from tenants.models import Tenant

SLUG = "shadow-"
MAX_CHARACTERS = 5_000_000
"""Of text in all: some five thousand passages, a quarter of an hour of the starter embedder's."""
LEAST_CHUNK, MOST_CHUNK = 200, 4_000
"""Characters of the largest passage that can be tried out."""
ORPHANED = timedelta(hours=1)

Status = Document.Status


@dataclass(frozen=True, slots=True)
class Shadow:
    """`id` is the throw-away organisation's, `max_characters` those of its largest passage."""

    id: UUID
    tenant: Tenant
    collection_ids: tuple[UUID, ...]
    max_characters: int


def begin(*, tenant: Tenant) -> UUID:
    """Make an empty one. It counts as deleted from the first moment, so that there is no way into it."""
    made = Tenant(name=tenant.name, deleted_at=timezone.now())
    made.slug = f"{SLUG}{made.pk.hex[:12]}"
    made.save()
    Collection.objects.create(tenant=made, name=SLUG)
    return made.pk


def go_on(shadow: Shadow, *, deadline: float, alive: Callable[[], bool]) -> bool:
    """Copy documents until the time is over. Return whether there are more; raise `IngestionError` when they are too
    many. A long document takes longer than that: `alive` is called before each of its batches, and ends it by False."""
    originals = _originals(shadow)
    if (originals.aggregate(all=Sum("char_count"))["all"] or 0) > MAX_CHARACTERS:
        raise IngestionError(
            _("These documents have too much text to be split anew for a try. Choose a smaller collection."),
            code="shadow.too_large",
        )
    parts = parts_of(shadow.tenant.pk)
    done = set(_documents(shadow).filter(status=Status.READY).values_list("series", flat=True))
    for original in originals.exclude(series__in=done):
        if time.monotonic() > deadline:
            return True
        if not _copy(shadow, original, parts, alive):
            return True
    return False


def drop(shadow_id: UUID) -> None:
    tenant = Tenant.objects.filter(pk=shadow_id, slug__startswith=SLUG).first()
    if tenant is not None:
        tenant_purge(tenant=tenant)


def drop_orphans(*, known: Some[UUID]) -> None:
    """Those that nobody knows of: what they were made for is gone."""
    made_before = timezone.now() - ORPHANED
    for tenant in Tenant.objects.filter(slug__startswith=SLUG, created_at__lt=made_before).exclude(pk__in=known):
        drop(tenant.pk)


def _originals(shadow: Shadow) -> QuerySet[Document]:
    rows = Document.objects.for_tenant(shadow.tenant).filter(collection__in=shadow.collection_ids)
    return rows.filter(status=Status.READY, searchable=True).order_by("pk")


def _documents(shadow: Shadow) -> QuerySet[Document]:
    return Document.objects.for_tenant(shadow.id)


def _copy(shadow: Shadow, original: Document, parts: Parts, alive: Callable[[], bool]) -> bool:
    """Its text split anew, embedded and indexed; ready only when all of that is done. False where it is not wanted any
    more."""
    copy = _row(shadow, original, parts.embedder.fingerprint)
    chunks = _split(original, copy, shadow.max_characters)
    with transaction.atomic():
        Chunk.objects.for_tenant(shadow.id).filter(document=copy).delete()
        Chunk.objects.bulk_create(chunks, batch_size=ROW_BATCH)
    for first in range(0, len(chunks), EMBED_BATCH):
        if not alive():
            return False
        _index(copy, chunks[first : first + EMBED_BATCH], parts)
    with transaction.atomic():
        Chunk.objects.for_tenant(shadow.id).filter(document=copy).update(embedded=True)
        _documents(shadow).filter(pk=copy.pk).update(status=Status.READY, searchable=True, chunk_count=len(chunks))
    return True


def _row(shadow: Shadow, original: Document, fingerprint: str) -> Document:
    made, _created = _documents(shadow).update_or_create(
        pk=uuid5(shadow.id, str(original.pk)),
        defaults={
            "tenant_id": shadow.id,
            "collection": Collection.objects.for_tenant(shadow.id).get(),
            "status": Status.CANCELLED,  # which nobody takes up, as long as it is not whole
            "sha256": uuid5(shadow.id, str(original.pk)).hex,  # the same file may be in two of the collections
            "embedder_fingerprint": fingerprint,
            **{name: getattr(original, name) for name in ("name", "folder", "series", "version", "media_type", "size")},
            **{name: getattr(original, name) for name in ("title", "language", "page_count", "char_count")},
        },
    )
    return made


def _split(original: Document, copy: Document, max_characters: int) -> list[Chunk]:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "sections"
        write_sections(original, path)
        request = {"path": str(path), "document_id": copy.pk, "max_characters": max_characters}
        return [
            chunk_row(copy, chunk_of(each))
            for message in confinement.run("ingestion.confined.split", request, check=lambda: None)
            for each in message["chunks"]
        ]


def _index(copy: Document, chunks: Sequence[Chunk], parts: Parts) -> None:
    known = meant(chunks)
    embedded = parts.embedder.embed_passages([searchable_text(copy, chunk) for chunk in known])
    entries = [entry_of(copy, chunk, each) for chunk, each in zip(known, embedded, strict=True)]
    parts.vectors.for_tenant(copy.tenant_id, fingerprint=copy.embedder_fingerprint).upsert(entries)
    parts.lexical.for_tenant(copy.tenant_id).upsert([entry_of(copy, chunk, None) for chunk in chunks])
