"""The supervisor's end of the pipe to its guardian."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TextIO

GUARDIAN = Path(__file__).with_name("guardian.py")


class Guard:
    """Process groups that must not outlive this process, however it ends. See `guardian.py`.

    `lock`, where there is one, stays held until the last of them is gone.
    """

    def __init__(self, lock: TextIO | None = None) -> None:
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARDIAN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[lock.fileno()] if lock else [],
            start_new_session=True,
        )

    def add(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let the guardian end whatever is still under guard, and wait for that."""
        pipe = self._guardian.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
        self._guardian.wait()

    def _tell(self, order: str) -> None:
        pipe = self._guardian.stdin
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # somebody killed the guardian; the work goes on without
                pipe.write(order.encode())
                pipe.flush()
