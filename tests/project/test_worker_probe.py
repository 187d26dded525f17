"""Whether a worker is there, asked through a broker that may not be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from project.probes import ProbeFailed
from project.processes.worker import probe_worker
from tests import services


def test_nobody_answers(redis_url: str) -> None:
    with pytest.raises(ProbeFailed, match="no answer"):
        probe_worker(redis_url)


def test_there_is_no_broker() -> None:
    (port,) = services.unused_ports(1)
    with pytest.raises(ProbeFailed):
        probe_worker(f"redis://127.0.0.1:{port}/0")


def test_the_broker_dies_in_the_middle_of_the_question() -> None:
    (port,) = services.unused_ports(1)
    with ThreadPoolExecutor(1) as thread:
        with services.redis(port) as url:
            asked = thread.submit(probe_worker, url)
            sleep(0.25)
        with pytest.raises(ProbeFailed):
            asked.result(timeout=30)
