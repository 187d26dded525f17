"""A page of a PDF as a picture, in a process of its own (see `ingestion.confinement`): PDFium must not be used by two
threads at once, and whatever a file does to it, it does it there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from chat import page_marks
from ingestion.errors import DocumentUnreadable

SCALE = 2.0
"""Pixels per PDF point (1/72 inch): sharp on a dense screen, a few hundred kilobytes."""
MAX_PIXELS = 4_000
MARK = (255, 214, 10)
MARK_AROUND = (255, 246, 204)
"""The rest of a passage, where it has deciding sentences."""
UNREADABLE = gettext_noop("This PDF can no longer be opened.")


def render(request: Mapping[str, Any], send: Any) -> None:
    """The `page` of the PDF at `path` -> a PNG at `target`, with the passage `text` marked where it is on that page,
    and its stretches `deciding` most. Sends {"page_count"}; there is no picture of a page beyond."""
    import pypdfium2
    from PIL import Image, ImageChops, ImageDraw

    text, deciding = request["text"], request["deciding"]
    try:
        pdf = pypdfium2.PdfDocument(request["path"])
    except pypdfium2.PdfiumError as error:
        raise DocumentUnreadable(UNREADABLE) from error
    if request["page"] <= len(pdf):
        page = pdf[request["page"] - 1]
        scale = min(SCALE, MAX_PIXELS / max(*page.get_size(), 1))
        image = page.render(scale=scale).to_pil().convert("RGB")
        marks = Image.new("RGB", image.size, "white")
        around = (text, MARK_AROUND if deciding else MARK)
        for words, colour in (around, *((text[start:end], MARK) for start, end in deciding)):
            for box in page_marks.boxes(page, words, scale=scale, height=image.height):
                ImageDraw.Draw(marks).rectangle(box, fill=colour)
        ImageChops.multiply(image, marks).save(request["target"], "PNG")
    send({"page_count": len(pdf)})
