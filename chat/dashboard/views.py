"""The dashboard, the trace of one answer, and the audit log. Admins only: a trace shows what a colleague asked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from chat.comparisons.arena import arena
from chat.dashboard import charts, selectors
from chat.gaps.selectors import gap_counts
from chat.models import Source
from chat.quality.ratings import ratings_count
from ingestion.models import Document
from tenants.access import Access, tenant_view
from tenants.models import Role
from tenants.selectors import audit_list
from tenants.storage import bytes_used

DEFAULT_RANGE = 30
AUDIT_PAGE_SIZE = 50


@require_safe
@tenant_view(Role.ADMIN)
def dashboard(request: HttpRequest, access: Access) -> HttpResponse:
    days = _range(request)
    dates = selectors.days_until(timezone.localdate(), days)
    turns = selectors.turns_since(tenant=access.tenant, first_day=dates[0])
    overview, waits = selectors.overview(turns)
    per_day = selectors.per_day(turns, days=dates, waits=waits)
    per_model = selectors.per_model(turns)
    ingestion = selectors.ingestion_state(tenant=access.tenant)
    context = {
        "days": days,
        "ranges": selectors.RANGES,
        "overview": overview,
        "ratings": ratings_count(tenant=access.tenant, turns=turns),
        "charts": [
            charts.questions_per_day(per_day),
            charts.first_word_per_day(per_day),
            charts.questions_per_model(per_model),
            charts.tokens_per_model(per_model),
        ],
        "arena": arena(turns),
        "ingestion": ingestion,
        "statuses": [(status.label, ingestion.by_status.get(status.value, 0)) for status in Document.Status],
        "bytes_used": bytes_used(access.tenant),
        "bytes_limit": settings.TENANT_MAX_BYTES,
        "failures": selectors.failures_last(tenant=access.tenant),
        "turns": selectors.turns_last(tenant=access.tenant),
        "open_gaps": gap_counts(tenant=access.tenant)["open"],
    }
    return render(request, "chat/dashboard/index.html", context)


@require_safe
@tenant_view(Role.ADMIN)
def turn(request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    row = get_object_or_404(
        selectors.turns_asked(tenant=access.tenant).select_related("conversation__user"), pk=turn_id
    )
    trace: dict[str, Any] = row.trace
    context = {
        "turn": row,
        "sources": Source.objects.for_tenant(access.tenant).filter(turn=row),
        "candidates": trace.get("candidates", []),
        "cut": trace.get("cut", []),
        "prompt": trace.get("prompt", []),
        "prompt_version": trace.get("prompt_version", ""),
        "counted": trace.get("counted_tokens"),
        "room": trace.get("room_tokens"),
        "tokenizer": trace.get("tokenizer", ""),
        "timings": list(trace.get("timings_ms", {}).items()),
        "skipped": list(trace.get("skipped", {}).items()),
        "providers": trace.get("providers", []),
        "query": trace.get("query") or row.search_query,
    }
    return render(request, "chat/dashboard/turn.html", context)


@require_safe
@tenant_view(Role.ADMIN)
def audit(request: HttpRequest, access: Access) -> HttpResponse:
    events = audit_list(tenant=access.tenant)
    actions = list(events.order_by("action").values_list("action", flat=True).distinct())
    action = request.GET.get("action", "")
    if action:
        events = events.filter(action=action)
    page = Paginator(events, AUDIT_PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "events": page.object_list, "actions": actions, "action": action}
    return render(request, "chat/dashboard/audit.html", context)


def _range(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in {str(days) for days in selectors.RANGES} else DEFAULT_RANGE
