"""The values that ingestion passes around. No framework is imported here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, NamedTuple
from uuid import UUID

SECTION_SEPARATOR = "\n\n"

Vector = tuple[float, ...]


class Embedded(NamedTuple):
    """What an embedder makes of a text: a vector of the whole, and one of each of its words where it can tell them.

    `words` is a row for each word (`ingestion.embedding.words`), in their order, as many as the model has read: of a
    passage the signs of the row's numbers, a bit each, and of a question the numbers as little-endian float16.
    """

    vector: Vector
    words: bytes = b""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document that has one page and one place in the outline.

    `page` counts from 1 as a reader does (a slide or a sheet is a page); it is None where the format has no pages.
    `heading` is the path in the outline, outermost first.
    """

    text: str
    page: int | None = None
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a file: an entry of an archive, an attachment of a message.

    `open` works for as long as the file that it came in is open. `folder` is its place in there, parts separated by
    "/", and "" at the top.
    """

    name: str
    open: Callable[[], BinaryIO]
    folder: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of a file was not taken: `name` is a page or a file inside it, `message` a sentence for its reader."""

    name: str
    message: str


@dataclass(frozen=True)
class ParsedDocument:
    """What a parser got out of a file. Character offsets everywhere count in `text`.

    `attachments` become documents of their own; a file that is nothing but a container has no sections.
    """

    sections: tuple[Section, ...]
    title: str = ""
    page_count: int | None = None
    attachments: tuple[Attachment, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def text(self) -> str:
        return SECTION_SEPARATOR.join(section.text for section in self.sections)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset in `text` at which each section begins."""
        starts, offset = [], 0
        for section in self.sections:
            starts.append(offset)
            offset += len(section.text) + len(SECTION_SEPARATOR)
        return tuple(starts)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `text == document.text[start:end]`.

    `id` is uuid5(document, chunker version, ordinal, text), so that doing the work twice gives the same rows.
    """

    id: UUID
    ordinal: int
    text: str
    start: int
    end: int
    page: int | None = None
    heading: tuple[str, ...] = ()
    last_page: int | None = None
    """Where it ends: `page` again, or a later one."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A chunk as the indexes take it. `vector` is None for the lexical one."""

    chunk_id: UUID
    document_id: UUID
    collection_id: UUID
    text: str
    title: str = ""
    heading: str = ""
    language: str = ""
    vector: Vector | None = None
    words: bytes = b""
    """Of `Embedded`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents a search may see, inside one tenant: those of the collections, and those that are named beside
    them. Where neither was said it is all of them; an empty set adds none."""

    collection_ids: frozenset[UUID] | None = None
    document_ids: frozenset[UUID] | None = None

    @property
    def is_everything(self) -> bool:
        return self.collection_ids is None and self.document_ids is None

    @property
    def is_empty(self) -> bool:
        return not (self.is_everything or self.collection_ids or self.document_ids)

    def sees(self, *, collection_id: UUID, document_id: UUID) -> bool:
        return (
            self.is_everything
            or collection_id in (self.collection_ids or ())
            or document_id in (self.document_ids or ())
        )


class Hit(NamedTuple):
    """A chunk that a search found. `score` is the higher the better; its unit is the index's own
    (cosine similarity for vectors, BM25 for words)."""

    chunk_id: UUID
    document_id: UUID
    score: float
