"""One question to each server that the product depends on: do you answer?

Shared by the readiness page, the supervisor of `make run` and the tests. Each probe returns when the server answers and
raises `ProbeFailed` with the reason when it does not, after `timeout` seconds at the latest.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

import httpx
import redis
from django.db import DatabaseError, connection

TIMEOUT_SECONDS = 2.0
"""Long enough for a busy server on the same network, short enough for a load balancer that waits."""


class ProbeFailed(Exception):
    """`str(error)` says why, without the address, which may hold a password."""


def probe_redis(url: str, timeout: float = TIMEOUT_SECONDS) -> None:
    client = redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
    try:
        client.ping()
    except redis.RedisError as error:
        raise ProbeFailed(type(error).__name__) from error
    finally:
        client.close()


def probe_http(url: str, timeout: float = TIMEOUT_SECONDS) -> None:
    """`url` must answer, and not with a server's error: a page that it does not have is an answer too."""
    _answer(url, timeout)


def _answer(url: str, timeout: float, *, outside: bool = False) -> httpx.Response:
    """Only what lies `outside` is reached through a proxy that the environment names."""
    try:
        response = _client(outside).get(url, timeout=timeout)
    except httpx.HTTPError as error:
        raise ProbeFailed(type(error).__name__) from error
    if response.is_server_error:
        raise ProbeFailed(f"HTTP status {response.status_code}")
    return response


@lru_cache(maxsize=2)
def _client(outside: bool) -> httpx.Client:
    """One for all: each new client reads the certificates of the world, which takes more than the question itself.
    Connections are not kept; a server that restarts between two questions would look ill on an old one."""
    return httpx.Client(trust_env=outside, limits=httpx.Limits(max_keepalive_connections=0))


def probe_chroma(url: str, timeout: float = TIMEOUT_SECONDS) -> None:
    probe_http(f"{url.rstrip('/')}/api/v2/heartbeat", timeout)


def probe_model_server(url: str, timeout: float = TIMEOUT_SECONDS) -> None:
    """`url` is the base of an OpenAI-compatible server. The product's own say at `/health` when they have loaded."""
    probe_http(health_url(url), timeout)


def probe_reranker(url: str, timeout: float = TIMEOUT_SECONDS, *, next_door: bool) -> None:
    """The embedding server next door says whether it has one. Another server is only asked whether it is there: having
    something ranked may cost its owner money."""
    if not next_door:
        _answer(health_url(url), timeout, outside=True)
    elif '"rerank"' not in _answer(f"{url.rstrip('/')}/models", timeout).text:
        raise ProbeFailed("no re-ranker is loaded")


def health_url(url: str) -> str:
    """`http://host:8002/v1` has its health page at `http://host:8002/health`."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/v1")
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/health", "", ""))


def probe_database() -> None:
    """Ask the calling thread's connection for a row. How long it waits is the database options' business."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError as error:
        raise ProbeFailed(type(error).__name__) from error
