"""Reads: the admins' list, and what has become of the questions that a reader has sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.gaps.models import GapRequest, KnowledgeGap
from chat.models import Turn
from ingestion.models import Document
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Tenant

NEAREST_SHOWN = 3

Status = KnowledgeGap.Status


def gaps_list(*, tenant: Tenant, status: str = Status.OPEN) -> QuerySet[KnowledgeGap]:
    """Those of a status with `times`, `people` and `asked_at`, what is asked by most people first."""
    return (
        KnowledgeGap.objects.for_tenant(tenant)
        .filter(status=status)
        .defer("vector")
        .select_related("answered_by", "document", "collection")
        .annotate(
            times=Count("requests"),
            people=Count("requests__asker", distinct=True),
            asked_at=Max("requests__created_at"),
        )
        .order_by(*(["-people", "-times"] if status == Status.OPEN else []), "-asked_at", "-created_at")
    )


def gap_counts(*, tenant: Tenant) -> dict[str, int]:
    """By status; one without any is there with 0."""
    rows = KnowledgeGap.objects.for_tenant(tenant).order_by().values_list("status").annotate(count=Count("pk"))
    return {status.value: 0 for status in Status} | dict(rows)


def gap_get(*, tenant: Tenant, gap_id: UUID) -> KnowledgeGap:
    gap = gaps_list_of_every_status(tenant=tenant).filter(pk=gap_id).first()
    if gap is None:
        raise NotFound(_("There is no such question any more. It may have been put together with another one."))
    return gap


def gaps_list_of_every_status(*, tenant: Tenant) -> QuerySet[KnowledgeGap]:
    return KnowledgeGap.objects.for_tenant(tenant).select_related("document", "collection", "answered_by")


@dataclass(frozen=True, slots=True)
class Nearest:
    """A document that the search had found. `url` is "" where it is gone by now."""

    name: str
    page: int | None
    url: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap as the admins' page shows it."""

    gap: KnowledgeGap
    requests: tuple[GapRequest, ...]
    nearest: tuple[Nearest, ...]


def gap_rows(*, tenant: Tenant, gaps: Sequence[KnowledgeGap]) -> list[GapRow]:
    """Two queries for any number of gaps."""
    found = GapRequest.objects.for_tenant(tenant).filter(gap__in=gaps).select_related("asker")
    requests: dict[UUID, list[GapRequest]] = {gap.pk: [] for gap in gaps}
    for request in found:
        requests[request.gap_id].append(request)
    wanted = {each["document_id"] for rows in requests.values() for row in rows for each in row.nearest}
    there = Document.objects.for_tenant(tenant).exclude(status=Document.Status.DELETING)
    ids = {str(pk) for pk in there.filter(pk__in=filter(None, wanted)).values_list("pk", flat=True)}
    return [GapRow(gap, tuple(requests[gap.pk]), _nearest(tenant.slug, requests[gap.pk][-1:], ids)) for gap in gaps]


def _nearest(slug: str, requests: Sequence[GapRequest], ids: set[str]) -> tuple[Nearest, ...]:
    """Of the latest request, which has seen the latest documents."""
    return tuple(
        Nearest(
            name=each["document"],
            page=each["page"],
            url=reverse("ingestion:document", args=[slug, each["document_id"]]) if each["document_id"] in ids else "",
        )
        for request in requests
        for each in request.nearest[:NEAREST_SHOWN]
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """What has become of a question that its reader has sent to the owner. `url` is where the answer is, if anywhere;
    `being_read` says that it will be found in a moment."""

    status: str
    answer: str = ""
    url: str = ""
    being_read: bool = False


def sent_by_turn(*, access: Access, turns: Sequence[Turn]) -> dict[UUID, Sent]:
    """One query for any number of turns."""
    requests = (
        GapRequest.objects.for_tenant(access.tenant)
        .filter(turn__in=[turn.pk for turn in turns], asker=access.user)
        .select_related("gap__document", "gap__collection")
        .defer("gap__vector")
    )
    return {each.turn_id: _sent(access.tenant.slug, each.gap) for each in requests if each.turn_id}


def sent_of(*, access: Access, request: GapRequest) -> Sent:
    return _sent(access.tenant.slug, request.gap)


def _sent(slug: str, gap: KnowledgeGap) -> Sent:
    document = gap.document
    if document and document.status not in {Document.Status.DELETING, Document.Status.SUPERSEDED}:
        url = reverse("ingestion:document", args=[slug, document.pk])
        return Sent(gap.status, gap.answer, url, being_read=document.is_busy)
    url = reverse("ingestion:collection", args=[slug, gap.collection_id]) if gap.collection_id else ""
    return Sent(gap.status, gap.answer, url)
