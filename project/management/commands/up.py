"""`manage.py up`: every process of the product, on this machine, until Ctrl-C. This is what `make run` runs."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from project.processes import preflight
from project.processes.addresses import published, set_by_operator
from project.processes.member import members_of
from project.processes.preflight import CannotStart
from project.processes.supervisor import ProcessFailed, Supervisor
from project.processes.table import LOOPBACK, ProgramMissing, process_table

PASSWORD_BYTES = 12


class Command(BaseCommand):
    help = "Start every process of the product on this machine; Ctrl-C stops them all."
    requires_system_checks = ()  # each process makes them itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=LOOPBACK, help="address to listen on (%(default)s: this machine only)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on (%(default)s)")
        parser.add_argument("--verbose", action="store_true", help="show what every process says, too")

    def handle(self, *_args: Any, host: str, port: int, verbose: bool, **_options: Any) -> None:
        try:
            _Run(self, host, port, verbose).run()
        except (CannotStart, ProcessFailed, ProgramMissing) as error:
            raise CommandError(str(error)) from error


class _Run:
    """One run of the command."""

    def __init__(self, command: BaseCommand, host: str, port: int, verbose: bool) -> None:
        self._command = command
        self._address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        self._verbose = verbose
        self._host, self._port = host, port
        self._began = time.monotonic()
        self._generated = "" if settings.ADMIN_PASSWORD else secrets.token_urlsafe(PASSWORD_BYTES)

    def run(self) -> None:
        var = settings.VAR
        preflight.require_writable(var)
        preflight.require_space(var)
        with preflight.lock(var) as lock:
            preflight.require_port(self._host, self._port)
            for name in ("logs", "redis", "chroma"):
                (var / name).mkdir(exist_ok=True)
            table = process_table(
                var=var,
                host=self._host,
                port=self._port,
                embedding_model=settings.EMBEDDING_MODEL,
                reranker=settings.RERANKER if settings.RERANKER_URL == settings.EMBEDDER_URL else "",
                web_processes=settings.WEB_PROCESSES,
            )
            members = members_of(
                table,
                outside=set_by_operator(table, var),
                logs=var / "logs",
                cwd=settings.BASE_DIR,
                extra={"RAZGOVOR_ADMIN_PASSWORD": settings.ADMIN_PASSWORD or self._generated},
            )
            self._prepare = next(member for member in members if member.name == "prepare")
            with published(members, var):
                Supervisor(members, lock=lock, say=self._say, ready=self._ready, verbose=self._verbose).run()

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever read this has gone; that is no reason to stop
            self._command.stdout.write(line)
            self._command.stdout.flush()

    def _ready(self) -> None:
        assert self._prepare.child is not None  # noqa: S101 - it always runs here
        outcome = json.loads(self._prepare.child.last_line())
        line = f"ready {self._address} sign in as {outcome['email']}"
        if outcome["created"]:
            line += f" password {self._generated}" if self._generated else " with RAZGOVOR_ADMIN_PASSWORD"
        self._say(f"{line} ({time.monotonic() - self._began:.1f} s)")
