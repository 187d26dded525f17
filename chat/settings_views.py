"""The tenant's settings: how answers are made, and through which providers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from chat.domain import ProviderKind
from chat.llm.presets import PRESETS
from chat.models import Provider
from chat.provider_probe import ProbeResult
from chat.provider_services import (
    answer_settings_change,
    provider_change,
    provider_get,
)
from chat.provider_services import (
    provider_add as add_service,
)
from chat.provider_services import (
    provider_delete as delete_service,
)
from chat.provider_services import (
    provider_move as move_service,
)
from chat.pull import Pull, pull_progress
from chat.settings_forms import AnswerSettingsForm, ProviderForm
from chat.settings_services import answer_settings, default_address, provider_configs
from project.errors import AppError
from tenants.access import Access, tenant_view
from tenants.models import Role


@dataclass(slots=True)
class ProviderRow:
    """A provider as `_provider.html` shows it."""

    provider: Provider
    form: ProviderForm
    is_first: bool = False
    is_last: bool = False
    test: ProbeResult | None = None
    pull: Pull | None = None
    open: bool = False
    """The form is shown, not only the summary."""

    @property
    def address(self) -> str:
        return self.provider.base_url or default_address(ProviderKind(self.provider.kind))

    @property
    def has_key(self) -> bool:
        return bool(self.provider.api_key)

    @property
    def notice(self) -> str:
        """What is known about the end of the service."""
        return lifecycle_note() if self.provider.kind == ProviderKind.GITHUB else ""

    @property
    def can_pull(self) -> bool:
        return self.provider.kind == ProviderKind.OLLAMA


def lifecycle_note() -> str:
    from chat.llm.github import LIFECYCLE

    return translation.gettext(LIFECYCLE.note) if LIFECYCLE.is_over(timezone.now().date()) else ""


@require_http_methods(["GET", "POST"])
@tenant_view(Role.ADMIN)
def settings_page(request: HttpRequest, access: Access) -> HttpResponse:
    row = answer_settings(access.tenant)
    if request.method == "GET":
        return page(request, access)
    form = AnswerSettingsForm(request.POST, instance=row, tenant=access.tenant)
    if not form.is_valid():
        return page(request, access, form=form, status=400)
    searched = {collection.pk for collection in form.cleaned_data["collections"]}
    answer_settings_change(access=access, values=form.cleaned_data, searched_ids=searched)
    messages.success(request, _("The settings are saved."))
    return redirect("chat:settings", access.tenant.slug)


@require_POST
@tenant_view(Role.ADMIN)
def provider_add(request: HttpRequest, access: Access) -> HttpResponse:
    form = ProviderForm(request.POST)
    if not form.is_valid():
        return page(request, access, add_form=form, status=400)
    provider = add_service(access=access, values=form.cleaned_data, key=form.key_change())
    messages.success(request, _("%(provider)s is added.") % {"provider": provider})
    return redirect("chat:settings", access.tenant.slug)


@require_http_methods(["GET", "POST"])
@tenant_view(Role.ADMIN)
def provider_edit(request: HttpRequest, access: Access, provider_id: UUID) -> HttpResponse:
    provider = provider_get(access=access, provider_id=provider_id)
    if request.method == "GET":
        return page(request, access, open_form=ProviderForm(provider=provider))
    form = ProviderForm(request.POST, provider=provider)
    if not form.is_valid():
        return page(request, access, open_form=form, status=400)
    provider_change(access=access, provider=provider, values=form.cleaned_data, key=form.key_change())
    messages.success(request, _("%(provider)s is saved.") % {"provider": provider})
    return redirect("chat:settings", access.tenant.slug)


@require_POST
@tenant_view(Role.ADMIN)
def provider_delete(request: HttpRequest, access: Access, provider_id: UUID) -> HttpResponse:
    provider = provider_get(access=access, provider_id=provider_id)
    delete_service(access=access, provider=provider)
    messages.success(request, _("%(provider)s is removed.") % {"provider": provider})
    return redirect("chat:settings", access.tenant.slug)


@require_POST
@tenant_view(Role.ADMIN)
def provider_move(request: HttpRequest, access: Access, provider_id: UUID) -> HttpResponse:
    """`direction` is `up` or `down`; anything else counts as down."""
    provider = provider_get(access=access, provider_id=provider_id)
    move_service(access=access, provider=provider, up=request.POST.get("direction") == "up")
    return redirect("chat:settings", access.tenant.slug)


def provider_rows(access: Access, *, open_form: ProviderForm | None = None) -> list[ProviderRow]:
    """The tenant's chain in its order; the provider that `open_form` belongs to shows that form."""
    providers = list(Provider.objects.for_tenant(access.tenant))
    opened = open_form.provider if open_form else None
    return [
        ProviderRow(
            provider=provider,
            form=open_form if open_form and opened and opened.pk == provider.pk else ProviderForm(provider=provider),
            is_first=index == 0,
            is_last=index == len(providers) - 1,
            pull=pull_progress(provider) if provider.kind == ProviderKind.OLLAMA else None,
            open=opened is not None and opened.pk == provider.pk,
        )
        for index, provider in enumerate(providers)
    ]


def page(
    request: HttpRequest,
    access: Access,
    *,
    form: AnswerSettingsForm | None = None,
    add_form: ProviderForm | None = None,
    open_form: ProviderForm | None = None,
    tested: tuple[UUID, ProbeResult] | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = provider_rows(access, open_form=open_form)
    for row in rows:
        if tested and tested[0] == row.provider.pk:
            row.test = tested[1]
    context = {
        "form": form or AnswerSettingsForm(instance=answer_settings(access.tenant), tenant=access.tenant),
        "providers": rows,
        "server_chain": [] if rows else _server_chain(access),
        "add_form": add_form or ProviderForm(),
        "presets": PRESETS,
        "outbound_hosts": settings.OUTBOUND_HOSTS,
    }
    return render(request, "chat/settings.html", context, status=status)


def _server_chain(access: Access) -> list[str]:
    """What is used while the tenant has no provider of its own, or the sentence that says why nothing is."""
    try:
        return [choice.label for choice in provider_configs(access.tenant)]
    except AppError as error:
        return [error.message]
