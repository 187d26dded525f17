"""OpenDocument spreadsheets (LibreOffice Calc). A sheet is a page, its name the heading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_characters, check_pages, reading
from ingestion.parsers.open_document import OFFICE, PARAGRAPH, TABLE, cells, line, open_package, row_texts, table_rows
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.sheets import MAX_ROWS, cell_text, sheet_blocks
from ingestion.ports import Report
from ingestion.sentences import sentence as _


class OpenSheetsParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("OpenDocument spreadsheet")):
            package = open_package(file, "spreadsheet")
            sheets = package.body.findall(TABLE + "table")
            check_pages(len(sheets), noun=_("sheets"))
            writer = SectionWriter()
            rows = _Rows()
            for number, sheet in enumerate(sheets, start=1):
                report(number - 1, len(sheets))
                if blocks := list(sheet_blocks(rows.of(sheet))):
                    writer.page(number)
                    writer.heading(1, sheet.get(TABLE + "name", ""))
                    writer.add_all(blocks)
            report(len(sheets), len(sheets))
            return writer.finish(
                title=package.title or PurePath(filename).stem,
                page_count=len(sheets),
                nothing=_("There is nothing in the cells of this spreadsheet. Upload one with values."),
            )


class _Rows:
    """Counts what the sheets of a file hold: one element of a hundred bytes can stand for a million rows."""

    def __init__(self) -> None:
        self._rows = self._characters = 0

    def of(self, sheet: Any) -> Iterator[list[str]]:
        """The cells of each row; an empty row is an empty list, and comes once however often it stands there."""
        for row, times in table_rows(sheet):
            texts = row_texts(cells(row), _cell_text)
            shown = times if texts else 1
            self._rows += shown
            self._characters += shown * sum(map(len, texts))
            check_characters(self._characters)
            if self._rows > MAX_ROWS:
                raise DocumentUnreadable(
                    _("This spreadsheet has more than %(limit)s rows. Split it and upload the parts.", limit=MAX_ROWS)
                )
            yield from repeat(texts, shown)


def _cell_text(cell: Any) -> str:
    """A cell as `sheets.cell_text` writes it, so that a workbook reads alike in both formats."""
    kind, value = cell.get(OFFICE + "value-type", ""), cell.get(OFFICE + "value", "")
    if kind == "date":
        return one_line(cell.get(OFFICE + "date-value", "").removesuffix("T00:00:00").replace("T", " "))
    if kind == "boolean":
        return one_line(cell.get(OFFICE + "boolean-value", "").upper())
    if kind in ("float", "percentage") and value:
        return cell_text(float(value), "%" if kind == "percentage" else "General")
    # Times and amounts of money as they are shown; what is not shown is "value".
    shown = " ".join(line(paragraph) for paragraph in cell.iterfind(PARAGRAPH))
    return one_line(shown) or one_line(value)
