"""OpenDocument texts (LibreOffice Writer): headings, paragraphs, lists and tables; notes and comments behind the
paragraph in which they are made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.parsers.guards import reading
from ingestion.parsers.open_document import Walk, open_package
from ingestion.parsers.sections import SectionWriter
from ingestion.ports import Report
from ingestion.sentences import sentence as _

REPORT_EVERY = 200
"""Paragraphs and tables between two calls of `report`."""


class OpenTextParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/vnd.oasis.opendocument.text": (".odt",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("OpenDocument text")):
            package = open_package(file, "text")
            walk = Walk(SectionWriter(), package.title_styles)
            total = len(package.body)
            for number, element in enumerate(package.body):
                if number % REPORT_EVERY == 0:
                    report(number, total)
                walk.block(element)
            report(total, total)
            return walk.writer.finish(
                title=package.title or walk.title or PurePath(filename).stem,
                nothing=_("There is no text in this file, perhaps only pictures. Upload one with text."),
            )
