"""Makes small documents of every format, as bytes in a file object, so that no sample file has to be kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from tests.support import require

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
LINE_HEIGHT = 14


def text(content: str, encoding: str = "utf-8") -> BinaryIO:
    return io.BytesIO(content.encode(encoding))


def pdf(
    pages: Sequence[Sequence[str]],
    *,
    font: str = "Helvetica",
    title: str = "",
    password: str = "",
    bookmarks: Mapping[int, str] | None = None,
) -> BinaryIO:
    """A PDF with the given lines on each page; `bookmarks` are by page, counted from 1."""
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, encrypt=password or None)
    canvas.setTitle(title)
    for number, lines in enumerate(pages, start=1):
        if bookmarks and number in bookmarks:
            canvas.bookmarkPage(f"page-{number}")
            canvas.addOutlineEntry(bookmarks[number], f"page-{number}", level=0)
        canvas.setFont(font, 11)
        for row, line in enumerate(lines):
            canvas.drawString(60, 780 - row * LINE_HEIGHT, line)
        canvas.showPage()
    canvas.save()
    return io.BytesIO(file.getvalue())


def drawn_pdf(*pages: Callable[[Any], object]) -> BinaryIO:
    """A PDF with what each of `pages` draws on reportlab's canvas."""
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file)
    for draw in pages:
        canvas.setFont("Helvetica", 11)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return io.BytesIO(file.getvalue())


def laid_out_pdf(flow: Sequence[Any], **template: Any) -> BinaryIO:
    """A PDF of reportlab's paragraphs and tables, which break over pages by themselves."""
    from reportlab.platypus import SimpleDocTemplate

    file = io.BytesIO()
    SimpleDocTemplate(file, **template).build(list(flow))
    return io.BytesIO(file.getvalue())


def two_column_pdf(left: Sequence[str], right: Sequence[str]) -> BinaryIO:
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.setFont("Helvetica", 11)
    for x, lines in ((60, left), (320, right)):
        for row, line in enumerate(lines):
            canvas.drawString(x, 780 - row * LINE_HEIGHT, line)
    canvas.save()
    return io.BytesIO(file.getvalue())


def scanned_pdf() -> BinaryIO:
    """A page with a drawing and no text."""
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file)
    canvas.rect(50, 50, 300, 300, fill=1)
    canvas.save()
    return io.BytesIO(file.getvalue())


@cache
def cyrillic_font() -> str:
    """The name of a font that `pdf` can write Serbian with."""
    require(DEJAVU.exists(), "There is no DejaVu font; install the package fonts-dejavu-core.")
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    registerFont(TTFont("DejaVu", str(DEJAVU)))
    return "DejaVu"


def docx(build: Callable[..., object]) -> BinaryIO:
    """What `build(document)` makes of an empty Word document."""
    import docx as python_docx

    document = python_docx.Document()
    build(document)
    file = io.BytesIO()
    document.save(file)
    return io.BytesIO(file.getvalue())


def pptx(build: Callable[..., object]) -> BinaryIO:
    """What `build(presentation)` makes of an empty presentation."""
    import pptx as python_pptx

    presentation = python_pptx.Presentation()
    build(presentation)
    file = io.BytesIO()
    presentation.save(file)
    return io.BytesIO(file.getvalue())


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]], formats: Mapping[str, str] | None = None) -> BinaryIO:
    """A workbook of named sheets; `formats` are number formats of cells of the first sheet ("B2" -> "0%")."""
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    for cell, number_format in (formats or {}).items():
        workbook.worksheets[0][cell].number_format = number_format
    file = io.BytesIO()
    workbook.save(file)
    return io.BytesIO(file.getvalue())


def archive(entries: Mapping[str, bytes]) -> BinaryIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return io.BytesIO(file.getvalue())


def with_entry(package: BinaryIO, name: str, content: bytes) -> BinaryIO:
    """The same zip-based file with one entry replaced or added."""
    package.seek(0)
    with zipfile.ZipFile(package) as source:
        entries = {entry.filename: source.read(entry) for entry in source.infolist()}
    return archive({**entries, name: content})
