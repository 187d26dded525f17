"""The embedding server with a model of nothing, and an endpoint of another make, for tests that need no real model."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import uvicorn

from ingestion.embedding.app import App, Service
from ingestion.embedding.engine import Engine, Input, InputType, Row
from ingestion.embedding.fakes import HashEmbedder
from ingestion.embedding.lanes import Pause
from ingestion.embedding.words import Rows
from tests.contracts.http import ContractServer, Reply, Request
from tests.services import unused_ports

MODEL = "hashes"
PROMPTS = {InputType.QUERY: "query: ", InputType.DOCUMENT: "passage: "}


class HashEngine:
    """An `Engine` without torch. `batches` is what it computed; while `gate` is shut it computes nothing."""

    name = MODEL
    dimension = 16
    max_tokens = 512
    fingerprint = "hashes-of-16"

    def __init__(self) -> None:
        self._hashes = HashEmbedder(self.dimension)
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def prepare(self, texts: Sequence[str], input_type: InputType | None, *, words: bool = False) -> list[Input]:
        prompt = PROMPTS[input_type] if input_type else ""
        return [Input(prompt + text, len(prompt) if words else None) for text in texts]

    def count_tokens(self, inputs: Sequence[Input]) -> list[int]:
        return [len(each.text.split()) for each in inputs]

    def embed(self, inputs: Sequence[Input], pause: Pause | None = None) -> list[Row]:
        texts = [each.text for each in inputs]
        self.batches.append(texts)
        assert self.gate.wait(10)
        if any("poison" in text for text in texts):
            raise RuntimeError("the model cannot compute this")
        vectors = np.asarray(self._hashes.embed_documents(texts), np.float32)
        return [Row(vector, self._words(each)) for vector, each in zip(vectors, inputs, strict=True)]

    def _words(self, each: Input) -> Rows | None:
        return None if each.words_from is None else self._hashes.words_of(each.text[each.words_from :])


@contextmanager
def hash_service(engine: HashEngine) -> Iterator[Service]:
    service = Service()
    service.open(cast("Engine", engine))
    try:
        yield service
    finally:
        engine.gate.set()
        service.close()


@contextmanager
def hash_server(engine: HashEngine) -> Iterator[str]:
    """Yield the base URL of the real application over real sockets."""
    with hash_service(engine) as service, app_server(service) as url:
        yield url


@contextmanager
def app_server(service: Service) -> Iterator[str]:
    (port,) = unused_ports(1)
    config = uvicorn.Config(
        App(service), port=port, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join(10)


class OtherEndpoint(ContractServer):
    """An OpenAI-compatible endpoint that knows neither base64 nor `input_type`, and does not normalise."""

    dimension = 8

    @property
    def base_url(self) -> str:
        return f"{self.root}/v1"

    async def handle(self, request: Request, reply: Reply) -> None:
        if step := self.next_step():
            await step(request, reply)
            return
        reply.send_json(200, self.answer(request.json["input"]))

    def answer(self, texts: Sequence[str]) -> dict[str, Any]:
        vectors = HashEmbedder(self.dimension).embed_documents(texts)
        rows = [{"index": index, "embedding": [7 * each for each in row]} for index, row in enumerate(vectors)]
        return {"object": "list", "data": rows[::-1], "model": "other", "usage": {}}
