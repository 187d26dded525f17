"""The `/v1/rerank` protocol that Jina, Cohere, vLLM, llama.cpp and infinity share, as the server speaks it.

The request is `{"query", "documents", "model"?, "top_n"?}`, the answer `{"results": [{"index", "relevance_score"}]}`
with the best first. A document may be a text, or an object with a `text`, as Jina has it. The header
`X-Lane: documents` lets everybody else go first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from ingestion.embedding.wire import RequestRefused, Text, parsed

MOST_DOCUMENTS = 1000
"""A request; what Cohere recommends at most."""


def _as_text(value: object) -> object:
    return value.get("text") if isinstance(value, dict) else value


class RerankRequest(BaseModel):
    """What else such servers know, such as `return_documents`, is ignored."""

    query: Text
    documents: Annotated[
        list[Annotated[Text, BeforeValidator(_as_text)]], Field(min_length=1, max_length=MOST_DOCUMENTS)
    ]
    model: str = ""
    top_n: Annotated[int | None, Field(ge=1)] = None
    """How many of the best are wanted; without it, all."""


def parse_rerank(body: bytes) -> RerankRequest:
    hint = f"Send {{'query': a text, 'documents': a list of up to {MOST_DOCUMENTS} texts}}."
    return parsed(RerankRequest, body, hint=hint)


def rerank_body(scores: Sequence[float], request: RerankRequest, *, model: str, tokens: int) -> bytes:
    if not all(map(isfinite, scores)):
        raise RequestRefused(500, f"{model} gave a score that is no number.", code="no_number")
    best_first = sorted(enumerate(scores), key=lambda scored: -scored[1])
    results = [{"index": index, "relevance_score": score} for index, score in best_first[: request.top_n]]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json.dumps({"object": "list", "model": model, "results": results, "usage": usage}).encode()
