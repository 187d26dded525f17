"""PowerPoint presentations. A slide is a page, its title the heading. Files inside become documents of their own."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePath, PurePosixPath
from typing import Any, BinaryIO, ClassVar

from ingestion.archives import check_office
from ingestion.domain import Attachment, ParsedDocument
from ingestion.parsers.guards import check_pages, reading
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.tables import row_line, table_blocks
from ingestion.parsers.word_objects import is_formula
from ingestion.ports import Report
from ingestion.sentences import sentence as _

MAX_GROUP_DEPTH = 50


class SlidesParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        check_office(file)
        with reading(_("PowerPoint file")):
            from pptx import Presentation

            return _parse(Presentation(file), filename=filename, report=report)


def _parse(presentation: Any, *, filename: str, report: Report) -> ParsedDocument:
    total = len(presentation.slides)
    check_pages(total, noun=_("slides"))
    writer = SectionWriter()
    attachments: dict[str, Attachment] = {}
    for number, slide in enumerate(presentation.slides, start=1):
        report(number - 1, total)
        _write_slide(writer, number, slide)
        attachments |= {each.name: each for each in _attachments(slide.shapes)}
    report(total, total)
    parsed = writer.finish(
        title=presentation.core_properties.title or PurePath(filename).stem,
        page_count=total,
        nothing=_("There is no text on these slides, perhaps only pictures. Upload a presentation with text."),
    )
    return replace(parsed, attachments=tuple(attachments.values()))


def _write_slide(writer: SectionWriter, number: int, slide: Any) -> None:
    writer.page(number)
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.heading(1, title.text_frame.text)
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            writer.add_all(_blocks(shape))
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        writer.add(frame.text)


def _blocks(shape: Any, depth: int = 0) -> Iterator[str]:
    if hasattr(shape, "shapes"):
        if depth < MAX_GROUP_DEPTH:
            for member in shape.shapes:
                yield from _blocks(member, depth + 1)
    elif getattr(shape, "has_table", False):
        rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
        yield from table_blocks(rows, header=bool(shape.table.first_row))
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    elif (name := _embedded(shape)) is not None:
        yield f"[Embedded file: {name}]"
    elif shape.has_text_frame:
        yield "\n".join(paragraph.text for paragraph in shape.text_frame.paragraphs)


def _attachments(shapes: Any, depth: int = 0) -> Iterator[Attachment]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < MAX_GROUP_DEPTH:
                yield from _attachments(shape.shapes, depth + 1)
        elif (name := _embedded(shape)) is not None:
            yield Attachment(name, partial(io.BytesIO, shape.ole_format.blob))


def _embedded(shape: Any) -> str | None:
    """The name of the file that the shape holds, if it holds one that is worth reading, and that is there."""
    data = getattr(getattr(shape, "_element", None), "graphicData", None)
    if data is None or not data.is_embedded_ole_obj or is_formula(data.progId or ""):
        return None
    relation = shape.part.rels.get(data.blob_rId)
    return PurePosixPath(relation.target_part.partname).name if relation and not relation.is_external else None


def _chart(chart: Any) -> Iterator[str]:
    """A chart's numbers as the table that it was drawn from."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield chart.chart_title.text_frame.text
    for plot in chart.plots:
        series = list(plot.series)
        yield row_line(["", *(str(one.name) for one in series)])
        columns = [list(one.values) for one in series]
        for place, category in enumerate(plot.categories):
            values = (column[place] if place < len(column) else None for column in columns)
            yield row_line([str(category), *("" if value is None else f"{value:.15g}" for value in values)])
