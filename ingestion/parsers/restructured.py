"""reStructuredText, as docutils reads it; Sphinx's own directives and roles are reduced to their words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import clean
from ingestion.parsers.guards import reading
from ingestion.parsers.restructured_tree import (
    SKIPPED,
    caption,
    directive_of,
    table_rows,
    text_of,
    words,
)
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import table_blocks
from ingestion.parsers.textdecode import decode
from ingestion.ports import Report
from ingestion.sentences import sentence as _

MAX_LINE_CHARACTERS = 10_000
"""docutils' own limit, beyond which it leaves the whole text out: its patterns are slow on such lines."""
MAX_MARKS_TIMES_CHARACTERS = 500_000_000
"""Summed over paragraphs: for each mark that opens something docutils looks through the rest of the paragraph for the
one that closes it. So many take about four seconds."""
MAX_DIRECTIVES_DEEP = 10
"""Directives of other programs inside each other; what is deeper stays as it is written."""

SETTINGS = {
    "_disable_config": True,  # docutils.conf of whoever runs us
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "docinfo_xform": False,
    "syntax_highlight": "none",
    "line_length_limit": MAX_LINE_CHARACTERS,
}


class RestructuredParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"text/x-rst": (".rst", ".rest")}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        report(0, 1)
        text = clean(decode(file.read()))
        if max(map(len, text.split("\n"))) > MAX_LINE_CHARACTERS:
            raise DocumentUnreadable(
                _(
                    "A line of this file has more than %(limit)s characters. Break it into shorter ones.",
                    limit=MAX_LINE_CHARACTERS,
                )
            )
        if sum(map(_effort, text.split("\n\n"))) > MAX_MARKS_TIMES_CHARACTERS:
            raise DocumentUnreadable(
                _(
                    "This file has paragraphs that are too long and too full of markup to be read. "
                    "Put blank lines between them and upload the new copy."
                )
            )
        writer = SectionWriter()
        with reading(_("reStructuredText file")):
            tree = _doctree(text)
            _Text(writer).children(tree, level=1)
        report(1, 1)
        sections = writer.sections()
        first_heading = next((section.heading[0] for section in sections if section.heading), "")
        return writer.finish(title=first_heading or PurePath(filename).stem)


def _effort(paragraph: str) -> int:
    """The bars of a table or of verses open nothing."""
    bars = sum(line.count("|") for line in paragraph.split("\n") if not line.lstrip().startswith(("|", "+")))
    return (paragraph.count("`") + paragraph.count("*") + bars) * len(paragraph)


def _doctree(text: str) -> Any:
    from docutils.core import publish_doctree  # type: ignore[import-untyped]

    return publish_doctree(text, settings_overrides=SETTINGS)


class _Text:
    """Writes the blocks of a tree, sections by their headings; `deep` counts directives that are read by themselves."""

    def __init__(self, writer: SectionWriter, deep: int = 0) -> None:
        self._writer = writer
        self._deep = deep

    def children(self, node: Any, *, level: int) -> None:
        """A document whose only section became its title has the title among its children, as a section has."""
        inner = level + 1 if any(child.tagname == "title" for child in node.children) else level
        for child in node.children:
            if child.tagname == "title":
                self._writer.heading(level, words(child))
            elif child.tagname == "section":
                self.children(child, level=inner)
            else:
                self._block(child, level=inner)

    def _block(self, node: Any, *, level: int) -> None:
        if node.tagname == "table":
            self._writer.add(caption(node))
            rows, header = table_rows(node)
            self._writer.add_all(table_blocks(rows, header=header))
        elif node.tagname == "system_message":
            self._message(node, level=level)
        elif node.tagname in ("container", "compound"):
            self.children(node, level=level)
        elif node.tagname not in SKIPPED:
            self._writer.add(text_of(node))

    def _message(self, message: Any, *, level: int) -> None:
        """What docutils cannot read (a directive of Sphinx, a crooked table) it quotes in a message; the message goes,
        the quotation is the author's."""
        for quoted in message.children:
            if quoted.tagname != "literal_block":
                continue
            directive = directive_of(quoted.astext())
            if directive is None:
                self._writer.add(quoted.astext())
                continue
            self._writer.add(directive.argument)
            if directive.is_code or self._deep >= MAX_DIRECTIVES_DEEP:
                self._writer.add(directive.body)
            elif directive.body:
                _Text(self._writer, self._deep + 1).children(_doctree(directive.body), level=level)
