"""Plain text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.textdecode import decode
from ingestion.ports import Report


class PlainTextParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"text/plain": (".txt", ".text", ".log")}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        report(0, 1)
        writer = SectionWriter()
        writer.add(decode(file.read()))
        report(1, 1)
        return writer.finish(title=PurePath(filename).stem)
