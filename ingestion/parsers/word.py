"""Word documents: headings, paragraphs, lists and tables in their order; notes and comments where they are made; and
the names of what else it shows.

The XML is walked directly: python-docx opens the package, but gives no way to text boxes, content controls and
footnotes, and its paragraph objects are slow on a handbook of 900 pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.archives import check_office
from ingestion.domain import ParsedDocument
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import table_blocks
from ingestion.parsers.word_objects import with_names
from ingestion.parsers.word_styles import Styles, W, read_styles, value
from ingestion.ports import Report
from ingestion.sentences import sentence as _

REPORT_EVERY = 200
"""Paragraphs and tables between two calls of `report`."""

MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
SPECIAL_TEXT = {W + "tab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-"}
# What was deleted or moved away, and the second copy of a drawing for old programs.
SKIPPED = frozenset({W + "del", W + "moveFrom", W + "pPr", W + "rPr", FALLBACK})
CONTAINERS = frozenset({W + "sdt", W + "sdtContent", W + "ins", W + "moveTo", W + "customXml", W + "smartTag"})
TEXT_BOX = W + "txbxContent"
NOTE_REFERENCES = {
    W + "footnoteReference": "footnotes",
    W + "endnoteReference": "endnotes",
    W + "commentReference": "comments",
}
NOTE_LABELS = {"footnotes": "Footnote", "endnotes": "Endnote", "comments": "Comment"}


class WordParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        check_office(file)
        with reading(_("Word file")):
            import docx

            document = docx.Document(file)
            body = document.element.body
            attachments = with_names(body, document.part)
            walk = _Walk(SectionWriter(), read_styles(document.styles.element), _notes(document.part))
            total = len(body)
            for number, element in enumerate(body):
                if number % REPORT_EVERY == 0:
                    report(number, total)
                walk.block(element)
            report(total, total)
            parsed = walk.writer.finish(
                title=document.core_properties.title or walk.title or PurePath(filename).stem,
                nothing=_("There is no text in this Word file, perhaps only pictures. Upload one with text."),
            )
            return replace(parsed, attachments=attachments)


@dataclass
class _Walk:
    writer: SectionWriter
    styles: Styles
    notes: Mapping[tuple[str, str], str]
    """(kind, id) -> text; kinds are the values of NOTE_REFERENCES."""
    title: str = ""

    def blocks(self, elements: Iterable[Any]) -> None:
        for element in elements:
            self.block(element)

    def block(self, element: Any) -> None:
        if element.tag == W + "p":
            self.paragraph(element)
        elif element.tag == W + "tbl":
            self.table(element)
        elif element.tag in CONTAINERS:
            self.blocks(element)

    def paragraph(self, element: Any) -> None:
        style, text = self.styles.of(element), _text(element)
        if style.is_title and not self.title:
            self.title = one_line(text)
        if style.level:
            self.writer.heading(style.level, text)
        elif style.is_list and text.strip():
            self.writer.add(f"- {text.strip()}", tight=True)
        else:
            self.writer.add(text)
        for box in _inside(element, TEXT_BOX):
            self.blocks(box)
        for tag, kind in NOTE_REFERENCES.items():
            for reference in _inside(element, tag):
                self.writer.add(self.notes.get((kind, reference.get(W + "id", "")), ""))

    def table(self, element: Any) -> None:
        """A table of one column is a frame around text rather than a table."""
        rows = [list(_cells(row)) for row in _rows(element)]
        if max(map(len, rows), default=0) <= 1:
            self.blocks(block for row in rows for cell in row for block in cell)
            return
        texts = ([" ".join(map(_text, _inside(cell, W + "p"))) for cell in row] for row in rows)
        self.writer.add_all(table_blocks(texts, header=len(rows) > 1))


def _rows(table: Any) -> Iterator[Any]:
    return (row for child in table for row in ([child] if child.tag == W + "tr" else _unwrapped(child, W + "tr")))


def _cells(row: Any) -> Iterator[Any]:
    return (cell for child in row for cell in ([child] if child.tag == W + "tc" else _unwrapped(child, W + "tc")))


def _unwrapped(element: Any, tag: str) -> Iterator[Any]:
    """Rows and cells may sit in a content control."""
    if element.tag in CONTAINERS:
        for child in element:
            if child.tag == tag:
                yield child
            else:
                yield from _unwrapped(child, tag)


def _text(element: Any) -> str:
    """The text of a paragraph, without that of text boxes in it."""
    return "".join(_pieces(element))


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag in (W + "t", MATH_TEXT):
            yield child.text or ""
        elif child.tag in SPECIAL_TEXT:
            yield SPECIAL_TEXT[child.tag]
        elif child.tag not in SKIPPED and child.tag != TEXT_BOX:
            yield from _pieces(child)


def _inside(element: Any, tag: str) -> Iterator[Any]:
    """The outermost elements called `tag` inside `element`, outside of what is skipped."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in SKIPPED:
            yield from _inside(child, tag)


def _notes(part: Any) -> dict[tuple[str, str], str]:
    from docx.oxml import parse_xml  # resolves no entities

    notes: dict[tuple[str, str], str] = {}
    for relation in part.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if kind not in NOTE_LABELS or relation.is_external:
            continue
        for note in parse_xml(relation.target_part.blob):
            # Separators between notes and the text have a type; notes have none.
            if not isinstance(note.tag, str) or value(note, "type"):
                continue
            text = one_line(" ".join(map(_text, _inside(note, W + "p"))))
            author = one_line(value(note, "author"))
            label = NOTE_LABELS[kind] + (f" by {author}" if author else "")
            notes[kind, value(note, "id")] = f"{label}: {text}" if text else ""
    return notes
