"""Shows what was added to several log files, with the name of the process before each line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path


class LogFollower:
    def __init__(self, paths: Sequence[Path], say: Callable[[str], None]) -> None:
        self._read = dict.fromkeys(paths, 0)
        self._say = say

    def show(self) -> None:
        """Say every line that was completed since the last call."""
        for path, offset in self._read.items():
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    added = file.read()
            except FileNotFoundError:
                continue  # it has not been started yet
            complete = added[: added.rfind(b"\n") + 1]
            self._read[path] = offset + len(complete)
            for line in complete.decode(errors="replace").splitlines():
                self._say(f"{path.stem} | {line}")
