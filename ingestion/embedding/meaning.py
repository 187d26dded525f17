"""What of a passage goes to the embedding model: a model reads encoded data and columns of numbers as slowly as prose,
three characters a token, and makes nothing of them. Whoever looks for a number finds it by its digits."""

from __future__ import annotations

import re

from ingestion.index.tokens import SPACELESS, TERM_MAX_CHARS

LEAST_LETTERS = 0.02
"""Of the characters of a text that says something. A table of figures with a line of headings has more."""
BEGINNING_CHARS = 100
"""What is read of a text without letters."""

_ENCODED = re.compile(rf"(?:[^\W{SPACELESS}]|[+/=]){{{TERM_MAX_CHARS + 1},}}")
_LONG_WORD = re.compile(rf"((?:[^\W{SPACELESS}]|[+/=]){{{TERM_MAX_CHARS}}})(?:[^\W{SPACELESS}]|[+/=])+")
_WORD = re.compile(r"\w")
_LETTER = re.compile(r"[^\W\d_]")


def readable(text: str) -> str:
    """Return `text` without what a model reads for nothing; prose comes back as it is."""
    if len(text) > BEGINNING_CHARS and len(_LETTER.findall(text)) < LEAST_LETTERS * len(text):
        text = text[:BEGINNING_CHARS]
    return _LONG_WORD.sub(r"\1", text)


def has_meaning(text: str) -> bool:
    """Whether there is anything in `text` beside encoded data. What has none is found by its words alone: its vector
    would be as near to any question as to none, and take the place of one that says something."""
    return _WORD.search(_ENCODED.sub("", text)) is not None
