"""What OpenDocument texts, spreadsheets and presentations have in common: the package, paragraphs, lists and tables."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ingestion.archives import check_zip, read_part
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_characters
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import table_blocks
from ingestion.parsers.web_tree import SPACES
from ingestion.parsers.xml_tree import parse_xml
from ingestion.sentences import sentence as _

NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE = f"{{{NAMES}office:1.0}}"
TEXT = f"{{{NAMES}text:1.0}}"
TABLE = f"{{{NAMES}table:1.0}}"
DRAW = f"{{{NAMES}drawing:1.0}}"
STYLE = f"{{{NAMES}style:1.0}}"
PRESENTATION = f"{{{NAMES}presentation:1.0}}"
MANIFEST = f"{{{NAMES}manifest:1.0}}"
DC = "{http://purl.org/dc/elements/1.1/}"

PARAGRAPH, HEADING, LIST, TABLE_ELEMENT = TEXT + "p", TEXT + "h", TEXT + "list", TABLE + "table"
NOTE, COMMENT = TEXT + "note", OFFICE + "annotation"
NOTE_LABELS = {"footnote": "Footnote", "endnote": "Endnote"}
TITLE_STYLE = "Title"

MAX_COLUMNS = 16_384
"""As many as a sheet has; a cell may say that it stands there a billion times."""
MAX_GAP = 9
"""Empty cells in a row: `tables.row_line` takes as many for any number of them, and so they cost nothing here."""
MAX_SPACES = 100
"""One element may stand for any number of spaces."""

# Deleted text that is kept for whoever tracks changes, what an index is made from, the small print above a word, what
# screen readers and forms say of a shape.
SKIPPED = frozenset(
    {
        TEXT + "tracked-changes",
        TEXT + "ruby-text",
        *(
            f"{TEXT}{kind}-source"
            for kind in (
                "table-of-content", "illustration-index", "table-index", "object-index", "user-index",
                "alphabetical-index", "bibliography",
            )
        ),
        OFFICE + "forms",
        OFFICE + "event-listeners",
        f"{{{NAMES}svg-compatible:1.0}}title",
        f"{{{NAMES}svg-compatible:1.0}}desc",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Package:
    body: Any
    """What is inside `office:body`: the element of the kind that was asked for."""
    title: str
    """What the file's properties say, "" for nothing."""
    title_styles: frozenset[str]
    """The names of the paragraph styles that a document's title has."""


def open_package(file: BinaryIO, kind: str) -> Package:
    """Return the package in `file`, whose body must be an `office:` element called `kind`.

    Raise `DocumentUnreadable` for one that unpacks to too much or wants a password; anything for a damaged one.
    """
    check_zip(file)
    with zipfile.ZipFile(file) as archive:
        names = frozenset(archive.namelist())
        _refuse_encrypted(archive, names)
        content = parse_xml(read_part(archive, "content.xml"))
        meta = parse_xml(read_part(archive, "meta.xml")) if "meta.xml" in names else None
    body = content.find(f"{OFFICE}body/{OFFICE}{kind}")
    if body is None:
        raise ValueError(f"There is no {kind} in this package.")
    title = meta.findtext(f".//{DC}title") if meta is not None else ""
    return Package(body, one_line(title or ""), _title_styles(content))


def _refuse_encrypted(archive: zipfile.ZipFile, names: frozenset[str]) -> None:
    """Each part is encrypted for itself, and the manifest, which never is, says how."""
    if "META-INF/manifest.xml" not in names:
        return
    manifest = parse_xml(read_part(archive, "META-INF/manifest.xml"))
    if next(manifest.iter(MANIFEST + "encryption-data"), None) is not None:
        raise DocumentUnreadable(_("This file is protected by a password. Remove the password and upload it again."))


def _title_styles(content: Any) -> frozenset[str]:
    """What a person changes about a title by hand becomes a style of its own, with the title's as its parent."""
    styles = content.iterfind(f"{OFFICE}automatic-styles/{STYLE}style")
    own = (style.get(STYLE + "name", "") for style in styles if style.get(STYLE + "parent-style-name") == TITLE_STYLE)
    return frozenset({TITLE_STYLE, *own})


@dataclass
class Walk:
    """Writes the blocks of a text, a shape or a cell in their order. An XML tree that was read is never deeper than
    256 elements, so that recursion ends in time."""

    writer: SectionWriter
    title_styles: frozenset[str] = frozenset()
    title: str = ""
    """The first paragraph in a style for titles."""

    def blocks(self, elements: Iterable[Any]) -> None:
        for element in elements:
            self.block(element)

    def block(self, element: Any) -> None:
        tag = element.tag
        if tag == HEADING:
            self.writer.heading(max(1, _number(element, TEXT + "outline-level")), line(element))
            self.blocks(_asides(element))
        elif tag == PARAGRAPH:
            self.paragraph(element)
        elif tag == LIST:
            self.list(element)
        elif tag == TABLE_ELEMENT:
            self.table(element)
        elif tag == NOTE:
            self.note(element)
        elif tag == COMMENT:
            author = one_line(element.findtext(DC + "creator") or "")
            self._labelled(f"Comment by {author}" if author else "Comment", element)
        elif tag not in SKIPPED:
            self.blocks(element)

    def paragraph(self, element: Any, mark: str = "", *, tight: bool = False) -> None:
        text = line(element).strip()
        if not self.title and element.get(TEXT + "style-name", "") in self.title_styles:
            self.title = one_line(text)
        self.writer.add(f"{mark}{text}" if text else "", tight=tight)
        self.blocks(_asides(element))

    def list(self, element: Any) -> None:
        """The first paragraph of an item has the mark; what else is in the item stands below it."""
        for item in element:
            mark = "- " if item.tag == TEXT + "list-item" else ""
            for child in item:
                if child.tag == PARAGRAPH:
                    self.paragraph(child, mark, tight=True)
                    mark = ""
                else:
                    self.block(child)

    def table(self, element: Any) -> None:
        """A table of one column is a frame around text rather than a table."""
        table = [list(cells(row)) for row, _times in table_rows(element)]
        if max(map(len, table), default=0) <= 1:
            self.blocks(block for row in table for cell, _times in row for block in cell)
            return
        self.writer.add_all(table_blocks((row_texts(row, cell_line) for row in table), header=len(table) > 1))

    def note(self, element: Any) -> None:
        label = NOTE_LABELS.get(element.get(TEXT + "note-class", ""), "Note")
        if (body := element.find(TEXT + "note-body")) is not None:
            self._labelled(label, body)

    def _labelled(self, label: str, element: Any) -> None:
        text = one_line(cell_line(element))
        self.writer.add(f"{label}: {text}" if text else "")


def table_rows(table: Any) -> Iterator[tuple[Any, int]]:
    """The rows of a table and how often each stands there; they may be in groups, of headers for one."""
    for child in table:
        if child.tag == TABLE + "table-row":
            yield child, max(1, _number(child, TABLE + "number-rows-repeated"))
        elif child.tag in (TABLE + "table-header-rows", TABLE + "table-rows", TABLE + "table-row-group"):
            yield from table_rows(child)


def cells(row: Any) -> Iterator[tuple[Any, int]]:
    """The cells of a row and how often each stands there."""
    for child in row:
        if child.tag in (TABLE + "table-cell", TABLE + "covered-table-cell"):
            yield child, max(1, _number(child, TABLE + "number-columns-repeated"))


def row_texts(row: Iterable[tuple[Any, int]], text_of: Callable[[Any], str]) -> list[str]:
    """The cells of a row as text, without the empty ones at its end: a row is padded to the width of the sheet."""
    texts: list[str] = []
    gap = characters = 0
    for cell, times in row:
        if text := text_of(cell):
            shown = min(times, MAX_COLUMNS)
            characters += len(text) * shown
            check_characters(characters)
            texts += [*[""] * gap, *[text] * shown]
            gap = 0
        else:
            gap = min(gap + times, MAX_GAP)
    return texts


def cell_line(cell: Any) -> str:
    """Everything in a cell, a note or a shape on one line."""
    return " ".join(filter(None, (line(element).strip() for element in cell.iter(PARAGRAPH, HEADING))))


def line(element: Any) -> str:
    """The text of a paragraph, without the notes, comments and shapes that hang on it."""
    return "".join(_pieces(element))


def _pieces(element: Any) -> Iterator[str]:
    yield SPACES.sub(" ", element.text or "")
    for child in element:
        tag = child.tag
        if tag == TEXT + "s":
            yield " " * min(max(1, _number(child, TEXT + "c")), MAX_SPACES)
        elif tag == TEXT + "tab":
            yield "\t"
        elif tag == TEXT + "line-break":
            yield "\n"
        elif tag not in SKIPPED and not _is_aside(tag):
            yield from _pieces(child)
        yield SPACES.sub(" ", child.tail or "")


def _asides(element: Any) -> Iterator[Any]:
    """The outermost notes, comments and shapes inside a paragraph."""
    for child in element:
        if _is_aside(child.tag):
            yield child
        elif child.tag not in SKIPPED:
            yield from _asides(child)


def _is_aside(tag: str) -> bool:
    """Whether what is called `tag` may be inside a paragraph and is not part of its line; `draw:a` is a link."""
    return tag in (NOTE, COMMENT, LIST, TABLE_ELEMENT) or (tag.startswith(DRAW) and tag != DRAW + "a")


def _number(element: Any, name: str) -> int:
    value = element.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
