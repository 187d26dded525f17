"""Whose turn it is. A message in the queue says only that something waits; what is taken is decided here, so that
5,000 files of one organisation do not stand before the single file of another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from ingestion.lease import Lease, claim
from ingestion.models import Document

TRIES = 20
"""Other workers choose at the same moment, and by the same rule."""
PATIENCE = timedelta(seconds=1)
NEVER = datetime.min.replace(tzinfo=UTC)

Status = Document.Status


def claim_next() -> Lease | None:
    """Take the document whose turn it is, or return None when nothing waits."""
    for _ in range(TRIES):
        candidates = list(_first_of_each_tenant())
        if not candidates:
            return None
        for document in candidates:
            if lease := claim(document):
                return lease
    return None


def due() -> QuerySet[Document]:
    """Every tenant's documents that wait and may be taken."""
    return Document.all_tenants.filter(status=Status.QUEUED).filter(
        Q(not_before=None) | Q(not_before__lte=timezone.now())
    )


def others_wait(document: Document) -> bool:
    """Whether another tenant's document finds no worker that would take it."""
    return due().filter(updated_at__lt=timezone.now() - PATIENCE).exclude(tenant=document.tenant_id).exists()


def _first_of_each_tenant() -> Iterator[Document]:
    """The tenant first that has the fewest documents in hand, and among equals the one served longest ago; of each the
    document that has waited longest."""
    tenants = list(due().values_list("tenant_id", flat=True).order_by().distinct())
    running = dict(
        Document.all_tenants.filter(status=Status.RUNNING).values_list("tenant_id").annotate(Count("pk")).order_by()
    )
    served = dict(
        Document.all_tenants.filter(tenant__in=tenants, started_at__isnull=False)
        .values_list("tenant_id")
        .annotate(Max("started_at"))
        .order_by()
    )

    def rank(tenant_id: UUID) -> tuple[int, datetime]:
        return running.get(tenant_id, 0), served.get(tenant_id) or NEVER

    for tenant_id in sorted(tenants, key=rank):
        if document := due().filter(tenant=tenant_id).order_by("created_at", "pk").first():
            yield document
