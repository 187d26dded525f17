"""What the settings page asks of a provider itself: one token, its models, a download."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from chat import settings_views
from chat.models import Provider
from chat.provider_probe import ProbeResult, provider_model_names, provider_probe
from chat.provider_services import provider_get
from chat.pull import pull_start
from chat.settings_services import answer_settings, provider_config
from tenants import audit
from tenants.access import Access, tenant_view
from tenants.limits import spend
from tenants.models import Role

CALLS_PER_MINUTE = 20


@require_POST
@tenant_view(Role.ADMIN)
def provider_test(request: HttpRequest, access: Access, provider_id: UUID) -> HttpResponse:
    provider = _provider(access, provider_id)
    result = provider_probe(provider_config(provider, answer_settings(access.tenant)))
    if request.headers.get("HX-Request"):
        return _row(request, access, provider, test=result)
    return settings_views.page(request, access, tested=(provider.pk, result))


@require_GET
@tenant_view(Role.ADMIN)
def provider_models(request: HttpRequest, access: Access, provider_id: UUID) -> HttpResponse:
    """The options of a datalist."""
    provider = _provider(access, provider_id)
    names = provider_model_names(provider_config(provider, answer_settings(access.tenant)))
    return HttpResponse(format_html_join("", '<option value="{}"></option>', ((name,) for name in names)))


@require_http_methods(["GET", "POST"])
@tenant_view(Role.ADMIN)
def provider_pull(request: HttpRequest, access: Access, provider_id: UUID) -> HttpResponse:
    """POST starts a download or goes on with one; GET says how far it is."""
    provider = provider_get(access=access, provider_id=provider_id)
    if request.method == "POST":
        _spend(access)
        pull_start(provider)
        audit.record(access, gettext_noop("model download started"), provider.model)
    if request.headers.get("HX-Request"):
        return _row(request, access, provider)
    return redirect("chat:settings", access.tenant.slug)


def _provider(access: Access, provider_id: UUID) -> Provider:
    provider = provider_get(access=access, provider_id=provider_id)
    _spend(access)
    return provider


def _spend(access: Access) -> None:
    spend(
        "provider calls",
        access.tenant.pk,
        per_minute=CALLS_PER_MINUTE,
        message=_("These are many calls to providers at once. Wait a minute and try again."),
    )


def _row(request: HttpRequest, access: Access, provider: Provider, *, test: ProbeResult | None = None) -> HttpResponse:
    row = next(row for row in settings_views.provider_rows(access) if row.provider.pk == provider.pk)
    row.test = test
    return render(request, "chat/_provider.html", {"row": row})
