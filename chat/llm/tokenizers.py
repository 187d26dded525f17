"""The tokenizers of servers that run a model of one's own: llama.cpp's (the starter's, too) and vLLM's.

Ollama has none, and hosted services are not asked. A server that does not answer at once is left alone for a while, and
so is one that has no tokenizer for longer: then the prompt is estimated, which costs passages and never an answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx

from chat.counting import CountPrompt, Messages
from chat.domain import ProviderConfig, ProviderKind
from chat.errors import ProviderError
from chat.llm.clients import shared_client
from chat.llm.openai_compatible import key_headers, openai_root
from chat.llm.presets import CUSTOM, preset_for

PATIENCE_S = 0.5
"""For all requests about a prompt. Nobody waits longer for a count than for a passage."""
AWAY_S = 30.0
NONE_S = 600.0
ROLES = {"human": "user", "ai": "assistant"}

_left_alone: dict[str, float] = {}
"""Address -> until when, by the monotonic clock."""
_apart: set[str] = set()
"""Addresses of servers that apply the chat template and count tokens in two requests."""


def tokenizer_of(config: ProviderConfig, *, allowed: Sequence[str]) -> CountPrompt | None:
    """What counts prompts for `config`'s model, where its server may have a tokenizer; calls `allowed` hosts only."""
    own = config.kind is ProviderKind.OPENAI and preset_for(config.base_url) is CUSTOM
    return partial(count, config, allowed) if own or config.kind is ProviderKind.STARTER else None


async def count(config: ProviderConfig, allowed: Sequence[str], messages: Messages) -> int | None:
    """Tokens of the prompt in the model's own chat template, None where the server does not say. Never raises."""
    root = openai_root(config.base_url).removesuffix("/v1")
    if _left_alone.get(root, 0.0) > time.monotonic():
        return None
    client, headers = shared_client(allowed), key_headers(config.base_url, config.api_key)
    turns = [{"role": ROLES.get(role, role), "content": text} for role, text in messages]

    async def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await client.post(f"{root}/{path}", json=body, headers=headers)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _count(ask, root, config.model, turns)
    except (TimeoutError, httpx.TransportError):
        _left_alone[root] = time.monotonic() + AWAY_S
    except (httpx.HTTPStatusError, ProviderError, ValueError, KeyError, TypeError):
        _left_alone[root] = time.monotonic() + NONE_S  # it has no tokenizer, or says something else than one would
    return None


async def _count(ask: Any, root: str, model: str, turns: list[dict[str, str]]) -> int:
    """vLLM counts messages in one request. llama.cpp takes that request for one about an empty text; it wants to be
    asked for the text of the messages first."""
    if root not in _apart:
        answer = await ask("tokenize", {"model": model, "messages": turns, "content": ""})
        if "count" in answer:
            return int(answer["count"])
        _apart.add(root)
    text = (await ask("apply-template", {"messages": turns}))["prompt"]
    return len((await ask("tokenize", {"content": text, "add_special": True, "parse_special": True}))["tokens"])
