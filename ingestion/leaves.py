"""A document's text to leaf through: a stretch at a time, with the passages that are searched told apart in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Case, QuerySet, When
from django.db.models.functions import Length, Substr

from ingestion import selectors
from ingestion.models import Document, DocumentSection

PAGES = 20
CHARACTERS = 40_000
"""Of a leaf at most, give or take a section: what a browser lays out at once, and a person scrolls through."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The text from offset `start` to `end`. `skip` is how much of its first section the leaves before have shown."""

    start: int
    end: int
    skip: int = 0
    first_page: int | None = None
    last_page: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """`passage` counts from 1 and is None between passages; `begins` says that the passage does so here."""

    text: str
    passage: int | None = None
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A section, or what of it is on the leaf. `page` and `heading` are given where they differ from those before."""

    spans: tuple[Span, ...]
    page: int | None
    heading: str


def leaves_of(document: Document) -> list[Leaf]:
    """Without the text itself, which may be many megabytes."""
    sections = selectors.sections_of(tenant=document.tenant, document_id=document.pk).order_by("ordinal")
    return list(_divided(sections.annotate(length=Length("text")).values_list("start", "length", "page")))


def _divided(sections: Iterable[tuple[int, int, int | None]]) -> Iterator[Leaf]:
    """Sections are (start, length, page)."""
    leaf: Leaf | None = None
    for start, length, page in sections:
        if leaf and (start + length - leaf.start > CHARACTERS or _turns(leaf, page)):
            yield leaf
            leaf = None
        skip = 0
        while length - skip > CHARACTERS:
            yield Leaf(start + skip, start + skip + CHARACTERS, skip, page, page)
            skip += CHARACTERS
        began = leaf or Leaf(start + skip, start + length, skip, page, page)
        leaf = Leaf(began.start, start + length, began.skip, began.first_page, page or began.last_page)
    if leaf:
        yield leaf


def _turns(leaf: Leaf, page: int | None) -> bool:
    return page is not None and leaf.first_page is not None and page - leaf.first_page >= PAGES


def blocks_of(document: Document, leaf: Leaf) -> list[Block]:
    passages = list(
        selectors.chunks_of(tenant=document.tenant, document_id=document.pk)
        .filter(start__lt=leaf.end, end__gt=leaf.start)
        .order_by("ordinal")
        .values_list("ordinal", "start", "end")
    )
    blocks, page, heading = [], None, ""
    for section in _sections(document, leaf):
        start = max(section.start, leaf.start)
        shown: str = section.shown  # type: ignore[attr-defined]  # annotated
        path = " › ".join(_above(section.heading, shown))
        spans = tuple(_spans(shown, start, passages))
        blocks.append(Block(spans, section.page if section.page != page else None, path if path != heading else ""))
        page, heading = section.page, path
    return blocks


def _above(heading: list[str], text: str) -> list[str]:
    """The place in the outline, without the section's own heading where its text begins with that."""
    return heading[:-1] if heading and text.startswith(heading[-1]) else heading


def _sections(document: Document, leaf: Leaf) -> QuerySet[DocumentSection]:
    """With `shown`, the part of the text that is on the leaf: the database need not send what is not."""
    begun, length = leaf.start - leaf.skip, leaf.end - leaf.start
    sections = selectors.sections_of(tenant=document.tenant, document_id=document.pk)
    sections = sections.filter(start__gte=begun, start__lt=leaf.end).order_by("ordinal").defer("text")
    rest = When(start=begun, then=Substr("text", leaf.skip + 1, length))
    return sections.annotate(shown=Case(rest, default=Substr("text", 1, length)))


def _spans(text: str, start: int, passages: list[tuple[int, int, int]]) -> Iterator[Span]:
    """`text` begins at offset `start`; passages are (ordinal, start, end), do not overlap, and come in their order."""
    at, end = start, start + len(text)
    for ordinal, begin, stop in passages:
        if stop <= at or begin >= end:
            continue
        if begin > at:
            yield Span(text[at - start : begin - start])
        first = max(begin, at)
        last = min(stop, end)
        yield Span(text[first - start : last - start], ordinal + 1, begins=begin >= start)
        at = last
    if at < end:
        yield Span(text[at - start :])
