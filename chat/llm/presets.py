"""What the settings page offers by name, so that nobody has to look an address up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop

from chat.domain import ProviderKind


class KeyStyle(StrEnum):
    """How a key is sent."""

    BEARER = "bearer"
    """`Authorization: Bearer KEY`"""
    API_KEY = "api-key"
    """`api-key: KEY`"""
    NONE = "none"
    """The server asks for none; one that is entered all the same is sent as a bearer."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider as the form is filled in for it. `model` is empty where only the tenant can know it."""

    id: str
    name: str
    kind: ProviderKind
    base_url: str
    model: str
    key_style: KeyStyle
    note: str
    """In English; to be translated where it is shown."""
    hosts: tuple[str, ...] = ()
    """The ends of the host names that are this provider, whatever the address's beginning."""
    limit_field: str = "max_tokens"
    """What the request calls the longest answer. OpenAI's newer models know only `max_completion_tokens`."""


OPENAI = Preset(
    id="openai",
    name="OpenAI",
    kind=ProviderKind.OPENAI,
    base_url="https://api.openai.com/v1",
    model="gpt-4.1-mini",
    key_style=KeyStyle.BEARER,
    note=gettext_noop("The key begins with sk-. Questions and the passages found for them leave this server."),
    hosts=("api.openai.com",),
    limit_field="max_completion_tokens",
)
FOUNDRY = Preset(
    id="foundry",
    name="Microsoft Foundry",
    kind=ProviderKind.OPENAI,
    base_url="https://RESOURCE.openai.azure.com/openai/v1/",
    model="",
    key_style=KeyStyle.API_KEY,
    note=gettext_noop("Put your resource's name into the address. The model is the name of your deployment."),
    hosts=(".openai.azure.com", ".services.ai.azure.com"),
    limit_field="max_completion_tokens",
)
NVIDIA = Preset(
    id="nvidia",
    name="NVIDIA",
    kind=ProviderKind.OPENAI,
    base_url="https://integrate.api.nvidia.com/v1",
    model="microsoft/phi-3.5-mini-instruct",
    key_style=KeyStyle.BEARER,
    note=gettext_noop("The key begins with nvapi-. Models are retired often: choose one from the list."),
    hosts=("integrate.api.nvidia.com",),
)
VLLM = Preset(
    id="vllm",
    name="vLLM",
    kind=ProviderKind.OPENAI,
    base_url="http://127.0.0.1:8000/v1",
    model="microsoft/Phi-3.5-mini-instruct",
    key_style=KeyStyle.NONE,
    note=gettext_noop("Your own server. Set the context below to the --max-model-len that it runs with."),
)
LLAMA_CPP = Preset(
    id="llama.cpp",
    name="llama.cpp",
    kind=ProviderKind.OPENAI,
    base_url="http://127.0.0.1:8080/v1",
    model="default",
    key_style=KeyStyle.NONE,
    note=gettext_noop("Your own llama-server, which serves one model, whatever name it is asked for."),
)
CUSTOM = Preset(
    id="custom",
    name="Another OpenAI-compatible server",
    kind=ProviderKind.OPENAI,
    base_url="",
    model="",
    key_style=KeyStyle.BEARER,
    note=gettext_noop("The address ends before /chat/completions, most often with /v1."),
)

PRESETS = (OPENAI, FOUNDRY, NVIDIA, VLLM, LLAMA_CPP, CUSTOM)


def preset_for(base_url: str) -> Preset:
    """The preset whose host `base_url` is at; `CUSTOM` for all others, one's own servers included."""
    host = (urlsplit(base_url).hostname or "").lower()
    for preset in PRESETS:
        if any(host == known or (known.startswith(".") and host.endswith(known)) for known in preset.hosts):
            return preset
    return CUSTOM
