"""A document from a web address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ingestion import selectors, services
from ingestion.errors import UploadRefused
from ingestion.forms import AddressForm
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role


@require_POST
@tenant_view(Role.MEMBER)
def address_add(request: HttpRequest, access: Access) -> HttpResponse:
    """Fetch it while the person waits: what can be wrong with an address is best said at once."""
    form = AddressForm(request.POST)
    if not form.is_valid():
        raise UploadRefused(_("This is not a web address. It begins with https:// or http://."), code="address.refused")
    chosen = selectors.collection_chosen(tenant=access.tenant, collection_id=form.cleaned_data["collection"])
    collection = chosen or services.collection_default(access=access)
    try:
        taken = services.document_add_address(access=access, collection=collection, url=form.cleaned_data["url"])
    except AppError as error:
        messages.error(request, error.message)
    else:
        said = _("“%(name)s” has not changed since it was last fetched.") if taken.duplicate else _("Added: %(name)s")
        messages.success(request, said % {"name": taken.document.name})
    return redirect("ingestion:collection", access.tenant.slug, collection.pk)
