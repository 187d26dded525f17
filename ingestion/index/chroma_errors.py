"""What Chroma's client raises, in the product's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ingestion.errors import IndexUnavailable
from ingestion.sentences import sentence as _


@contextmanager
def chroma_errors() -> Iterator[None]:
    """Turn whatever says that Chroma cannot do it into `IndexUnavailable`. Errors of our own pass."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (httpx.HTTPError, ChromaError) as error:
        raise _unavailable() from error
    except Exception as error:
        # For an answer that it cannot read, the client raises a bare Exception with the answer's text; when it cannot
        # connect, a ValueError with a sentence.
        if type(error) is Exception or "Could not connect to a Chroma server" in str(error):
            raise _unavailable() from error
        raise


def is_missing(error: Exception) -> bool:
    """Whether the error says that there is no such collection."""
    from chromadb.errors import NotFoundError

    return isinstance(error, NotFoundError)


def _unavailable() -> IndexUnavailable:
    return IndexUnavailable(_("The index of passages does not answer at the moment. Please try again in a minute."))
