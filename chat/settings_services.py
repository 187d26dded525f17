"""What the answering code needs to know of a tenant's settings: how to answer, and through which providers.

A tenant without a provider row gets the server's own chain (`settings.LLM`). A tenant with rows gets the enabled
ones, in their order, and nothing else: that is how one whose data must not leave the house keeps it there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from chat.domain import ProviderConfig, ProviderKind
from chat.errors import NoProvider
from chat.models import AnswerSettings, Provider
from tenants.errors import NotFound, TenancyError
from tenants.models import Tenant
from tenants.secrets import Secret

logger = logging.getLogger(__name__)

OLLAMA_MODEL = "phi3.5"
STARTER_MODEL = "SmolLM2-135M-Instruct"
STARTER_CONTEXT_TOKENS = 4096
"""What one of the starter server's slots holds; asking for more would be refused."""
PROBE_SECONDS = 10


class Choice(NamedTuple):
    """One provider of a chain. `id` is the `Provider` row's, or None for the server's own."""

    id: UUID | None
    label: str
    config: ProviderConfig


class Target(NamedTuple):
    """Where a model is, before a tenant's settings are added."""

    kind: ProviderKind
    model: str
    base_url: str
    api_key: str = ""


def answer_settings(tenant: Tenant) -> AnswerSettings:
    """The tenant's settings; an unsaved row with the defaults when it has none."""
    return AnswerSettings.objects.for_tenant(tenant).first() or AnswerSettings(tenant=tenant)


def provider_configs(tenant: Tenant, answers: AnswerSettings | None = None) -> list[Choice]:
    """The chain to try in order, with the tenant's `answers` where they have been read already. Empty when every
    provider of the tenant is switched off.

    Reads the database and may ask Ollama whether it is there (half a second at most, remembered for ten), so it is
    called in a thread.
    """
    answers = answers or answer_settings(tenant)
    providers = list(Provider.objects.for_tenant(tenant))
    if providers:
        return [Choice(row.pk, str(row), provider_config(row, answers)) for row in providers if row.enabled]
    return [
        Choice(None, label_of(target), _config(target, answers))
        for target in server_targets(settings.LLM, ollama_answers=ollama_answers)
    ]


def provider_get(*, tenant: Tenant, provider_id: UUID) -> Provider:
    """One of the tenant's own that is switched on."""
    provider = Provider.objects.for_tenant(tenant).filter(pk=provider_id, enabled=True).first()
    if provider is None:
        raise NotFound(_("There is no such model. It may have been switched off; choose another one."))
    return provider


def choosable(choices: Sequence[Choice]) -> list[Choice]:
    """Of a tenant's chain, what its readers may choose between: its own providers, where there is more than one."""
    own = [choice for choice in choices if choice.id]
    return own if len(own) > 1 else []


def chosen(tenant: Tenant, provider_id: UUID) -> list[Choice]:
    """The chain of an answer that its reader wanted from one model: that one, and no other in its place."""
    provider = provider_get(tenant=tenant, provider_id=provider_id)
    return [Choice(provider.pk, str(provider), provider_config(provider, answer_settings(tenant)))]


def provider_config(provider: Provider, answers: AnswerSettings) -> ProviderConfig:
    kind = ProviderKind(provider.kind)
    target = Target(kind, provider.model, provider.base_url or default_address(kind), _key_of(provider))
    sees = None if provider.sees == Provider.Sees.AUTO else provider.sees == Provider.Sees.YES
    return replace(_config(target, answers), sees=sees)


def server_targets(spec: str, *, ollama_answers: Callable[[], bool]) -> list[Target]:
    """What `RAZGOVOR_LLM` means. With `auto` the starter model stands behind Ollama, which may lack the model."""
    name, _colon, model = spec.partition(":")
    starter = Target(ProviderKind.STARTER, STARTER_MODEL, settings.STARTER_URL)
    ollama = Target(ProviderKind.OLLAMA, model or OLLAMA_MODEL, settings.OLLAMA_URL)
    if spec == "auto":
        return [ollama, starter] if ollama_answers() else [starter]
    if spec == "starter":
        return [starter]
    if name == "ollama":
        return [ollama]
    if name == "openai" and model and settings.LLM_URL:
        return [Target(ProviderKind.OPENAI, model, settings.LLM_URL, settings.LLM_KEY)]
    raise NoProvider(
        _(
            "The server's RAZGOVOR_LLM=%(value)s cannot be used. Its operator can set it to auto, starter, ollama, "
            "ollama:MODEL, or to openai:MODEL together with RAZGOVOR_LLM_URL."
        )
        % {"value": spec},
        retryable=False,
    )


def default_address(kind: ProviderKind) -> str:
    """Where a provider is whose row leaves its address empty; "" where only the tenant can know."""
    if kind is ProviderKind.GITHUB:
        from chat.llm.github import BASE_URL

        return BASE_URL
    return {ProviderKind.STARTER: settings.STARTER_URL, ProviderKind.OLLAMA: settings.OLLAMA_URL}.get(kind, "")


def outbound_hosts() -> tuple[str, ...]:
    """The hosts that providers may be at: the operator's list, and the operator's own model servers."""
    own = [settings.OLLAMA_URL, settings.STARTER_URL, settings.LLM_URL]
    return (*settings.OUTBOUND_HOSTS, *dict.fromkeys(_host_and_port(url) for url in own if url))


def ollama_answers() -> bool:
    """Whether the operator's Ollama is there; asked once in ten seconds by all processes together."""
    return bool(cache.get_or_set(f"ollama-answers:{settings.OLLAMA_URL}", _ask_ollama, PROBE_SECONDS))


def label_of(target: Target) -> str:
    return f"{Provider.Kind(target.kind).label}: {target.model}"


def _ask_ollama() -> bool:
    from chat.llm.clients import close_clients
    from chat.llm.ollama import is_up

    async def ask() -> bool:
        try:
            return await is_up(settings.OLLAMA_URL, allowed=[_host_and_port(settings.OLLAMA_URL)])
        finally:
            await close_clients()

    return asyncio.run(ask())


def _config(target: Target, answers: AnswerSettings) -> ProviderConfig:
    starter = target.kind is ProviderKind.STARTER
    return ProviderConfig(
        kind=target.kind,
        model=target.model,
        base_url=target.base_url,
        api_key=target.api_key,
        temperature=answers.temperature,
        max_tokens=answers.max_tokens,
        context_tokens=min(answers.context_tokens, STARTER_CONTEXT_TOKENS) if starter else answers.context_tokens,
    )


def _key_of(provider: Provider) -> str:
    """The key in the clear. One that cannot be decrypted counts as none: the provider then refuses it in a sentence,
    and the next one of the chain gets its turn."""
    try:
        return _reveal(provider.api_key)
    except TenancyError:
        logger.warning("the key of provider %s cannot be decrypted", provider.pk)
        return ""


def _reveal(key: object) -> str:
    """The text of a stored key; a row that was not read back from the database still holds the text itself."""
    return key.reveal() if isinstance(key, Secret) else str(key)


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
