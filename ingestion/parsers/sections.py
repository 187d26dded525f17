"""Gathers what a parser finds, block by block, into the sections of a `ParsedDocument`."""

from __future__ import annotations

from collections.abc import Iterable

from ingestion.domain import LeftOut, ParsedDocument, Section
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.guards import check_characters
from ingestion.sentences import sentence as _

MAX_HEADING_CHARACTERS = 200
"""What calls itself a heading and is longer is a paragraph in large letters; its place in the outline is cut."""

NO_TEXT = _("There is no text in this document. Upload one that has some.")


class SectionWriter:
    """Takes headings and blocks in reading order. A section ends where the page or the outline changes."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._parts: list[str] = []
        self._outline: list[tuple[int, str]] = []
        self._page: int | None = None
        self._characters = 0
        self._last_was_tight = False

    def page(self, number: int, *, heading: tuple[str, ...] = ()) -> None:
        """Begin page `number`, counted from 1. `heading` becomes the outline there, without being text."""
        self._flush()
        self._page = number
        self._outline = [(level, title) for level, title in enumerate(heading, start=1) if title]

    def heading(self, level: int, text: str) -> None:
        """Begin the part of the outline called `text`; `level` counts from 1. The heading is also text."""
        title = one_line(text)
        if not title:
            return
        self._flush()
        while self._outline and self._outline[-1][0] >= level:
            self._outline.pop()
        self._outline.append((level, title[:MAX_HEADING_CHARACTERS]))
        self.add(title)

    def add(self, block: str, *, tight: bool = False) -> None:
        """Add a block of text, a blank line apart from the one before; tight blocks (list items) follow each other."""
        block = clean(block)
        if not block.strip():
            return
        self._characters += len(block)
        check_characters(self._characters)
        if self._parts:
            self._parts.append("\n" if tight and self._last_was_tight else "\n\n")
        self._parts.append(block)
        self._last_was_tight = tight

    def add_all(self, blocks: Iterable[str]) -> None:
        for block in blocks:
            self.add(block)

    def sections(self) -> tuple[Section, ...]:
        self._flush()
        return tuple(self._sections)

    def finish(
        self,
        *,
        title: str = "",
        page_count: int | None = None,
        nothing: str = NO_TEXT,
        left_out: tuple[LeftOut, ...] = (),
    ) -> ParsedDocument:
        """Return the document. Raise `DocumentUnreadable` with the sentence `nothing` when there is no text in it."""
        sections = self.sections()
        if not sections:
            raise DocumentUnreadable(nothing)
        title = one_line(title)[:MAX_HEADING_CHARACTERS]
        return ParsedDocument(sections, title=title, page_count=page_count, left_out=left_out)

    def _flush(self) -> None:
        if self._parts:
            heading = tuple(title for _, title in self._outline)
            self._sections.append(Section("".join(self._parts), page=self._page, heading=heading))
        self._parts = []
        self._last_was_tight = False
