"""Pictures of text: scans, photographs and screenshots. A frame of a TIFF file is a page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from ingestion.domain import ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers import ocr
from ingestion.parsers.guards import reading
from ingestion.parsers.left_out import pages_left_out
from ingestion.parsers.pdf_layout import mend_hyphens
from ingestion.parsers.sections import SectionWriter
from ingestion.ports import Report
from ingestion.sentences import sentence as _

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

MAX_FRAMES = 500
"""Each takes seconds."""
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
NOTHING = _("No text can be recognised in this picture. Upload a sharper one, or a file with text.")
PAGED = frozenset({"TIFF"})
"""Frames of the other formats are a film, or another size of the same picture."""


class ImageParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "image/png": (".png",),
        "image/jpeg": (".jpg", ".jpeg"),
        "image/tiff": (".tif", ".tiff"),
        "image/webp": (".webp",),
        "image/bmp": (".bmp",),
        "image/gif": (".gif",),
    }

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        from PIL import Image

        # Pillow's own limit warns from 89 million pixels on and raises from 179; ours comes before it decodes.
        with reading(_("picture")), warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            file.seek(0)
            try:
                picture = Image.open(file, formats=FORMATS)
            except Image.DecompressionBombError as error:
                raise DocumentUnreadable(ocr.TOO_LARGE) from error
            with picture:
                return _parse(picture, filename, report)


def _parse(picture: ImageFile, filename: str, report: Report) -> ParsedDocument:
    total = getattr(picture, "n_frames", 1) if picture.format in PAGED else 1
    if total > MAX_FRAMES:
        raise DocumentUnreadable(
            _(
                "This file has %(count)s pictures; at most %(limit)s can be read. Split it and upload the parts.",
                count=total,
                limit=MAX_FRAMES,
            )
        )
    texts, left_out = [], {}
    for number, frame in enumerate(_frames(picture, total)):
        report(number, total)
        page = ocr.page_text(frame, waiting=lambda done=number: report(done, total))  # type: ignore[misc]
        texts.append(page.text)
        if page.left_out:
            left_out[number + 1] = page.left_out
    report(total, total)
    writer = SectionWriter()
    for number, text in enumerate(mend_hyphens(texts), start=1):
        writer.page(number)
        writer.add(text)
    return writer.finish(
        title=PurePath(filename).stem,
        page_count=total,
        nothing=next(iter(left_out.values()), NOTHING),
        left_out=pages_left_out(left_out),
    )


def _frames(picture: ImageFile, total: int) -> Iterator[Image]:
    from PIL import ImageOps

    for number in range(total):
        picture.seek(number)
        ocr.check_size(*picture.size)
        ImageOps.exif_transpose(picture, in_place=True)  # otherwise it makes a copy, also of upright ones
        yield picture
