"""What a response has brought and nobody has taken yet.

A streamed token costs most where it is handled alone: a read from the network, a LangChain chunk, a log entry, a frame.
So a task of its own reads the response into an `Inbox`. While its taker lets things gather, that task is held up too;
what comes meanwhile waits in the operating system's buffer, and is then read in one piece.
"""

from __future__ import annotations

import asyncio

MAX_BYTES = 256 * 1024
"""Above this the reader is held up until somebody has taken something, so that a slow taker slows the provider down
instead of filling the memory."""


class Inbox:
    """Bytes between one reader and one taker on the same event loop."""

    def __init__(self) -> None:
        self.ended = False
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._size = 0
        self._open = asyncio.Event()
        self._open.set()
        self._waiter: asyncio.Future[None] | None = None
        self._wants_data = False

    # --- the reader's side ---

    async def put(self, piece: bytes) -> None:
        """Return when the next piece may be read."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._wants_data:
            self._wake()
        if self._size > MAX_BYTES:
            self._open.clear()
        if not self._open.is_set():
            await self._open.wait()

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._wake()

    # --- the taker's side ---

    async def take(self, patience_s: float) -> bytes:
        """Return all there is, waiting for something when there is nothing; b"" is the end. Raise `TimeoutError`
        after `patience_s` seconds without a byte."""
        if not self._pieces and not self.ended:
            await self._wait(patience_s, wants_data=True)
            if not self._pieces and not self.ended:
                raise TimeoutError
        pieces, self._pieces, self._size = self._pieces, [], 0
        self._open.set()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def gather(self, seconds: float) -> None:
        """Hold the reader up and let things gather for `seconds`; not at all when it had reached the end before."""
        if not self.ended:
            self._open.clear()
            await self._wait(seconds, wants_data=False)

    async def until_ended(self, seconds: float) -> None:
        """Wait for the end, but not for longer than `seconds`."""
        if not self.ended:
            self._open.set()
            await self._wait(seconds, wants_data=False)

    async def _wait(self, seconds: float, *, wants_data: bool) -> None:
        """Until woken, or `seconds` are over. One timer and one future: this runs for every chunk."""
        self._waiter, self._wants_data = self._loop.create_future(), wants_data
        timer = self._loop.call_later(seconds, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter, self._wants_data = None, False

    def _wake(self) -> None:
        # The reader first: what it has parsed already is then there for the taker, whose turn comes after.
        self._open.set()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
