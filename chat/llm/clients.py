"""One httpx client for each event loop, so that streams share connections, and each client guarded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import httpx

from chat.llm.outbound import OutboundGuard
from project.http_transport import everywhere, swift_transport

MAX_STREAMS = 1000
"""Connections at once. A web process is asked for some 200 answers at a time; the limit only stops a runaway."""
LIMITS = httpx.Limits(max_connections=MAX_STREAMS, max_keepalive_connections=100, keepalive_expiry=30)

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[object, ...], httpx.AsyncClient]] = (
    WeakKeyDictionary()
)


def shared_client(allowed: Sequence[str], *, trust_env: bool = True) -> httpx.AsyncClient:
    """The running loop's client that may call the `allowed` hosts. It follows no redirects: they would lead away
    from the address that was checked. A proxy of the environment is for the world outside: a process next door is
    called without `trust_env`."""
    loop = asyncio.get_running_loop()
    for stale in [other for other in _clients if other.is_closed()]:
        del _clients[stale]
    clients = _clients.setdefault(loop, {})
    key = (trust_env, *allowed)
    if key not in clients:
        clients[key] = httpx.AsyncClient(
            event_hooks={"request": [OutboundGuard(allowed)]},
            limits=LIMITS,
            mounts=everywhere(_Transport(), trust_env=trust_env),
            trust_env=trust_env,
            follow_redirects=False,
            # Read raw, without a decompressor between the model and the reader.
            headers={"Accept-Encoding": "identity"},
        )
    return clients[key]


class _Transport(httpx.AsyncBaseTransport):
    """The swift one, but for requests whose peer the guard wants to look at: httpx's own tells it."""

    def __init__(self) -> None:
        self._swift = swift_transport(LIMITS)
        self._traced = httpx.AsyncHTTPTransport(limits=LIMITS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._traced if "trace" in request.extensions else self._swift
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._swift.aclose()
        await self._traced.aclose()


async def close_clients() -> None:
    """Close what the running loop has open. For the end of a process, of a command or of a test."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.aclose()
