"""The HTTP under the contract servers: real sockets, with every byte of a reply in the test's hands.

A framework would not let a reply be cut in the middle, or say when the client has hung up.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self, cast

import httptools


@dataclass(eq=False)
class Request:
    """A request as it came in, and afterwards what became of its reply."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    client: int = 0
    """The port that it came from: the same for all requests of one connection."""
    disconnected: bool = False
    """The client hung up before the reply's end."""
    replied: bool = False
    """The reply was sent to its end."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(eq=False)
class Reply:
    """Writes to one client. A body is chunked; `cut` closes the connection in the middle of it."""

    request: Request
    transport: asyncio.Transport
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def write(self, data: bytes) -> None:
        self.transport.write(chunk(data))

    async def drained(self) -> None:
        """Wait until the client has read enough for more to be sent."""
        while self.transport.get_write_buffer_size() > 256 * 1024 and not self.gone.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    def end(self) -> None:
        self.transport.write(b"0\r\n\r\n")
        self.request.replied = True

    def cut(self) -> None:
        self.transport.close()

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.request.replied = True

    def send_json(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        self.send(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})

    async def pause(self, seconds: float) -> bool:
        """Wait, and say whether the client is still there."""
        try:
            async with asyncio.timeout(seconds):
                await self.gone.wait()
        except TimeoutError:
            return True
        return False


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


Handler = Callable[[Request, Reply], Awaitable[None]]
Step = Handler
"""What happens to one request."""


class Connection(asyncio.Protocol):
    """One client. Requests on it are answered one after the other, as keep-alive has it."""

    def __init__(self, handler: Handler, requests: list[Request], open_: set[asyncio.Transport]) -> None:
        self._handler = handler
        self._requests = requests
        self._open = open_
        self._parser = httptools.HttpRequestParser(self)
        self._reply: Reply | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._open.add(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self._transport)
        if self._reply:
            self._reply.request.disconnected = not self._reply.request.replied
            self._reply.gone.set()

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        request = Request(
            method=self._parser.get_method().decode(),
            path=self._url.decode(),
            headers=self._headers,
            body=self._body,
            client=self._transport.get_extra_info("peername")[1],
        )
        self._requests.append(request)
        self._reply = Reply(request, self._transport)
        self._task = asyncio.ensure_future(self._handler(request, self._reply))


class ContractServer:
    """A server on a free port of 127.0.0.1, in a thread of its own. A subclass says how it answers.

    `script(step, ...)` queues what happens to the next requests for an answer, in order; without a script it answers
    as the real one would. `requests` is all that came in.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self._steps: deque[Step] = deque()
        self._open: set[asyncio.Transport] = set()
        self._wanted_port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def script(self, *steps: Step) -> None:
        self._steps.extend(steps)

    def next_step(self) -> Step | None:
        return self._steps.popleft() if self._steps else None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """As the operator's list of allowed hosts has it."""
        return f"127.0.0.1:{self.port}"

    async def handle(self, request: Request, reply: Reply) -> None:
        raise NotImplementedError

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(5):
            raise RuntimeError("The contract server did not start.")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def serve(self) -> None:
        """Run as a process until interrupted; the address is printed on the first line of the output."""

        async def forever() -> None:
            server = await self.listen()
            print(self.root, flush=True)  # noqa: T201  # its interface
            await server.serve_forever()

        with suppress(KeyboardInterrupt):
            asyncio.run(forever())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    async def listen(self) -> asyncio.Server:
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self.handle, self.requests, self._open), "127.0.0.1", self._wanted_port, backlog=1024
        )
        self.port: int = server.sockets[0].getsockname()[1]
        return server

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self.listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._leave(server))
        self._loop.close()

    async def _leave(self, server: asyncio.Server) -> None:
        # First those that are just being accepted: a server that is closed leaves their transports half made.
        await asyncio.sleep(0.01)
        server.close()
        for transport in list(self._open):
            transport.abort()
        while self._open:  # noqa: ASYNC110  # each leaves in `connection_lost`
            await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    """Give the server's thread time to notice something."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110  # the other side is another thread
        await asyncio.sleep(0.005)
    return condition()
