"""Models that write answers. `chat_model` makes any of them, ours or another LangChain package's, from a tenant's
settings. LangChain is imported when the first one is made, not before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from chat.domain import ProviderConfig, ProviderKind
from chat.llm.outbound import outbound_allowed

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Entry = str | Mapping[str, Any]
"""A dotted path, or `{"BACKEND": dotted path, "OPTIONS": {...}}`."""

DEFAULT_REGISTRY: Mapping[str, Entry] = {
    ProviderKind.STARTER: "chat.llm.openai_compatible.OpenAICompatibleChat",
    ProviderKind.OLLAMA: "chat.llm.ollama.OllamaChat",
    ProviderKind.GITHUB: "chat.llm.github.GitHubModelsChat",
    ProviderKind.OPENAI: "chat.llm.openai_compatible.OpenAICompatibleChat",
}


def chat_model(
    config: ProviderConfig, *, allowed: Sequence[str], registry: Mapping[str, Entry] = DEFAULT_REGISTRY
) -> BaseChatModel:
    """Return the LangChain model for `config`, which may call the `allowed` hosts (see `chat.llm.outbound`).

    A class with `from_config` is ours; any other `BaseChatModel`, for example `langchain_openai.AzureChatOpenAI`, is
    given LangChain's standard arguments, then the entry's OPTIONS (`{"stream_usage": True}` lets it count tokens), of
    which None takes an argument away.
    """
    entry = registry[config.kind]
    path, options = (entry, {}) if isinstance(entry, str) else (entry["BACKEND"], entry.get("OPTIONS", {}))
    outbound_allowed(config.base_url, allowed=allowed)
    model_class = import_string(path)
    if hasattr(model_class, "from_config"):
        model: BaseChatModel = model_class.from_config(config, allowed=allowed)
        return model.model_copy(update=dict(options)) if options else model
    arguments = _standard_arguments(config) | dict(options)
    made: BaseChatModel = model_class(**{name: value for name, value in arguments.items() if value is not None})
    return made


async def list_models(config: ProviderConfig, *, allowed: Sequence[str]) -> list[str]:
    """The models that `config`'s provider has, for the settings page. Raises `ProviderError`."""
    modules = {ProviderKind.OLLAMA: "ollama", ProviderKind.GITHUB: "github"}
    listing = import_string(f"chat.llm.{modules.get(config.kind, 'openai_compatible')}.list_models")
    models: list[str] = await listing(config.base_url, allowed=allowed, api_key=config.api_key)
    return models


def _standard_arguments(config: ProviderConfig) -> dict[str, Any]:
    """What LangChain's integrations agree on (its "standard parameters")."""
    return {
        "model": config.model,
        "base_url": config.base_url,
        "api_key": config.api_key or None,
        "temperature": config.temperature,
        "max_tokens": config.max_tokens,
        "timeout": config.timeout_s,
        "max_retries": 1,
    }
