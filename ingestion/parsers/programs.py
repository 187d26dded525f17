"""Runs the programs that parsers leave work to, so that nothing of them is left when they take too long."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryFile

from ingestion.errors import DocumentUnreadable

LOOK_EVERY_S = 0.5
"""How often a waiting parser reports, which is also when it hears that a person has cancelled."""
KEPT = ("PATH", "TESSDATA_PREFIX")
"""All that programs get of our environment, in which there are secrets."""


class ProgramFailed(Exception):
    """The program ended with an error; the message is what it wrote about it."""


def run(
    command: Sequence[str],
    *,
    wall_s: float,
    too_slow: str,
    waiting: Callable[[], None],
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Return what `command` wrote. `waiting` is called every half second, and ends the program by raising.

    Raise `DocumentUnreadable` with the sentence `too_slow` after `wall_s` seconds, `ProgramFailed` when the program
    does not end well, and `FileNotFoundError` when it is not installed.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with TemporaryFile() as source:  # a pipe is forgotten by `communicate` when it is called a second time
        source.write(given)
        source.seek(0)
        process = subprocess.Popen(
            command,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**kept, "LC_ALL": "C.UTF-8", **(environment or {})},
            start_new_session=not _is_group_leader(),
        )
        try:
            output, errors = _wait(process, time.monotonic() + wall_s, too_slow, waiting)
        finally:
            _end(process)
    if process.returncode:
        raise ProgramFailed(f"{command[0]} ended with {process.returncode}: {errors[-2_000:].decode(errors='replace')}")
    return output


def _wait(
    process: subprocess.Popen[bytes], deadline: float, too_slow: str, waiting: Callable[[], None]
) -> tuple[bytes, bytes]:
    while True:
        try:
            return process.communicate(timeout=LOOK_EVERY_S)
        except subprocess.TimeoutExpired as error:
            waiting()
            if time.monotonic() > deadline:
                raise DocumentUnreadable(too_slow) from error


def _is_group_leader() -> bool:
    """Whether this process is one that is ended together with its process group, as readers of files are: then the
    program has to stay in it. Otherwise it gets a group of its own."""
    return os.getpgrp() == os.getpid()


def _end(process: subprocess.Popen[bytes]) -> None:
    """The program and whatever it has started; in a group that is not its own, that is left to who ends the group."""
    with suppress(ProcessLookupError):
        if _is_group_leader():
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
