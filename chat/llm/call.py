"""One request for an answer and the reading of its stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from chat.errors import ProviderBusy, ProviderError, ProviderUnreachable, StreamBroken
from chat.llm.decoding import Decoder, Ending
from chat.llm.failures import RATE_LIMITED, provider_errors
from chat.llm.inbox import Inbox

ERROR_BODY_MAX_BYTES = 64 * 1024
SHORT_WAIT_S = 5.0
"""A provider that asks to be left alone for longer is not asked again while somebody is watching."""
FAREWELL_S = 0.1
"""How long a finished response may take to close, so that its connection can be used again."""
AFTERTHOUGHT_S = 5.0
"""How long the counts may take to come once the last word has."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, and how often. `first_token_s` counts from the request to the first text, in which a model may be
    loaded and a long prompt read; `silence_s` is the longest pause after that. A busy provider is asked `attempts`
    times, before its first word only, with waits that double from `backoff_s`."""

    connect_s: float
    first_token_s: float
    silence_s: float
    attempts: int
    backoff_s: float


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent, and what its answer is read with. Made for one use."""

    client: httpx.AsyncClient
    url: str
    headers: Mapping[str, str]
    content: bytes
    decoder: Decoder
    refusal: Callable[[int, bytes, httpx.Headers], ProviderError]
    """Makes the error out of the status, the body and the headers of a response other than 200."""
    patience: Patience
    max_chars: int
    """More text than this breaks the stream: whoever is at the other end does not hold to `max_tokens`."""

    async def stream(self, *, gather_s: float) -> AsyncGenerator[str | Ending, None]:
        """Yield text, the first at once and then what has gathered within `gather_s`, and last an `Ending`.
        Closing this generator closes the connection."""
        inbox = Inbox()
        # A task of its own, so that one text can be passed on while the next is being read.
        reader = asyncio.create_task(self._read(inbox))
        received = 0
        try:
            async with aclosing(self._pieces(inbox)) as pieces:
                async for data in pieces:
                    if text := self.decoder.feed(data):
                        received += len(text)
                        if received > self.max_chars:
                            raise self._broken(
                                _("%(service)s sent far more than it was asked for. Choose another provider.")
                            )
                        yield text
                    if self.decoder.error:
                        raise self.decoder.error
                    if text:
                        await inbox.gather(gather_s)
            if self.decoder.ended:
                await inbox.until_ended(FAREWELL_S)
            else:
                await reader
            yield self.decoder.ending()
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _pieces(self, inbox: Inbox) -> AsyncGenerator[bytes, None]:
        """Yield bytes until the decoder has seen the answer's end or no more come; raise when they take too long."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.patience.first_token_s
        while not self.decoder.complete:
            if self.decoder.ended:
                wait = AFTERTHOUGHT_S
            else:
                wait = self.patience.silence_s if self.decoder.begun else max(deadline - clock(), 0.0)
            try:
                data = await inbox.take(wait)
            except TimeoutError:
                if self.decoder.ended:
                    return
                raise self._silence() from None
            if not data:
                return
            yield data

    async def _read(self, inbox: Inbox) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_another_try),
            wait=self._wait,
            stop=stop_after_attempt(self.patience.attempts),
            reraise=True,
        )
        try:
            with provider_errors(self.decoder.service, self.decoder.model):
                async for attempt in retrying:
                    with attempt:
                        await self._request(inbox)
        finally:
            inbox.end()

    async def _request(self, inbox: Inbox) -> None:
        # Silence is timed in `_pieces`, since the first word may take much longer than the rest.
        timeout = httpx.Timeout(self.patience.connect_s, read=None)
        request = self.client.stream(
            "POST", self.url, content=self.content, headers=dict(self.headers), timeout=timeout
        )
        async with request as response:
            if response.status_code != 200:
                raise self.refusal(response.status_code, await _beginning(response), response.headers)
            async for piece in response.aiter_raw():
                await inbox.put(piece)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ProviderBusy) else None
        if asked is not None:
            return asked
        return float(wait_random_exponential(self.patience.backoff_s, max=SHORT_WAIT_S)(state))

    def _silence(self) -> ProviderError:
        if self.decoder.begun:
            return self._broken(_("%(service)s fell silent in the middle of its answer. Try again."))
        waited = self.patience.first_token_s
        said = ngettext(
            "%(service)s did not begin to answer within %(count)s second. Try again, or choose a smaller model.",
            "%(service)s did not begin to answer within %(count)s seconds. Try again, or choose a smaller model.",
            round(waited),
        )
        return ProviderUnreachable(said % {"service": self.decoder.service, "count": f"{waited:g}"})

    def _broken(self, sentence: str) -> StreamBroken:
        return StreamBroken(sentence % {"service": self.decoder.service})


def _worth_another_try(error: BaseException) -> bool:
    if not isinstance(error, ProviderBusy):
        return False
    if error.retry_after is None:
        return error.code != RATE_LIMITED
    return error.retry_after <= SHORT_WAIT_S


async def _beginning(response: httpx.Response) -> bytes:
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > ERROR_BODY_MAX_BYTES:
            break
    return body
