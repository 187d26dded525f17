"""Names of conversations: the beginning of a question, and what a model has written for one.

What a model writes is untrusted text. It becomes one short line of plain words, or nothing.
"""

from __future__ import annotations

import re
import unicodedata

from chat.citations import GROUP

QUESTION_CHARS = 80
"""Of the first question, as long as there is no better name."""
TITLE_CHARS = 60
TITLE_WORDS = 10
"""Of a model's title; one that is longer is an answer and no title. It is asked for six."""

LABEL = re.compile(
    r"^(?:title|titel|titre|título|titolo|naslov|наслов|название|العنوان|عنوان)\s*[:：]\s*", re.IGNORECASE
)
TAG = re.compile(r"<[^<>]*>")
MARKUP = re.compile(r"[*_`#<>|~\\]+")
AROUND = " \t-–—:.,;\"'“”„‚‘’«»‹›「」『』()[]{}"
JOINERS = "\u200c\u200d"
"""Persian, Hindi and others are not written without them."""


def title_of(text: str) -> str:
    """The beginning of a question, in whole words."""
    flat = " ".join(text.split())
    return flat if len(flat) <= QUESTION_CHARS else f"{flat[:QUESTION_CHARS].rsplit(' ', 1)[0]} …"


def cleaned(written: str) -> str:
    """What a model wrote as a name, or "" where it is none."""
    lines = (_line(line) for line in written.splitlines())
    title = next((line for line in lines if line), "")
    is_one = len(title) <= TITLE_CHARS and len(title.split()) <= TITLE_WORDS and any(map(str.isalnum, title))
    return title if is_one else ""


def _line(line: str) -> str:
    plain = MARKUP.sub(" ", TAG.sub(" ", GROUP.sub("", "".join(filter(_is_visible, line)))))
    return LABEL.sub("", " ".join(plain.split()).strip(AROUND)).strip(AROUND)


def _is_visible(character: str) -> bool:
    """No control characters, and nothing that turns the direction of what stands around it."""
    return character in JOINERS or character == "\t" or unicodedata.category(character)[0] != "C"
