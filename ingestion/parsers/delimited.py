"""Tables as text: comma-, semicolon- and tab-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import row_groups
from ingestion.parsers.textdecode import decode
from ingestion.ports import Report
from ingestion.sentences import sentence as _

DELIMITERS = ",;\t|"
SAMPLE_ROWS = 50
REPORT_EVERY = 1_000
"""Rows between two calls of `report`."""
MAX_CELL_CHARACTERS = 1_000_000
"""The csv module's own default of 131,072 refuses files that people do have."""


class DelimitedParser:
    """Keeps rows in the file's own notation, which people and models know how to read, the header above each group."""

    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "text/csv": (".csv",),
        "text/tab-separated-values": (".tsv", ".tab"),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        text = decode(file.read()).replace("\x00", "")
        total = text.count("\n") + 1
        report(0, total)
        writer = SectionWriter()
        with reading(_("CSV file")):
            csv.field_size_limit(MAX_CELL_CHARACTERS)
            delimiter = sniff_delimiter(text)
            lines = _lines(text, delimiter, report, total)
            header = next(lines, "")
            writer.add_all(row_groups(lines, header=header))
        report(total, total)
        return writer.finish(title=PurePath(filename).stem)


def sniff_delimiter(text: str) -> str:
    """Return the delimiter that gives the same number of cells, above one, in most of the first rows; "," if none.

    (csv.Sniffer takes letters for delimiters when the rows of a file are uneven.)
    """

    def score(delimiter: str) -> tuple[float, int]:
        widths = [
            len(row) for row in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), SAMPLE_ROWS)
        ]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=0)
        return (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)

    return max(DELIMITERS, key=score)


def _lines(text: str, delimiter: str, report: Report, total: int) -> Iterator[str]:
    """Each row that holds anything as one line, quoted as far as it must be."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="")
    for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
        if number % REPORT_EVERY == 0:
            report(min(number, total), total)
        cells = [one_line(cell) for cell in row]
        if any(cells):
            writer.writerow(cells)
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
