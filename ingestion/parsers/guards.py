"""What every parser owes the process it runs in: limits, and one sentence for whatever a damaged file does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ingestion.errors import DocumentUnreadable
from ingestion.sentences import sentence as _
from project.errors import AppError

MAX_PAGES = 5_000
"""Pages, slides or sheets of one document; the longest handbooks have about 2,000."""

MAX_CHARACTERS = 20_000_000
"""Characters of text of one document, about 10,000 printed pages."""


def check_pages(count: int, *, noun: str) -> None:
    if count > MAX_PAGES:
        raise DocumentUnreadable(
            _(
                "This document has %(count)s %(noun)s; at most %(limit)s can be read. Split it and upload the parts.",
                count=count,
                noun=noun,
                limit=MAX_PAGES,
            )
        )


def check_characters(count: int) -> None:
    if count > MAX_CHARACTERS:
        raise DocumentUnreadable(
            _(
                "This document holds more than %(limit)s characters of text. Split it and upload the parts.",
                limit=MAX_CHARACTERS,
            )
        )


@contextmanager
def reading(kind: str) -> Iterator[None]:
    """Turn whatever a library raises over a file into `DocumentUnreadable`; `kind` is for example "PDF file", which
    is a sentence too.

    Libraries that read damaged or hostile files raise anything, from KeyError to RecursionError, so this is the one
    place that catches everything. Our own errors, cancelling among them, pass through.
    """
    try:
        yield
    except AppError:
        raise
    except (MemoryError, RecursionError) as error:
        raise DocumentUnreadable(
            _("This %(kind)s is too large or too deeply nested to be read. Split it and upload the parts.", kind=kind)
        ) from error
    except Exception as error:
        raise DocumentUnreadable(
            _(
                "This %(kind)s is damaged or not what its name says. "
                "Open it in the program that made it, save it again and upload the new copy.",
                kind=kind,
            )
        ) from error
