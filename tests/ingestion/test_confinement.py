"""Jobs in processes of their own: what they send, and what becomes of those that misbehave."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingestion import confinement
from ingestion.confinement import Limits, Send
from ingestion.errors import DocumentUnreadable, IngestionCancelled, ReaderDied

LIMITS = Limits(memory_bytes=512 * 1024 * 1024, cpu_seconds=20, silent_seconds=20)

# --- the jobs, which are imported in the other process -----------------------------------------------------------


def counts(request: Mapping[str, Any], send: Send) -> None:
    for number in range(request["to"]):
        send({"number": number})


def tells_its_process(_request: Mapping[str, Any], send: Send) -> None:
    send({"pid": os.getpid(), "nice": os.nice(0)})


def refuses(_request: Mapping[str, Any], send: Send) -> None:
    send({"progress": [1, 2]})
    raise DocumentUnreadable("This file is no good.")


def breaks(_request: Mapping[str, Any], _send: Send) -> None:
    raise RuntimeError("secret detail")


def swells(_request: Mapping[str, Any], send: Send) -> None:
    send({"length": len(bytearray(2 * 1024**3))})


def burns(_request: Mapping[str, Any], _send: Send) -> None:
    while True:
        pass


def hangs(request: Mapping[str, Any], _send: Send) -> None:
    if os.fork() == 0:  # what it starts must end with it
        Path(request["path"]).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(60)


def crashes(_request: Mapping[str, Any], send: Send) -> None:
    send({"progress": [1, 2]})
    os.abort()


def calls_home(request: Mapping[str, Any], send: Send) -> None:
    try:
        socket.create_connection(("127.0.0.1", request["port"]), timeout=5).close()
    except OSError as error:
        send({"answer": type(error).__name__})
    else:
        send({"answer": "connected"})


def lies(_request: Mapping[str, Any], send: Send) -> None:
    send({"error": {"code": "tenant.forbidden", "message": "Believe me."}})


# --- what becomes of them ----------------------------------------------------------------------------------------


def run(
    job: Any, request: Mapping[str, Any] | None = None, *, check: Any = lambda: None, **limits: Any
) -> list[dict[str, Any]]:
    chosen = Limits(
        **{name: limits.get(name, getattr(LIMITS, name)) for name in ("memory_bytes", "cpu_seconds", "silent_seconds")}
    )
    return list(confinement.run(f"{__name__}.{job.__name__}", request or {}, check=check, limits=chosen))


def test_what_a_job_sends_arrives_in_order() -> None:
    assert run(counts, {"to": 1_000}) == [{"number": number} for number in range(1_000)]


def test_each_runs_in_a_process_of_its_own_that_gives_way_to_others() -> None:
    ((first,), (second,)) = run(tells_its_process), run(tells_its_process)

    assert len({first["pid"], second["pid"], os.getpid()}) == 3
    assert first["nice"] == os.nice(0) + confinement.NICENESS


def test_a_refusal_arrives_as_it_was_said() -> None:
    with pytest.raises(DocumentUnreadable, match="This file is no good"):
        run(refuses)


def test_a_bug_is_worth_another_try_and_keeps_its_details() -> None:
    with pytest.raises(ReaderDied) as caught:
        run(breaks)
    assert caught.value.retryable
    assert "secret detail" not in caught.value.message


def test_a_job_that_wants_too_much_memory_is_refused_it() -> None:
    with pytest.raises(DocumentUnreadable, match="more memory"):
        run(swells)


def test_a_job_that_burns_processor_time_is_stopped() -> None:
    with pytest.raises(DocumentUnreadable, match="processor time"):
        run(burns, cpu_seconds=1)


def test_a_job_that_hangs_is_stopped_with_everything_it_has_started(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pytest.raises(DocumentUnreadable, match="no further"):
        run(hangs, {"path": str(path)}, silent_seconds=5)  # time to start, on a busy machine

    assert _is_gone(int(path.read_text(encoding="utf-8")))


def test_a_job_that_crashes_takes_nobody_with_it() -> None:
    with pytest.raises(ReaderDied) as caught:
        run(crashes)
    assert caught.value.retryable


def test_a_job_reaches_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ((message),) = run(calls_home, {"port": server.getsockname()[1]})
    assert message["answer"] != "connected"


def test_a_job_is_not_believed_what_it_says_of_anything_but_its_file() -> None:
    with pytest.raises(ReaderDied):
        run(lies)


def test_cancelling_ends_a_job_at_once() -> None:
    started = time.monotonic()

    def check() -> None:
        if time.monotonic() - started > 0.5:
            raise IngestionCancelled("Cancelled.")

    with pytest.raises(IngestionCancelled):
        run(burns, check=check)
    assert time.monotonic() - started < 5


def _is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # ended, and waiting for somebody to ask how
            return True
        time.sleep(0.05)
    return False


def test_other_threads_that_look_for_ended_children_take_no_job_for_dead() -> None:
    over = threading.Event()

    def look() -> None:  # as each start of a process does
        while not over.is_set():
            with confinement.CHILDREN:
                multiprocessing.active_children()

    with ThreadPoolExecutor(3) as lookers:
        for _ in range(3):
            lookers.submit(look)
        try:
            assert [run(counts, {"to": 1}) for _ in range(20)] == [[{"number": 0}]] * 20
        finally:
            over.set()
