"""Cuts a document where its structure does: sections, paragraphs, lines, sentences, words, in this order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from ingestion.domain import Chunk, ParsedDocument, Section

MAX_CHARACTERS = 1_200
"""About 300 tokens of English and 450 of Serbian in Cyrillic: below the 512 that embedding models read."""

# Regular expressions, coarse to fine; a piece ends with what separates it. The closing quotation marks and brackets
# of a sentence are its own. Chinese and Japanese have no spaces between sentences. There is no "" at the end: it would
# make a list of every character of a text without spaces; such a text is cut by `_cut` instead.
SEPARATORS = [
    r"\n\n+",
    r"\n",
    r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=\S)",
    r"[。！？]+[」』）]*",
    r"(?<=[;:,])\s+",
    r"[，、；：]",
    r"\s+",
]


WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the document's text that is not cut further, without white space at its ends."""

    start: int
    end: int
    section: int


class StructureChunker:
    """Fills chunks of at most `max_characters` with consecutive pieces, so that short sections share one.

    A chunk has the page and the heading of its first character, and the page of its last. Where the outermost heading
    changes, a new chunk begins, unless the current one is at most half full.
    """

    version = "structure-1"

    def __init__(self, max_characters: int = MAX_CHARACTERS) -> None:
        if max_characters < 1:
            raise ValueError(f"A chunk of at most {max_characters} characters holds nothing.")
        from langchain_text_splitters import RecursiveCharacterTextSplitter  # 0.8 s, which the web process never needs

        self._limit = max_characters
        self._splitter = RecursiveCharacterTextSplitter(
            separators=SEPARATORS,
            is_separator_regex=True,
            keep_separator="end",
            strip_whitespace=False,  # so that the pieces put together are the text, and offsets can be counted
            chunk_size=max_characters,
            chunk_overlap=0,
        )

    def split(self, document_id: UUID, parsed: ParsedDocument) -> tuple[Chunk, ...]:
        """Return the chunks in order; together they hold every word of the text. Stretches of nothing but signs, such
        as a page of rules or a megabyte of backticks, are left out: nobody can ask for them."""
        chunks: list[Chunk] = []
        for start, end, section, last in self._packed(parsed):
            text = parsed.text[start:end]
            if not WORD.search(text):
                continue
            ordinal = len(chunks)
            chunk_id = uuid5(document_id, f"{self.version}:{ordinal}:{text}")
            chunks.append(Chunk(chunk_id, ordinal, text, start, end, section.page, section.heading, last.page))
        return tuple(chunks)

    def _packed(self, parsed: ParsedDocument) -> Iterator[tuple[int, int, Section, Section]]:
        """Start, end, first and last section of each chunk."""
        sections = parsed.sections
        first: _Piece | None = None
        end = last = 0
        for piece in self._pieces(parsed):
            if first is None:
                first = piece
            elif piece.end - first.start > self._limit or (
                end - first.start > self._limit // 2 and _begins_part(sections, first, piece)
            ):
                yield first.start, end, sections[first.section], sections[last]
                first = piece
            end, last = piece.end, piece.section
        if first is not None:
            yield first.start, end, sections[first.section], sections[last]

    def _pieces(self, parsed: ParsedDocument) -> Iterator[_Piece]:
        for number, (section, start) in enumerate(zip(parsed.sections, parsed.starts, strict=True)):
            offset = start
            for split in self._splitter.split_text(section.text):
                for part in _cut(split, self._limit):
                    stripped = part.strip()
                    if stripped:
                        begin = offset + part.index(stripped[0])
                        yield _Piece(begin, begin + len(stripped), number)
                    offset += len(part)


def _begins_part(sections: tuple[Section, ...], first: _Piece, piece: _Piece) -> bool:
    return sections[first.section].heading[:1] != sections[piece.section].heading[:1]


def _cut(text: str, limit: int) -> Iterator[str]:
    """Parts of at most `limit` characters of a text that has nowhere to be cut."""
    for start in range(0, len(text), limit):
        yield text[start : start + limit]
