"""What the menus of the sidebar do with folders. They answer as those of conversations do."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat.conversations.views import list_changed
from chat.folders import services
from tenants.access import Access, tenant_view
from tenants.errors import NotFound


@require_POST
@tenant_view()
def move(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    """`folder` is the id of one, or empty for none."""
    folder_id = _uuid(request.POST.get("folder", ""))
    services.conversation_move(access=access, conversation_id=conversation_id, folder_id=folder_id)
    return list_changed(request, access)


@require_POST
@tenant_view()
def move_to_new(request: HttpRequest, access: Access, conversation_id: UUID) -> HttpResponse:
    name = request.POST.get("name", "")
    services.conversation_move_to_new(access=access, conversation_id=conversation_id, name=name)
    return list_changed(request, access)


@require_POST
@tenant_view()
def rename(request: HttpRequest, access: Access, folder_id: UUID) -> HttpResponse:
    services.folder_rename(access=access, folder_id=folder_id, name=request.POST.get("name", ""))
    return list_changed(request, access)


@require_POST
@tenant_view()
def collapse(request: HttpRequest, access: Access, folder_id: UUID) -> HttpResponse:
    """Told by the page's script when a folder is folded or unfolded."""
    services.folder_collapse(access=access, folder_id=folder_id, collapsed=request.POST.get("collapsed") == "true")
    return HttpResponse(status=204)


@require_POST
@tenant_view()
def delete(request: HttpRequest, access: Access, folder_id: UUID) -> HttpResponse:
    services.folder_delete(access=access, folder_id=folder_id)
    return list_changed(request, access, said=_("The folder is deleted. Its conversations are in the list."))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound(_("There is no such folder. It may have been deleted.")) from None
