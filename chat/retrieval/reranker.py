"""Asks a server for re-ranking: the product's own, or any that knows the `/v1/rerank` of Jina, Cohere, vLLM, llama.cpp.

A re-ranker makes a good order better and is never worth waiting for: there is a time limit, no second try, and after a
few failures in a row it is left alone for a while (`chat.llm.breaker`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf, isfinite
from typing import Any
from uuid import UUID

import httpx
from django.utils import translation

from chat.errors import ProviderError, RerankerFailed
from chat.llm.breaker import BreakerKey, MemoryBreaker, guarded
from chat.llm.clients import shared_client
from chat.llm.details import read_detail, retry_after

logger = logging.getLogger(__name__)

LIMIT_S = 2.0
"""A reader waits for nothing else between a question and its sources."""
TELL_EVERY_S = 300.0
"""A server that is away fails with every question; the log needs to know it once in a while."""
LANES = {True: "query", False: "documents"}
"""By whether somebody waits, as the embedding server names them."""
EVERYBODY = BreakerKey(UUID(int=0), UUID(int=0))
"""The server is the operator's: what one organisation's question learns of it holds for all."""


class HttpReranker:
    """A `Reranker` behind an address, for the whole process. `base_url` ends in `/v1`, or whatever comes before
    `/rerank`; its host may be called because the operator has set it. One `next_door` is called without a proxy."""

    def __init__(
        self, base_url: str, *, model: str = "", api_key: str = "", limit_s: float = LIMIT_S, next_door: bool = False
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/rerank"
        self._model = {"model": model} if model else {}
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._limit_s = limit_s
        self._next_door = next_door
        self._host = httpx.URL(base_url).netloc.decode()
        self._breaker = MemoryBreaker()
        self._told_at = -inf

    async def scores(self, query: str, texts: Sequence[str], *, urgent: bool = True) -> list[float]:
        # No reader hears what is wrong with it: the log and the dashboard do, in English, whoever has asked.
        with translation.override(None):
            try:
                async with guarded(self._breaker, EVERYBODY, label="The re-ranker", tripping=(ProviderError,)):
                    return await self._ask(query, texts, LANES[urgent])
            except ProviderError as error:
                self._tell(error)
                raise

    async def _ask(self, query: str, texts: Sequence[str], lane: str) -> list[float]:
        body = {**self._model, "query": query, "documents": list(texts), "top_n": len(texts)}
        client = shared_client((self._host,), trust_env=not self._next_door)
        headers = {**self._headers, **({"X-Lane": lane} if self._next_door else {})}
        with self._translated():
            async with asyncio.timeout(self._limit_s):
                response = await client.post(self._url, json=body, headers=headers, timeout=self._limit_s)
            response.raise_for_status()
            return decoded(response.json(), expected=len(texts))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise `RerankerFailed` for whatever is raised: no question may fail for this."""
        try:
            yield
        except httpx.ConnectTimeout as error:  # what the transport calls a connection that is refused or broken off
            raise RerankerFailed("The re-ranker does not answer.") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise RerankerFailed(f"The re-ranker took longer than {self._limit_s:g} seconds.") from error
        except httpx.HTTPStatusError as error:
            response = error.response
            said = read_detail(response.content).quoted
            raise RerankerFailed(
                f"The re-ranker answered with status {response.status_code}{said}.",
                retry_after=retry_after(response.headers),
            ) from error
        except httpx.HTTPError as error:
            raise RerankerFailed("The re-ranker does not answer.") from error
        except ProviderError:
            raise
        except Exception as error:
            raise RerankerFailed(f"The re-ranker does not answer as /v1/rerank does ({error}).") from error

    def _tell(self, error: ProviderError) -> None:
        if time.monotonic() - self._told_at >= TELL_EVERY_S:
            self._told_at = time.monotonic()
            logger.warning("Passages stay in the order of the searches. %s", error.message)


def decoded(answer: Any, *, expected: int) -> list[float]:
    """The scores in the order of the texts. Raise `ValueError`, `LookupError` or `TypeError` where they are not all
    there, once each, as numbers."""
    scores: dict[int, float] = {}
    for result in answer["results"]:
        index, score = result["index"], float(result["relevance_score"])
        if index not in range(expected) or index in scores:
            raise ValueError(f"index {index} of {expected}")
        if not isfinite(score):
            raise ValueError(f"a score of {score}")
        scores[int(index)] = score
    if len(scores) != expected:
        raise ValueError(f"{len(scores)} scores for {expected} texts")
    return [scores[index] for index in range(expected)]
