"""What the supervisor knows of one process while it runs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from project.processes.child import Child
from project.processes.ports import free_ports
from project.processes.table import Process


@dataclass(slots=True)
class Member:
    """`child` is None for a process that the operator runs elsewhere. Times are `time.monotonic()`."""

    process: Process
    url: str
    child: Child | None
    ready: bool = False
    started: bool = False
    finished: bool = False
    start_at: float = 0.0
    reminded: float = 0.0
    _since: float = field(default_factory=time.monotonic)
    _deaths: deque[float] = field(default_factory=deque)

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def log_hint(self) -> str:
        return f" (log: {os.path.relpath(self.child.log)})" if self.child else ""

    def probe(self) -> None:
        """Raise `ProbeFailed` unless it answers."""
        if self.process.probe:
            self.process.probe(self.url)

    def waited(self) -> float:
        """Return the seconds since it was last started, or since the supervisor began."""
        return time.monotonic() - self._since

    def has_started(self) -> None:
        self.started, self.reminded, self._since = True, 0.0, time.monotonic()

    def has_finished(self) -> None:
        """It had one thing to do, and has done it."""
        self.started, self.ready, self.finished = False, True, True

    def has_died(self, *, within: float) -> int:
        """Return how often it has died in the last `within` seconds, this time included."""
        now = time.monotonic()
        self.started = self.ready = False
        self._deaths.append(now)
        while self._deaths[0] < now - within:
            self._deaths.popleft()
        return len(self._deaths)


def members_of(
    table: Sequence[Process], *, outside: Mapping[str, str], logs: Path, cwd: Path, extra: Mapping[str, str]
) -> list[Member]:
    """Give every process of the table its address, its log and the environment that all share.

    A process whose address is in `outside` (setting name -> address) is left to whoever set that.
    """
    ports = dict(zip((process.name for process in table), free_ports(len(table)), strict=True))
    addresses = {
        process.setting: outside.get(process.setting) or process.url.format(port=ports[process.name])
        for process in table
        if process.setting
    }
    shared = {**os.environ, **addresses, **extra, "PYTHONUNBUFFERED": "1"}

    def member(process: Process) -> Member:
        url = addresses.get(process.setting) or process.url.format(port=ports[process.name], **addresses)
        if process.setting in outside:
            return Member(process, url, child=None)
        command = [word.replace("{port}", str(ports[process.name])) for word in process.command]
        environment = {**shared, **process.environment}
        return Member(process, url, Child(process.name, command, environment, logs / f"{process.name}.log", cwd))

    return [member(process) for process in table]
