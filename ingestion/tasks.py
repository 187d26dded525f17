"""What the worker does. Tasks may run twice, and say nothing but through the rows they change."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_process_init
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from ingestion import confinement, embedder_change, history, parts, pipeline, progress, versions, waiting
from ingestion.errors import IngestionCancelled, IngestionError
from ingestion.lease import Lease, LeaseLost, claim
from ingestion.models import Document, EmbedderChange
from ingestion.sentences import made_of
from ingestion.sentences import sentence as _
from ingestion.tenant_parts import parts_of
from project.errors import AppError

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
TASK_EXPIRES_S = 24 * 3600
FORGOTTEN_S = 60
"""A document that has waited this long to be deleted, because Redis was away or emptied, is queued again."""
REAP_S = 15.0
WAKE_UPS = 4
"""Messages that the reaper sends while something waits: as many as there may be idle workers."""

POISON = _(
    "Reading this file has stopped the worker three times, so it was set aside. "
    "Upload it in another format, or ask the operator to look at the log."
)

Status = Document.Status
Kind = history.Kind


@worker_process_init.connect
def _ready_to_read(**_kwargs: Any) -> None:
    confinement.start_early()


def enqueue(document: Document) -> None:
    """Ask a worker to read what waits. Should the broker be away, the reaper asks again: the upload has succeeded."""
    _send(ingest_next, [])
    progress.publish(document)


def enqueue_purge(document: Document) -> None:
    _send(purge_document, [str(document.tenant_id), str(document.pk)])
    progress.publish(document)


def _send(task: Any, arguments: list[str], *, countdown_s: float = 0, expires_s: float = TASK_EXPIRES_S) -> None:
    try:
        task.apply_async(arguments, countdown=countdown_s, expires=countdown_s + expires_s)
    except OperationalError:
        logger.warning("the broker is away; %s waits for the reaper", task.name, exc_info=True)


@shared_task(name="ingestion.tasks.ingest_next")
def ingest_next() -> None:
    """Read the document whose turn it is (see `ingestion.waiting`). There is a message for each that waits, and
    whichever message comes, the choice is made when a worker is free."""
    if lease := waiting.claim_next():
        ingest(lease)


def ingest_document(document: Document) -> None:
    """Read this very document here and now, if it waits."""
    if lease := claim(document):
        ingest(lease)


def ingest(lease: Lease) -> None:
    """Read a claimed document and turn every way in which that can end into its row."""
    document = lease.document
    history.record(document, Kind.STARTED, detail=document.get_stage_display())
    with lease:
        _ingest(document, lease)
    progress.publish(document)
    for child in Document.objects.for_tenant(document.tenant_id).filter(parent=document, status=Status.QUEUED):
        enqueue(child)


def _ingest(document: Document, lease: Lease) -> None:
    try:
        pipeline.ingest(document, parts_of(document.tenant_id), progress.Progress(document, lease))
    except LeaseLost:
        _leave(document)
    except pipeline.Yielded:
        _end(lease, status=Status.QUEUED, attempts=0)
        _send(ingest_next, [])
    except versions.EmbedderChanged:
        _end(lease, status=Status.QUEUED, attempts=0, stage=Document.Stage.EMBEDDING)
        _send(ingest_next, [])
    except IngestionCancelled:
        _end(lease, Kind.CANCELLED, status=Status.CANCELLED, searchable=False)
    except AppError as error:
        logger.warning("document %s: %s", document.pk, error.message, exc_info=error.__cause__)
        _fail(document, lease, error)
    except Exception:
        logger.exception("document %s could not be read", document.pk)
        _fail(
            document,
            lease,
            IngestionError(
                _("Something unexpected went wrong. Quote %(reference)s to the operator.", reference=str(document.pk))
            ),
        )


def _leave(document: Document) -> None:
    """Somebody else has the document, or it is being deleted: then what the last step wrote must not stay behind."""
    logger.warning("document %s was taken from this worker", document.pk)
    alive = Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk).exclude(status=Status.DELETING)
    if not alive.exists():
        pipeline.forget_index_entries(document, parts.configured())


def _fail(document: Document, lease: Lease, error: AppError) -> None:
    """Try again later where that can help, else say what the reader can do."""
    if error.retryable and document.attempts < MAX_ATTEMPTS:
        delay_s = 2**document.attempts
        not_before = timezone.now() + timedelta(seconds=delay_s)
        _end(lease, Kind.POSTPONED, error.message, status=Status.QUEUED, not_before=not_before)
        _send(ingest_next, [], countdown_s=delay_s)
        return
    _end(
        lease,
        Kind.FAILED,
        error.message,
        status=Status.FAILED,
        searchable=False,
        error_code=error.code,
        error_message=str(error.message),
        error_made_of=made_of(error.message),
        error_retryable=error.retryable,
    )


def _end(lease: Lease, kind: history.Kind | None = None, detail: str = "", **fields: Any) -> None:
    with contextlib.suppress(LeaseLost):
        lease.finish(seconds_left=None, **fields)
        if kind:
            history.record(lease.document, kind, detail=detail)
        _cancel_if_wanted(lease.document)


def _cancel_if_wanted(document: Document) -> None:
    """A document that goes back to those that wait is not to wait for a worker that cancels it."""
    waiting_on = Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk, status=Status.QUEUED)
    if waiting_on.filter(cancel_requested=True).update(status=Status.CANCELLED, searchable=False):
        history.record(document, Kind.CANCELLED)


@shared_task(name="ingestion.tasks.purge_document")
def purge_document(tenant_id: str, document_id: str) -> None:
    document = Document.objects.for_tenant(UUID(tenant_id)).filter(pk=document_id, status=Status.DELETING).first()
    if document is None:
        return
    pipeline.purge(document, parts.configured())


@shared_task(name="ingestion.tasks.change_embedder")
def change_embedder(tenant_id: str, change_id: str) -> None:
    """Build for a while, then let others have their turn."""
    change = EmbedderChange.objects.for_tenant(UUID(tenant_id)).filter(pk=change_id).first()
    if change is not None and embedder_change.build(change):
        enqueue_change(change)


def enqueue_change(change: EmbedderChange) -> None:
    _send(change_embedder, [str(change.tenant_id), str(change.pk)])


@shared_task(name="ingestion.tasks.tidy_embedders")
def tidy_embedders() -> None:
    for change in embedder_change.tidy():
        enqueue_change(change)


@shared_task(name="ingestion.tasks.reap_documents")
def reap_documents() -> None:
    """Give work back that nobody holds: of a dead worker, of a lost message."""
    now = timezone.now()
    every = Document.all_tenants.all()
    _take_over(every.filter(status=Status.RUNNING, lease_expires_at__lt=now))
    for _each in waiting.due()[:WAKE_UPS]:
        _send(ingest_next, [], expires_s=REAP_S)  # one too many finds nothing to do, and one too few comes again
    forgotten = every.filter(updated_at__lt=now - timedelta(seconds=FORGOTTEN_S))
    for document in forgotten.filter(status=Status.DELETING):
        enqueue_purge(document)
    for document in forgotten.filter(status=Status.SUPERSEDED).exclude(embedder_fingerprint=""):
        versions.forget(document, parts.configured())


def _take_over(dead: QuerySet[Document]) -> None:
    """Each by itself and only while it is still dead: its worker may have been slow and come back."""
    for document in list(dead):
        is_poison = document.attempts >= MAX_ATTEMPTS
        fields: dict[str, Any] = {"status": Status.QUEUED}
        if is_poison:
            fields = {
                "status": Status.FAILED,
                "searchable": False,
                "error_code": "ingestion.poison",
                "error_message": str(POISON),
                "error_made_of": made_of(POISON),
            }
        taken = dead.filter(pk=document.pk, lease_owner=document.lease_owner).update(
            lease_owner="", lease_expires_at=None, updated_at=timezone.now(), **fields
        )
        if taken:
            document.refresh_from_db()
            history.record(document, Kind.FAILED if is_poison else Kind.TAKEN_OVER, detail=POISON if is_poison else "")
            _cancel_if_wanted(document)
            progress.publish(document)


def wait_until_settled(document: Document, *, timeout_s: float, poll_s: float = 0.2) -> Document:
    """Return the document once nobody is working on it, or as it is when the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        document.refresh_from_db()
        if not document.is_busy:
            break
        time.sleep(poll_s)
    return document
