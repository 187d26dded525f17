"""EPUB books: the chapters in the order of the spine, each read as the HTML page it is. Nothing is ever fetched."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar
from urllib.parse import unquote, urlsplit

from ingestion.archives import MIB, check_zip, read_part
from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_pages, reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.web import Page, decode_page, parse_page
from ingestion.parsers.xml_tree import parse_xml
from ingestion.ports import Report
from ingestion.sentences import sentence as _

CONTAINER, ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
DC = "{http://purl.org/dc/elements/1.1/}"
# Fonts in a book that anybody may read are often scrambled, so that nobody takes them out of it.
SCRAMBLED_FONTS = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
PAGE_TYPES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
NCX_TYPE = "application/x-dtbncx+xml"
MAX_CHAPTER_BYTES = 16 * MIB
"""A page becomes about ten times as much memory, and all the text of a document may be 20 million characters."""
# XHTML may close these at once; to the rules of HTML they then stay open, and swallow what follows.
CLOSED_AT_ONCE = re.compile(r"<(title|script|style|iframe|noscript|textarea|template|object)\b([^<>]*)/>", re.I)
HEADINGS = "h1, h2, h3, h4, h5, h6"


class EpubParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/epub+zip": (".epub",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        check_zip(file)
        with reading(_("EPUB book")), zipfile.ZipFile(file) as archive:
            _refuse_protected(archive)
            book = _read_book(archive)
            check_pages(len(book.chapters), noun=_("chapters"))
            writer = SectionWriter()
            for number, name in enumerate(book.chapters):
                report(number, len(book.chapters))
                _write_chapter(writer, archive, name, book.labels.get(name, ""))
            report(len(book.chapters), len(book.chapters))
            return writer.finish(
                title=book.title or PurePath(filename).stem,
                nothing=_("There is no text in this book, perhaps only pictures. Upload one with text."),
            )


@dataclass(frozen=True)
class _Book:
    title: str
    chapters: tuple[str, ...]
    """The parts of the archive that the spine names, each once: a book can name one a thousand times."""
    labels: Mapping[str, str]
    """What the table of contents calls a chapter."""


def _refuse_protected(archive: zipfile.ZipFile) -> None:
    if ENCRYPTION not in archive.namelist():
        return
    methods = (element for element in _elements(parse_xml(read_part(archive, ENCRYPTION)), "EncryptionMethod"))
    if any(method.get("Algorithm", "") not in SCRAMBLED_FONTS for method in methods):
        raise DocumentUnreadable(
            _(
                "This book is protected against copying (DRM), so that only its seller's programs can open it. "
                "Upload a copy without that protection."
            )
        )


def _read_book(archive: zipfile.ZipFile) -> _Book:
    """Raise anything for a damaged book; a chapter that is named and missing is left out."""
    root = next(_elements(parse_xml(read_part(archive, CONTAINER)), "rootfile")).get("full-path", "")
    package = parse_xml(read_part(archive, root))
    names = frozenset(archive.namelist())
    # By the id: the part's name, its media type and its properties.
    items = {
        item.get("id", ""): (_resolved(root, item.get("href", "")), item.get("media-type", ""), item)
        for item in _elements(package, "item")
    }
    spine = (items.get(reference.get("idref", "")) for reference in _elements(package, "itemref"))
    chapters = dict.fromkeys(item[0] for item in spine if item and item[1] in PAGE_TYPES and item[0] in names)
    labels: dict[str, str] = {}
    for name, media_type, item in items.values():
        if name in names and (media_type == NCX_TYPE or "nav" in item.get("properties", "").split()):
            for target, label in _contents(archive, name, is_ncx=media_type == NCX_TYPE):
                labels.setdefault(target, label)
    return _Book(one_line(package.findtext(f".//{DC}title") or ""), tuple(chapters), labels)


def _contents(archive: zipfile.ZipFile, name: str, *, is_ncx: bool) -> Iterator[tuple[str, str]]:
    """The parts that a table of contents leads to, and what it calls them; EPUB 2 has an NCX, EPUB 3 a page."""
    data = read_part(archive, name, max_bytes=MAX_CHAPTER_BYTES)
    if is_ncx:
        for point in _elements(parse_xml(data), "navPoint"):
            content, text = next(_elements(point, "content"), None), next(_elements(point, "text"), None)
            if content is not None and text is not None:
                yield _resolved(name, content.get("src", "")), one_line(text.text or "")
    else:
        for link in _tree(data).css("nav a[href]"):
            yield _resolved(name, link.attributes.get("href") or ""), one_line(link.text())


def _write_chapter(writer: SectionWriter, archive: zipfile.ZipFile, name: str, label: str) -> None:
    """A chapter without a heading of its own goes by what the table of contents calls it."""
    tree = _tree(read_part(archive, name, max_bytes=MAX_CHAPTER_BYTES))
    if label and tree.css_first(HEADINGS) is None and tree.body is not None and tree.body.text().strip():
        writer.heading(1, label)
    Page(writer).walk(tree.root)


def _tree(data: bytes) -> Any:
    return parse_page(CLOSED_AT_ONCE.sub(r"<\1\2></\1>", decode_page(data)))


def _elements(root: Any, name: str) -> Iterator[Any]:
    """By their name alone: books of every age are in namespaces of their own, or in none."""
    found: Iterator[Any] = root.iter(f"{{*}}{name}")
    return found


def _resolved(base: str, href: str) -> str:
    """The name of the part that `href` in the part `base` leads to; another place's address is the name of none."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
