"""How far a document has come: kept in its row, announced to open pages."""

from __future__ import annotations

import logging
import time
from uuid import UUID

import redis.exceptions
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from ingestion.lease import Lease
from ingestion.models import Document

logger = logging.getLogger(__name__)

ANNOUNCE_S = 0.4
"""At most this often per document: a person cannot read faster, and a group drops what overflows it."""
TELLING_S = 2.0
"""What was done in less time is no measure for what is left."""


def group_of(tenant_id: UUID) -> str:
    return f"tenant.{tenant_id.hex}"


def publish(document: Document) -> None:
    """Tell every open page of the tenant that a document has changed. Only its id travels: each page's own process
    looks the row up again, as whoever is looking."""
    message = {
        "type": "document.updated",
        "document_id": str(document.pk),
        "collection_id": str(document.collection_id),
    }
    try:
        async_to_sync(get_channel_layer().group_send)(group_of(document.tenant_id), message)
    except (OSError, redis.exceptions.RedisError):
        # Progress is a courtesy: the work goes on, and a reload shows the truth.
        logger.warning("progress of document %s could not be announced", document.pk, exc_info=True)


class Progress:
    """`report(done, total)` for one stage: renews nothing, but notices a lost lease and a wish to cancel."""

    def __init__(self, document: Document, lease: Lease) -> None:
        self.document = document
        self.lease = lease
        self._announced_at = 0.0
        self._stage_began = time.monotonic()
        self._done_before: int | None = None

    def begin(self, stage: Document.Stage) -> None:
        self.document.stage = stage
        self.document.done, self.document.total, self.document.seconds_left = 0, 0, None
        self._stage_began, self._done_before = time.monotonic(), None
        self._save(["stage", "done", "total", "seconds_left"])

    def report(self, done: int, total: int) -> None:
        """Raise `LeaseLost` or `IngestionCancelled` where the work must end."""
        self.lease.check()
        if self._done_before is None:
            self._done_before = done  # what an earlier worker has left behind says nothing of our speed
        self.document.done, self.document.total = done, total
        if time.monotonic() - self._announced_at >= ANNOUNCE_S:
            self.document.seconds_left = self._seconds_left(done - self._done_before, total - done)
            self._save(["done", "total", "seconds_left"])

    def _seconds_left(self, done: int, left: int) -> int | None:
        elapsed = time.monotonic() - self._stage_began
        return round(elapsed / done * left) if done and elapsed >= TELLING_S else None

    def _save(self, fields: list[str]) -> None:
        self._announced_at = time.monotonic()
        values = {field: getattr(self.document, field) for field in fields}
        Document.objects.for_tenant(self.document.tenant_id).filter(pk=self.document.pk).update(**values)
        publish(self.document)
