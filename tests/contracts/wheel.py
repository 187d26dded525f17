"""A fake upstream that can feed hundreds of streams from a fraction of a core.

Every answer is the same bytes, made once; one timer goes round and writes each stream's next token, so that nothing
is parsed, encoded or scheduled per token.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import uvloop

from tests.contracts.http import Connection, Reply, Request, chunk

SLOTS = 8
"""Streams are spread over so many moments of a token's time, as real ones are, instead of coming all at once."""
SENTENCE = "The warranty lasts two years from the day of purchase and covers parts and labour [1]. "
MODEL = "load-test"


class Wheel:
    """Writes one of `frames` to each stream in every turn of `period_s` seconds."""

    def __init__(self, frames: list[bytes], period_s: float) -> None:
        self._frames = frames
        self._period_s = period_s
        self._slots: list[set[tuple[Reply, Iterator[bytes]]]] = [set() for _ in range(SLOTS)]
        self._next_slot = itertools.cycle(range(SLOTS))

    def add(self, reply: Reply) -> None:
        self._slots[next(self._next_slot)].add((reply, iter(self._frames)))

    async def turn(self) -> None:
        """Turn for ever, catching up when a turn was late."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for slot in itertools.cycle(self._slots):
            self._write(slot)
            due += self._period_s / SLOTS
            await asyncio.sleep(max(due - loop.time(), 0))

    @staticmethod
    def _write(slot: set[tuple[Reply, Iterator[bytes]]]) -> None:
        finished = []
        for stream in slot:
            reply, frames = stream
            frame = None if reply.gone.is_set() else next(frames, None)
            if frame is None:
                reply.request.replied = True
                finished.append(stream)
            else:
                reply.transport.write(frame)
        slot.difference_update(finished)


def frames(tokens: int) -> list[bytes]:
    """The HTTP chunks of an answer of `tokens` tokens: one each, then the counts and the end in one."""
    words = itertools.cycle(f"{word} " for word in SENTENCE.split())
    streamed = [chunk(_event({"content": word})) for word in itertools.islice(words, tokens)]
    usage = {"prompt_tokens": 1000, "completion_tokens": tokens, "total_tokens": 1000 + tokens}
    ending = chunk(_event({}, "stop") + _sse(_envelope() | {"choices": [], "usage": usage}) + b"data: [DONE]\n\n")
    return [*streamed, ending + b"0\r\n\r\n"]


def run_load_server(port: int, *, tokens_per_second: float, tokens: int, first_token_s: float) -> None:
    """Serve until interrupted; the address is printed on the first line of the output."""
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(port, tokens_per_second=tokens_per_second, tokens=tokens, first_token_s=first_token_s))


async def _serve(port: int, *, tokens_per_second: float, tokens: int, first_token_s: float) -> None:
    wheel = Wheel(frames(tokens), 1 / tokens_per_second)
    whole = "".join(itertools.islice(itertools.cycle(f"{word} " for word in SENTENCE.split()), tokens))

    async def handle(request: Request, reply: Reply) -> None:
        if request.method == "GET":
            reply.send_json(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0}]})
        elif request.json.get("stream"):
            reply.start(200, {"Content-Type": "text/event-stream; charset=utf-8"})
            await asyncio.sleep(first_token_s)
            wheel.add(reply)
        else:
            message = {"role": "assistant", "content": whole}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            reply.send_json(200, _envelope() | {"object": "chat.completion", "choices": [choice]})

    class Forgetful(list[Request]):
        """A load test has too many requests to keep."""

        def append(self, item: Request) -> None: ...

    loop = asyncio.get_running_loop()
    connections: set[asyncio.Transport] = set()
    server = await loop.create_server(
        lambda: Connection(handle, Forgetful(), connections), "127.0.0.1", port, backlog=2048
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)  # noqa: T201  # its interface
    turning = asyncio.create_task(wheel.turn())
    loop.add_signal_handler(signal.SIGTERM, turning.cancel)
    with suppress(asyncio.CancelledError):
        await turning
    server.close()


def _envelope() -> dict[str, Any]:
    return {"id": "chatcmpl-load", "object": "chat.completion.chunk", "created": 1741569952, "model": MODEL}


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _sse(_envelope() | {"choices": [choice]})


def _sse(value: Any) -> bytes:
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()
