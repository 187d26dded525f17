"""Pictures for tests: `picture("PNG", text="E-17")`."""

from __future__ import annotations

import io
from base64 import b64encode
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from langchain_core.messages import HumanMessage
from PIL import Image, ImageDraw, ImageFont

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
TURNED_RIGHT = 6
"""Of the orientation: the top of the picture is at the right of the file's."""


def picture(
    kind: str = "JPEG",
    *,
    size: tuple[int, int] = (64, 48),
    colour: Any = "red",
    mode: str = "RGB",
    text: str = "",
    **options: Any,
) -> bytes:
    image = Image.new(mode, size, colour)
    if text:
        ImageDraw.Draw(image).text((24, 24), text, fill="black", font=ImageFont.load_default(48))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg() -> bytes:
    return picture()


def photo() -> bytes:
    """As a telephone makes it: 80 by 40, lying on its side, with the place where it was taken. Its left half is red."""
    image = Image.new("RGB", (80, 40), "blue")
    image.paste("red", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_RIGHT
    exif[MAKE] = "Secretphone"
    exif.get_ifd(GPS)[2] = (44.0, 48.0, 58.0)
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif, comment=b"taken at home", quality=95)
    return file.getvalue()


def upload(data: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type=content_type)


def with_picture(text: str, data: bytes | None = None) -> HumanMessage:
    """As `chat.prompting` makes it."""
    block = {"type": "image", "base64": b64encode(data or jpeg()).decode(), "mime_type": "image/jpeg"}
    return HumanMessage(content=[{"type": "text", "text": text}, block])
