"""What the menu of a conversation does. The page's script gets the list as it is now, with what to say about it;
without a script the page is shown again, or the chat's first one where its conversation has left the list."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat.conversations import services
from chat.conversations.selectors import sidebar
from tenants.access import Access, tenant_view


@require_POST
@tenant_view()
def rename(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_rename(access=access, conversation_id=conversation_id, title=request.POST.get("title", ""))
    return list_changed(request, access)


@require_POST
@tenant_view()
def pin(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_pin(access=access, conversation_id=conversation_id, pinned=True)
    return list_changed(request, access)


@require_POST
@tenant_view()
def unpin(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_pin(access=access, conversation_id=conversation_id, pinned=False)
    return list_changed(request, access)


@require_POST
@tenant_view()
def archive(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_archive(access=access, conversation_id=conversation_id, archived=True)
    return list_changed(request, access, left=conversation_id, said=_("Archived."), undo="conversation_unarchive")


@require_POST
@tenant_view()
def unarchive(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_archive(access=access, conversation_id=conversation_id, archived=False)
    return list_changed(request, access, said=_("It is back in the list."))


@require_POST
@tenant_view()
def delete(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_delete(access=access, conversation_id=conversation_id)
    return list_changed(request, access, left=conversation_id, said=_("Deleted."), undo="conversation_restore")


@require_POST
@tenant_view()
def restore(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    services.conversation_restore(access=access, conversation_id=conversation_id)
    return list_changed(request, access, said=_("It is there again."))


def list_changed(
    request: HttpRequest, access: Access, *, left: UUID | None = None, said: str = "", undo: str = ""
) -> HttpResponse:
    """`left` has left the list; `undo` names the address that takes it back."""
    slug = access.tenant.slug
    here = page_before(request, slug)
    current = _conversation_at(here)
    undo_url = reverse(f"chat:{undo}", args=[slug, left]) if undo else ""
    goes_home = left is not None and left == current
    if request.headers.get("HX-Request") and request.POST.get("part") == "list" and not goes_home:
        context = {
            "sidebar": sidebar(access=access, current_id=current),
            "said": said,
            "undo_url": undo_url,
            "here": here,
        }
        return render(request, "chat/conversations/_changed.html", context)
    if said:
        messages.success(request, said, extra_tags=undo_url)
    target = reverse("chat:home", args=[slug]) if goes_home else here
    return _to(request, target)


def _to(request: HttpRequest, target: str) -> HttpResponse:
    return HttpResponse(headers={"HX-Redirect": target}) if request.headers.get("HX-Request") else redirect(target)


def page_before(request: HttpRequest, slug: str) -> str:
    """The page on which the menu was: one of this organisation's, whatever the form says."""
    home = reverse("chat:home", args=[slug])
    asked = request.POST.get("here", "")
    is_ours = asked.startswith(home) and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours else home


def _conversation_at(path: str) -> UUID | None:
    """The conversation that is open on the page at `path`."""
    try:
        match = resolve(path.partition("?")[0])
    except Resolver404:
        return None
    found = match.kwargs.get("conversation_id")
    return found if isinstance(found, UUID) else None
