"""Parses for tests."""

from __future__ import annotations

from pathlib import PurePath
from typing import BinaryIO

from ingestion.domain import ParsedDocument
from ingestion.parsers import media_types, parser_for
from ingestion.ports import Report


def parse(file: BinaryIO, filename: str, report: Report = lambda _done, _total: None) -> ParsedDocument:
    extension = PurePath(filename).suffix
    media_type = next(name for name, extensions in media_types().items() if extension in extensions)
    return parser_for(media_type).parse(file, filename=filename, report=report)
