"""What is done to a picture in a process of its own (see `ingestion.confinement`): whatever a file does to the library
that decodes it, it does it there, without network and within limits. Both jobs take and send JSON."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop

from ingestion.errors import DocumentUnreadable
from ingestion.parsers import ocr

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""Of a film only the first frame is looked at."""
MAX_PIXELS = 60_000_000
"""Before it is decoded. The cameras of telephones have up to 50 million."""
LONGEST_SIDE = 1344
"""Of what is kept: four of the tiles of 336 pixels that Phi-3.5-vision and LLaVA look at."""
QUALITY = 88
MAX_TEXT_CHARS = 4_000

# Nobody's language is known in there: who is told of them, says them in it.
TOO_LARGE = gettext_noop("This picture has more than 60 million pixels. Make it smaller and attach it again.")
UNREADABLE = gettext_noop(
    "This is no picture that can be read, or it is damaged. Attach a JPEG, PNG, WebP or GIF file."
)


def prepare(request: Mapping[str, Any], send: Any) -> None:
    """The file at `path` -> a JPEG at `target`: upright, at most `LONGEST_SIDE` on a side, on white where it was
    transparent, and with nothing of what stood beside its pixels (place, time, camera, comments)."""
    from PIL import Image, ImageOps

    with _decoding(), Image.open(request["path"], formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise DocumentUnreadable(TOO_LARGE)
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded in about the size that it is wanted in
        upright = ImageOps.exif_transpose(opened)
        picture = _on_white(upright)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        clean = Image.frombytes("RGB", picture.size, picture.tobytes())  # pixels only
        clean.save(request["target"], "JPEG", quality=QUALITY, subsampling=0)  # so that small letters stay sharp
    send({"width": clean.width, "height": clean.height})


def recognise(request: Mapping[str, Any], send: Any) -> None:
    """{"text": what can be read on the picture at `path`}; `languages` are those that it may be in, `directory` is for
    files of the program that reads."""
    from PIL import Image

    tempfile.tempdir = request["directory"]
    ocr.LANGUAGES.set(tuple(request["languages"]))
    with _decoding(), Image.open(request["path"], formats=FORMATS) as picture:
        found = ocr.page_text(picture, waiting=lambda: None)
    send({"text": found.text[:MAX_TEXT_CHARS]})


@contextmanager
def _decoding() -> Iterator[None]:
    """Whatever the library raises over a file becomes one sentence. Its own limit of pixels only warns where ours
    refuses."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            yield
        except DocumentUnreadable:
            raise
        except (Image.DecompressionBombError, MemoryError) as error:
            raise DocumentUnreadable(TOO_LARGE) from error
        except Exception as error:
            raise DocumentUnreadable(UNREADABLE) from error


def _on_white(image: Image) -> Image:
    from PIL import Image as Pillow

    if image.mode.startswith("I"):  # 16 bits of grey, of which Pillow would take the lower ones
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image).convert("RGB")
