"""What is checked before `make run` starts anything."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from project.processes import addresses, preflight
from project.processes.ports import free_ports
from project.processes.preflight import CannotStart
from project.processes.table import Process


def test_it_refuses_a_port_that_another_program_listens_on() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(CannotStart, match="is in use by another program"),
    ):
        preflight.require_port("127.0.0.1", other.getsockname()[1])


def test_it_takes_a_port_that_is_free() -> None:
    preflight.require_port("127.0.0.1", free_ports(1)[0])


def test_it_refuses_a_number_that_is_no_port() -> None:
    with pytest.raises(CannotStart, match="from 1 to 65535"):
        preflight.require_port("127.0.0.1", 70_000)


def test_it_refuses_an_address_of_another_machine() -> None:
    with pytest.raises(CannotStart, match="Choose an address of this machine"):
        preflight.require_port("192.0.2.1", 8000)


def test_it_refuses_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1_000_000))
    with pytest.raises(CannotStart, match="is full: at least 200 MB must be free"):
        preflight.require_space(tmp_path)


def test_it_takes_a_disk_with_room(tmp_path: Path) -> None:
    preflight.require_space(tmp_path, megabytes=1)


def test_it_refuses_a_directory_that_it_cannot_write_to() -> None:
    with pytest.raises(CannotStart, match="Make it writable, or set RAZGOVOR_VAR"):
        preflight.require_writable(Path("/proc/none"))


def test_it_refuses_a_directory_that_another_run_has(tmp_path: Path) -> None:
    with preflight.lock(tmp_path), pytest.raises(CannotStart, match=rf"is running on .* \(process {os.getpid()}\)"):
        preflight.lock(tmp_path)


def test_a_directory_is_free_again_after_a_run(tmp_path: Path) -> None:
    preflight.lock(tmp_path).close()
    preflight.lock(tmp_path).close()


def test_it_waits_while_what_a_killed_run_left_is_being_ended(tmp_path: Path) -> None:
    """The lock is held by a guardian, and the process whose number is in the file has gone."""
    over = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    lock = preflight.lock(tmp_path)
    with subprocess.Popen(["sleep", "0.5"], pass_fds=[lock.fileno()]):
        (tmp_path / preflight.LOCK_NAME).write_text(over.stdout.strip())
        lock.close()
        preflight.lock(tmp_path).close()


def test_free_ports_are_distinct() -> None:
    assert len(set(free_ports(50))) == 50


def test_an_address_left_behind_by_a_killed_run_is_not_the_operators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [Process("redis", (), setting="REDIS_URL"), Process("chroma", (), setting="CHROMA_URL")]
    (tmp_path / addresses.FILE_NAME).write_text("REDIS_URL=redis://127.0.0.1:1/0\nCHROMA_URL=http://127.0.0.1:2\n")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CHROMA_URL", "http://chroma.internal:8000")
    assert addresses.set_by_operator(table, tmp_path) == {"CHROMA_URL": "http://chroma.internal:8000"}
