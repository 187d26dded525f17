"""What pictures cost of a model's context. No protocol tells beforehand, so that it is reckoned on the safe side."""

from __future__ import annotations

from math import ceil

PATCH = 28
"""Pixels on a side that a token is reckoned for, as Qwen2-VL makes them."""
LEAST_TOKENS = 768
"""Of a picture, however small it is: Phi-3.5-vision makes 757 of it, LLaVA 576."""
SHARE = 0.75
"""Of the room for the prompt that pictures may take. The rest is for instructions, the question and passages."""


def picture_tokens(width: int, height: int) -> int:
    """What most models make of it at most. LLaVA 1.6 takes up to 2,880; a prompt that it refuses is then sent without
    passages (`chat.writing.compose`)."""
    return max(LEAST_TOKENS, ceil(width / PATCH) * ceil(height / PATCH))


def pictures_fitting(room: int) -> int:
    """How many pictures fit into a prompt of so many tokens, small ones if need be."""
    return max(0, int(room * SHARE) // LEAST_TOKENS)
