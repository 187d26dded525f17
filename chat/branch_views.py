"""A question asked again or in other words, and the branches that come of it. The page's script says the same over the
socket; without one these forms do."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat import selectors, services
from chat.conversations.selectors import sidebar
from chat.forms import AgainForm
from chat.models import Turn
from chat.views import answered
from chat.windows import turn_url
from tenants.access import Access, tenant_view


@require_POST
async def again(request: HttpRequest, slug: str, turn_id: UUID) -> HttpResponseBase:
    def start(access: Access, said: dict[str, Any]) -> list[Turn]:
        if said["go_on"]:
            turn, _new = services.turn_continue(access=access, turn_id=uuid4(), continue_of=turn_id)
        else:
            turn, _new = services.turn_retry(
                access=access,
                turn_id=uuid4(),
                retry_of=turn_id,
                text=said["text"] or None,
                provider_id=said["provider_id"],
            )
        return [turn]

    return await answered(request, slug, AgainForm(request.POST), start)


@require_GET
@tenant_view()
def edit(request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    """The question in a field, for whoever has no script."""
    turn = selectors.turn_get(access=access, turn_id=turn_id)
    context = {
        "turn": turn,
        "back_url": turn_url(access.tenant.slug, turn),
        "sidebar": sidebar(access=access, current_id=turn.conversation_id),
    }
    return render(request, "chat/edit.html", context)


@require_POST
@tenant_view()
def show(_request: HttpRequest, access: Access, turn_id: UUID) -> HttpResponse:
    """The page of the branch that the turn stands in, at its place."""
    return redirect(turn_url(access.tenant.slug, services.branch_show(access=access, turn_id=turn_id)))
