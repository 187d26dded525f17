"""Who is reading a document. A worker holds a lease and keeps renewing it; when the worker dies the lease runs out,
and another one may claim the document."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from ingestion.errors import IngestionCancelled
from ingestion.models import Document

CANCEL_CHECK_S = 0.5


class LeaseLost(RuntimeError):
    """Another worker has the document now; whatever this one does must end without a trace."""


class Lease:
    """`with claim(…) as lease:` renews in the background; `lease.check()` is called between steps."""

    def __init__(self, document: Document, owner: str) -> None:
        self.document = document
        self.owner = owner
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._checked_at = 0.0
        self._renewer = threading.Thread(target=self._renew, name=f"lease-{document.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._renewer.join()

    def _renew(self) -> None:
        try:
            while not self._ended.wait(settings.LEASE_SECONDS / 3):
                renewed = _mine(self.document, self.owner).update(lease_expires_at=_expiry())
                if not renewed:
                    self._lost.set()
                    return
        finally:
            connection.close()

    def check(self) -> None:
        """Raise `LeaseLost`, or `IngestionCancelled` when a person has asked to stop. Cheap: asks the database
        every half second at most."""
        if self._lost.is_set():
            raise LeaseLost(str(self.document.pk))
        now = time.monotonic()
        if now - self._checked_at < CANCEL_CHECK_S:
            return
        self._checked_at = now
        cancelled = _mine(self.document, self.owner).values_list("cancel_requested", flat=True).first()
        if cancelled is None:
            raise LeaseLost(str(self.document.pk))
        if cancelled:
            raise IngestionCancelled("Cancelled.")

    def save(self, *fields: str) -> None:
        """Write fields of the document; raise `LeaseLost` when it is no longer ours to write."""
        values = {field: getattr(self.document, field) for field in fields}
        if not _mine(self.document, self.owner).update(**values, updated_at=timezone.now()):
            raise LeaseLost(str(self.document.pk))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is written only while the document is ours: a worker that was stopped for a while, and
        has been succeeded, cannot undo what its successor does. Raise `LeaseLost`."""
        with transaction.atomic():
            self.save()
            yield

    def finish(self, **fields: Any) -> None:
        """Give the document back with its outcome; raise `LeaseLost` when it is no longer ours to give."""
        ended = _mine(self.document, self.owner).update(
            lease_owner="", lease_expires_at=None, updated_at=timezone.now(), **fields
        )
        if not ended:
            raise LeaseLost(str(self.document.pk))


def claim(document: Document) -> Lease | None:
    """Take a waiting document, or return None when it is not waiting (any more)."""
    owner = uuid4().hex
    claimed = (
        Document.objects.for_tenant(document.tenant_id)
        .filter(pk=document.pk, status=Document.Status.QUEUED)
        .update(
            status=Document.Status.RUNNING,
            lease_owner=owner,
            lease_expires_at=_expiry(),
            started_at=timezone.now(),
            not_before=None,
            attempts=F("attempts") + 1,
        )
    )
    if not claimed:
        return None
    document.refresh_from_db()
    return Lease(document, owner)


def _mine(document: Document, owner: str) -> QuerySet[Document]:
    return Document.objects.for_tenant(document.tenant_id).filter(
        pk=document.pk, lease_owner=owner, status=Document.Status.RUNNING
    )


def _expiry() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
