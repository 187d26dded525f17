"""The quality lab: runs, one of them, and two of them side by side. Admins only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.dashboard import charts
from chat.quality import golden, ratings, runs, showing, tasks
from chat.quality.comparing import PROBABLE, Row, Verdict, change_of
from chat.quality.comparing import compare as compare_results
from chat.quality.forms import RunForm
from chat.quality.models import QualityRun
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role

QUESTIONS_SHOWN = 50
"""On one page. Each has its answer and the passages that were found."""


@require_safe
@tenant_view(Role.ADMIN)
def lab(request: HttpRequest, access: Access) -> HttpResponse:
    """The latest run with its difference, the history of runs like it, and all runs."""
    every = list(runs.runs_list(tenant=access.tenant)[: runs.RUNS_SHOWN])
    context: dict[str, Any] = {
        "part": "runs",
        "runs": every,
        "running": any(run.is_open for run in every),
        "ticked": _ids(request),
    }
    if request.headers.get("HX-Target") == "runs":
        return render(request, "chat/quality/_runs.html", context)
    latest = next((run for run in every if run.status == QualityRun.Status.COMPLETED), None)
    context |= {
        "latest": latest,
        "golden_count": sum(count for count, _absent in golden.golden_counts(tenant=access.tenant).values()),
        "rated": ratings.ratings_count(tenant=access.tenant),
    }
    if latest is not None:
        history = runs.history_of(latest)
        other = runs.baseline_of(latest) or next((run for run in history[-2::-1]), None)
        rows = compare_results(*runs.same_results(other, latest)) if other else []
        context |= {
            "other": other,
            "tiles": showing.tiles(latest, rows),
            "charts": [charts.search_quality(history), charts.answer_quality(history)] if len(history) > 1 else [],
        }
    return render(request, "chat/quality/lab.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_view(Role.ADMIN)
def start(request: HttpRequest, access: Access) -> HttpResponse:
    """A new run; `?like=` takes over what another one was made with."""
    posted = request.POST if request.method == "POST" else None
    form = RunForm(posted, tenant=access.tenant, initial=_like(request, access))
    if posted is not None and form.is_valid():
        try:
            with transaction.atomic():
                made = runs.run_start(
                    access=access,
                    collections=list(form.cleaned_data["collections"]),
                    wanted=form.configuration(),
                    with_answers=form.cleaned_data["with_answers"],
                    name=form.cleaned_data["name"],
                )
                transaction.on_commit(lambda: tasks.enqueue(made))
        except AppError as error:
            form.add_error(None, error.message)
        else:
            return redirect("chat:dashboard_quality_run", access.tenant.slug, made.pk)
    context = {"part": "runs", "form": form, "has_golden": form.fields["collections"].queryset.exists()}  # type: ignore[attr-defined]
    return render(request, "chat/quality/start.html", context, status=400 if posted is not None else 200)


def _like(request: HttpRequest, access: Access) -> dict[str, Any]:
    try:
        like = runs.run_get(tenant=access.tenant, run_id=UUID(request.GET["like"]))
    except (KeyError, ValueError, AppError):
        return {}
    return {
        "collections": like.collection_ids,
        "with_answers": "yes" if like.with_answers else "no",
        **like.configuration,
    }


@require_safe
@tenant_view(Role.ADMIN)
def run(request: HttpRequest, access: Access, run_id: UUID) -> HttpResponse:
    found = runs.run_get(tenant=access.tenant, run_id=run_id)
    if request.headers.get("HX-Target") == "progress":
        response = render(request, "chat/quality/_progress.html", {"run": found})
        if not found.is_open:
            response["HX-Refresh"] = "true"
        return response
    other = runs.baseline_of(found) if found.status == QualityRun.Status.COMPLETED else None
    context = {
        "part": "runs",
        "run": found,
        "results": _page(request, runs.results_of(found)),
        "others": runs.alike(found).filter(status=QualityRun.Status.COMPLETED).exclude(pk=found.pk)[: runs.HISTORY],
        "other": other,
        "tiles": showing.tiles(found, compare_results(*runs.same_results(other, found)) if other else []),
        "figures": showing.table(found),
        "setup": showing.setup_rows(found),
    }
    return render(request, "chat/quality/run.html", context)


def _page(request: HttpRequest, questions: Any) -> Page[Any]:
    return Paginator(questions, QUESTIONS_SHOWN).get_page(request.GET.get("page"))


@require_safe
@tenant_view(Role.ADMIN)
def compare(request: HttpRequest, access: Access) -> HttpResponse:
    """Two runs, `?run=…&run=…`, the older one on the left."""
    chosen = [runs.run_get(tenant=access.tenant, run_id=each) for each in _ids(request)]
    if len({each.pk for each in chosen}) != 2:
        messages.error(request, _("Choose two runs to compare."))
        return redirect("chat:dashboard_quality", access.tenant.slug)
    before, after = sorted(chosen, key=lambda each: each.created_at)
    pairs = runs.pairs_of(before, after)
    rows = compare_results(*runs.as_results(pairs)) if pairs else []
    context = {
        "part": "runs",
        "before": before,
        "after": after,
        "figures": showing.compared(rows),
        "verdicts": _verdicts(rows),
        "setup": showing.setup_rows(before, after),
        "shared": len(pairs),
        "changed": _page(request, _changed(pairs)),
        "probable": PROBABLE,
        "unlike": bool(before.configuration.get("chunk_characters"))
        != bool(after.configuration.get("chunk_characters")),
    }
    return render(request, "chat/quality/compare.html", context)


def _ids(request: HttpRequest) -> list[UUID]:
    found = []
    for text in request.GET.getlist("run")[:3]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _changed(pairs: Sequence[runs.Pair]) -> list[dict[str, Any]]:
    """Questions that went better or worse, the worse ones first."""
    told = [
        {"pair": (one, two), "verdict": verdict.value, "sign": showing.SIGNS[verdict]}
        for one, two in pairs
        if (verdict := change_of(runs.as_result(one), runs.as_result(two))) is not Verdict.SAME
    ]
    return sorted(told, key=lambda each: each["verdict"] != Verdict.WORSE)


def _verdicts(rows: Sequence[Row]) -> dict[str, int]:
    """How many figures are probably better, and worse."""
    sure = [row.verdict for row in rows if row.is_probable]
    return {"better": sure.count(Verdict.BETTER), "worse": sure.count(Verdict.WORSE)}


@require_POST
@tenant_view(Role.ADMIN)
def cancel(request: HttpRequest, access: Access, run_id: UUID) -> HttpResponse:
    found = runs.run_get(tenant=access.tenant, run_id=run_id)
    runs.run_cancel(access=access, run=found)
    messages.success(request, _("The run is cancelled. What it has measured is kept."))
    return redirect("chat:dashboard_quality_run", access.tenant.slug, found.pk)


@require_POST
@tenant_view(Role.ADMIN)
def delete(request: HttpRequest, access: Access, run_id: UUID) -> HttpResponse:
    found = runs.run_get(tenant=access.tenant, run_id=run_id)
    try:
        runs.run_delete(access=access, run=found)
    except AppError as error:
        messages.error(request, error.message)
        return redirect("chat:dashboard_quality_run", access.tenant.slug, found.pk)
    messages.success(request, _("The run is deleted."))
    return redirect("chat:dashboard_quality", access.tenant.slug)


@require_POST
@tenant_view(Role.ADMIN)
def baseline(request: HttpRequest, access: Access, run_id: UUID) -> HttpResponse:
    """Make it the baseline, or an ordinary run again."""
    found = runs.run_get(tenant=access.tenant, run_id=run_id)
    try:
        (runs.baseline_clear if found.is_baseline else runs.baseline_set)(access=access, run=found)
    except AppError as error:
        messages.error(request, error.message)
    return redirect("chat:dashboard_quality_run", access.tenant.slug, found.pk)
