"""The keys that programs sign in with, for the organisation's admins."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from project.errors import AppError
from tenants import api_key_services, selectors
from tenants.access import Access, tenant_view
from tenants.forms import ApiKeyForm
from tenants.limits import spend
from tenants.models import ApiKey, Role

KEYS_PER_MINUTE = 20


@require_GET
@tenant_view(Role.ADMIN)
def api_keys(request: HttpRequest, access: Access) -> HttpResponse:
    return _page(request, access, form=ApiKeyForm(access=access))


@require_POST
@tenant_view(Role.ADMIN)
def api_key_create(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the new token on the page itself: it is stored only as a hash, so it cannot wait for a redirect."""
    form = ApiKeyForm(request.POST, access=access)
    if not form.is_valid():
        return _page(request, access, form=form, status=400)
    spend(
        "api keys",
        access.tenant.pk,
        per_minute=KEYS_PER_MINUTE,
        message=_("These are many keys at once. Wait a minute before you make more."),
    )
    try:
        key, token = api_key_services.api_key_create(
            access=access,
            name=form.cleaned_data["name"],
            role=Role(form.cleaned_data["role"]),
            expires_at=form.expires_at(),
        )
    except AppError as error:
        form.add_error(None, error.message)
        return _page(request, access, form=form, status=400)
    return _page(request, access, form=ApiKeyForm(access=access), new_key=key, token=token)


@require_POST
@tenant_view(Role.ADMIN)
def api_key_revoke(request: HttpRequest, access: Access, key_id: UUID) -> HttpResponse:
    key = get_object_or_404(selectors.api_keys_list(tenant=access.tenant), pk=key_id)
    api_key_services.api_key_revoke(access=access, key=key)
    messages.success(request, _("The key “%(name)s” opens nothing any more.") % {"name": key.name})
    return redirect("tenants:api_keys", access.tenant.slug)


def _page(
    request: HttpRequest,
    access: Access,
    *,
    form: ApiKeyForm,
    new_key: ApiKey | None = None,
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "keys": selectors.api_keys_list(tenant=access.tenant),
        "form": form,
        "new_key": new_key,
        "token": token,
        "api_url": settings.PUBLIC_URL + reverse("api:api-root"),
        "docs_url": reverse("api:openapi-view"),
    }
    response = render(request, "tenants/api_keys.html", context, status=status)
    if token:
        response["Cache-Control"] = "no-store"
    return response
