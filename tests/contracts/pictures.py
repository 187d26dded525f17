"""Looks at the pictures in a request as a model server does: base64 that decodes to what it says that it is."""

from __future__ import annotations

import base64
import binascii
import io
import re

from PIL import Image

DATA_URL = re.compile(r"data:image/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/=]+)")


def picture_of(text: str) -> Image.Image | None:
    """The picture that is `text` in base64, None where it is none."""
    try:
        picture = Image.open(io.BytesIO(base64.b64decode(text, validate=True)))
        picture.load()
    except (binascii.Error, OSError, ValueError):
        return None
    return picture


def picture_at(url: object) -> Image.Image | None:
    """The picture in a `data:` URL whose type is the picture's own."""
    found = DATA_URL.fullmatch(url) if isinstance(url, str) else None
    picture = picture_of(found[2]) if found else None
    return picture if picture and found and picture.format == found[1].upper() else None
