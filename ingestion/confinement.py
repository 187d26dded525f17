"""Runs a job over a file from anywhere in a process of its own, with limits on memory, processor time and waiting.

Whatever a file does to its reader, it does it there: the worker goes on, says what happened, and has lost nothing.
What comes back is JSON, never a pickle, so that a reader which a file has taken over cannot take over the worker.

Processes are forked from one that has imported the parsers already (`multiprocessing`'s fork server), which takes some
milliseconds instead of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import forkserver, process
from multiprocessing.connection import Connection
from typing import Any

import orjson
from django.conf import settings
from django.utils.module_loading import import_string

from ingestion.errors import DocumentUnreadable, IngestionError, ReaderDied
from ingestion.sentences import packed, unpacked
from ingestion.sentences import sentence as _
from project.errors import AppError

logger = logging.getLogger(__name__)

POLL_S = 0.2
"""How soon cancelling is noticed."""
MESSAGE_BYTES = 256 * 1024 * 1024
"""More than any message that a job of ours sends; a larger one is not ours."""
FILE_BYTES = 1024 * 1024 * 1024
NICENESS = 5
"""Reading can wait for answers."""
PRELOADED = [
    "ingestion.confined",
    "langchain_text_splitters",
    "pypdfium2",
    "lxml.etree",
    "lxml.html",
    "selectolax.lexbor",
    "charset_normalizer",
    "docx",
    "PIL.Image",
    "openpyxl",
    "pptx",
    "markdown_it",
    "defusedxml.ElementTree",
    "olefile",
    "xlrd",
]
"""What the jobs import later on anyway: shared by all of them, and paid for once."""

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

ITSELF = process.current_process()
"""As `multiprocessing` knows it, before Celery forks."""

CHILDREN = threading.Lock()
"""Whoever starts a process looks, in `multiprocessing`, whether others have ended. What one thread has read of how a
process ended is gone for another that waits for it, which then takes it for dead."""

Message = dict[str, Any]
Send = Callable[[Message], None]
Job = Callable[[Mapping[str, Any], Send], None]


@dataclass(frozen=True, slots=True)
class Limits:
    memory_bytes: int
    """Of data in memory (RLIMIT_DATA), for each process."""
    cpu_seconds: int
    """For each process."""
    silent_seconds: float
    """How long it may go on without a sign of progress."""


def configured_limits() -> Limits:
    return Limits(
        memory_bytes=settings.READER_MEMORY_BYTES,
        cpu_seconds=settings.READER_CPU_SECONDS,
        silent_seconds=settings.READER_SILENT_SECONDS,
    )


def start_early() -> None:
    """Start the process that the others are forked from, so that the first file does not wait for it. To be called in
    each process of a Celery worker.

    Celery puts an object of its own in the place where `multiprocessing` keeps what it knows of the process, which says
    that it is to have no children, because they would outlive it. Ours do not: they end with the process that they are
    forked from, and that one with us.
    """
    process._current_process = ITSELF  # type: ignore[attr-defined]  # noqa: SLF001
    _context()
    forkserver.ensure_running()


def run(
    job: str, request: Mapping[str, Any], *, check: Callable[[], None], limits: Limits | None = None
) -> Iterator[Message]:
    """Yield what the job at the dotted path `job` sends while it works on `request`, which is JSON too.

    Raise what `check` raises, which is called five times a second; `DocumentUnreadable` when the job has raised it or
    has overstepped a limit; and `ReaderDied`, which is worth another try, when its process has ended otherwise.
    """
    limits = limits or configured_limits()
    receiver, sender = _context().Pipe(duplex=False)
    reader = _context().Process(target=_work, args=(sender, job, orjson.dumps(request), limits), daemon=True)
    with CHILDREN:
        reader.start()
    sender.close()
    try:
        yield from _messages(receiver, check, limits)
        with CHILDREN:
            reader.join(POLL_S)
            exit_code = reader.exitcode
        if exit_code not in (0, None):
            raise _death_of(exit_code)
    finally:
        receiver.close()
        with CHILDREN:
            _end(reader)


def _messages(receiver: Connection, check: Callable[[], None], limits: Limits) -> Iterator[Message]:
    """Until the other end is closed. Time that our caller takes over a message is not held against the job."""
    heard_at = time.monotonic()
    while True:
        check()
        if not receiver.poll(POLL_S):
            if time.monotonic() - heard_at > limits.silent_seconds:
                raise DocumentUnreadable(
                    _(
                        "Reading this file came no further for %(seconds)d seconds, so it was stopped. "
                        "Open it in the program that made it, save it again and upload the new copy.",
                        seconds=round(limits.silent_seconds),
                    )
                )
            continue
        try:
            message = orjson.loads(receiver.recv_bytes(MESSAGE_BYTES))
        except EOFError:
            return
        except (OSError, ValueError) as error:
            raise ReaderDied(_("The reader of this file has answered with nonsense.")) from error
        if error_of := message.get("error"):
            raise _error(error_of)
        yield message
        heard_at = time.monotonic()


def _error(error: Mapping[str, Any]) -> IngestionError:
    """Only the errors of documents are believed: a reader has nothing to say of anything else."""
    if error["code"] == DocumentUnreadable.code:
        return DocumentUnreadable(unpacked(error["message"]))
    what = unpacked(error["message"])
    return ReaderDied(_("Something unexpected went wrong while this file was read (%(what)s).", what=what))


def _death_of(exit_code: int | None) -> IngestionError:
    if exit_code == -signal.SIGXCPU:
        return DocumentUnreadable(
            _("Reading this file took too much processor time, so it was stopped. Split it and upload the parts.")
        )
    logger.warning("the reader of a file has ended with exit code %s", exit_code)
    return ReaderDied(
        _(
            "Reading this file has stopped its reader: it is damaged, or made to do so. "
            "Open it in the program that made it, save it again and upload the new copy."
        )
    )


def _end(reader: Any) -> None:
    """With everything that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(reader.pid, signal.SIGKILL)
    reader.kill()
    reader.join()
    reader.close()


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


# --- in the process of its own -----------------------------------------------------------------------------------


def _work(sender: Connection, job: str, request: bytes, limits: Limits) -> None:
    settings.USE_I18N = False  # nobody's language is known here, and there is no registry of apps to look for it in

    def send(message: Message) -> None:
        sender.send_bytes(orjson.dumps(message))

    try:
        _confine(limits)
        import_string(job)(orjson.loads(request), send)
    except AppError as error:
        send({"error": {"code": error.code, "message": packed(error.message)}})
    except BrokenPipeError:
        return  # nobody is listening any more
    except MemoryError:
        message = _("Reading this file takes more memory than it may have. Split it and upload the parts.")
        send({"error": {"code": DocumentUnreadable.code, "message": packed(message)}})
    except Exception as error:  # noqa: BLE001 - a bug over there is told here, where there is nobody else to tell
        sys.excepthook(*sys.exc_info())
        send({"error": {"code": "", "message": type(error).__name__}})
    finally:
        sender.close()


def _confine(limits: Limits) -> None:
    os.setsid()  # so that it can be ended together with what it starts
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # No network. Some machines allow this to nobody; then that no parser asks for anything has to be enough.
        _ = libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    os.nice(NICENESS)
    for what, limit in (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),  # with a signal of its own; a second later there is no signal left
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit + (what == resource.RLIMIT_CPU)))
