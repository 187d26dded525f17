"""Excel workbooks. A sheet is a page, its name the heading. Files inside become documents of their own."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePath, PurePosixPath
from typing import Any, BinaryIO, ClassVar

from ingestion.archives import check_office
from ingestion.domain import Attachment, ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_pages, reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import row_groups, row_line
from ingestion.ports import Report
from ingestion.sentences import sentence as _

MAX_ROWS = 3_000_000
"""Rows of all sheets together, empty ones counted: a sheet has at most 1,048,576, however few of them are filled."""


EMBEDDED = PurePosixPath("xl/embeddings")
"""Where objects that were put into a sheet are kept; charts keep nothing there."""


class SheetsParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        check_office(file)
        with reading(_("Excel file")), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about charts and validations that it does not keep
            from openpyxl import load_workbook

            workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                attachments = tuple(_attachments(file))
                parsed = _parse(workbook, attachments, filename=filename, report=report)
                return replace(parsed, attachments=attachments)
            finally:
                workbook.close()


def _parse(workbook: Any, attachments: Sequence[Attachment], *, filename: str, report: Report) -> ParsedDocument:
    sheets = workbook.worksheets
    check_pages(len(sheets), noun=_("sheets"))
    writer = SectionWriter()
    rows_left = [MAX_ROWS]
    for number, sheet in enumerate(sheets, start=1):
        report(number - 1, len(sheets))
        # What the sheet says about its size may be a lie, and openpyxl pads every row to it.
        sheet.reset_dimensions()
        blocks = list(sheet_blocks(_rows(sheet, rows_left)))
        if blocks:
            writer.page(number)
            writer.heading(1, sheet.title)
            writer.add_all(blocks)
    writer.add_all(f"[Embedded file: {each.name}]" for each in attachments)
    report(len(sheets), len(sheets))
    return writer.finish(
        title=workbook.properties.title or PurePath(filename).stem,
        page_count=len(sheets),
        nothing=_("There is nothing in the cells of this workbook. Upload one with values."),
    )


def _attachments(file: BinaryIO) -> Iterator[Attachment]:
    with zipfile.ZipFile(file) as archive:
        for path in map(PurePosixPath, archive.namelist()):
            if path.parent == EMBEDDED:
                yield Attachment(path.name, partial(_embedded, file, str(path)))


def _embedded(file: BinaryIO, name: str) -> io.BytesIO:
    with zipfile.ZipFile(file) as archive:
        return io.BytesIO(archive.read(name))


def _rows(sheet: Any, rows_left: list[int]) -> Iterator[list[str]]:
    """The cells of each row as they are shown; an empty row is an empty list."""
    for row in sheet.iter_rows():
        rows_left[0] -= 1
        if rows_left[0] < 0:
            raise DocumentUnreadable(
                _("This workbook has more than %(limit)s rows. Split it and upload the parts.", limit=MAX_ROWS)
            )
        cells = [cell_text(cell.value, cell.number_format) if cell.value is not None else "" for cell in row]
        yield cells if any(cells) else []


def sheet_blocks(rows: Iterable[list[str]]) -> Iterator[str]:
    """A sheet often holds several tables, with empty rows between them; each has its own header."""
    table: list[list[str]] = []
    for row in rows:
        if row:
            table.append(row)
        elif table:
            yield from _table(table)
            table = []
    if table:
        yield from _table(table)


def _table(rows: list[list[str]]) -> Iterator[str]:
    """The first row with two filled cells and no number is the header; what stands above it is a caption."""
    place = next((place for place, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)
    has_header = place < len(rows) - 1 and not any(map(_is_number, rows[place]))
    if not has_header:
        return row_groups(map(row_line, rows))
    caption = "\n".join(map(row_line, rows[:place]))
    groups = row_groups(map(row_line, rows[place + 1 :]), header=row_line(rows[place]))
    return iter([caption, *groups]) if caption else groups


def _is_number(text: str) -> bool:
    return text.rstrip("%").replace(".", "", 1).lstrip("-").isdigit()


def cell_text(value: object, number_format: str = "General") -> str:
    """Return a cell's value as text: dates in ISO form, percentages with their sign, floats without binary noise."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        has_time = value.time() != dt.time()
        return value.isoformat(sep=" ", timespec="seconds") if has_time else value.date().isoformat()
    if isinstance(value, int | float):
        is_share = number_format.rstrip().endswith("%")
        return f"{value * 100:.10g}%" if is_share else f"{value:.15g}"
    return one_line(str(value))
