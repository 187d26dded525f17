"""How long a start takes, what the processes weigh afterwards, and what is installed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import machine
from bench.processes import memory
from bench.support import main, progress, running

REPETITIONS = 3
SETTLE_S = 5.0
"""Until what the start has begun, such as the reading of the first documents, shows in the memory figures no more."""


def measure(quick: bool) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory(prefix="razgovor-bench-", ignore_cleanup_errors=True) as directory:
        var = Path(directory)
        progress("the first start, which makes the database and unpacks the embedding model")
        with running(var) as first:
            first_s = first.seconds
            time.sleep(SETTLE_S)
        starts, loads, weights = [], [], {}
        for _repetition in range(1 if quick else REPETITIONS):
            loads.append(machine.load()[0])
            with running(var) as again:
                starts.append(again.seconds)
                time.sleep(SETTLE_S)
                weights = memory(again.usage())
    return {
        "first_start_s": round(first_s, 1),
        "cold_start_s": [round(each, 1) for each in starts],
        "cold_start_p50_s": round(statistics.median(starts), 1),
        "load_before_each": loads,
        "memory_mb": weights,
        "installed_mb": installed_mb(),
    }


def installed_mb() -> dict[str, int]:
    """Of this virtual environment: all of it, and its heaviest packages."""
    packages = Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages")
    heaviest = sorted(((_mb(path), path.name) for path in packages.iterdir() if path.is_dir()), reverse=True)[:8]
    return {"all": _mb(Path(sys.prefix).resolve()), **{name: size for size, name in heaviest}}


def _mb(path: Path) -> int:
    said = subprocess.run(["du", "-sm", str(path)], capture_output=True, text=True, check=True).stdout
    return int(said.split()[0])


if __name__ == "__main__":
    main(measure)
