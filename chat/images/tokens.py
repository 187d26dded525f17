"""What pictures cost of a model's context. No protocol tells beforehand, so that it is reckoned on the safe side."""

from __future__ import annotations

from math import ceil

PATCH = 28
"""Pixels on a side that Qwen2-VL makes a token of; OpenAI's newer models make one of 32, and need fewer."""
LEAST_TOKENS = 768
"""Of a picture, however small it is: Phi-3.5-vision makes 757 of it, LLaVA 576."""
SHARE = 0.75
"""Of the room for the prompt that pictures may take. The rest is for instructions, the question and passages."""


def picture_tokens(width: int, height: int) -> int:
    """What a model makes of it at most, as far as is known of those in `chat.llm.sight`."""
    return max(LEAST_TOKENS, ceil(width / PATCH) * ceil(height / PATCH))


def pictures_fitting(room: int) -> int:
    """How many pictures fit into a prompt of so many tokens, small ones if need be."""
    return max(0, int(room * SHARE) // LEAST_TOKENS)
