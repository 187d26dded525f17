"""PDF files: the text layer; of pages that are only a picture, what text recognition finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_characters, check_pages, reading
from ingestion.parsers.left_out import pages_left_out
from ingestion.parsers.ocr import RecognitionUnavailable
from ingestion.parsers.pdf_arabic import mend_ligatures
from ingestion.parsers.pdf_continued import with_headers_repeated
from ingestion.parsers.pdf_layout import Line, mend_hyphens, page_text
from ingestion.parsers.pdf_lines import page_lines, unplaced_lines
from ingestion.parsers.pdf_notes import page_notes
from ingestion.parsers.pdf_running import without_running_lines
from ingestion.parsers.pdf_scans import is_scan, scan_text
from ingestion.parsers.pdf_streams import refuse_bombs
from ingestion.parsers.pdf_vertical import column_lines, with_flat_columns
from ingestion.parsers.sections import MAX_HEADING_CHARACTERS, SectionWriter
from ingestion.ports import Report
from ingestion.sentences import sentence as _

NO_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel)|untitled|\(anonymous\)|activereports document)"
    r"|\.(?:docx?|pptx?|xlsx?|indd|qxp|dvi|tex)$",
    re.IGNORECASE,
)
"""What programs write where a title should be: a name of their own, or of the source file."""

MAX_PAGE_CHARACTERS = 1_000_000
MAX_BOOKMARKS = 10_000

NOTHING = _(
    "There is no text in this PDF, and text recognition (OCR) finds none in its pictures. "
    "Upload a sharper scan, or a file with text."
)
ENCRYPTED = _("This PDF is protected by a password. Remove the password and upload it again.")


@dataclass(frozen=True, slots=True)
class _Page:
    lines: list[Line]
    notes: list[str]
    recognised: str = ""
    """What is on the page when it is a scan, which has no lines."""


class PdfParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/pdf": (".pdf",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("PDF file")), closing(_open(file)) as document:
            total = len(document)
            check_pages(total, noun=_("pages"))
            scans = _Scans(report, total)
            pages = list(_read_pages(document, total, scans))
            written = without_running_lines(with_headers_repeated([page.lines for page in pages]))
            texts = mend_hyphens(
                [page_text(lines) or page.recognised for lines, page in zip(written, pages, strict=True)]
            )
            headings = _headings(document, total)
            writer = SectionWriter()
            for number, (page, text, heading) in enumerate(zip(pages, texts, headings, strict=True), start=1):
                writer.page(number, heading=heading)
                writer.add(text)
                writer.add_all(page.notes)
            return writer.finish(
                title=_title(document, filename),
                page_count=total,
                nothing=next(iter(scans.left_out.values()), NOTHING),
                left_out=pages_left_out(scans.left_out),
            )


@dataclass
class _Scans:
    """Recognises scanned pages for as long as that is possible: a document keeps its other pages where it is not."""

    report: Report
    total: int
    left_out: dict[int, str] = field(default_factory=dict)
    """What could not be recognised, by the number of its page."""
    unavailable: str = ""

    def text(self, page: Any, number: int) -> str:
        if not is_scan(page):
            return ""
        if self.unavailable:
            self.left_out[number + 1] = self.unavailable
            return ""
        try:
            recognised = scan_text(page, waiting=lambda: self.report(number, self.total))
        except RecognitionUnavailable as error:
            self.left_out[number + 1] = self.unavailable = error.message
            return ""
        if recognised.left_out:
            self.left_out[number + 1] = recognised.left_out
        return recognised.text


def _open(file: BinaryIO) -> Any:
    import pypdfium2

    file.seek(0)
    try:
        data = file.read()
        refuse_bombs(data)
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise DocumentUnreadable(ENCRYPTED) from error
        raise


def _read_pages(document: Any, total: int, scans: _Scans) -> Iterator[_Page]:
    characters = 0
    for number in range(total):
        scans.report(number, total)
        page = _read_page(document, number, scans)
        characters += sum(len(line.text) for line in page.lines) + len(page.recognised)
        check_characters(characters)
        yield page
    scans.report(total, total)


def _read_page(document: Any, number: int, scans: _Scans) -> _Page:
    """One damaged page among others is an empty one, as in every PDF viewer."""
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return _Page([], [])
    with closing(page):
        lines = _read_lines(page, number)
        return _Page(lines, page_notes(page), "" if lines else scans.text(page, number))


def _read_lines(page: Any, number: int) -> list[Line]:
    text_page = page.get_textpage()
    try:
        text = _text(text_page, number)
        if (whole := with_flat_columns(page, text_page, text)) is not text_page:
            text_page, text = whole, _text(whole, number)
        if columns := column_lines(text_page, text):
            return columns
        # A place in the text is a place on the page only as long as each character is one of pdfium's own.
        if len(text) != text_page.count_chars():
            return unplaced_lines(text)
        return page_lines(page, text_page, mend_ligatures(text, text_page))
    finally:
        text_page.close()


def _text(text_page: Any, number: int) -> str:
    count = text_page.count_chars()
    if count > MAX_PAGE_CHARACTERS:
        raise DocumentUnreadable(
            _(
                "Page %(page)d of this PDF has more than %(limit)s characters. Split the document.",
                page=number + 1,
                limit=MAX_PAGE_CHARACTERS,
            )
        )
    return str(text_page.get_text_range()) if count else ""


def _title(document: Any, filename: str) -> str:
    title = one_line(document.get_metadata_value("Title"))
    return title if title and not NO_TITLE.search(title) else PurePath(filename).stem


def _headings(document: Any, total: int) -> list[tuple[str, ...]]:
    """The outline path of each page: that of its own first bookmark, else of the last one before it."""
    paths: list[tuple[int, tuple[str, ...]]] = []
    path: tuple[str, ...] = ()
    for bookmark in islice(document.get_toc(), MAX_BOOKMARKS):
        path = (*path[: bookmark.level], one_line(bookmark.get_title())[:MAX_HEADING_CHARACTERS])
        target = bookmark.get_dest()
        index = target.get_index() if target is not None else None
        if index is not None and 0 <= index < total:
            paths.append((index, tuple(filter(None, path))))
    headings: list[tuple[str, ...]] = []
    first_on = dict(reversed(paths))
    last_on = dict(paths)
    current: tuple[str, ...] = ()
    for number in range(total):
        headings.append(first_on.get(number, current))
        current = last_on.get(number, current)
    return headings
