"""A chat model over HTTP, as LangChain knows one: what Ollama and OpenAI-compatible servers have in common.

It is lean on purpose. LangChain's price is per chunk, so what arrives within `gather_s` becomes one chunk; the first
words are passed on at once.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Self

import httpx
import orjson
from django.utils.translation import gettext as _
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import SecretStr

from chat.domain import ProviderConfig
from chat.errors import ProviderError
from chat.llm.call import Call, Patience
from chat.llm.clients import close_clients, shared_client
from chat.llm.decoding import Decoder, Ending
from chat.llm.failures import Refusal

CHARS_PER_TOKEN_MAX = 64
"""No tokeniser has longer tokens on average over an answer: more text than this means that `max_tokens` is ignored."""
WHOLE_GATHER_S = 0.1
"""How long text gathers where nobody watches it come."""


class HttpChat(BaseChatModel):
    """Streams answers from `base_url`, which has to be among `allowed_hosts` (see `chat.llm.outbound`)."""

    service: ClassVar[str] = "The model server"

    model: str
    base_url: str
    api_key: SecretStr = SecretStr("")
    allowed_hosts: tuple[str, ...] = ()
    temperature: float = 0.2
    max_tokens: int = 512
    context_tokens: int = 4096
    connect_timeout_s: float = 5.0
    first_token_timeout_s: float = 300.0
    """From the request to the first text, in which a model may be loaded and a long prompt read."""
    timeout_s: float = 120.0
    """The longest silence after that."""
    gather_s: float = 0.08
    attempts: int = 4
    """How often a busy provider is asked, before its first word only."""
    backoff_s: float = 0.5
    """The first wait between them, at most; it doubles."""

    @classmethod
    def from_config(cls, config: ProviderConfig, *, allowed: Sequence[str]) -> Self:
        return cls(
            model=config.model,
            base_url=config.base_url,
            api_key=SecretStr(config.api_key),
            allowed_hosts=tuple(allowed),
            temperature=config.temperature,
            max_tokens=config.max_tokens,
            context_tokens=config.context_tokens,
            timeout_s=config.timeout_s,
            first_token_timeout_s=max(config.timeout_s, cls.model_fields["first_token_timeout_s"].default),
        )

    # --- what each provider says for itself ---

    @property
    @abstractmethod
    def _url(self) -> str: ...

    @property
    def _service(self) -> str:
        """The provider as the beginning of a sentence."""
        return service_at(self.service, httpx.URL(self.base_url).netloc.decode())

    @property
    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json"}

    @abstractmethod
    def _body(self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any) -> dict[str, Any]: ...

    @abstractmethod
    def _decoder(self) -> Decoder: ...

    def _refusal(self, status: int, body: bytes, headers: httpx.Headers) -> ProviderError:
        return Refusal(self._service, self.model, status, body, headers).error()

    # --- LangChain's side ---

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = self._call(messages, stop, **kwargs)
        async with aclosing(call.stream(gather_s=self.gather_s)) as items:
            async for item in items:
                if isinstance(item, Ending):
                    yield ChatGenerationChunk(
                        message=AIMessageChunk(
                            content="",
                            usage_metadata=item.usage,
                            response_metadata=_metadata(item),
                            chunk_position="last",
                        )
                    )
                else:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=item))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """The same stream, so that the same timeouts hold and a cut answer is noticed."""
        texts, ending = [], None
        async for item in self._call(messages, stop, **kwargs).stream(gather_s=WHOLE_GATHER_S):
            if isinstance(item, Ending):
                ending = item
            else:
                texts.append(item)
        assert ending is not None  # noqa: S101  # a stream ends with one or raises
        message = AIMessage(content="".join(texts), usage_metadata=ending.usage, response_metadata=_metadata(ending))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """For the command line; an event loop that runs already cannot wait for another."""

        async def once() -> ChatResult:
            try:
                return await self._agenerate(messages, stop, **kwargs)
            finally:
                await close_clients()

        return asyncio.run(once())

    def _call(self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any) -> Call:
        return Call(
            client=shared_client(self.allowed_hosts),
            url=self._url,
            headers=self._headers,
            content=orjson.dumps(self._body(messages, stop, **kwargs)),
            decoder=self._decoder(),
            refusal=self._refusal,
            patience=Patience(
                connect_s=self.connect_timeout_s,
                first_token_s=self.first_token_timeout_s,
                silence_s=self.timeout_s,
                attempts=self.attempts,
                backoff_s=self.backoff_s,
            ),
            max_chars=kwargs.get("max_tokens", self.max_tokens) * CHARS_PER_TOKEN_MAX,
        )


def service_at(service: str, address: str) -> str:
    """A named program at an address, as the beginning of a sentence."""
    return _("%(service)s at %(address)s") % {"service": service, "address": address}


def _metadata(ending: Ending) -> dict[str, Any]:
    return {"finish_reason": ending.finish_reason, "model_name": ending.model}
