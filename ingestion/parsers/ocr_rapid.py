"""Text recognition by RapidOCR, whose models come with its package: for text in Latin letters, where Tesseract or its
languages are missing. It runs as a program of its own (`ingestion/parsers/rapid/program.py`), which alone knows the
vendor."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ingestion.errors import DocumentUnreadable
from ingestion.parsers.ocr_lines import SeenLine, in_reading_order, is_unread
from ingestion.parsers.pdf_layout import page_text
from ingestion.parsers.programs import ProgramFailed, run
from ingestion.sentences import sentence as _

PROGRAM = Path(__file__).parent / "rapid" / "program.py"
LANGUAGES = frozenset(
    {
        "afr", "aze", "bos", "bre", "cat", "ces", "cym", "dan", "deu", "eng", "epo", "est", "eus", "fin", "fra", "fry",
        "gla", "gle", "glg", "hrv", "hun", "ind", "isl", "ita", "lat", "lav", "lit", "ltz", "msa", "nld", "nor", "pol",
        "por", "ron", "slk", "slv", "spa", "sqi", "srp_latn", "swa", "swe", "tur", "uzb",
    }
)  # fmt: skip
"""By Tesseract's codes. Vietnamese is not among them: most of its letters with two accents are unknown to the model."""

LOST_PAGE_SHARE = 1 / 3
"""Of the width of a page's lines. With more of them unread, the others are the same script, in words whose letters
happen to look like Latin ones."""
LOOKS_CYRILLIC = frozenset("ABCEHIJKMOPSTXYaceijopsxy")
"""Latin letters that Cyrillic ones look like."""
BROKEN = _(
    "Text recognition broke off over a page of this document. It may need more memory than reading a file may have "
    "here: ask the operator, or scan the page again with fewer dots per inch."
)
MARK = "[…]"
"""Where lines are left out."""


@cache
def is_installed() -> bool:
    return find_spec("rapidocr") is not None


def recognise(
    picture: bytes, *, perhaps_cyrillic: bool, wall_s: float, too_slow: str, waiting: Callable[[], None]
) -> tuple[str, float]:
    """Return the text of a picture (PGM), and how much of it, from 0 to 1, is in letters that cannot be read: then
    there is a mark instead of them, and no text at all when it is much.

    Where text is `perhaps_cyrillic`, letters that may be Latin or Cyrillic are not read when there are no others.
    """
    try:
        seen = run(
            [sys.executable, "-I", str(PROGRAM)],
            wall_s=wall_s,
            too_slow=too_slow,
            waiting=waiting,
            given=picture,
            environment={"OPENBLAS_NUM_THREADS": "1"},  # each thread would count against the memory it may have
        )
    except ProgramFailed as error:
        raise DocumentUnreadable(BROKEN) from error
    lines = [SeenLine(*fields) for fields in json.loads(seen)]
    lines = [line for line in lines if line.says_something or is_unread(line)]
    lost = _lost(lines, perhaps_cyrillic=perhaps_cyrillic)
    if lost >= LOST_PAGE_SHARE:
        return "", lost
    return page_text(in_reading_order(lines, mark=MARK)), lost


def _lost(lines: Sequence[SeenLine], *, perhaps_cyrillic: bool) -> float:
    letters = {letter for line in lines for letter in line.text if letter.isalpha()}
    if perhaps_cyrillic and letters and letters <= LOOKS_CYRILLIC:
        return 1.0
    width = sum(line.width for line in lines)
    return sum(line.width for line in lines if is_unread(line)) / width if width else 0.0
