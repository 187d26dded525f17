"""Excel workbooks of before 2007. They give the same text as those of today; LibreOffice is not needed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import check_characters, check_pages, reading
from ingestion.parsers.legacy_office import PASSWORD
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.sheets import cell_text, sheet_blocks
from ingestion.ports import Report
from ingestion.sentences import sentence as _


class OldSheetsParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/vnd.ms-excel": (".xls",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("Excel file")), _open(file) as workbook:
            return _parse(workbook, filename, report)


def _open(file: BinaryIO) -> Any:
    import xlrd  # type: ignore[import-untyped]

    file.seek(0)
    try:
        # Number formats say what is a date; a sheet is read when its turn comes, and its rows are as long as they are.
        return xlrd.open_workbook(
            file_contents=file.read(), formatting_info=True, on_demand=True, ragged_rows=True, logfile=io.StringIO()
        )
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise DocumentUnreadable(PASSWORD) from error
        raise


def _parse(workbook: Any, filename: str, report: Report) -> ParsedDocument:
    check_pages(workbook.nsheets, noun=_("sheets"))
    writer = SectionWriter()
    for number in range(workbook.nsheets):
        report(number, workbook.nsheets)
        sheet = workbook.sheet_by_index(number)
        if blocks := list(sheet_blocks(_rows(workbook, sheet))):
            writer.page(number + 1)
            writer.heading(1, sheet.name)
            writer.add_all(blocks)
        workbook.unload_sheet(number)
    report(workbook.nsheets, workbook.nsheets)
    return writer.finish(
        title=PurePath(filename).stem,
        page_count=workbook.nsheets,
        nothing=_("There is nothing in the cells of this workbook. Upload one with values."),
    )


def _rows(workbook: Any, sheet: Any) -> Iterator[list[str]]:
    characters = 0
    for number in range(sheet.nrows):
        cells = [_text(workbook, cell) for cell in sheet.row(number)]
        characters += sum(map(len, cells))  # a text is stored once, however many cells have it
        check_characters(characters)
        yield cells if any(cells) else []


def _text(workbook: Any, cell: Any) -> str:
    """xlrd gives every number as a float, and a date as the days since the workbook's first one."""
    import xlrd

    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return ""
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return cell_text(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _date(workbook, cell.value)
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        style = workbook.format_map.get(workbook.xf_list[cell.xf_index].format_key)
        return cell_text(cell.value, style.format_str if style else "General")
    return one_line(str(cell.value))


def _date(workbook: Any, value: float) -> str:
    import xlrd

    try:
        moment = xlrd.xldate_as_datetime(value, workbook.datemode)
    except (ValueError, OverflowError):
        return cell_text(value)  # a number with the format of a date
    # A time of day is a share of the first day.
    return str(moment.time().isoformat(timespec="seconds")) if 0 < value < 1 else cell_text(moment)
