"""Processor time and memory of a supervisor's children, read from /proc. Linux only."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

NAMES = {
    "uvicorn": "web",
    "celery": "worker",
    "redis-server": "redis",
    "valkey-server": "redis",
    "project.processes.chroma": "chroma",
    "ingestion.embedding.server": "embedder",
    "chat.llm.starter_server": "starter",
}
"""A word of a command line -> the process's name in docs/architecture.md."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_s` since the start. Memory in MB: `rss` counts what forked processes share once for each of them, `pss`
    once for all; `peak` is the sum of each one's largest `rss` so far."""

    cpu_s: float = 0.0
    rss: float = 0.0
    pss: float = 0.0
    peak: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu_s + other.cpu_s, self.rss + other.rss, self.pss + other.pss, self.peak + other.peak)


def usage(supervisor: int) -> dict[str, Usage]:
    """Usage by process name, of everything below the process `supervisor`, and its own as "supervisor"."""
    children = _children()
    found = {"supervisor": _usage_of(supervisor)}
    for child in children[supervisor]:
        name = _name(child)
        for pid in _tree(child, children):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                found[name] = found.get(name, Usage()) + _usage_of(pid)
    return found


def resident(supervisor: int) -> dict[str, float]:
    """MB in memory by process name, of everything below the process `supervisor`: a part of `usage` that takes so
    little time that it can be asked for twenty times a second."""
    children = _children()
    found: dict[str, float] = {}
    for child in children[supervisor]:
        name = _name(child)
        for pid in _tree(child, children):
            with suppress(FileNotFoundError, ProcessLookupError):
                pages = int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1])
                found[name] = found.get(name, 0.0) + pages * PAGE_BYTES / 1024 / 1024
    return found


def cpu_between(before: Mapping[str, Usage], after: Mapping[str, Usage]) -> dict[str, float]:
    """Processor seconds by process name, and their sum as "all"."""
    spent = {name: after[name].cpu_s - before.get(name, Usage()).cpu_s for name in after}
    return {"all": sum(spent.values()), **spent}


def memory(found: Mapping[str, Usage]) -> dict[str, dict[str, int]]:
    """MB by process name, and of all together."""
    total = sum(found.values(), Usage())
    return {
        name: {"rss": round(each.rss), "pss": round(each.pss), "peak": round(each.peak)}
        for name, each in {"all": total, **found}.items()
    }


def _children() -> defaultdict[int, list[int]]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for directory in PROC.iterdir():
        if directory.name.isdecimal():
            with suppress(FileNotFoundError, ProcessLookupError):
                children[int(_stat(int(directory.name))[1])].append(int(directory.name))
    return children


def _tree(pid: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, ()):
        yield from _tree(child, children)


def _name(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        command = (PROC / str(pid) / "cmdline").read_text(encoding="utf-8")
        for word, name in NAMES.items():
            if word in command:
                return name
    return "other"


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; the second, in brackets, may itself hold spaces."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _usage_of(pid: int) -> Usage:
    # utime, stime, and what children that were waited for have used
    ticks = sum(int(each) for each in _stat(pid)[11:15])
    status = _fields(PROC / str(pid) / "status")
    return Usage(
        cpu_s=ticks / TICKS,
        rss=status.get("VmRSS", 0) / 1024,
        pss=_fields(PROC / str(pid) / "smaps_rollup").get("Pss", 0) / 1024,
        peak=status.get("VmHWM", 0) / 1024,
    )


def _fields(path: Path) -> dict[str, int]:
    """Those that are in kB."""
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: int(value.split()[0]) for name, _colon, value in lines if value.endswith("kB")}
