"""HTML pages: what a reader sees, without scripts, menus and what is hidden."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import table_blocks
from ingestion.parsers.textdecode import BOMS, decode
from ingestion.parsers.web_tree import BLOCKS, SPACES, children, data_rows, has_header, is_hidden, visible_text
from ingestion.ports import Report
from ingestion.sentences import sentence as _

DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([a-z0-9_:.-]{1,40})""", re.IGNORECASE)
DECLARED_WINDOW = 4_096
# What pages mean by these names, as browsers read them (WHATWG Encoding Standard).
MEANT = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
}
PAGE_CODECS = ("utf-8", "iso8859", "cp", "koi8", "gb", "big5", "euc", "mac", "tis", "iso2022_jp")
"""Not whatever Python knows: "idna" and "unicode_escape" are codecs as well."""
NESTING = re.compile(
    r"<(/?)(?:address|article|aside|blockquote|center|details|div|dl|fieldset|figure|footer|form|header|hgroup|main|menu|nav|ol|pre|section|summary|ul)\b",
    re.IGNORECASE,
)
MAX_NESTING = 5_000
"""Blocks in each other that must be closed one by one; pages made by people have 30."""
HEADINGS = {f"h{level}": level for level in range(1, 7)}


class WebParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "text/html": (".html", ".htm"),
        "application/xhtml+xml": (".xhtml",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        report(0, 1)
        with reading(_("HTML page")):
            tree = parse_page(decode_page(file.read()))
            title = tree.css_first("title")
            writer = SectionWriter()
            Page(writer).walk(tree.root)
        report(1, 1)
        return writer.finish(
            title=one_line(title.text() if title is not None else "") or PurePath(filename).stem,
            nothing=_("There is no text on this page, perhaps because a script fetches it. Print it to a PDF instead."),
        )


def html_text(fragment: str) -> str:
    """Return the text of an HTML fragment, for HTML inside other formats."""
    writer = SectionWriter()
    Page(writer).walk(parse_page(fragment).root)
    return "\n\n".join(section.text for section in writer.sections())


def decode_page(data: bytes) -> str:
    return decode_declared(data, DECLARED.search(data[:DECLARED_WINDOW]))


def decode_declared(data: bytes, declared: re.Match[bytes] | None) -> str:
    """Return text whose encoding the first group of `declared` names. A byte order mark goes before that, and a guess
    comes last."""
    if declared and not data.startswith(tuple(mark for mark, _ in BOMS)):
        name = declared[1].decode("ascii").lower()
        try:
            codec = codecs.lookup(MEANT.get(name, name)).name
            if codec.startswith(PAGE_CODECS):
                return data.decode(codec)
        except (LookupError, UnicodeDecodeError):
            pass  # an unknown or a wrong declaration: the bytes themselves know better
    return decode(data)


def parse_page(page: str) -> Any:
    """The tree of a page. The rules of HTML make a parser look through all open blocks at each new one, so that
    deep nesting takes quadratic time; hence the limit."""
    from selectolax.lexbor import LexborHTMLParser

    depth = 0
    for tag in NESTING.finditer(page):
        depth = depth + 1 if tag[1] == "" else max(0, depth - 1)
        if depth > MAX_NESTING:
            raise DocumentUnreadable(
                _(
                    "This page nests more than %(limit)s blocks in each other. Print it to a PDF and upload that.",
                    limit=MAX_NESTING,
                )
            )
    return LexborHTMLParser(page)


class Page:
    """Walks a tree without recursion, because pages nest as deep as their makers like."""

    def __init__(self, writer: SectionWriter) -> None:
        self._writer = writer
        self._inline: list[str] = []
        self._is_item = False

    def walk(self, root: Any) -> None:
        stack = [(root, False)] if root is not None else []
        while stack:
            node, is_leaving = stack.pop()
            if is_leaving:
                self._end_block()
                self._is_item = self._is_item and node.tag != "li"
            elif self._take(node):
                if node.tag in BLOCKS:
                    self._end_block()
                    self._is_item = self._is_item or node.tag == "li"
                    stack.append((node, True))
                stack.extend((child, False) for child in reversed(children(node)))
        self._end_block()

    def _take(self, node: Any) -> bool:
        """Take what `node` gives by itself; return whether its children are to be walked."""
        tag = node.tag
        if tag == "-text":
            self._inline.append(SPACES.sub(" ", node.text_content or ""))
        elif tag == "br":
            self._inline.append("\n")
        elif is_hidden(node):
            return False
        elif tag in HEADINGS:
            self._end_block()
            self._writer.heading(HEADINGS[tag], visible_text(node))
        elif tag == "pre":
            self._end_block()
            self._writer.add(visible_text(node))
        elif tag == "table" and (rows := data_rows(node)):
            self._end_block()
            self._writer.add_all(table_blocks(rows, header=len(rows) > 1 and has_header(node)))
        else:
            return True
        return False

    def _end_block(self) -> None:
        text = "\n".join(" ".join(line.split()) for line in "".join(self._inline).split("\n")).strip()
        if text:
            self._writer.add(f"- {text}" if self._is_item else text, tight=self._is_item)
            self._is_item = False
        self._inline.clear()
