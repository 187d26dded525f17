"""Outlives a supervisor that was killed, and ends what it left behind.

Run as a script with nothing of the project imported. Standard input is a pipe from the supervisor: `+123` puts process
group 123 under guard, `-123` lets it go. When the pipe closes, the supervisor has gone: every group still under guard
is asked to end, and killed if it has not after some seconds. The lock on the data directory is inherited and so held
until then, so that a new start cannot meet the old servers.

The kernel's own signal for a parent's death (PR_SET_PDEATHSIG) reaches direct children only, not the worker's pool or
its beat, lets nothing finish in order, and is Linux's alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def guarded_groups() -> set[int]:
    """Read orders until the pipe closes; return the groups that are left."""
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def end(groups: set[int]) -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    _signal(groups, signal.SIGTERM)
    while any(map(_exists, groups)) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(groups, signal.SIGKILL)


def _signal(groups: set[int], number: int) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def _exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS answers so for a group of zombies
        return False
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # it ends with its supervisor, whatever that was sent
    end(guarded_groups())
