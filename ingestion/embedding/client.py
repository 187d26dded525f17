"""Speaks to an embedding server: the product's own, or any that knows OpenAI's `/v1/embeddings`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from tenacity import AsyncRetrying, Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from ingestion.domain import Embedded, Vector
from ingestion.embedding.decoding import decode_embedded
from ingestion.embedding.failures import may_pass, translated
from ingestion.embedding.together import Together
from project.http_transport import everywhere, swift_transport

TEXTS_PER_REQUEST = 64
RETRY_FOR_S = 10.0
CONNECT_TIMEOUT_S = 5.0
CONNECTIONS = 32
"""At once, for an event loop or the threads of a process. More would only queue in the server."""
FINGERPRINT_CHARACTERS = 16

Kind = Literal["razgovor", "openai"]
InputType = Literal["query", "document"]
LANES: dict[InputType, str] = {"query": "query", "document": "documents"}


@dataclass(frozen=True, slots=True)
class Profile:
    """What the server says of its model. `max_tokens` is None where it does not say."""

    model: str
    fingerprint: str
    dimension: int
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """An event loop's connections, which belong to the loop that opened them.

    Requests wait for their turn here and not in httpx, whose pool looks through all that wait whenever one ends:
    with 200 questions at once that was most of the processor time.
    """

    client: httpx.AsyncClient
    turns: asyncio.Semaphore
    questions: Together


class HttpEmbedder:
    """An `Embedder` behind an address; safe to share between threads and event loops.

    `base_url` ends in `/v1`. Of kind "razgovor" the server itself adds the model's prompts and keeps questions ahead
    of documents. Of kind "openai" (Ollama, TEI, vLLM, a cloud) `model` is required, and `query_prefix` and
    `document_prefix` are put before the texts here, as the model's card says.
    Raises `EmbedderUnavailable` after some ten seconds of trying, and `EmbedderRefused` at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str = "",
        api_key: str = "",
        timeout_s: float = 60.0,
        kind: Kind = "razgovor",
        query_prefix: str = "",
        document_prefix: str = "",
        retry_for_s: float = RETRY_FOR_S,
    ) -> None:
        self._url = base_url.rstrip("/")
        self._model = model
        self._kind = kind
        self._prefixes: dict[InputType, str] = {"query": query_prefix, "document": document_prefix}
        self._retry_for_s = retry_for_s
        self._client_options: dict[str, Any] = {
            "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
            "timeout": httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            "limits": httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            # A proxy of the environment is for the world outside, not for a process next door.
            "trust_env": kind == "openai",
        }
        self._lock = threading.RLock()
        self._client: httpx.Client | None = None
        self._lines: dict[asyncio.AbstractEventLoop, _Line] = {}
        self._profile: Profile | None = None

    @property
    def fingerprint(self) -> str:
        return self.profile.fingerprint

    @property
    def dimension(self) -> int:
        return self.profile.dimension

    @property
    def profile(self) -> Profile:
        """Ask the server on first use."""
        with self._lock:
            if self._profile is None:
                self._profile = self._own_profile() if self._kind == "razgovor" else self._probed_profile()
            return self._profile

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        return [each.vector for each in self._embed_all(texts, words=False)]

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        return self._embed_all(texts, words=True)

    def embed_query(self, text: str) -> Vector:
        return self._embed([text], "query")[0].vector

    async def aembed_query(self, text: str) -> Vector:
        """`embed_query` for an event loop."""
        return (await self.aembed_question(text)).vector

    async def aembed_question(self, text: str) -> Embedded:
        """The question with its words, where the model tells them. Those that come together are sent together."""
        await self._known()
        return await self._line().questions.embed(text)

    async def aembed_sentences(self, sentences: Sequence[str]) -> list[Vector]:
        """Embed sentences to be compared with each other and with questions, in the questions' lane."""
        await self._known()
        embedded: list[Embedded] = []
        for start in range(0, len(sentences), TEXTS_PER_REQUEST):
            embedded += await self._aembed(sentences[start : start + TEXTS_PER_REQUEST], words=False)
        return [each.vector for each in embedded]

    async def _known(self) -> None:
        """Ask the server for the profile, if that was not done yet, without holding the event loop up."""
        if self._profile is None:
            await asyncio.to_thread(lambda: self.profile)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        if line := self._lines.pop(asyncio.get_running_loop(), None):
            await line.client.aclose()

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client:
            client.close()

    def _embed_all(self, texts: Sequence[str], *, words: bool) -> list[Embedded]:
        embedded: list[Embedded] = []
        for start in range(0, len(texts), TEXTS_PER_REQUEST):
            embedded += self._embed(texts[start : start + TEXTS_PER_REQUEST], "document", words=words)
        return embedded

    def _embed(self, texts: Sequence[str], input_type: InputType, *, words: bool = False) -> list[Embedded]:
        payload, headers = self._request(texts, input_type, words=words)
        with self._errors():
            answer = Retrying(**self._retrying())(self._post, payload, headers)
            return decode_embedded(answer, expected=len(texts))

    async def _aembed(self, texts: Sequence[str], *, words: bool = True) -> list[Embedded]:
        payload, headers = self._request(texts, "query", words=words)
        with self._errors():
            answer: dict[str, Any] = await AsyncRetrying(**self._retrying())(self._apost, payload, headers)
            return decode_embedded(answer, expected=len(texts))

    def _request(
        self, texts: Sequence[str], input_type: InputType, *, words: bool
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the body and the headers."""
        if self._kind == "openai":
            prefixed = [self._prefixes[input_type] + text for text in texts]
            return {"input": prefixed, "model": self._model, "encoding_format": "base64"}, {}
        # With the model's name in every request, a server that was given another model refuses instead of mixing
        # its vectors with those of the first.
        payload = {
            "input": list(texts),
            "model": self.profile.model,
            "encoding_format": "base64",
            "input_type": input_type,
            "words": words,
        }
        return payload, {"X-Lane": LANES[input_type]}

    def _post(self, payload: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        return _json(self._http().post(f"{self._url}/embeddings", json=payload, headers=headers))

    async def _apost(self, payload: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        line = self._line()
        async with line.turns:
            return _json(await line.client.post(f"{self._url}/embeddings", json=payload, headers=headers))

    def _own_profile(self) -> Profile:
        with self._errors():
            answer = Retrying(**self._retrying())(lambda: _json(self._http().get(f"{self._url}/models")))
            model = answer["data"][0]
            return Profile(model["id"], model["fingerprint"], int(model["dimension"]), model.get("max_tokens"))

    def _probed_profile(self) -> Profile:
        """What such a server does not say of itself: the dimension is tried out, and the fingerprint is made of what
        was configured, so that it changes with the model or a prefix but not with the address."""
        dimension = len(self._embed(["dimension"], "document")[0].vector)
        identity = json.dumps([self._model, self._prefixes, dimension], sort_keys=True)
        fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]
        return Profile(self._model, fingerprint, dimension)

    def _http(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(**self._client_options)
            return self._client

    def _line(self) -> _Line:
        loop = asyncio.get_running_loop()
        if loop not in self._lines:
            for closed in [other for other in self._lines if other.is_closed()]:
                self._lines.pop(closed, None)
            options = self._client_options
            transport = swift_transport(options["limits"])
            client = httpx.AsyncClient(**options, mounts=everywhere(transport, trust_env=options["trust_env"]))
            self._lines[loop] = _Line(client, asyncio.Semaphore(CONNECTIONS), Together(self._aembed))
        return self._lines[loop]

    def _retrying(self) -> dict[str, Any]:
        return {
            "retry": retry_if_exception(may_pass),
            "stop": stop_after_delay(self._retry_for_s),
            "wait": wait_exponential_jitter(multiplier=0.1, max=2.0, jitter=0.2),
            "reraise": True,
        }

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with translated(self._url):
            try:
                yield
            except httpx.HTTPStatusError as error:
                if error.response.status_code == httpx.codes.NOT_FOUND:
                    self._profile = None  # it was restarted with another model; ask anew next time
                raise


def _json(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer
