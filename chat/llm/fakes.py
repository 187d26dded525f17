"""A chat model that says what it is told to, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from chat.llm.decoding import usage_of

Step = str | float | Exception
"""Say this text, wait for so many seconds, or raise this."""


class ScriptedChat(BaseChatModel):
    """Streams `script` for each call. Its last chunk counts words as tokens; `calls` keeps what it was given."""

    script: Sequence[Step] = ()
    finish_reason: str = "stop"
    calls: list[list[BaseMessage]] = Field(default_factory=list)

    @classmethod
    def saying(cls, text: str) -> Self:
        """A model that says `text`, a word at a time."""
        return cls(script=[f"{word} " for word in text.split(" ")[:-1]] + [text.rsplit(" ", maxsplit=1)[-1]])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.calls.append(messages)
        said = ""
        for step in self.script:
            match step:
                case str():
                    said += step
                    yield ChatGenerationChunk(message=AIMessageChunk(content=step))
                case Exception():
                    raise step
                case seconds:
                    await asyncio.sleep(seconds)
        prompt = sum(len(message.text.split()) for message in messages)
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                usage_metadata=usage_of(prompt, len(said.split())),
                response_metadata={"finish_reason": self.finish_reason},
                chunk_position="last",
            )
        )

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk async for chunk in self._astream(messages, stop, **kwargs)]
        last = chunks[-1].message
        message = AIMessage(
            content="".join(chunk.text for chunk in chunks),
            usage_metadata=last.usage_metadata if isinstance(last, AIMessageChunk) else None,
            response_metadata=last.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop, **kwargs))
