"""Asking a provider whether it works, for the settings page. Sync, for views: each call runs its own event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext as _

from chat.domain import ProviderConfig
from chat.errors import ProviderUnreachable
from chat.settings_services import outbound_hosts
from project.errors import AppError

T = TypeVar("T")

TEST_SECONDS = 60.0
"""Ollama may have to load the model first; nobody looks at a button for longer."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a provider answered to a request for one token, or the sentence that says why it did not."""

    ok: bool
    text: str = ""
    model: str = ""
    elapsed_ms: int = 0
    error: str = ""
    code: str = ""


def provider_probe(config: ProviderConfig) -> ProbeResult:
    started = time.perf_counter()
    try:
        text, model = _run(_one_token(config))
    except AppError as error:
        return ProbeResult(ok=False, elapsed_ms=_since(started), error=error.message, code=error.code)
    return ProbeResult(ok=True, text=text, model=model or config.model, elapsed_ms=_since(started))


def provider_model_names(config: ProviderConfig) -> list[str]:
    """The models that the provider has. Raises `ProviderError`."""
    from chat.llm import list_models

    return _run(list_models(config, allowed=outbound_hosts()))


async def _one_token(config: ProviderConfig) -> tuple[str, str]:
    from chat.llm import chat_model

    model = chat_model(replace(config, max_tokens=1), allowed=outbound_hosts(), registry=settings.RAG["LLM"])
    try:
        async with asyncio.timeout(TEST_SECONDS):
            message = await model.ainvoke("Say yes.")
    except TimeoutError:
        raise ProviderUnreachable(
            _("“%(model)s” did not answer within %(seconds)d seconds. It may still be loading: try again.")
            % {"model": config.model, "seconds": TEST_SECONDS}
        ) from None
    return str(message.text), str(message.response_metadata.get("model_name") or "")


def _run(work: Coroutine[Any, Any, T]) -> T:
    from chat.llm.clients import close_clients

    async def whole() -> T:
        try:
            return await work
        finally:
            await close_clients()

    return asyncio.run(whole())


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
