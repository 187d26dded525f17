"""Bytes of a stream become text, and at last an `Ending`. Each provider's dialect is a `Decoder`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext as _
from langchain_core.messages.ai import UsageMetadata

from chat.errors import ProviderError, StreamBroken
from chat.llm.details import detail_of
from chat.llm.failures import Refusal, broken_off

LINE_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended. `finish_reason` is "stop", or "length" when the token limit cut it; `usage` is None where
    the provider does not count."""

    finish_reason: str
    model: str
    usage: UsageMetadata | None = None


class Decoder(ABC):
    """Made for one stream. `feed` it bytes as they come, split anywhere; ask `ending` when they are over."""

    def __init__(self, *, service: str, model: str) -> None:
        self.service = service
        self.model = model
        self.begun = False
        """Whether there was any text."""
        self.complete = False
        """Whether the provider has said that nothing follows."""
        self.finish_reason = ""
        """Why the text ended; empty as long as it may go on."""
        self.error: ProviderError | None = None
        """What the stream said or did that makes an end of it."""
        self.usage: UsageMetadata | None = None
        self._rest = b""
        self._texts: list[str] = []

    def feed(self, data: bytes) -> str:
        """Return the text that is whole by now. An error in the stream is left in `error`, so that the text before it
        is not lost."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        try:
            for line in lines:
                self._line(line.rstrip(b"\r"))
            if len(self._rest) > LINE_MAX_BYTES:
                raise self._broken(_("%(service)s sent a line without an end. Try again."))
        except ProviderError as error:
            self.error = error
        text = "".join(self._texts)
        self._texts.clear()
        self.begun = self.begun or bool(text)
        return text

    @property
    def ended(self) -> bool:
        """Whether all of the text is here, though the counts may still come."""
        return self.complete or bool(self.finish_reason)

    def ending(self) -> Ending:
        """Call after the last byte. Raise `StreamBroken` when the provider never said that it was done."""
        if not self.ended:
            raise self._broken(_("%(service)s stopped in the middle of its answer. Try again."))
        return Ending(self.finish_reason or "stop", self.model, self.usage)

    @abstractmethod
    def _line(self, line: bytes) -> None: ...

    def _parsed(self, line: bytes) -> Any:
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise self._broken(_("%(service)s sent something that is not JSON. Try again.")) from None
        if not isinstance(event, dict):
            raise self._broken(_("%(service)s sent something unexpected. Try again."))
        if event.get("error"):
            raise self._failure(event)
        return event

    def _failure(self, event: Mapping[str, Any]) -> ProviderError:
        error = event["error"]
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, int) and 400 <= code < 600:
            return Refusal(self.service, self.model, code, orjson.dumps(dict(event))).error()
        return broken_off(detail_of(event), service=self.service, model=self.model)

    def _broken(self, sentence: str) -> StreamBroken:
        return StreamBroken(sentence % {"service": self.service})


def usage_of(prompt_tokens: object, completion_tokens: object) -> UsageMetadata | None:
    """LangChain's form of the counts; None when either is missing."""
    if not isinstance(prompt_tokens, int) or not isinstance(completion_tokens, int):
        return None
    return UsageMetadata(
        input_tokens=prompt_tokens,
        output_tokens=completion_tokens,
        total_tokens=prompt_tokens + completion_tokens,
    )
