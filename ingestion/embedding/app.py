"""The embedding server's pages, as a plain ASGI application: four routes need no framework."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ingestion.embedding.lanes import BATCH_TOKENS, Lane, LaneFull, Lanes
from ingestion.embedding.rerank_wire import parse_rerank, rerank_body
from ingestion.embedding.reranker import Pair
from ingestion.embedding.reranking import Reranking
from ingestion.embedding.wire import RETRY_AFTER_S, RequestRefused, embeddings_body, lane_of, parse_lane, parse_request

if TYPE_CHECKING:
    from ingestion.embedding.engine import Engine, Input, Row

MOST_BODY_BYTES = 32 * 1024 * 1024

Text = TypeVar("Text")
Result = TypeVar("Result")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The client has closed its connection; there is nobody to answer."""


class Service:
    """The model and its queue, from when they are there, and the re-ranker's."""

    def __init__(self, reranking: Reranking | None = None) -> None:
        self.reranking = reranking or Reranking()
        self._ready: tuple[Engine, Lanes[Input, Row]] | None = None

    def open(self, engine: Engine, *, batch_tokens: int = BATCH_TOKENS) -> None:
        """Begin to answer, with a model that is loaded and warm. May be called from another thread."""
        lanes = Lanes(engine.embed, batch_tokens=batch_tokens)
        lanes.start()
        self._ready = engine, lanes

    def close(self) -> None:
        self.reranking.close()
        if self._ready:
            self._ready[1].close()

    @property
    def ready(self) -> tuple[Engine, Lanes[Input, Row]]:
        if self._ready is None:
            raise RequestRefused(503, "The model is loading.", code="loading", retry_after_s=RETRY_AFTER_S)
        return self._ready


class App:
    """`/health` and `/v1/models` answer 503 until the service is open, like everything else."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        try:
            body = await self._answer(scope, receive)
        except RequestRefused as refusal:
            headers = [(b"retry-after", str(refusal.retry_after_s).encode())] if refusal.retry_after_s else []
            await _send_json(send, refusal.status, json.dumps(refusal.body).encode(), headers)
        except ClientGone:
            return
        else:
            await _send_json(send, 200, body, [])

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        match scope["method"], scope["path"]:
            case "GET", "/health":
                _engine, _lanes = self._service.ready
                return b'{"status": "ready"}'
            case "GET", "/v1/models":
                return self._models()
            case "POST", "/v1/embeddings":
                return await self._embeddings(scope, receive)
            case "POST", "/v1/rerank":
                return await self._rerank(scope, receive)
            case method, path:
                raise RequestRefused(404, f"There is no {method} {path} here.", code="not_found")

    def _models(self) -> bytes:
        engine, _lanes = self._service.ready
        model = {
            "id": engine.name,
            "object": "model",
            "owned_by": "local",
            "fingerprint": engine.fingerprint,
            "dimension": engine.dimension,
            "max_tokens": engine.max_tokens,
        }
        return json.dumps({"object": "list", "data": [model, *self._service.reranking.listed]}).encode()

    async def _embeddings(self, scope: Scope, receive: Receive) -> bytes:
        engine, lanes = self._service.ready
        request = parse_request(await _body(receive))
        if request.model not in ("", engine.name):
            raise RequestRefused(404, f"This server has {engine.name}, not {request.model}.", code="model_not_found")
        if request.dimensions not in (None, engine.dimension):
            raise RequestRefused(400, f"{engine.name} has {engine.dimension} dimensions.", code="invalid_dimensions")
        lane = parse_lane(_lane(scope), default=lane_of(request.input_type))
        texts = engine.prepare(request.input, request.input_type, words=request.words)
        tokens = await asyncio.to_thread(engine.count_tokens, texts)
        rows = await _computed(receive, lanes, lane, texts, tokens)
        return embeddings_body(rows, request, model=engine.name, tokens=sum(tokens))

    async def _rerank(self, scope: Scope, receive: Receive) -> bytes:
        reranker, lanes = self._service.reranking.ready
        request = parse_rerank(await _body(receive))
        if request.model not in ("", reranker.name):
            raise RequestRefused(404, f"This server has {reranker.name}, not {request.model}.", code="model_not_found")
        pairs = [Pair(request.query, document) for document in request.documents]
        tokens = await asyncio.to_thread(reranker.count_tokens, pairs)
        lane = parse_lane(_lane(scope), default=Lane.QUERY)
        scores = await _computed(receive, lanes, lane, pairs, tokens)
        return rerank_body(scores, request, model=reranker.name, tokens=sum(tokens))


def _lane(scope: Scope) -> str:
    header: bytes = dict(scope["headers"]).get(b"x-lane", b"")
    return header.decode("latin-1")


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > MOST_BODY_BYTES:
            raise RequestRefused(
                413, f"A request may have {MOST_BODY_BYTES} bytes; send fewer texts.", code="too_large"
            )
        if not message.get("more_body"):
            return bytes(body)


async def _computed(
    receive: Receive, lanes: Lanes[Text, Result], lane: Lane, texts: Sequence[Text], tokens: Sequence[int]
) -> list[Result]:
    """Wait for the work; drop it when the client closes the connection, so that it holds nobody else up."""
    try:
        work = asyncio.wrap_future(lanes.submit(lane, texts, tokens))
    except LaneFull:
        message = "Too many texts are waiting. Try again in a moment."
        raise RequestRefused(503, message, code="busy", retry_after_s=RETRY_AFTER_S) from None
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientGone
        return work.result()
    finally:
        work.cancel()
        gone.cancel()


async def _send_json(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
