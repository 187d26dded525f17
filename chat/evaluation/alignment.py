"""Where in the original a character of the text stands that was read from it: reading leaves out what nobody sees."""

from __future__ import annotations

REACH = 8
"""Characters in a row that reading may have left out. One that is not found so near was changed, not left out."""


def alignment(read: str, original: str) -> list[int]:
    """For each character of `read` and for its end, the offset in `original`."""
    places, at = [], 0
    for character in read:
        found = original.find(character, at, at + REACH)
        at = found if found >= 0 else at
        places.append(at)
        at = min(at + 1, len(original))
    return [*places, at]
