"""Rating an answer, by whoever has asked; and what admins make of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat import selectors
from chat.quality import golden, ratings
from chat.quality.errors import QualityRefused
from chat.quality.forms import RatingForm
from chat.windows import turn_url
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role

RATED_SHOWN = 50
"""On one page."""
FRAGMENT = "rating"
"""What a script asks for in `HX-Target`, instead of the page."""


@require_POST
@tenant_view()
def rate(request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    form = RatingForm(request.POST)
    if not form.is_valid():
        raise QualityRefused(_("Choose one of the two thumbs, and write at most 500 characters."))
    value = form.cleaned_data["value"]
    if value == "none":
        ratings.rating_withdraw(access=access, turn_id=turn_id)
    else:
        why = {name: form.cleaned_data[name] for name in ("reason", "comment")}
        ratings.rating_set(access=access, turn_id=turn_id, helpful=value == "up", **why)
    if request.headers.get("HX-Target") == FRAGMENT:
        (view,) = selectors.turn_views(access=access, turns=[turn])
        return render(request, "chat/_rating.html", {"turn": view, "tenant": access.tenant})
    return redirect(turn_url(access.tenant.slug, turn))


@require_safe
@tenant_view(Role.ADMIN)
def rated(request: HttpRequest, access: Access) -> HttpResponse:
    page = Paginator(ratings.ratings_latest(tenant=access.tenant), RATED_SHOWN).get_page(request.GET.get("page"))
    taken = ratings.taken(tenant=access.tenant, turn_ids=[rating.turn_id for rating in page])
    rows: list[dict[str, Any]] = [{"rating": each, "taken": each.turn_id in taken} for each in page]
    context = {
        "page": page,
        "rows": rows,
        "counts": ratings.ratings_count(tenant=access.tenant),
        "reasons": ratings.reasons_count(tenant=access.tenant),
        "part": "rated",
    }
    return render(request, "chat/quality/rated.html", context)


@require_POST
@tenant_view(Role.ADMIN)
def take(request: HttpRequest, access: Access, rating_id: int) -> HttpResponse:
    rating = ratings.rated_get(tenant=access.tenant, rating_id=rating_id)
    try:
        made = golden.golden_take(access=access, rating=rating)
    except AppError as error:
        messages.error(request, error.message)
        return redirect("chat:dashboard_rated", access.tenant.slug)
    messages.success(request, _("The question is a golden one now. Look whether what is expected is right."))
    return redirect("chat:dashboard_golden_edit", access.tenant.slug, made.pk)
