"""What of a turn's pictures is put before a model: as many pixels as the context has room for, and for the search the
text that was recognised on them."""

from __future__ import annotations

import asyncio
import io
from math import sqrt
from time import monotonic

from chat.aio import in_thread
from chat.domain import Picture
from chat.images.confined import QUALITY
from chat.images.models import QuestionImage
from chat.images.tokens import LEAST_TOKENS, PATCH, SHARE, picture_tokens
from chat.models import Turn

WAIT_S = 3.0
"""An answer waits no longer for the text on pictures that were attached a moment ago."""
LOOK_EVERY_S = 0.2


def pictures_of(turn: Turn, *, room: int) -> tuple[Picture, ...]:
    """The turn's pictures, made smaller where they would take more than their share of `room` tokens."""
    images = list(QuestionImage.objects.for_tenant(turn.tenant_id).filter(turn=turn))
    share = int(room * SHARE) // max(1, len(images))
    return tuple(_fitting(image, max(share, LEAST_TOKENS)) for image in images)


def _fitting(image: QuestionImage, most_tokens: int) -> Picture:
    with image.file.open("rb") as file:
        whole = Picture(file.read(), image.width, image.height)
    return whole if picture_tokens(whole.width, whole.height) <= most_tokens else _smaller(whole, most_tokens)


def _smaller(whole: Picture, most_tokens: int) -> Picture:
    from PIL import Image

    scale = sqrt(most_tokens * PATCH**2 / (whole.width * whole.height))
    # Downwards to whole patches, so that none is begun that would be one too many.
    width, height = (max(PATCH, int(side * scale) // PATCH * PATCH) for side in (whole.width, whole.height))
    made = io.BytesIO()
    with Image.open(io.BytesIO(whole.data), formats=("JPEG",)) as picture:
        picture.thumbnail((width, height))
        picture.save(made, "JPEG", quality=QUALITY, subsampling=0)
        return Picture(made.getvalue(), picture.width, picture.height)


async def text_seen(turn: Turn) -> str:
    """The text on the turn's pictures, as far as it is recognised within `WAIT_S`."""
    until = monotonic() + WAIT_S
    while True:
        found = await in_thread(_texts, turn)
        if monotonic() >= until or all(is_read for is_read, _text in found):
            return "\n".join(text for _is_read, text in found if text)
        await asyncio.sleep(LOOK_EVERY_S)


def _texts(turn: Turn) -> list[tuple[bool, str]]:
    rows = QuestionImage.objects.for_tenant(turn.tenant_id).filter(turn=turn).values_list("read_at", "text")
    return [(read_at is not None, text) for read_at, text in rows]
