"""What the worker does. Tasks take ids, may run twice, and say nothing but through the rows they change."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from ingestion import parts, pipeline, progress
from ingestion.errors import IngestionCancelled, IngestionError
from ingestion.lease import Lease, LeaseLost, claim
from ingestion.models import Document
from project.errors import AppError

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
TASK_EXPIRES_S = 24 * 3600
FORGOTTEN_S = 60
"""A document that has waited this long without a task, because Redis was away or emptied, is queued again."""

Status = Document.Status


def enqueue(document: Document) -> None:
    """Ask a worker to read it. Should the broker be away, the reaper asks again: the upload itself has succeeded."""
    _send(ingest_document, document)
    progress.publish(document)


def enqueue_purge(document: Document) -> None:
    _send(purge_document, document)
    progress.publish(document)


def _send(task: Any, document: Document) -> None:
    try:
        task.apply_async([str(document.tenant_id), str(document.pk)], expires=TASK_EXPIRES_S)
    except OperationalError:
        logger.warning("the broker is away; document %s waits for the reaper", document.pk, exc_info=True)


@shared_task(name="ingestion.tasks.ingest_document")
def ingest_document(tenant_id: str, document_id: str) -> None:
    document = Document.objects.for_tenant(UUID(tenant_id)).filter(pk=document_id).first()
    if document is None or (lease := claim(document)) is None:
        return
    with lease:
        _ingest(document, lease)
    progress.publish(document)


def _ingest(document: Document, lease: Lease) -> None:
    """Turn every way in which reading can end into the document's row."""
    try:
        pipeline.ingest(document, parts.configured(), progress.Progress(document, lease))
    except LeaseLost:
        _leave(document)
    except IngestionCancelled:
        _end(lease, status=Status.CANCELLED)
    except AppError as error:
        logger.warning("document %s: %s", document.pk, error.message, exc_info=error.__cause__)
        _fail(document, lease, error)
    except Exception:
        logger.exception("document %s could not be read", document.pk)
        _fail(document, lease, IngestionError(f"Something unexpected went wrong. Quote {document.pk} to the operator."))


def _leave(document: Document) -> None:
    """Somebody else has the document, or it is being deleted: then what the last step wrote must not stay behind."""
    logger.warning("document %s was taken from this worker", document.pk)
    alive = Document.objects.for_tenant(document.tenant_id).filter(pk=document.pk).exclude(status=Status.DELETING)
    if not alive.exists():
        pipeline.forget_index_entries(document, parts.configured())


def _fail(document: Document, lease: Lease, error: AppError) -> None:
    """Try again later where that can help, else say what the reader can do."""
    if error.retryable and document.attempts < MAX_ATTEMPTS:
        _end(lease, status=Status.QUEUED)
        delay_s = 2**document.attempts
        ingest_document.apply_async(
            [str(document.tenant_id), str(document.pk)], countdown=delay_s, expires=TASK_EXPIRES_S
        )
        return
    _end(
        lease,
        status=Status.FAILED,
        error_code=error.code,
        error_message=error.message,
        error_retryable=error.retryable,
    )


def _end(lease: Lease, **fields: Any) -> None:
    with contextlib.suppress(LeaseLost):
        lease.finish(**fields)


@shared_task(name="ingestion.tasks.purge_document")
def purge_document(tenant_id: str, document_id: str) -> None:
    document = Document.objects.for_tenant(UUID(tenant_id)).filter(pk=document_id, status=Status.DELETING).first()
    if document is None:
        return
    pipeline.purge(document, parts.configured())


@shared_task(name="ingestion.tasks.reap_documents")
def reap_documents() -> None:
    """Give work back that nobody holds: of a dead worker, of a lost message."""
    now = timezone.now()
    every = Document.all_tenants.all()
    dead = every.filter(status=Status.RUNNING, lease_expires_at__lt=now)
    dead.filter(attempts__gte=MAX_ATTEMPTS).update(
        status=Status.FAILED,
        error_code="ingestion.poison",
        error_message="Reading this file has stopped the worker three times, so it was set aside. "
        "Upload it in another format, or ask the operator to look at the log.",
        lease_owner="",
        lease_expires_at=None,
    )
    forgotten = now - timedelta(seconds=FORGOTTEN_S)
    revived = list(dead) + list(every.filter(status=Status.QUEUED, updated_at__lt=forgotten))
    dead.update(status=Status.QUEUED, lease_owner="", lease_expires_at=None)
    every.filter(pk__in=[document.pk for document in revived]).update(updated_at=now)
    for document in revived:
        enqueue(document)
    for document in every.filter(status=Status.DELETING, updated_at__lt=forgotten):
        enqueue_purge(document)


def wait_until_settled(document: Document, *, timeout_s: float, poll_s: float = 0.2) -> Document:
    """Return the document once nobody is working on it, or as it is when the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        document.refresh_from_db()
        if not document.is_busy:
            break
        time.sleep(poll_s)
    return document
