"""A comparison as a fragment, and what its reader makes of it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chat import selectors
from chat.comparisons.models import Comparison
from chat.comparisons.services import verdict_set
from chat.comparisons.showing import views_of
from chat.errors import ComparisonRefused
from chat.windows import turn_url, window_of
from tenants.access import Access, tenant_view
from tenants.errors import NotFound

FRAGMENT = "comparison"
"""What a script asks for in `HX-Target`, instead of the page."""


@require_http_methods(["GET", "POST"])
@tenant_view()
def comparison(request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    """`verdict` says what somebody thinks; with "better", the turn of the address is the better one."""
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    if turn.comparison_id is None:
        raise NotFound(_("This answer was not compared with others."))
    if request.method == "POST":
        verdict = request.POST.get("verdict", "")
        if verdict not in {*Comparison.Verdict.values, "none"}:
            raise ComparisonRefused(_("Choose the better answer, or that all are good or bad."))
        chosen = Comparison.Verdict.NONE if verdict == "none" else Comparison.Verdict(verdict)
        verdict_set(access=access, turn_id=turn_id, verdict=chosen)
        if request.headers.get("HX-Target") != FRAGMENT:
            return redirect(turn_url(access.tenant.slug, turn))
    found = selectors.conversation_get(access=access, conversation_id=turn.conversation_id)
    window = window_of(access=access, conversation=found, at=turn_id)
    shown = next(each for each in window.turns if turn in window.compared.get(each.pk, ()))
    (view,) = views_of(access=access, window=replace(window, turns=[shown]))
    return render(request, "chat/_comparison.html", {"turn": view, "tenant": access.tenant})
