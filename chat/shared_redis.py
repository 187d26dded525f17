"""One Redis client for each event loop: its connections belong to the loop that opened them."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, Redis

CONNECTIONS = 16
"""At once. Without a limit, two hundred questions in a moment open two hundred connections."""
WAIT_S = 20.0
"""For one of them, before Redis counts as unreachable."""

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Redis]] = WeakKeyDictionary()


def shared_redis(url: str) -> Redis:
    """The running loop's client for `url`."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if url not in clients:
        pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=WAIT_S)
        clients[url] = Redis.from_pool(pool)
    return clients[url]


async def close_redis() -> None:
    """Close what the running loop has open. For the end of a command or of a test."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.aclose()
