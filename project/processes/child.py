"""One running process: in a group of its own, its output in a file, and ended with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

GRACE_SECONDS = 10.0
"""How long a process has to finish what it is doing once it was asked to end."""
POLL_SECONDS = 0.05


class Child:
    """A command that may be started again and again. Its log is rotated once, when the object is made."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, cwd: Path) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._cwd = cwd
        self._process: subprocess.Popen[bytes] | None = None
        if log.exists():
            log.replace(log.with_suffix(".log.1"))

    @property
    def group(self) -> int:
        """The process group, which is the process's own id."""
        assert self._process is not None  # noqa: S101 - callers start it first
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._cwd,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in their order
            )

    def signal(self, number: int) -> None:
        """Send a signal to the whole group, leader gone or not."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, number)

    def last_line(self) -> str:
        """Return the last thing that it said, for a person to read."""
        with contextlib.suppress(OSError):
            lines = self.log.read_bytes()[-4000:].decode(errors="replace").splitlines()
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


def end(children: Sequence[Child], *, hurry: Callable[[], bool], grace: float) -> list[Child]:
    """End all of them together, waiting `grace` seconds or until `hurry()`; return those that had to be killed."""
    running = [child for child in children if child.running]
    for child in running:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(child.running for child in running) and time.monotonic() < deadline and not hurry():
        time.sleep(POLL_SECONDS)
    late = [child for child in running if child.running]
    for child in running:
        child.signal(signal.SIGKILL)  # also what a leader that is gone left behind
    while any(child.running for child in late):
        time.sleep(POLL_SECONDS)
    return late
