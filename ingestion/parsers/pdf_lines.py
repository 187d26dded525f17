"""The lines of a PDF page in the order of its content, which is the reading order in nearly all files; of its tables
each is one line, which stands where its first word does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingestion.parsers.pdf_layout import PDFIUM_HYPHEN, SOFT_HYPHEN, Line
from ingestion.parsers.pdf_tables import Found, page_tables

LINE = re.compile(rf"(?P<text>[^\r\n{PDFIUM_HYPHEN}]+)(?P<end>{PDFIUM_HYPHEN}?)")


def page_lines(page: Any, text_page: Any, text: str) -> list[Line]:
    """Return the lines of `text`, each character of which is one of `text_page`."""
    tables = page_tables(page, text_page, text)
    lines = [*_lines(_without(tables, text), text_page), *((found.start, found.line) for found in tables)]
    return [line for _, line in sorted(lines, key=lambda placed: placed[0])]


def unplaced_lines(text: str) -> list[Line]:
    return [line for _, line in _lines(text, None)]


def _without(tables: list[Found], text: str) -> str:
    """The text with line breaks instead of the words of tables, so that every other word keeps its place in it."""
    if not tables:
        return text
    rest = list(text)
    for found in tables:
        for first, end in found.stretches:
            rest[first:end] = "\n" * (end - first)
    return "".join(rest)


def _lines(text: str, text_page: Any) -> Iterator[tuple[int, Line]]:
    """Each line with its place in the text."""
    for match in LINE.finditer(text):
        written = match["text"]
        line = written.strip()
        if not line:
            continue
        first = match.start() + written.index(line)
        box = _box(text_page, first, first + len(line) - 1) if text_page is not None else None
        yield first, Line(line + SOFT_HYPHEN if match["end"] == PDFIUM_HYPHEN else line, box)


def _box(text_page: Any, first: int, last: int) -> tuple[float, float, float, float] | None:
    """The place of a line, from its first and its last character; None when it runs upwards or has no size."""
    left, bottom, _, top = text_page.get_charbox(first, loose=True)
    _, _, right, _ = text_page.get_charbox(last, loose=True)
    return (left, bottom, right, top) if right > left and top > bottom else None
