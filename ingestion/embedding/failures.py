"""What can go wrong between the client and an embedding server, in the product's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from ingestion.errors import EmbedderRefused, EmbedderUnavailable
from ingestion.sentences import sentence as _

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
            _(
                "The embedding server at %(url)s took too long. Try again; if it stays slow, give it more cores.",
                url=url,
            )
        ) from error
    except httpx.TransportError as error:
        raise EmbedderUnavailable(
            _("The embedding server at %(url)s does not answer. Start it, or correct its address.", url=url)
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise EmbedderRefused(
            _(
                "The server at %(url)s does not answer as OpenAI's /v1/embeddings does (%(error)s). "
                "Correct its address.",
                url=url,
                error=str(error),
            )
        ) from error


def may_pass(error: BaseException) -> bool:
    """Whether trying again at once may help. After a read timeout another minute is not worth it."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in BUSY
    return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.ReadTimeout)


def _of_status(url: str, response: httpx.Response) -> EmbedderUnavailable | EmbedderRefused:
    status, said = response.status_code, _message(response)
    if status in BUSY:
        return EmbedderUnavailable(
            _("The embedding server at %(url)s is busy or loading. Try again in a moment.", url=url)
        )
    if status >= 500:
        return EmbedderUnavailable(
            _("The embedding server at %(url)s failed: %(said)s Look into its log.", url=url, said=said)
        )
    if status in (401, 403):
        return EmbedderRefused(_("The embedding server at %(url)s refused the key. Enter a valid one.", url=url))
    if status == 404:
        return EmbedderRefused(
            _("The embedding server at %(url)s says: %(said)s Check the address and the model.", url=url, said=said)
        )
    return EmbedderRefused(
        _(
            "The embedding server at %(url)s refused the text: %(said)s "
            "Check the length of its texts against the model.",
            url=url,
            said=said,
        )
    )


def _message(response: httpx.Response) -> str:
    """Return the server's own sentence, which OpenAI-compatible servers put in one of two places."""
    try:
        error = response.json()["error"]
        said = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, TypeError):
        said = f"HTTP status {response.status_code}"
    return said if said.endswith((".", "!")) else f"{said}."
