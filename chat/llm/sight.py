"""Which models can look at pictures. Ollama says so; the other protocols have no word for it, so that the model's name
has to tell, where the tenant has not said it (`ProviderConfig.sees`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.domain import ProviderConfig, ProviderKind
from chat.errors import ProviderError
from chat.llm.failures import provider_errors

SHOW_TIMEOUT_S = 1.0
VISION = "vision"
"""In the `capabilities` of Ollama's `/api/show`."""

NAMES_OF = "2026-11"
SEEING = re.compile(
    r"""
    (?: ^ | [/:_.\s-] )                      # a name begins, or a part of it
    (?: vision \b                            # phi-3.5-vision-instruct, llama3.2-vision, granite3.2-vision
      | phi-?4-multimodal
      | gpt-4o | gpt-4\.1 | gpt-4-turbo | gpt-5 | chatgpt-4o | o1 (?! -?(?:mini|preview) ) | o3 (?! -?mini ) | o4-mini
      | claude-(?:3|opus|sonnet|haiku)
      | gemini | gemma-?3 (?! :1b | -1b | n ) | gemma-?4
      | llava | bakllava | moondream | minicpm-v | minicpm-o | internvl | smolvlm | pixtral | molmo
      | qwen-?[\d.]*-?vl | qvq | deepseek-vl | glm-[\d.]+v
      | mistral-small-?3\.[1-9] | mistral-medium-?3 | ministral-3 | magistral-small-(?:1\.2|2509)
      | llama-?4
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Models that take pictures, by what is in their names, as of `NAMES_OF`. Whoever knows better says so in the
settings."""


def sees_by_name(model: str) -> bool:
    return SEEING.search(model) is not None


def known_to_see(config: ProviderConfig) -> bool | None:
    """Whether the provider's model takes pictures, as far as nobody has to be asked; None where Ollama can say."""
    if config.sees is not None:
        return config.sees
    if config.kind is ProviderKind.OLLAMA:
        return None
    return config.kind is not ProviderKind.STARTER and sees_by_name(config.model)


async def can_see(config: ProviderConfig, *, allowed: Sequence[str]) -> bool:
    """The same, and where Ollama can say, it is asked. One that does not answer, or is too old to say, leaves it to the
    model's name."""
    known = known_to_see(config)
    if known is not None:
        return known
    told = await _capabilities(config, allowed)
    return sees_by_name(config.model) if told is None else VISION in told


async def _capabilities(config: ProviderConfig, allowed: Sequence[str]) -> Sequence[str] | None:
    """What the model can, by Ollama's own word; None where there is none."""
    from chat.llm.ollama import show

    try:
        with provider_errors("Ollama", config.model):
            return await show(
                config.base_url, config.model, allowed=allowed, api_key=config.api_key, timeout_s=SHOW_TIMEOUT_S
            )
    except ProviderError:
        return None
