"""Rich text: headings, paragraphs, list items and tables; notes and comments behind the paragraph they are made in.

Of striprtf come the tables of code pages, signs and of what is no text. Its own loop gives neither headings nor cells,
looks at each character by itself, and has patterns that take quadratic time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_characters, reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import table_blocks
from ingestion.ports import Report
from ingestion.sentences import sentence as _

SIGNATURE = "{\\rtf"
TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
REPORT_EVERY = 50_000
"""Tokens between two calls of `report`."""
MAX_TOKENS = 8_000_000
"""Some ten seconds of work; 900 pages with their formatting are two million."""
MAX_DEPTH = 10_000
"""Groups in each other; real files have about 20."""
MAX_OUTLINE = 8
"""An outline level of 9 means text, 0 to 8 are headings 1 to 9."""

ASIDES = {"footnote": "Footnote", "annotation": "Comment", "shptxt": "", "title": ""}
"""What is written to the side of the text, and the label that it gets there; "title" is the file's."""
LIST_MARKS = frozenset({"listtext", "pntext"})
PARAGRAPH_ENDS = frozenset({"par", "sect", "page"})
ENDS = PARAGRAPH_ENDS | {"cell", "row", "nestcell", "nestrow"}
CODE_PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
HIDDEN = frozenset({"v", "deleted"})


class RtfParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/rtf": (".rtf",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("rich text file")):
            source = file.read().decode("latin-1")  # a byte each: the code pages come later
            if not source.startswith(SIGNATURE):
                raise ValueError("There is no signature.")
            reader = _Reader(SectionWriter())
            if not reader.read(source, report):
                raise DocumentUnreadable(
                    _(
                        "This file is damaged: it breaks off before its end. "
                        "Open it in the program that made it, save it again and upload the new copy."
                    )
                )
            return reader.writer.finish(
                title=reader.title or PurePath(filename).stem,
                nothing=_("There is no text in this file, perhaps only pictures. Upload one with text."),
            )


@dataclass(slots=True)
class _Group:
    """What holds until the brace that closes it."""

    aside: str = ""
    """The one of `ASIDES` that is written at the moment."""
    is_skipped: bool = False
    is_hidden: bool = False
    is_font_table: bool = False
    font: str = ""
    code_units: int = 1
    """How many characters behind a Unicode one stand for it in old programs."""
    outline: int = MAX_OUTLINE + 1
    in_table: bool = False


@dataclass
class _Reader:
    writer: SectionWriter
    title: str = ""
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    fonts: dict[str, str] = field(default_factory=dict)
    """The code page of a font, where it has one of its own."""
    font: str = ""
    """The one that is being defined."""
    default_font: str = ""
    code_page: str = "cp1252"
    pending: bytearray = field(default_factory=bytearray)
    """What waits for its code page: a letter may be two of them."""
    to_skip: int = 0
    line: list[str] = field(default_factory=list)
    is_item: bool = False
    side: list[str] = field(default_factory=list)
    sides: list[str] = field(default_factory=list)
    """What stands behind the next paragraph."""
    row: list[str] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    characters: int = 0

    def read(self, source: str, report: Report) -> bool:
        """Return whether the file comes to its end."""
        place = tokens = 0
        while token := TOKEN.match(source, place):
            if tokens % REPORT_EVERY == 0:
                report(place, len(source))
            tokens += 1
            if tokens > MAX_TOKENS:
                raise MemoryError
            place = token.end()
            word, number, code, sign, brace, text = token.groups()
            if word is not None:
                self.flush()
                if word == "bin":  # bytes of a picture, braces among them
                    place += max(0, int(number or 0))
                self.word(word, number)
            elif code is not None:
                self.encoded(bytes.fromhex(code), length=1)
            elif text is not None:
                self.encoded(text.encode("latin-1"), length=len(text))
            elif sign is not None:
                self.flush()
                self.sign(sign)
            elif brace is not None and not self.brace(brace):
                break
        self.end_table()
        self.end_paragraph()
        report(len(source), len(source))
        return not self.stack

    def brace(self, brace: str) -> bool:
        """Return whether the file goes on: what is behind its last brace is none of it."""
        self.flush()
        self.to_skip = 0
        if brace == "{":
            if len(self.stack) >= MAX_DEPTH:
                raise RecursionError
            self.stack.append(self.group)
            self.group = replace(self.group)
            return True
        closed, self.group = self.group, self.stack.pop()
        if closed.aside != self.group.aside:
            self.end_aside(closed.aside)
        return bool(self.stack)

    def word(self, word: str, number: str | None) -> None:
        group = self.group
        is_stand_in = self.to_skip > 0 and word in _signs() and word not in ENDS
        self.to_skip = self.to_skip - 1 if is_stand_in else 0
        if is_stand_in:
            return
        if group.is_font_table:
            self.font_word(word, number)
        elif word in ASIDES and not (word == "title" and group.aside):
            self.group.aside, group.is_skipped = word, False
        elif word in _not_text() or word in LIST_MARKS:
            group.is_skipped = True
            group.is_font_table = word == "fonttbl"
            self.is_item = self.is_item or word in LIST_MARKS
        elif word == "u":
            self.write(chr(int(number or 0) & 0xFFFF))
            self.to_skip = group.code_units
        elif word in ENDS:
            self.end(word)
        elif word in _signs():
            self.write(_signs()[word])
        else:
            self.setting(word, number)

    def setting(self, word: str, number: str | None) -> None:
        group = self.group
        if word == "f":
            group.font = number or ""
        elif word == "uc":
            group.code_units = int(number or 1)
        elif word == "pard":
            group.outline, group.in_table = MAX_OUTLINE + 1, False
        elif word == "plain":
            group.font, group.is_hidden = "", False
        elif word == "intbl":
            group.in_table = True
        elif word == "outlinelevel":
            group.outline = int(number or 0)
        elif word in HIDDEN:
            group.is_hidden = number != "0"
        elif word == "deff":
            self.default_font = number or ""
        elif word in CODE_PAGES:
            self.code_page = CODE_PAGES[word]
        elif word == "ansicpg":
            self.code_page = _known("utf-8" if number == "65001" else f"cp{number}") or self.code_page

    def font_word(self, word: str, number: str | None) -> None:
        if word == "f":
            self.font = number or ""
        elif word == "fcharset" and (code_page := _code_page(int(number or 0))):
            self.fonts[self.font] = code_page

    def sign(self, sign: str) -> None:
        if sign == "*":
            self.group.is_skipped = True  # until a word says that it is known here
        elif sign in "\r\n":
            self.end("par")
        elif self.to_skip:
            self.to_skip -= 1
        else:
            self.write(_signs().get(sign, ""))

    def encoded(self, data: bytes, *, length: int) -> None:
        skipped = min(self.to_skip, length)
        self.to_skip -= skipped
        if not self.group.is_skipped and not self.group.is_font_table:
            self.pending += data[skipped:]

    def flush(self) -> None:
        if self.pending:
            code_page = self.fonts.get(self.group.font or self.default_font, self.code_page)
            self.write(self.pending.decode(code_page, errors="replace"))
            self.pending.clear()

    def write(self, text: str) -> None:
        group = self.group
        if not group.is_skipped and not group.is_hidden:
            self.characters += len(text)
            check_characters(self.characters)
            (self.side if group.aside else self.line).append(text)

    def end(self, word: str) -> None:
        group = self.group
        if group.is_skipped:
            return
        if group.aside or word in ("nestcell", "nestrow") or (word in PARAGRAPH_ENDS and group.in_table):
            self.write("\n")
        elif word == "cell":
            self.row.append(self.taken_line())
            self.is_item = False
        elif word == "row":
            self.table.append(self.row)
            self.row = []
        else:
            self.end_table()
            self.end_paragraph()

    def end_paragraph(self) -> None:
        text = self.taken_line().strip()
        if self.group.outline <= MAX_OUTLINE:
            self.writer.heading(self.group.outline + 1, text)
        elif text:
            self.writer.add(f"- {text}" if self.is_item else text, tight=self.is_item)
        self.is_item = False
        self.writer.add_all(self.sides)
        self.sides.clear()

    def end_table(self) -> None:
        if self.row:  # a row that its maker did not end
            self.table.append(self.row)
        self.writer.add_all(table_blocks(self.table, header=len(self.table) > 1))
        self.row, self.table = [], []

    def end_aside(self, kind: str) -> None:
        text = _joined(self.side)
        self.side.clear()
        if kind == "title":
            self.title = self.title or one_line(text)
        elif label := ASIDES[kind]:
            self.sides.append(f"{label}: {one_line(text)}" if text.strip() else "")
        else:
            self.sides.append(text.strip())

    def taken_line(self) -> str:
        text = _joined(self.line)
        self.line.clear()
        return text


def _joined(pieces: list[str]) -> str:
    """Characters beyond 65,535 are written as two halves."""
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def _not_text() -> frozenset[str]:
    from striprtf.striprtf import destinations

    return frozenset(destinations) - frozenset(ASIDES)


@cache
def _signs() -> Mapping[str, str]:
    from striprtf.striprtf import specialchars

    return dict(specialchars)


@cache
def _code_page(charset: int) -> str:
    """The code page of a font's character set; "" for the one of the file (1), of symbols, and for unknown ones."""
    from striprtf.striprtf import charset_map

    return _known(charset_map.get(charset, "")) if charset not in (1, 2) else ""


def _known(code_page: str) -> str:
    try:
        return codecs.lookup(code_page).name
    except LookupError:
        return ""
