"""The `/v1/rerank` that Jina, vLLM and llama.cpp share, strict about what is sent to it.

`python -m tests.contracts.rerank_server --port 9001`
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any

from tests.contracts.http import ContractServer, Reply, Request, Step
from tests.contracts.openai_server import openai_error

KNOWN_ARGUMENTS = {"model", "query", "documents", "top_n"}
WORD = re.compile(r"\w+")


class RerankServer(ContractServer):
    """Ranks by the share of the query's words that a document has. `key` is the one key it accepts, an empty one lets
    everybody in; `model` is the one it wants to be asked for, an empty one leaves that open, as llama.cpp does."""

    def __init__(self, port: int = 0, *, key: str = "", model: str = "") -> None:
        super().__init__(port)
        self.key = key
        self.model = model

    @property
    def base_url(self) -> str:
        return f"{self.root}/v1"

    async def handle(self, request: Request, reply: Reply) -> None:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            reply.send_json(401, {"detail": "Invalid API key"})
        elif (request.method, request.path) != ("POST", "/v1/rerank"):
            reply.send_json(404, openai_error(f"Invalid URL ({request.method} {request.path})"))
        elif complaint := self.complaint(request.json):
            reply.send_json(422, {"detail": complaint})
        else:
            await (self.next_step() or rank)(request, reply)

    def complaint(self, body: dict[str, Any]) -> str:
        """What is wrong with the request, or nothing."""
        if unknown := body.keys() - KNOWN_ARGUMENTS:
            return f"Unknown argument: {min(unknown)}"
        if self.model and body.get("model") != self.model:
            return f"Model {body.get('model')} not found"
        documents = body.get("documents")
        if not body.get("query") or not documents or not all(isinstance(each, str) and each for each in documents):
            return "query must be a text and documents a list of texts"
        return ""


def shares(query: str, documents: Sequence[str]) -> list[float]:
    wanted = set(WORD.findall(query.casefold()))
    return [len(wanted & set(WORD.findall(each.casefold()))) / (len(wanted) or 1) for each in documents]


async def rank(request: Request, reply: Reply) -> None:
    scores = shares(request.json["query"], request.json["documents"])
    reply.send_json(200, answer(request, list(enumerate(scores))))


def say(*scored: tuple[Any, Any]) -> Step:
    """These indexes and scores, whatever was asked."""

    async def step(request: Request, reply: Reply) -> None:
        reply.send_json(200, answer(request, list(scored)))

    return step


async def fall_silent(request: Request, reply: Reply) -> None:
    """Take the request and say nothing until the client goes."""
    while await reply.pause(60):
        pass


async def hang_up(request: Request, reply: Reply) -> None:
    reply.cut()


async def babble(request: Request, reply: Reply) -> None:
    """Something that is no HTTP."""
    reply.transport.write(b"220 mail.example.org ESMTP\r\n\r\n")


def answer(request: Request, scored: list[tuple[Any, Any]]) -> dict[str, Any]:
    """In Jina's shape, the best first, with the documents that vLLM sends back unasked."""
    documents = request.json["documents"]
    best_first = sorted(scored, key=lambda each: str(each[1]), reverse=True)[: request.json.get("top_n")]
    return {
        "id": "rerank-9c7f2a",
        "model": request.json.get("model", ""),
        "usage": {"total_tokens": sum(len(each.split()) for each in documents)},
        "results": [
            {"index": index, "document": {"text": "…"}, "relevance_score": score} for index, score in best_first
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a server that re-ranks.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="", help="the only key it accepts; without one it accepts any")
    arguments = parser.parse_args()
    RerankServer(arguments.port, key=arguments.key).serve()


if __name__ == "__main__":
    main()
