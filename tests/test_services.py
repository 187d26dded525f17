from __future__ import annotations

import subprocess
import sys
import time

import psycopg
import pytest

from project.probes import ProbeFailed, probe_redis
from tests import services
from tests.services import unused_ports
from tests.support import ROOT

KILLED = """
import sys, time
from tests import services
with services.redis(int(sys.argv[1])):
    print("started", flush=True)
    time.sleep(60)
"""


def test_a_server_does_not_outlive_a_test_run_that_is_killed() -> None:
    port = unused_ports(1)[0]
    with subprocess.Popen([sys.executable, "-c", KILLED, str(port)], cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"started\n"
        run.kill()
    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        probe_redis(f"redis://127.0.0.1:{port}/0")
    except ProbeFailed:
        return False
    return True


@pytest.mark.slow
def test_whoever_has_not_hung_up_loses_the_connection(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as ours, psycopg.connect(postgres_url) as theirs:
        theirs.execute("SELECT 1")  # and its transaction stays open
        services.hang_up_others(ours)
        with pytest.raises(psycopg.OperationalError):
            theirs.execute("SELECT 1")
        assert ours.execute("SELECT 1").fetchone() == (1,)
