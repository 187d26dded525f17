"""Words that were recognised on a page to paragraphs, in the order and the blocks that Tesseract found."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ingestion.parsers.pdf_layout import SOFT_HYPHEN, Line, separator

WORD_LEVEL = "5"
MIN_LINE_CONFIDENCE = 40.0
"""Of 100. Patterns and pictures that are taken for letters have 0 to 35, a bad fax 60."""
MIN_WORD_CONFIDENCE = 30.0
SHORT = 3
"""Letters and digits. Words of fewer with no confidence are specks; of longer ones most letters are right."""
HYPHENS = "-\u00ac\u2010"


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    confidence: float
    place: tuple[int, int, int]
    """Block, paragraph and line, each counted in the one before."""
    left: int
    top: int
    right: int
    bottom: int


def layout_text(tsv: str) -> str:
    """Return the text of a page from Tesseract's table of words: paragraphs apart by an empty line.

    A word that is divided at the end of a line has a `SOFT_HYPHEN` there, for `mend_hyphens`.
    """
    blocks = []
    for _, words in groupby(_words(tsv), key=lambda word: word.place[0]):
        lines = [(paragraph, line) for paragraph, line in _lines(list(words))]
        edge = max((line.box[2] for _, line in lines if line.box), default=0.0)
        for _, members in groupby(lines, key=lambda pair: pair[0]):
            blocks.append(_paragraph([line for _, line in members], edge))
    return "\n\n".join(blocks)


def _words(tsv: str) -> Iterator[_Word]:
    for row in csv.DictReader(tsv.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip()
        if row["level"] != WORD_LEVEL or not text:
            continue
        left, top = int(row["left"]), int(row["top"])
        yield _Word(
            text,
            float(row["conf"]),
            (int(row["block_num"]), int(row["par_num"]), int(row["line_num"])),
            left,
            top,
            left + int(row["width"]),
            top + int(row["height"]),
        )


def _lines(words: Sequence[_Word]) -> Iterator[tuple[int, Line]]:
    """The lines of a block that are no noise, each with the number of its paragraph."""
    for (_, paragraph, _), members in groupby(words, key=lambda word: word.place):
        line = list(members)
        sure = sum(word.confidence * len(word.text) for word in line) / sum(len(word.text) for word in line)
        kept = [word for word in line if not _is_speck(word)]
        says_something = any(character.isalnum() for word in kept for character in word.text)
        if says_something and sure >= MIN_LINE_CONFIDENCE:
            # `Line` has y growing upwards.
            box = (kept[0].left, -max(w.bottom for w in kept), kept[-1].right, -min(w.top for w in kept))
            yield paragraph, Line(" ".join(word.text for word in kept), box)


def _is_speck(word: _Word) -> bool:
    return word.confidence < MIN_WORD_CONFIDENCE and sum(map(str.isalnum, word.text)) < SHORT


def _paragraph(lines: Sequence[Line], edge: float) -> str:
    lines = [*map(_with_soft_hyphen, lines[:-1]), lines[-1]]
    pieces = [lines[0].text]
    for above, below in pairwise(lines):
        pieces += [separator(above, below, edge), below.text]
    return "".join(pieces)


def _with_soft_hyphen(line: Line) -> Line:
    divided = line.text[-1] in HYPHENS and line.text[-2:-1].isalpha()
    return Line(line.text[:-1] + SOFT_HYPHEN, line.box) if divided else line
