"""Files of one name in one place are versions of each other: the newest that is ready is the one that is searched."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from ingestion import history, progress
from ingestion.lease import Lease
from ingestion.models import Chunk, Document, IngestionSettings
from ingestion.parts import Parts


class EmbedderChanged(Exception):
    """The organisation searches the vectors of another embedder by now; this document has to be embedded for that."""


Status = Document.Status
Kind = history.Kind

ENDED = [Status.READY, Status.FAILED, Status.CANCELLED]


def of(document: Document) -> QuerySet[Document]:
    """Every version of the document, itself included, newest first; not what is being deleted."""
    return (
        Document.objects.for_tenant(document.tenant_id)
        .filter(series=document.series)
        .exclude(status=Status.DELETING)
        .order_by("-version")
    )


def newest_named(document: Document) -> Document | None:
    """The newest of the documents in the collection that came from the address of this one or, where that is a file,
    have its name and folder."""
    same = (
        {"source_url": document.source_url}
        if document.source_url
        else {"name": document.name, "folder": document.folder, "source_url": ""}
    )
    return (
        Document.objects.for_tenant(document.tenant_id)
        .filter(collection=document.collection_id, **same)
        .exclude(status=Status.DELETING)
        .order_by("-created_at", "-version")
        .first()
    )


def next_number(document: Document) -> int:
    everything = Document.objects.for_tenant(document.tenant_id).filter(series=document.series)
    return 1 + (everything.aggregate(newest=Max("version"))["newest"] or 0)


def is_alone(document: Document) -> bool:
    """Whether no other version of it can be found, so that its own passages may be, as soon as there are any."""
    return not of(document).exclude(pk=document.pk).filter(searchable=True).exists()


def settle(document: Document, lease: Lease, parts: Parts) -> None:
    """The document has been read. It takes the place of the older versions, or makes way for a newer one that was
    quicker. The words of what is replaced go in the same transaction; its vectors, which no search shows any more, go
    after it (`forget`), or when the reaper finds them."""
    with transaction.atomic():
        _check_embedder(document, parts)
        others = list(of(document).exclude(pk=document.pk).select_for_update())
        is_newest = not any(each.version > document.version and each.status == Status.READY for each in others)
        replaced = [each for each in others if each.version < document.version and each.status in ENDED]
        for each in replaced if is_newest else [document]:
            _step_back(each, parts)
        _finish(document, lease, is_newest=is_newest)
    for each in replaced if is_newest else [document]:
        forget(each, parts)
        progress.publish(each)


def forget(document: Document, parts: Parts) -> None:
    """Remove the vectors of a version that has been replaced. Its text stays, so that it can be restored."""
    forget_vectors(document, parts)
    replaced = Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk, status=Status.SUPERSEDED)
    replaced.update(embedder_fingerprint="", other_fingerprint="")


def forget_vectors(document: Document, parts: Parts) -> None:
    """Remove its vectors of every embedder that it has any of."""
    for fingerprint in filter(None, (document.embedder_fingerprint, document.other_fingerprint)):
        parts.vectors.for_tenant(document.tenant_id, fingerprint=fingerprint).delete_document(document.pk)


def _check_embedder(document: Document, parts: Parts) -> None:
    """Let no switch to another embedder happen meanwhile, and raise `EmbedderChanged` when one just has."""
    chosen = IngestionSettings.objects.for_tenant(document.tenant_id).select_for_update().first()
    if (chosen.embedder if chosen else "") != parts.embedder_name:
        raise EmbedderChanged


def _finish(document: Document, lease: Lease, *, is_newest: bool) -> None:
    chunks = document.chunk_count
    fields: dict[str, Any] = {"done": chunks, "total": chunks, "seconds_left": None, "timings": document.timings}
    if is_newest:
        lease.finish(status=Status.READY, searchable=True, ready_at=timezone.now(), attempts=0, **fields)
        history.record(document, Kind.READY)
    else:
        lease.finish(status=Status.SUPERSEDED, searchable=False, **fields)


def _step_back(document: Document, parts: Parts) -> None:
    Chunk.objects.for_tenant(document.tenant_id).filter(document=document).update(embedded=False)
    parts.lexical.for_tenant(document.tenant_id).delete_document(document.pk)
    Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk, status__in=ENDED).update(
        status=Status.SUPERSEDED, searchable=False, updated_at=timezone.now()
    )
    history.record(document, Kind.SUPERSEDED)
