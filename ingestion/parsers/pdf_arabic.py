"""Arabic letters in a PDF.

Lam and alef are written as one sign. pdfium turns lines of Arabic around sign by sign, and with them the two letters of
that sign, so that "السلام" comes out as "السالم", which is another word.
"""

from __future__ import annotations

import re
from typing import Any

REVERSED = re.compile("([\u0622\u0623\u0625\u0627])(\u0644)")
"""A form of alef, then lam: also how the article begins, where they are two signs."""
SAME_PLACE = 0.01
"""Points."""


def mend_ligatures(text: str, text_page: Any) -> str:
    """Return `text`, each character of which is one of `text_page`, with the letters of each lam and alef in order."""

    def mend(match: re.Match[str]) -> str:
        alef, lam = match.groups()
        return lam + alef if _is_one_sign(text_page, match.start()) else match[0]

    return REVERSED.sub(mend, text)


def _is_one_sign(text_page: Any, index: int) -> bool:
    """Whether a character and the one after it share their place."""
    first, second = (text_page.get_charbox(each, loose=True) for each in (index, index + 1))
    has_width = first[2] - first[0] > SAME_PLACE
    return has_width and all(abs(one - other) < SAME_PLACE for one, other in zip(first, second, strict=True))
