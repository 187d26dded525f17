"""One httpx client for each event loop, so that streams share connections, and each client guarded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import httpx

from chat.llm.outbound import OutboundGuard

MAX_STREAMS = 1000
"""Connections at once. A web process is asked for some 200 answers at a time; the limit only stops a runaway."""
IDLE_CONNECTIONS = 100
IDLE_SECONDS = 30

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, ...], httpx.AsyncClient]] = WeakKeyDictionary()


def shared_client(allowed: Sequence[str]) -> httpx.AsyncClient:
    """The running loop's client that may call the `allowed` hosts. It follows no redirects: they would lead away
    from the address that was checked."""
    loop = asyncio.get_running_loop()
    for stale in [other for other in _clients if other.is_closed()]:
        del _clients[stale]
    clients = _clients.setdefault(loop, {})
    key = tuple(allowed)
    if key not in clients:
        clients[key] = httpx.AsyncClient(
            event_hooks={"request": [OutboundGuard(key)]},
            limits=httpx.Limits(
                max_connections=MAX_STREAMS,
                max_keepalive_connections=IDLE_CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
            ),
            follow_redirects=False,
            # Read raw, without a decompressor between the model and the reader.
            headers={"Accept-Encoding": "identity"},
        )
    return clients[key]


async def close_clients() -> None:
    """Close what the running loop has open. For the end of a process, of a command or of a test."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.aclose()
