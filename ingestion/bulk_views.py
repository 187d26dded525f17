"""What is done to many documents at once from the list."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ingestion import bulk, portal, selectors
from ingestion.errors import IngestionError
from ingestion.forms import BulkForm
from ingestion.listing import Listing
from ingestion.models import Collection, Document
from tenants.access import Access, tenant_view
from tenants.models import Role


@require_POST
@tenant_view(Role.MEMBER)
def bulk_action(request: HttpRequest, access: Access) -> HttpResponse:
    """Without a script, many documents are deleted only after a page has asked."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        raise IngestionError(_("Choose what is to be done with the documents."), code="bulk.invalid")
    said = form.cleaned_data
    collection = selectors.collection_chosen(tenant=access.tenant, collection_id=said["collection"])
    documents = _chosen(access, collection, request, said)
    scripted = portal.asked_for(request, "listing")
    if said["action"] == "delete" and not (scripted or said["confirmed"]):
        return _ask(request, access, collection, documents)
    target = _target(access, said)
    if documents.exists():
        outcome = bulk.run(access=access, action=said["action"], documents=documents, target=target)
        level = messages.SUCCESS if outcome.done and not outcome.refused else messages.WARNING
        messages.add_message(request, level, str(outcome))
    else:
        messages.warning(request, _("No document was chosen, so nothing was done."))
    if scripted:
        context = portal.listing_context(access, collection, request.POST)
        return portal.fragment(request, "ingestion/_bulk_done.html", context)
    return redirect(portal.list_address(access, collection) + Listing.of(request.POST).query())


def _target(access: Access, said: dict[str, Any]) -> Collection | None:
    if said["action"] != "move":
        return None
    if said["target"] is None:
        raise IngestionError(_("Choose the collection to move the documents to."), code="bulk.no_target")
    return selectors.collection_get(tenant=access.tenant, collection_id=said["target"])


def _chosen(
    access: Access, collection: Collection | None, request: HttpRequest, said: dict[str, Any]
) -> QuerySet[Document]:
    """Ids of documents that are not this tenant's choose nothing, like ids that nothing has."""
    if said["everything"]:
        return Listing.of(request.POST).apply(selectors.documents_list(tenant=access.tenant, collection=collection))
    return selectors.documents_list(tenant=access.tenant).filter(pk__in=said["ids"])


def _ask(
    request: HttpRequest, access: Access, collection: Collection | None, documents: QuerySet[Document]
) -> HttpResponse:
    said = [(name, value) for name, values in request.POST.lists() for value in values]
    context = {
        "count": documents.count(),
        "said": [(name, value) for name, value in said if name not in {"csrfmiddlewaretoken", "confirmed"}],
        "list_url": portal.list_address(access, collection) + Listing.of(request.POST).query(),
    }
    return render(request, "ingestion/bulk_confirm.html", context)
