"""Downloading a model into a tenant's Ollama, with its progress where every process can read it.

Ollama keeps what it has: a download that was broken off goes on from there when it is started again.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.utils import translation
from django.utils.translation import gettext as _

from chat.domain import ProviderConfig, ProviderKind
from chat.errors import ChatError, ProviderError
from chat.models import Provider
from chat.settings_services import answer_settings, outbound_hosts, provider_config

KEEP_SECONDS = 24 * 3600
STALE_SECONDS = 150
"""Longer than Ollama may be silent (`chat.llm.ollama.PULL_SILENCE_S`): whoever wrote the progress is no more."""
TASK_EXPIRES_S = 3600
REPORT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Pull:
    """How far a download is. `completed` and `total` are bytes of the present layer. `error` is a sentence."""

    model: str
    status: str = ""
    completed: int | None = None
    total: int | None = None
    error: str = ""
    done: bool = False
    at: float = 0.0
    """When this was written, in seconds since 1970."""

    @property
    def running(self) -> bool:
        return not self.done and not self.error

    @property
    def percent(self) -> int | None:
        return 100 * (self.completed or 0) // self.total if self.total else None


def pull_start(provider: Provider) -> Pull:
    """Start the download, unless it is under way; return where it stands."""
    if provider.kind != ProviderKind.OLLAMA:
        raise ChatError(_("Only Ollama downloads models. Other providers have theirs already."), code="pull.not_ollama")
    present = pull_progress(provider)
    if present is not None and present.running and present.model == provider.model:
        return present
    _write(provider.pk, begun := Pull(model=provider.model, status=_("waiting for a worker")))
    pull_model.apply_async(
        [str(provider.tenant_id), str(provider.pk), translation.get_language()], expires=TASK_EXPIRES_S
    )
    return begun


def pull_progress(provider: Provider) -> Pull | None:
    """Where the last download of this provider's model stands; None when there was none."""
    stored = cache.get(_key(provider.pk))
    if stored is None:
        return None
    pull = Pull(**stored)
    if pull.running and time.time() - pull.at > STALE_SECONDS:
        return Pull(
            model=pull.model, error=_("The download was broken off. Start it again; it goes on where it stopped.")
        )
    return pull


@shared_task(name="chat.tasks.pull_model")
def pull_model(tenant_id: str, provider_id: str, language: str | None = None) -> None:
    """What goes wrong is told in the `language` of whoever has started it."""
    provider = Provider.objects.for_tenant(UUID(tenant_id)).filter(pk=provider_id).first()
    if provider is None:
        return
    config = provider_config(provider, answer_settings(provider.tenant))
    try:
        with translation.override(language):
            asyncio.run(_pull(provider.pk, config))
    except ProviderError as error:
        _write(provider.pk, Pull(model=config.model, error=error.message))
    else:
        _write(provider.pk, Pull(model=config.model, status="success", done=True))


async def _pull(provider_id: UUID, config: ProviderConfig) -> None:
    from chat.llm.clients import close_clients
    from chat.llm.ollama import pull

    written = 0.0
    try:
        async for step in pull(config.base_url, config.model, allowed=outbound_hosts(), api_key=config.api_key):
            if time.monotonic() - written >= REPORT_SECONDS:  # Ollama reports many times a second
                written = time.monotonic()
                now = Pull(model=config.model, status=step.status, completed=step.completed, total=step.total)
                await asyncio.to_thread(_write, provider_id, now)
    finally:
        await close_clients()


def _write(provider_id: UUID, pull: Pull) -> None:
    cache.set(_key(provider_id), asdict(pull) | {"at": time.time()}, KEEP_SECONDS)


def _key(provider_id: UUID) -> str:
    return f"pull:{provider_id}"
