"""A browser's side of the socket, and what it notices of an answer."""

from __future__ import annotations

import html
import re
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

TERMINAL = frozenset({"turn.completed", "turn.stopped", "turn.failed"})


@dataclass(slots=True)
class Answer:
    """Times are seconds from sending the question; `words` are when an `answer.block` came."""

    turn_id: str
    words: list[float] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    """The addresses of the conversation and of each source."""
    error: str = ""

    @property
    def first_word(self) -> float | None:
        return self.words[0] if self.words else None

    @property
    def text(self) -> str:
        """The whole answer as somebody reads it."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", "", self.end.get("html", ""))).split())

    def is_whole(self, expected: str = "") -> bool:
        """Whether it came to its end without a gap, with the `expected` text where one is known."""
        return (
            self.end.get("type") == "turn.completed"
            and not self.end["refused"]
            and self.seqs == list(range(1, len(self.seqs) + 1))
            and (self.text == expected if expected else bool(self.text))
        )


class Sockets:
    """Open sockets, one for each of `cookies`, closed with the block. Ask one question at a time through each."""

    def __init__(self, address: str, slug: str, cookies: Sequence[str]) -> None:
        self._origin = address.rstrip("/")
        self._url = f"{self._origin.replace('http', 'ws', 1)}/ws/t/{slug}/"
        self._cookies = cookies
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> list[ClientConnection]:
        return [await self._stack.enter_async_context(self._connect(cookie)) for cookie in self._cookies]

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def _connect(self, cookie: str) -> Any:
        headers = {"Cookie": f"sessionid={cookie}"}
        # No compression: the client's processor time is not what is measured.
        return connect(self._url, additional_headers=headers, origin=self._origin, compression=None, proxy=None)  # type: ignore[arg-type]


async def ask(socket: ClientConnection, question: str) -> Answer:
    """Ask in a conversation of its own, and read until the answer's end. Never raises: see `Answer.error`."""
    answer = Answer(turn_id=str(uuid4()))
    asked = time.perf_counter()
    try:
        await socket.send(orjson.dumps({"type": "ask", "turn_id": answer.turn_id, "text": question}).decode())
        while not answer.end:
            frame = orjson.loads(await socket.recv())
            now = time.perf_counter() - asked
            if frame["type"] == "protocol.error":
                answer.error = frame["message"]
                break
            if frame.get("turn_id") == answer.turn_id:
                _note(answer, frame, now)
    except (WebSocketException, OSError) as error:
        answer.error = f"{type(error).__name__}: {error}"
    return answer


def _note(answer: Answer, frame: dict[str, Any], now: float) -> None:
    answer.seqs.append(frame["seq"])
    kind = frame["type"]
    if kind == "answer.block":
        answer.words.append(now)
    else:
        answer.stages.setdefault(frame.get("stage", kind), now)
    if kind == "turn.accepted":
        answer.pages.append(frame["conversation_url"])
    if kind == "turn.sources":
        answer.pages += [source["url"] for source in frame["sources"]]
    if kind in TERMINAL:
        answer.end = frame
        if kind == "turn.failed":
            answer.error = f"{frame['code']}: {frame['message']}"


def summary(values: Sequence[float]) -> dict[str, float]:
    """Milliseconds out of seconds: median, 95th percentile, and the extremes."""
    if not values:
        return {}
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50_ms": _ms(statistics.median(ordered)),
        "p95_ms": _ms(ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]),
        "min_ms": _ms(ordered[0]),
        "max_ms": _ms(ordered[-1]),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
