"""The model that takes part in a load test: a process that speaks OpenAI's protocol at a steady pace."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.support import ROOT
from tests.contracts.wheel import MODEL, SENTENCE

__all__ = ["MODEL", "expected_text", "load_upstream"]


@contextmanager
def load_upstream(*, tokens_per_second: float, tokens: int, first_token_ms: float) -> Iterator[str]:
    """Yield the base address of a server that answers everything with the same `tokens` tokens."""
    command = [sys.executable, "-m", "tests.contracts.openai_server"]
    command += ["--tokens-per-second", str(tokens_per_second), "--tokens", str(tokens)]
    command += ["--first-token-ms", str(first_token_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def expected_text(tokens: int) -> str:
    """What a page shows of such an answer, where a citation is a link that reads as its number."""
    words = itertools.islice(itertools.cycle(SENTENCE.split()), tokens)
    return " ".join("1." if word == "[1]." else word for word in words)
