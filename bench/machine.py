"""What a figure was measured on: without it the figure says nothing."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any


def describe() -> dict[str, Any]:
    """The load average is the one of now: ask for it before and after a measurement."""
    return {
        "cores": os.cpu_count(),
        "cpu": _field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "memory_mb": int(_field(Path("/proc/meminfo"), "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": load(),
    }


def load() -> list[float]:
    """Processes that want to run, on average over the last 1, 5 and 15 minutes."""
    return [round(each, 1) for each in os.getloadavg()]


def _field(path: Path, name: str) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _colon, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
