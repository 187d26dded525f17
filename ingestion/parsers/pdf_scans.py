"""Pages of a PDF that are only a picture of a page, and their text by recognition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ingestion.parsers import ocr

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_COVERED = 0.5
"""Of the page, by pictures: scans often leave a margin out, and some are cut into strips."""
DPI = 300
POINTS_PER_INCH = 72
MAX_NESTING = 5
"""Pictures lie in a form on the page, or in a form in that one."""


def is_scan(page: Any) -> bool:
    """Whether pictures cover most of `page`."""
    from pypdfium2 import raw

    width, height = page.get_size()
    covered = 0.0
    for item in page.get_objects(max_depth=1):
        is_picture = item.type == raw.FPDF_PAGEOBJ_IMAGE
        if is_picture or (item.type == raw.FPDF_PAGEOBJ_FORM and _pictures(page)):
            left, bottom, right, top = item.get_bounds()
            covered += max(0.0, min(right, width) - max(left, 0.0)) * max(0.0, min(top, height) - max(bottom, 0.0))
    return bool(covered >= MIN_COVERED * width * height)


def scan_text(page: Any, *, waiting: Callable[[], None]) -> ocr.Recognised:
    """Return what `ocr.page_text` makes of `page`, and raise what it raises."""
    for picture in _pictures(page):
        ocr.check_size(*picture.get_px_size())  # before anything decodes it
    return ocr.page_text(_rendered(page), waiting=waiting)


def _pictures(page: Any) -> list[Any]:
    from pypdfium2 import raw

    return list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=MAX_NESTING))


def _rendered(page: Any) -> Image:
    """Pages have any size: a poster gets fewer dots per inch, so that it is no larger than what is read."""
    width, height = page.get_size()
    scale = DPI / POINTS_PER_INCH
    scale = min(scale, (ocr.MAX_PIXELS_READ / max(width * height, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        image: Image = bitmap.to_pil().copy()
    finally:
        bitmap.close()
    return image
