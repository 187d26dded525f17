"""A photo to ask about: a pressure gauge, drawn."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFont

QUESTION, NAME = "What pressure does this gauge show?", "gauge-station-4.jpg"
SIZE = (640, 480)
BEGINS, STEP = 135, 27
"""The scale, in degrees clockwise from three o'clock."""
SHOWN = 6.1
"""What the needle points at."""
INK, RED = "#22252a", "#c0392b"


def jpeg() -> bytes:
    image = Image.new("RGB", SIZE, "#8d99a6")
    pen = ImageDraw.Draw(image)
    x, y = SIZE[0] / 2, SIZE[1] / 2
    radius = SIZE[1] * 0.42

    def at(value: float, share: float) -> tuple[float, float]:
        """On the line from the middle to `value` of the scale, after this share of it."""
        angle = math.radians(BEGINS + value * STEP)
        return x + radius * share * math.cos(angle), y + radius * share * math.sin(angle)

    pen.circle((x, y), radius, fill="#fbfaf5", outline="#3b3f45", width=14)
    pen.arc(
        (x - radius * 0.8, y - radius * 0.8, x + radius * 0.8, y + radius * 0.8),
        BEGINS + 8 * STEP,
        BEGINS + 10 * STEP,
        fill=RED,
        width=16,
    )
    for value in range(11):
        pen.line((*at(value, 0.74), *at(value, 0.86)), fill=INK, width=5)
        pen.text(at(value, 0.6), str(value), fill=INK, anchor="mm", font=ImageFont.load_default(26))
    pen.line((x, y, *at(SHOWN, 0.7)), fill=INK, width=9)
    pen.circle((x, y), 16, fill=INK)
    pen.text((x, y + radius * 0.45), "bar", fill=INK, anchor="mm", font=ImageFont.load_default(30))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
