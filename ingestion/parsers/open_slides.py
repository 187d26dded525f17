"""OpenDocument presentations (LibreOffice Impress). A slide is a page, its title the heading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.parsers.guards import check_pages, reading
from ingestion.parsers.open_document import DRAW, PRESENTATION, Walk, cell_line, open_package
from ingestion.parsers.sections import SectionWriter
from ingestion.ports import Report
from ingestion.sentences import sentence as _

CLASS = PRESENTATION + "class"
RUNNING = frozenset({"header", "footer", "date-time", "page-number"})
"""What is the same on every slide."""


class OpenSlidesParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "application/vnd.oasis.opendocument.presentation": (".odp",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        with reading(_("OpenDocument presentation")):
            package = open_package(file, "presentation")
            slides = package.body.findall(DRAW + "page")
            check_pages(len(slides), noun=_("slides"))
            writer = SectionWriter()
            for number, slide in enumerate(slides, start=1):
                report(number - 1, len(slides))
                writer.page(number)
                _write_slide(Walk(writer), slide)
            report(len(slides), len(slides))
            return writer.finish(
                title=package.title or PurePath(filename).stem,
                page_count=len(slides),
                nothing=_("There is no text on these slides, perhaps only pictures. Upload a presentation with text."),
            )


def _write_slide(walk: Walk, slide: Any) -> None:
    """The title, the shapes, and the speaker's notes, which hold running lines of their own."""
    title = next((shape for shape in slide if shape.get(CLASS) == "title"), None)
    if title is not None:
        walk.writer.heading(1, cell_line(title))
    notes = slide.find(PRESENTATION + "notes")
    for shape in slide:
        if shape is not title and shape is not notes and shape.get(CLASS) not in RUNNING:
            walk.block(shape)
    for shape in notes if notes is not None else ():
        if shape.get(CLASS) not in RUNNING:
            walk.block(shape)
