"""What must hold before anything is started. Each check raises `CannotStart` with one sentence for the operator."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import TextIO

MEGABYTE = 1024 * 1024
NEEDED_MEGABYTES = 200
"""The databases, the unpacked starter model's temporary copies and the logs of a day; documents come on top."""
LOCK_NAME = "up.lock"
SUCCESSION_SECONDS = 8.0
"""A little more than the guardian of a killed supervisor takes."""


class CannotStart(Exception):
    """`str(error)` is one sentence that says what is wrong and what to do."""


def require_writable(var: Path) -> None:
    try:
        var.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=var):
            pass
    except OSError as error:
        raise (
            disk_full(var)
            if error.errno == errno.ENOSPC
            else CannotStart(
                f"Cannot write to {var} ({error.strerror}). Make it writable, or set RAZGOVOR_VAR to another directory."
            )
        ) from error


def require_space(var: Path, megabytes: int = NEEDED_MEGABYTES) -> None:
    if shutil.disk_usage(var).free < megabytes * MEGABYTE:
        raise disk_full(var)


def disk_full(var: Path) -> CannotStart:
    return CannotStart(
        f"The disk of {var} is full: at least {NEEDED_MEGABYTES} MB must be free. "
        "Make room, or set RAZGOVOR_VAR to a directory on another disk."
    )


def require_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotStart(_port_refused(host, port, error)) from error
        except OverflowError as error:
            raise CannotStart(f"PORT={port} is no port. Use a number from 1 to 65535.") from error


def _port_refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program. Stop that, or choose another port: PORT={port + 10} make run"
    if error.errno == errno.EACCES:
        return f"Port {port} needs an administrator's rights. Choose one above 1023: PORT=8000 make run"
    return f"Cannot listen on {host} port {port} ({error.strerror}). Choose an address of this machine."


def lock(var: Path) -> TextIO:
    """Take the directory for this process. The lock lasts as long as the file, here or in a child, is open."""
    file = (var / LOCK_NAME).open("a+", encoding="ascii")
    deadline = time.monotonic() + SUCCESSION_SECONDS
    while not _locked(file):
        owner = _owner(file)
        if _alive(owner) or time.monotonic() > deadline:
            file.close()
            raise CannotStart(
                f"Another Razgovor is running on {var} (process {owner}). "
                "Stop it first, or set RAZGOVOR_VAR and PORT to start a second one."
            )
        time.sleep(0.1)  # its supervisor was killed; what that had started is being ended just now
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(file: TextIO) -> int:
    file.seek(0)
    return int(file.read() or 0)


def _alive(process: int) -> bool:
    if process == 0:  # it has taken the lock and is about to write its number
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
