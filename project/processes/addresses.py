"""`var/run.env`: where the servers of this run listen, for commands that are typed beside it.

Settings read it like an `.env` file, so that `manage.py ask` finds the servers without being told.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from project.processes.member import Member
from project.processes.table import Process

FILE_NAME = "run.env"


def set_by_operator(table: Sequence[Process], var: Path) -> Mapping[str, str]:
    """Return the addresses that the operator has set, by setting name.

    Not those that the settings took a moment ago from the file that a killed run has left behind.
    """
    left_behind = _read(var / FILE_NAME)
    return {
        process.setting: value
        for process in table
        if (value := os.environ.get(process.setting)) and left_behind.get(process.setting) != value
    }


@contextmanager
def published(members: Sequence[Member], var: Path) -> Iterator[None]:
    """Keep the file for as long as the block runs."""
    path = var / FILE_NAME
    path.write_text("".join(f"{member.process.setting}={member.url}\n" for member in members if member.process.setting))
    path.chmod(0o600)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _read(path: Path) -> Mapping[str, str]:
    with contextlib.suppress(FileNotFoundError):
        lines = path.read_text(encoding="utf-8").splitlines()
        return {name: value for name, _separator, value in (line.partition("=") for line in lines)}
    return {}
