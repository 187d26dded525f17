"""The page “When to refuse”: each collection's line, what it does, and the admin's own."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from chat import tasks
from chat.lines import selectors, services
from chat.lines.forms import LineForm
from chat.lines.threshold import HIGHEST, LOWEST
from chat.relevance import RELEVANT
from ingestion.selectors import collection_get
from tenants.access import Access, tenant_view
from tenants.models import Role


@require_safe
@tenant_view(Role.ADMIN)
def lines(request: HttpRequest, access: Access) -> HttpResponse:
    context = {
        "lines": selectors.collection_lines(tenant=access.tenant),
        "general": RELEVANT,
        "lowest": LOWEST,
        "highest": HIGHEST,
    }
    return render(request, "chat/lines.html", context)


@require_POST
@tenant_view(Role.ADMIN)
def line_choose(request: HttpRequest, access: Access, collection_id: UUID) -> HttpResponse:
    collection = collection_get(tenant=access.tenant, collection_id=collection_id)
    form = LineForm(request.POST)
    if not collection.embedder_fingerprint:
        messages.error(request, _nothing_read())
    elif form.is_valid():
        services.line_choose(access=access, collection=collection, line=form.chosen())
        messages.success(request, _("The line of “%(name)s” is saved.") % {"name": collection.name})
    else:
        messages.error(
            request, _("Enter a number from %(lowest)s to %(highest)s.") % {"lowest": LOWEST, "highest": HIGHEST}
        )
    return redirect("chat:settings_lines", access.tenant.slug)


@require_POST
@tenant_view(Role.ADMIN)
def line_fit(request: HttpRequest, access: Access, collection_id: UUID) -> HttpResponse:
    collection = collection_get(tenant=access.tenant, collection_id=collection_id)
    if not collection.embedder_fingerprint:
        messages.error(request, _nothing_read())
    else:
        tasks.enqueue_fit(collection)
        messages.success(
            request, _("“%(name)s” is being asked questions. Reload the page in a minute.") % {"name": collection.name}
        )
    return redirect("chat:settings_lines", access.tenant.slug)


def _nothing_read() -> str:
    """A line holds for an embedder, and the collection has none yet."""
    return _("The general line holds until its documents are read and it was tried out, which happens by itself.")
