"""The dashboard's numbers. Each function is one query (`overview` two), whatever the size of the tenant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from chat.models import Turn
from ingestion.models import Document
from tenants.models import Tenant

RANGES = (7, 30, 90)
"""Days, today included."""
LAST_FAILURES = 10
LAST_TURNS = 20

ANSWERED = Q(status=Turn.Status.COMPLETED, refused=False)
REFUSED = Q(status=Turn.Status.COMPLETED, refused=True)
FAILED = Q(status__in=[Turn.Status.FAILED, Turn.Status.INTERRUPTED])


@dataclass(frozen=True, slots=True)
class Overview:
    """`first_word_p50` and `first_word_p95` are milliseconds, None when nothing was answered."""

    questions: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_word_p50: int | None = None
    first_word_p95: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    questions: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    first_word_p50: int | None = None
    first_word_p95: int | None = None

    @property
    def other(self) -> int:
        """Still being answered, or stopped by the reader."""
        return self.questions - self.answered - self.refused - self.failed


@dataclass(frozen=True, slots=True)
class ModelUse:
    """`model` is empty for questions that no model was asked for."""

    provider: str
    model: str
    questions: int
    prompt_tokens: int
    completion_tokens: int

    @property
    def label(self) -> str:
        return self.model or "–"


@dataclass(frozen=True, slots=True)
class Ingestion:
    """`waiting_since` is the upload of the document that waits longest."""

    by_status: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    chunks: int = 0
    waiting_since: datetime | None = None


def days_until(today: date, days: int) -> list[date]:
    return [today - timedelta(days=back) for back in range(days - 1, -1, -1)]


def turns_since(*, tenant: Tenant, first_day: date) -> QuerySet[Turn]:
    midnight = timezone.make_aware(datetime.combine(first_day, time.min))
    return turns_asked(tenant=tenant).filter(created_at__gte=midnight).order_by()


def turns_asked(*, tenant: Tenant) -> QuerySet[Turn]:
    """Without those that were deleted or brought along from elsewhere."""
    return Turn.objects.for_tenant(tenant).filter(conversation__deleted_at=None, conversation__imported_at=None)


def overview(turns: QuerySet[Turn]) -> tuple[Overview, dict[date, list[int]]]:
    """The tiles, and the milliseconds to the first word by day, from which `per_day` takes its percentiles."""
    sums = turns.aggregate(
        questions=Count("pk"),
        answered=Count("pk", filter=ANSWERED),
        refused=Count("pk", filter=REFUSED),
        failed=Count("pk", filter=FAILED),
        prompt_tokens=Sum("prompt_tokens", default=0),
        completion_tokens=Sum("completion_tokens", default=0),
    )
    waits: dict[date, list[int]] = {}
    measured = turns.exclude(first_word_ms=None).annotate(day=TruncDate("created_at"))
    for day, milliseconds in measured.values_list("day", "first_word_ms"):
        waits.setdefault(day, []).append(milliseconds or 0)
    everything = [wait for waited in waits.values() for wait in waited]
    return Overview(**sums, first_word_p50=percentile(everything, 50), first_word_p95=percentile(everything, 95)), waits


def per_day(turns: QuerySet[Turn], *, days: Iterable[date], waits: dict[date, list[int]]) -> list[Day]:
    """One row for each of `days`, those without a question included."""
    counted: dict[date, dict[str, int]] = {
        row["day"]: {name: row[name] for name in ("questions", "answered", "refused", "failed")}
        for row in turns.annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(
            questions=Count("pk"),
            answered=Count("pk", filter=ANSWERED),
            refused=Count("pk", filter=REFUSED),
            failed=Count("pk", filter=FAILED),
        )
    }
    return [
        Day(
            day=day,
            **counted.get(day, {}),
            first_word_p50=percentile(waits.get(day, []), 50),
            first_word_p95=percentile(waits.get(day, []), 95),
        )
        for day in days
    ]


def per_model(turns: QuerySet[Turn]) -> list[ModelUse]:
    rows = (
        turns.values("provider", "model")
        .annotate(
            questions=Count("pk"),
            prompt=Sum("prompt_tokens", default=0),
            completion=Sum("completion_tokens", default=0),
        )
        .order_by("-questions", "provider", "model")
    )
    return [ModelUse(row["provider"], row["model"], row["questions"], row["prompt"], row["completion"]) for row in rows]


def ingestion_state(*, tenant: Tenant) -> Ingestion:
    """Every document of the tenant, whatever the range."""
    rows = list(
        Document.objects.for_tenant(tenant)
        .order_by()
        .values("status")
        .annotate(count=Count("pk"), chunks=Sum("chunk_count"), oldest=Min("created_at"))
    )
    kept = [row for row in rows if row["status"] != Document.Status.DELETING]
    return Ingestion(
        by_status={row["status"]: row["count"] for row in rows},
        documents=sum(row["count"] for row in kept),
        chunks=sum(row["chunks"] for row in kept),
        waiting_since=next((row["oldest"] for row in rows if row["status"] == Document.Status.QUEUED), None),
    )


def failures_last(*, tenant: Tenant) -> QuerySet[Document]:
    failed = Document.objects.for_tenant(tenant).filter(status=Document.Status.FAILED)
    return failed.select_related("collection").order_by("-updated_at")[:LAST_FAILURES]


def turns_last(*, tenant: Tenant) -> QuerySet[Turn]:
    """Without their traces, which are large."""
    turns = turns_asked(tenant=tenant).select_related("conversation__user").order_by("-created_at")
    return turns.defer("trace", "answer", "folded")[:LAST_TURNS]


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The nearest-rank percentile: a value that was really measured, None of nothing."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]
