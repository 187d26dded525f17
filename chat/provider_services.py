"""Writes of the settings page: how answers are made, and the chain of providers. Keys never reach the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from chat.models import AnswerSettings, Provider
from chat.settings_services import answer_settings
from ingestion import selectors as ingestion_selectors
from ingestion.services import collection_update
from tenants import audit
from tenants.access import Access
from tenants.errors import NotFound
from tenants.models import Role

ANSWER_FIELDS = (
    "mode",
    "temperature",
    "max_tokens",
    "context_tokens",
    "passages",
    "system_prompt",
    "languages",
    "suggests",
)
PROVIDER_FIELDS = (
    "kind",
    "preset",
    "base_url",
    "model",
    "sees",
    "enabled",
    "input_price",
    "output_price",
    "currency",
)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What becomes of a provider's key: replaced by `text`, removed, or (by default) kept."""

    text: str = ""
    remove: bool = False


@transaction.atomic
def answer_settings_change(
    *, access: Access, values: Mapping[str, Any], searched_ids: Collection[UUID]
) -> AnswerSettings:
    """Store `values` (by the names in `ANSWER_FIELDS`) and which collections are searched. The audit log gets the
    names of what changed."""
    access.require(Role.ADMIN)
    row = answer_settings(access.tenant)
    changed = [name for name in ANSWER_FIELDS if getattr(row, name) != values[name]]
    if changed:
        AnswerSettings.objects.for_tenant(access.tenant).update_or_create(
            tenant=access.tenant, defaults={name: values[name] for name in ANSWER_FIELDS}
        )
        audit.record(access, gettext_noop("settings changed"), "", fields=changed)
    for collection in ingestion_selectors.collections_list(tenant=access.tenant):
        searched = collection.pk in searched_ids
        if collection.searched != searched:
            collection_update(access=access, collection=collection, searched=searched)
    return answer_settings(access.tenant)


def provider_get(*, access: Access, provider_id: UUID) -> Provider:
    provider = Provider.objects.for_tenant(access.tenant).filter(pk=provider_id).first()
    if provider is None:
        raise NotFound(_("There is no such provider. It may have been removed."))
    return provider


@transaction.atomic
def provider_add(*, access: Access, values: Mapping[str, Any], key: KeyChange) -> Provider:
    """Add a provider at the end of the chain. `values` has the names in `PROVIDER_FIELDS`."""
    access.require(Role.ADMIN)
    last = Provider.objects.for_tenant(access.tenant).order_by("-position").first()
    provider = Provider.objects.create(
        tenant=access.tenant,
        position=last.position + 1 if last else 0,
        api_key=key.text,
        **{name: values[name] for name in PROVIDER_FIELDS},
    )
    audit.record(access, gettext_noop("provider added"), str(provider), address=provider.base_url, key=bool(key.text))
    return provider


@transaction.atomic
def provider_change(*, access: Access, provider: Provider, values: Mapping[str, Any], key: KeyChange) -> None:
    access.require(Role.ADMIN)
    changed = [name for name in PROVIDER_FIELDS if getattr(provider, name) != values[name]]
    for name in changed:
        setattr(provider, name, values[name])
    if key.text or key.remove:
        provider.api_key = key.text
        changed.append("api_key")
    if changed:
        provider.save(update_fields=changed)
        audit.record(access, gettext_noop("provider changed"), str(provider), fields=changed, address=provider.base_url)


@transaction.atomic
def provider_delete(*, access: Access, provider: Provider) -> None:
    access.require(Role.ADMIN)
    name = str(provider)
    Provider.objects.for_tenant(access.tenant).filter(pk=provider.pk).delete()
    audit.record(access, gettext_noop("provider removed"), name)


@transaction.atomic
def provider_move(*, access: Access, provider: Provider, up: bool) -> None:
    """Swap it with its neighbour in the chain; at the end of the chain nothing happens."""
    access.require(Role.ADMIN)
    chain = list(Provider.objects.for_tenant(access.tenant).select_for_update())
    at = next((index for index, row in enumerate(chain) if row.pk == provider.pk), None)
    to = None if at is None else at + (-1 if up else 1)
    if at is None or to is None or not 0 <= to < len(chain):
        return
    chain[at], chain[to] = chain[to], chain[at]
    for position, row in enumerate(chain):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])
    audit.record(access, gettext_noop("provider moved"), str(provider), direction="up" if up else "down")
