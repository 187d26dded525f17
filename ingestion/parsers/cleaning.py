"""Turns what a file holds into text that PostgreSQL, the indexes, a model and a reader can all take."""

from __future__ import annotations

import re
import unicodedata

LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")

# Control characters (PostgreSQL refuses NUL); soft hyphens and zero-width characters, which split words for a search
# and hide instructions from a reader; bidirectional embeddings, overrides and isolates, which show a text in another
# order than a model reads it; tag characters, which nobody sees; lone surrogates and noncharacters, which no encoder
# takes. ZWJ and ZWNJ stay: Persian and Hindi are spelt with them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069"
    "\U000e0000-\U000e007f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)

# Ligatures and presentation forms are how a PDF draws letters; a search needs the letters themselves.
DRAWN = re.compile("[\ufb00-\ufb06\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]+")

BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Return `text` in NFC, lines ending in "\\n", no invisible characters, trailing spaces and runs of blank lines."""
    text = INVISIBLE.sub("", LINE_BREAK.sub("\n", text))
    text = DRAWN.sub(lambda match: unicodedata.normalize("NFKC", match.group()), SPACE.sub(" ", text))
    text = unicodedata.normalize("NFC", text)
    # Line by line: a pattern for trailing spaces would take quadratic time on a long run of them.
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return BLANK_LINES.sub("\n\n", text).strip("\n")


def one_line(text: str) -> str:
    """Return `text` cleaned, on one line, with single spaces: for titles, headings and table cells."""
    return " ".join(clean(text).split())
