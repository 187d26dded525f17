"""Pages of which something could not be read, for the reader to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ingestion.domain import LeftOut
from ingestion.sentences import sentence as _


def pages_left_out(messages: Mapping[int, str]) -> tuple[LeftOut, ...]:
    """`messages` are sentences by the number of a page; pages with the same one come together."""
    found: dict[str, list[int]] = {}
    for page, message in sorted(messages.items()):
        found.setdefault(message, []).append(page)
    return tuple(LeftOut(_named(pages), message) for message, pages in found.items())


def _named(pages: list[int]) -> str:
    ranges = ", ".join(_ranges(pages))
    return _("Page %(pages)s", pages=ranges) if len(pages) == 1 else _("Pages %(pages)s", pages=ranges)


def _ranges(pages: list[int]) -> Iterable[str]:
    """1, 3–5"""
    first = 0
    for last, page in enumerate(pages):
        if last + 1 == len(pages) or pages[last + 1] != page + 1:
            yield f"{page}" if first == last else f"{pages[first]}–{page}"
            first = last + 1
