"""httpx with aiohttp's connections under it, for those who ask a few servers very often.

httpx's own transport reads every event through h11, in Python, and looks through all open connections whenever one
begins or ends: with 200 streams that was 5 ms of processor time a request, where aiohttp takes 0.6 and half as much for
each piece read.
"""

from __future__ import annotations

from urllib.request import getproxies

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport


def swift_transport(limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    """It belongs to the event loop that first uses it. Its connections go straight to the server, and it keeps no
    cookies."""

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limits.max_connections or 0, keepalive_timeout=limits.keepalive_expiry, ssl=transport.ssl_context
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    transport = AiohttpTransport(client=session, limits=limits)
    return transport


def everywhere(transport: httpx.AsyncBaseTransport, *, trust_env: bool) -> dict[str, httpx.AsyncBaseTransport]:
    """Return `mounts` for an httpx client that make it use `transport`; none where the environment names a proxy,
    which only httpx's own transport goes through."""
    return {} if trust_env and getproxies() else {"all://": transport}
