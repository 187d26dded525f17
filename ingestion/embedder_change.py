"""Another embedding model, without a moment in which nothing is found.

The vectors of the new model are built in a collection of their own beside the old ones, in slices, so that documents
that come in meanwhile have their turn. Searches go on against the old ones until, in one transaction, every ready
document is found by the new ones. The old ones are kept for a day, and going back is the same change in the other
direction, with nearly nothing to build.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ingestion import parts
from ingestion.errors import IngestionError
from ingestion.models import Chunk, Collection, Document, EmbedderChange, IngestionSettings
from ingestion.parts import Parts
from ingestion.pipeline import EMBED_BATCH, entry_of, meant, searchable_text
from ingestion.sentences import made_of
from ingestion.tenant_parts import embedder_name, parts_of
from project.errors import AppError
from tenants import audit
from tenants.access import Access
from tenants.models import Role

logger = logging.getLogger(__name__)

SLICE_S = 15.0
"""So long a worker builds before it looks whether there is something else to do."""
LEASE_S = 120
KEPT = timedelta(days=1)

Status = EmbedderChange.Status


def start(*, access: Access, name: str) -> EmbedderChange:
    """Begin to build the vectors of the embedder `name`. The caller asks a worker to `build`."""
    access.require(Role.ADMIN)
    source = embedder_name(access.tenant.pk)
    if name == source:
        raise IngestionError(_("This embedding model is in use already."), code="embedder.same")
    parts.configured(name)  # refuses what the operator has not set up
    in_use = _in_use(access.tenant.pk)
    try:
        with transaction.atomic():
            IngestionSettings.objects.for_tenant(access.tenant).get_or_create(tenant=access.tenant)
            change = EmbedderChange.objects.create(
                tenant=access.tenant,
                source=source,
                source_fingerprint=in_use[0] if in_use else "",
                target=name,
                started_by=access.actor_name,
            )
            audit.record(access, gettext_noop("embedding model changed"), name or "default")
    except IntegrityError:
        raise IngestionError(
            _("Another embedding model is being prepared already. Cancel that first."), code="embedder.busy"
        ) from None
    return change


def cancel(*, access: Access, change: EmbedderChange) -> None:
    """Leave everything as it is. What was built goes with the next tidying."""
    access.require(Role.ADMIN)
    changed = _rows(change).filter(status=Status.BUILDING).update(status=Status.CANCELLED, updated_at=timezone.now())
    if changed:
        audit.record(access, gettext_noop("change of the embedding model cancelled"), change.target or "default")


def progress(change: EmbedderChange) -> tuple[int, int]:
    """How many passages of ready documents have been embedded anew, of how many; in whole documents."""
    ready = _ready(change.tenant_id)
    built = ready.filter(other_fingerprint=change.target_fingerprint) if change.target_fingerprint else ready.none()
    return _chunks(built), _chunks(ready)


def build(change: EmbedderChange, *, seconds: float = SLICE_S) -> bool:
    """Build for a while. Return whether there is more to do; False as well when another worker is at it."""
    if not _claim(change):
        return False
    try:
        goes_on = _build(change, time.monotonic() + seconds)
    except AppError as error:
        logger.warning("embedder change %s: %s", change.pk, error.message, exc_info=error.__cause__)
        _rows(change).filter(status=Status.BUILDING).update(
            error_message=str(error.message),
            error_made_of=made_of(error.message),
            **({} if error.retryable else {"status": Status.FAILED}),
        )
        return False  # when it can be tried again, the next tidying does so
    finally:
        _rows(change).update(lease_expires_at=None, updated_at=timezone.now())
    return goes_on


def tidy() -> list[EmbedderChange]:
    """Remove vectors that nothing refers to any more; return the changes that somebody has to go on building."""
    now = timezone.now()
    every = EmbedderChange.all_tenants.all()
    for change in every.filter(status=Status.SWITCHED, switched_at__lt=now - KEPT):
        _end(change, Status.ENDED, change.source_fingerprint)
    for change in every.filter(status__in=[Status.CANCELLED, Status.FAILED]).exclude(target_fingerprint=""):
        _end(change, Status(change.status), change.target_fingerprint)
    idle = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
    return list(every.filter(idle, status=Status.BUILDING, updated_at__lt=now - timedelta(seconds=SLICE_S)))


def _build(change: EmbedderChange, deadline: float) -> bool:
    target = parts.configured(change.target)
    if not change.target_fingerprint:
        change.target_fingerprint = target.embedder.fingerprint
        change.save(update_fields=["target_fingerprint"])
        _end_earlier(change)
    while document := _next(change):
        for _batch in _embed(document, change, target):
            if not _renew(change):  # cancelled
                return False
            if time.monotonic() > deadline:
                return True
    return not _switch(change)


def _next(change: EmbedderChange) -> Document | None:
    missing = _ready(change.tenant_id).exclude(other_fingerprint=change.target_fingerprint)
    in_hand = missing.filter(pk=change.cursor["document"]).first() if change.cursor else None
    return in_hand or missing.order_by("created_at", "pk").first()


def _embed(document: Document, change: EmbedderChange, target: Parts) -> Any:
    """Embed a document batch by batch, and mark it as built if it is still the same then."""
    index = target.vectors.for_tenant(change.tenant_id, fingerprint=change.target_fingerprint)
    cursor = {"document": str(document.pk), "ready_at": str(document.ready_at), "ordinal": 0}
    if {**change.cursor, "ordinal": 0} == cursor:
        cursor = change.cursor
    else:
        index.delete_document(document.pk)
    chunks = Chunk.objects.for_tenant(change.tenant_id).filter(document=document)
    while batch := list(chunks.filter(ordinal__gte=cursor["ordinal"])[:EMBED_BATCH]):
        known = meant(batch)
        embedded = target.embedder.embed_passages([searchable_text(document, chunk) for chunk in known])
        index.upsert([entry_of(document, chunk, each) for chunk, each in zip(known, embedded, strict=True)])
        cursor = cursor | {"ordinal": batch[-1].ordinal + 1}
        change.cursor = cursor
        change.save(update_fields=["cursor"])
        yield len(batch)
    same = _ready(change.tenant_id).filter(pk=document.pk, ready_at=document.ready_at)
    if not same.update(other_fingerprint=change.target_fingerprint):
        index.delete_document(document.pk)  # deleted, or read again, meanwhile


def _switch(change: EmbedderChange) -> bool:
    """In one transaction, which no document that becomes ready at the same moment can slip through: it waits for the
    same row (`versions.settle`), and then sees that it was embedded for the old model."""
    with transaction.atomic():
        chosen = IngestionSettings.objects.for_tenant(change.tenant_id).select_for_update().get()
        building = _rows(change).filter(status=Status.BUILDING).select_for_update().exists()
        if not building or _next(change) is not None:
            return not building
        _ready(change.tenant_id).update(
            embedder_fingerprint=change.target_fingerprint, other_fingerprint=F("embedder_fingerprint")
        )
        Collection.objects.for_tenant(change.tenant_id).update(embedder_fingerprint=change.target_fingerprint)
        chosen.embedder = change.target
        chosen.save(update_fields=["embedder"])
        _rows(change).update(status=Status.SWITCHED, switched_at=timezone.now(), error_message="", cursor={})
    return True


def _end_earlier(change: EmbedderChange) -> None:
    """Only one set of vectors is kept beside the one in use: that of the change before this one, if this goes back."""
    for earlier in _all_of(change.tenant_id).filter(status=Status.SWITCHED):
        _end(earlier, Status.ENDED, earlier.source_fingerprint, unless=change.target_fingerprint)


def _end(change: EmbedderChange, status: EmbedderChange.Status, fingerprint: str, *, unless: str = "") -> None:
    """Drop the vectors of `fingerprint`, if nothing is searched or built there."""
    needed = {unless, *_in_use(change.tenant_id)} | set(
        _all_of(change.tenant_id)
        .filter(status__in=[Status.BUILDING, Status.SWITCHED])
        .exclude(pk=change.pk)
        .values_list("target_fingerprint", flat=True)
    )
    if fingerprint and fingerprint not in needed:
        parts.configured().vectors.drop_tenant(change.tenant_id, fingerprint=fingerprint)
        documents = Document.objects.for_tenant(change.tenant_id)
        documents.filter(other_fingerprint=fingerprint).update(other_fingerprint="")
    _rows(change).update(status=status, target_fingerprint="" if status != Status.ENDED else change.target_fingerprint)


def _in_use(tenant_id: UUID) -> list[str]:
    """The fingerprints of the vectors that are searched, that of most documents first. The documents know them also
    when the embedder is away or no longer set up; it is asked only where none is ready."""
    documents = _ready(tenant_id).exclude(embedder_fingerprint="")
    counted = documents.order_by().values_list("embedder_fingerprint").annotate(count=Count("pk")).order_by("-count")
    if found := [fingerprint for fingerprint, _count in counted]:
        return found
    with suppress(AppError):
        return [parts_of(tenant_id).embedder.fingerprint]
    return []


def _claim(change: EmbedderChange) -> bool:
    free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=timezone.now())
    claimed = _rows(change).filter(free, status=Status.BUILDING).update(lease_expires_at=_expiry())
    if claimed:
        change.refresh_from_db()
    return bool(claimed)


def _renew(change: EmbedderChange) -> bool:
    """Something was built, so that what had gone wrong before is over."""
    building = _rows(change).filter(status=Status.BUILDING)
    return bool(building.update(lease_expires_at=_expiry(), error_message=""))


def _expiry() -> Any:
    return timezone.now() + timedelta(seconds=LEASE_S)


def _rows(change: EmbedderChange) -> QuerySet[EmbedderChange]:
    return _all_of(change.tenant_id).filter(pk=change.pk)


def _all_of(tenant_id: UUID) -> QuerySet[EmbedderChange]:
    return EmbedderChange.objects.for_tenant(tenant_id)


def _ready(tenant_id: UUID) -> QuerySet[Document]:
    return Document.objects.for_tenant(tenant_id).filter(status=Document.Status.READY)


def _chunks(documents: QuerySet[Document]) -> int:
    return documents.aggregate(total=Sum("chunk_count"))["total"] or 0
