"""What can go wrong between the client and an embedding server, in the product's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ingestion.errors import EmbedderRefused, EmbedderUnavailable

BUSY = frozenset({429, 502, 503, 504})


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise `EmbedderUnavailable` or `EmbedderRefused` for what httpx and decoding raise; `url` is named in it."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise _of_status(url, error.response) from error
    except httpx.TimeoutException as error:
        raise EmbedderUnavailable(
            f"The embedding server at {url} took too long. Try again; if it stays slow, give it more cores."
        ) from error
    except httpx.TransportError as error:
        raise EmbedderUnavailable(
            f"The embedding server at {url} does not answer. Start it, or correct its address."
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise EmbedderRefused(
            f"The server at {url} does not answer as OpenAI's /v1/embeddings does ({error}). Correct its address."
        ) from error


def may_pass(error: BaseException) -> bool:
    """Whether trying again at once may help. After a read timeout another minute is not worth it."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in BUSY
    return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.ReadTimeout)


def _of_status(url: str, response: httpx.Response) -> EmbedderUnavailable | EmbedderRefused:
    status, said = response.status_code, _message(response)
    if status in BUSY:
        return EmbedderUnavailable(f"The embedding server at {url} is busy or loading. Try again in a moment.")
    if status >= 500:
        return EmbedderUnavailable(f"The embedding server at {url} failed: {said} Look into its log.")
    if status in (401, 403):
        return EmbedderRefused(f"The embedding server at {url} refused the key. Enter a valid one.")
    if status == 404:
        return EmbedderRefused(f"The embedding server at {url} says: {said} Check the address and the model.")
    return EmbedderRefused(
        f"The embedding server at {url} refused the text: {said} Check the length of its texts against the model."
    )


def _message(response: httpx.Response) -> str:
    """Return the server's own sentence, which OpenAI-compatible servers put in one of two places."""
    try:
        error = response.json()["error"]
        said = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, TypeError):
        said = f"HTTP status {response.status_code}"
    return said if said.endswith((".", "!")) else f"{said}."
