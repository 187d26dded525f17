"""`manage.py up`, which is `make run`: the whole product, for real."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.services import CACHE, unused_ports
from tests.support import ROOT, product_environment

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("models")]
PASSWORD = "not for anything real"
READY_SECONDS = 180.0
"""For a machine that is busy with other tests; a quiet one takes less than ten."""


class Running:
    """One `manage.py up` in a data directory of its own."""

    def __init__(self, var: Path, port: int, *arguments: str, **environment: str) -> None:
        self.var = var
        self.url = f"http://127.0.0.1:{port}"
        self.output = var.with_suffix(".out")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *arguments],
                env=product_environment(RAZGOVOR_VAR=str(var), PORT=str(port), **environment),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self) -> str:
        """Return the line that says so."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if line := re.search(r"^ready .*$", self.said(), flags=re.MULTILINE):
                return line.group()
            time.sleep(0.1)
        pytest.fail(f"It did not get ready:\n{self.said()}", pytrace=False)

    def processes(self) -> list[int]:
        """Return every process that was started with this data directory, its own included, wherever it hangs now."""
        mark = f"RAZGOVOR_VAR={self.var}".encode()
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if mark in _words(path)]

    def wait_until_gone(self, seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.1)


def _words(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\0")
    except OSError:  # it has ended meanwhile
        return []


@contextmanager
def running(var: Path, port: int, *arguments: str, **environment: str) -> Iterator[Running]:
    run = Running(var, port, *arguments, **environment)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.terminate()
        run.process.wait(60)


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A data directory that is new but for the unpacked starter model."""
    directory = tmp_path / "var"
    directory.mkdir()
    (CACHE / "models").mkdir(parents=True, exist_ok=True)
    (directory / "models").symlink_to(CACHE / "models")
    return directory


@pytest.fixture
def port() -> int:
    return unused_ports(1)[0]


def sign_in(url: str, email: str, password: str) -> httpx.Response:
    with httpx.Client(base_url=url, follow_redirects=True) as client:
        page = client.get("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        form = {"login": email, "password": password, "csrfmiddlewaretoken": token.group(1)}
        client.post("/accounts/login/", data=form, headers={"Referer": f"{url}/accounts/login/"})
        return client.get("/t/demo/documents/")


def test_it_starts_the_product_stops_it_and_starts_it_again(var: Path, port: int) -> None:
    with running(var, port) as run:
        line = run.wait_until_ready()
        first = re.match(rf"ready {run.url}/ sign in as (\S+) password (\S+)", line)
        assert first, line
        ready = httpx.get(f"{run.url}/readyz", timeout=10)
        assert (ready.status_code, ready.json()["ok"]) == (200, True)
        assert sign_in(run.url, *first.groups()).status_code == 200
        assert "CHROMA_URL=" in (var / "run.env").read_text()

        with running(var, unused_ports(1)[0]) as second:
            assert second.process.wait(60) == 1
            assert f"Another Razgovor is running on {var} (process {run.process.pid})" in second.said()
            assert "Traceback" not in second.said()

        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(60) == 0
        run.wait_until_gone(0.5)
        assert not (var / "run.env").exists()

    with running(var, port) as again:
        assert again.wait_until_ready().startswith(f"ready {again.url}/ sign in as {first.group(1)} (")
        again.process.terminate()
        assert again.process.wait(60) == 0
        again.wait_until_gone(0.5)


def test_it_starts_again_what_was_killed_and_leaves_nothing_when_it_is_killed_itself(var: Path, port: int) -> None:
    with running(var, port, RAZGOVOR_ADMIN_PASSWORD=PASSWORD) as run:
        assert "with RAZGOVOR_ADMIN_PASSWORD" in run.wait_until_ready()
        for process in run.processes():
            if b"uvicorn" in _words(Path(f"/proc/{process}/cmdline")):
                os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + READY_SECONDS
        while run.said().count("web ready") < 2:
            assert time.monotonic() < deadline, run.said()
            time.sleep(0.1)
        assert "web ended with signal SIGKILL; starting it again in 0.5 s" in run.said()
        assert httpx.get(f"{run.url}/healthz").json() == {"ok": True}

        assert len(run.processes()) > 6
        run.process.kill()
        run.wait_until_gone()


def test_it_says_which_port_is_in_use(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, running(var, other.getsockname()[1]) as run:
        assert run.process.wait(60) == 1
        assert f"Port {other.getsockname()[1]} is in use by another program." in run.said()
        assert "Traceback" not in run.said()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"RAZGOVOR_VAR": "/proc/none", "RAZGOVOR_SECRET_KEY": "x" * 50}, "Cannot write to /proc/none"),
        ({"RAZGOVOR_VAR": "/proc/none"}, "Cannot write to /proc/none"),
        ({"PORT": "eighty"}, "PORT=eighty is not a whole number."),
        ({"CHROMA_URL": "http://127.0.0.1:1"}, "CHROMA_URL is set, but no chroma answers there"),
        ({"RAZGOVOR_LLM": "chatgpt"}, "RAZGOVOR_LLM is “chatgpt”. Use auto, starter"),
    ],
)
def test_it_refuses_to_start_with_one_sentence(
    var: Path, port: int, environment: dict[str, str], sentence: str
) -> None:
    outcome = subprocess.run(
        [sys.executable, "manage.py", "up"],
        env={**product_environment(RAZGOVOR_VAR=str(var), PORT=str(port)), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert outcome.returncode != 0
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr + outcome.stdout
    assert len(outcome.stderr.strip().splitlines()) == 1
