"""Ollama through its own protocol, newline-delimited JSON on `/api/chat`.

Not through its `/v1`, which ignores `num_ctx`: Ollama would then silently cut the prompt to a context that depends on
the GPU. `truncate` and `shift` are off for the same reason, so that what does not fit is refused aloud.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from langchain_core.messages import BaseMessage, convert_to_openai_messages

from chat.errors import ProviderError
from chat.llm.base import HttpChat, service_at
from chat.llm.clients import shared_client
from chat.llm.decoding import Decoder, usage_of
from chat.llm.failures import provider_errors
from chat.llm.outbound import OutboundGuard, outbound_allowed

if TYPE_CHECKING:
    from ollama import AsyncClient

PROBE_TIMEOUT_S = 0.5
LIST_TIMEOUT_S = 10.0
PULL_SILENCE_S = 120.0


class OllamaChat(HttpChat):
    """`options` of a call are Ollama's own (`seed`, `top_p`); `format` is "json" or a JSON schema."""

    service: ClassVar[str] = "Ollama"

    first_token_timeout_s: float = 600.0
    """Ollama loads the model, and a processor reads the prompt, before the first word."""
    keep_alive: str = "30m"
    """How long the model stays in memory after an answer."""

    @property
    def _llm_type(self) -> str:
        return "razgovor-ollama"

    @property
    def _url(self) -> str:
        return f"{ollama_root(self.base_url)}/api/chat"

    @property
    def _headers(self) -> dict[str, str]:
        return super()._headers | _authorization(self.api_key.get_secret_value())

    def _body(self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        options = {
            "num_ctx": self.context_tokens,
            "num_predict": kwargs.get("max_tokens", self.max_tokens),
            "temperature": kwargs.get("temperature", self.temperature),
            **kwargs.get("options", {}),
        }
        body = {
            "model": self.model,
            "messages": [_with_images(message) for message in convert_to_openai_messages(messages)],
            "stream": True,
            "truncate": False,
            "shift": False,
            "keep_alive": self.keep_alive,
            "options": options | ({"stop": stop} if stop else {}),
        }
        return body | ({"format": kwargs["format"]} if "format" in kwargs else {})

    def _decoder(self) -> Decoder:
        return OllamaDecoder(service=self._service, model=self.model)


def _with_images(message: dict[str, Any]) -> dict[str, Any]:
    """A message of OpenAI's kind as Ollama has it: text alone, and the pictures beside it as base64."""
    if isinstance(message["content"], str):
        return message
    texts = [part["text"] for part in message["content"] if part["type"] == "text"]
    urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
    return {**message, "content": "\n".join(texts), "images": [url.partition("base64,")[2] for url in urls]}


class OllamaDecoder(Decoder):
    """One JSON object a line; the last has `done`, and the counts."""

    def _line(self, line: bytes) -> None:
        if not line or self.complete:
            return
        event = self._parsed(line)
        if event.get("done_reason") == "load":  # the model was loaded; nothing was written
            return
        message = event.get("message")
        if isinstance(message, dict) and (content := message.get("content")):
            self._texts.append(content)
        if event.get("done"):
            self._done(event)

    def _done(self, event: dict[str, Any]) -> None:
        reason = event.get("done_reason")
        if not reason:  # Ollama says so when it lost its runner
            raise self._broken(_("%(service)s lost its model in the middle of the answer. Try again."))
        self.complete = True
        self.finish_reason = reason
        self.model = event.get("model") or self.model
        # A prompt that Ollama has wholly in its cache is not counted.
        self.usage = usage_of(event.get("prompt_eval_count", 0), event.get("eval_count", 0))


@dataclass(frozen=True, slots=True)
class PullProgress:
    """A step of a download. `completed` and `total` are bytes of the present layer, None where none is loading."""

    status: str
    completed: int | None = None
    total: int | None = None


async def is_up(base_url: str, *, allowed: Sequence[str]) -> bool:
    """Whether an Ollama answers at `base_url`, within half a second."""
    try:
        with provider_errors("Ollama"):
            response = await shared_client(allowed).get(f"{ollama_root(base_url)}/api/version", timeout=PROBE_TIMEOUT_S)
            return response.status_code == 200 and "version" in response.json()
    except (ProviderError, ValueError):
        return False


async def list_models(base_url: str, *, allowed: Sequence[str], api_key: str = "") -> list[str]:
    """The names of the models that are there to be used, without a download."""
    with provider_errors(service_at("Ollama", base_url)):
        async with _client(base_url, allowed=allowed, api_key=api_key, timeout_s=LIST_TIMEOUT_S) as client:
            listed = await client.list()
    return sorted(model.model for model in listed.models if model.model)


async def show(
    base_url: str, model: str, *, allowed: Sequence[str], api_key: str = "", timeout_s: float = LIST_TIMEOUT_S
) -> Sequence[str] | None:
    """What the model can do ("completion", "vision", ...); None where this Ollama is too old to say."""
    async with _client(base_url, allowed=allowed, api_key=api_key, timeout_s=timeout_s) as client:
        capabilities: Sequence[str] | None = (await client.show(model)).capabilities
        return capabilities


async def pull(base_url: str, model: str, *, allowed: Sequence[str], api_key: str = "") -> AsyncIterator[PullProgress]:
    """Download `model` into the Ollama at `base_url`, telling how far it is. Doing it again resumes."""
    with provider_errors(service_at("Ollama", base_url), model):
        async with _client(base_url, allowed=allowed, api_key=api_key, timeout_s=PULL_SILENCE_S) as client:
            async for step in await client.pull(model, stream=True):
                yield PullProgress(step.status or "", step.completed, step.total)


def ollama_root(base_url: str) -> str:
    """The address without what people paste along with it: a slash, `/v1`, `/api`."""
    return base_url.rstrip("/").removesuffix("/v1").removesuffix("/api")


def _client(base_url: str, *, allowed: Sequence[str], api_key: str, timeout_s: float) -> AsyncClient:
    from ollama import AsyncClient

    outbound_allowed(base_url, allowed=allowed)
    return AsyncClient(
        host=ollama_root(base_url),
        headers=_authorization(api_key),
        timeout=timeout_s,
        follow_redirects=False,
        event_hooks={"request": [OutboundGuard(allowed)]},
    )


def _authorization(api_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}
