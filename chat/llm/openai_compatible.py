"""Everything that speaks OpenAI's chat completions: OpenAI, Microsoft Foundry, NVIDIA, vLLM, llama.cpp, the starter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import httpx
from django.utils.translation import gettext as _
from langchain_core.messages import BaseMessage, convert_to_openai_messages

from chat.llm.base import HttpChat
from chat.llm.clients import shared_client
from chat.llm.decoding import Decoder, usage_of
from chat.llm.failures import provider_errors
from chat.llm.presets import CUSTOM, KeyStyle, preset_for

if TYPE_CHECKING:
    import httpx2

LIST_TIMEOUT_S = 10.0
DONE = b"[DONE]"


class OpenAICompatibleChat(HttpChat):
    """Further arguments of a call (`seed`, `response_format`) go into the request as they are."""

    service: ClassVar[str] = "The model server"

    @property
    def _llm_type(self) -> str:
        return "razgovor-openai-compatible"

    @property
    def _service(self) -> str:
        return service_name(self.base_url)

    @property
    def _url(self) -> str:
        return f"{openai_root(self.base_url)}/chat/completions"

    @property
    def _headers(self) -> dict[str, str]:
        return super()._headers | {"Accept": "text/event-stream"} | key_headers(self.base_url, self._key)

    @property
    def _key(self) -> str:
        return self.api_key.get_secret_value()

    def _body(self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": convert_to_openai_messages(messages),
            "temperature": self.temperature,
            preset_for(self.base_url).limit_field: kwargs.pop("max_tokens", self.max_tokens),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return body | ({"stop": stop} if stop else {}) | kwargs

    def _decoder(self) -> Decoder:
        return OpenAIDecoder(service=self._service, model=self.model)


class OpenAIDecoder(Decoder):
    """Server-sent events whose data is JSON, until `[DONE]`. Comments keep the connection alive and say nothing."""

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            payload = line[5:].strip()
            if payload == DONE:
                self.complete = True
            elif payload:
                self._event(self._parsed(payload))
        elif line.startswith(b"{"):  # an error that a proxy wrote into the stream; anything else is not ours
            self._parsed(line)

    def _event(self, event: dict[str, Any]) -> None:
        if choices := event.get("choices"):
            choice = choices[0]
            if content := (choice.get("delta") or {}).get("content"):
                self._texts.append(content)
            if reason := choice.get("finish_reason"):
                self.finish_reason = reason
                self.model = event.get("model") or self.model
        if usage := event.get("usage"):
            self.usage = usage_of(usage.get("prompt_tokens"), usage.get("completion_tokens"))


async def list_models(base_url: str, *, allowed: Sequence[str], api_key: str = "") -> list[str]:
    """The models that the key may use, by their ids."""
    from openai import AsyncOpenAI, Omit

    headers = {"Authorization": Omit()} | key_headers(base_url, api_key)
    with provider_errors(service_name(base_url)):
        client = AsyncOpenAI(
            base_url=openai_root(base_url),
            api_key=api_key or "none",
            # Annotated as httpx2's, but httpx's is taken as well, and ours is the guarded one.
            http_client=cast("httpx2.AsyncClient", shared_client(allowed)),
            max_retries=0,
            timeout=LIST_TIMEOUT_S,
        )
        # The SDK would send its key as a bearer; how the key is sent is ours to say.
        listed = client.models.list(extra_headers=cast("Mapping[str, str]", headers))
        return sorted([model.id async for model in listed])


def openai_root(base_url: str) -> str:
    """The address without what people paste along with it."""
    return base_url.rstrip("/").removesuffix("/chat/completions")


def key_headers(base_url: str, api_key: str) -> dict[str, str]:
    if not api_key:
        return {}
    if preset_for(base_url).key_style is KeyStyle.API_KEY:
        return {"api-key": api_key}
    return {"Authorization": f"Bearer {api_key}"}


def service_name(base_url: str) -> str:
    preset = preset_for(base_url)
    if preset is not CUSTOM:
        return preset.name
    return _("The model server at %(address)s") % {"address": httpx.URL(base_url).netloc.decode()}
