"""`/healthz`: this process runs. `/readyz`: so does everything that it needs, with one line for each part, and one for
the re-ranker, which it can do without.

Answered before Django sees the request, because a load balancer or an orchestrator asks by address, which is none of
the host names that Django is told to serve.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings

from project.probes import (
    ProbeFailed,
    probe_chroma,
    probe_database,
    probe_model_server,
    probe_redis,
    probe_reranker,
)

Application = Callable[..., Any]
PART_SECONDS = 3.0
"""How long a part may take to answer, its connection included."""
OPTIONAL = frozenset({"reranker"})
"""Without these, questions are answered all the same, only less well: they are told of, and no reason to stop."""


@dataclass(frozen=True, slots=True)
class Part:
    """`error` is empty when the part answered."""

    error: str
    elapsed_ms: float

    def as_json(self) -> dict[str, Any]:
        outcome: dict[str, Any] = {"ok": not self.error, "ms": round(self.elapsed_ms, 1)}
        return outcome if not self.error else {**outcome, "error": self.error}


async def readiness() -> Mapping[str, Part]:
    """Ask all parts at once."""
    probes: dict[str, Awaitable[None]] = {
        # In threads of their own, and not the views', which may be busy.
        "database": database_sync_to_async(probe_database, thread_sensitive=False)(),
        "redis": asyncio.to_thread(probe_redis, settings.REDIS_URL),
        "chroma": asyncio.to_thread(probe_chroma, settings.CHROMA_URL),
        "embedder": asyncio.to_thread(probe_model_server, settings.EMBEDDER_URL),
    }
    if url := settings.RERANKER_URL:
        probes["reranker"] = asyncio.to_thread(probe_reranker, url, next_door=url == settings.EMBEDDER_URL)
    parts = await asyncio.gather(*(_part(probe) for probe in probes.values()))
    return dict(zip(probes, parts, strict=True))


async def _part(probe: Awaitable[None]) -> Part:
    began = time.perf_counter()
    error = ""
    try:
        await asyncio.wait_for(probe, PART_SECONDS)
    except ProbeFailed as failure:
        error = str(failure)
    except TimeoutError:
        error = f"no answer within {PART_SECONDS:g} s"
    return Part(error, (time.perf_counter() - began) * 1000)


async def report(path: str) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON of a health page."""
    if path == "/healthz":
        return 200, {"ok": True}
    parts = await readiness()
    ok = not any(part.error for name, part in parts.items() if name not in OPTIONAL)
    return (200 if ok else 503), {"ok": ok, "parts": {name: part.as_json() for name, part in parts.items()}}


def with_health(application: Application) -> Application:
    """Wrap an ASGI application so that the two pages are answered here and everything else there."""

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in {"/healthz", "/readyz"}:
            await application(scope, receive, send)
            return
        status, body = await report(scope["path"])
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    return wrapped
