"""A document's text as its cited page shows it: prose as it is, and lines of cells as a table, with what was cited and
what decides marked in both."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from chat.excerpts import Ranges

CELL = "\t"


class Piece(NamedTuple):
    text: str
    is_cited: bool
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Row:
    cells: Sequence[str]
    is_cited: bool
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Block:
    """Either prose in pieces, or the rows of a table."""

    pieces: Sequence[Piece] = ()
    rows: Sequence[Row] = ()


def blocks(before: str, passage: str, deciding: Ranges, after: str, *, delimiter: str = "") -> list[Block]:
    """`deciding` are ranges of `passage`; where there are none, all of it is marked. With a `delimiter`, the text is
    that of a CSV file, and every line a row."""
    start, end = len(before), len(before) + len(passage)
    marked = [(start + first, start + last) for first, last in deciding] or [(start, end)]
    spots = _Spots((start, end), marked, delimiter or CELL)

    def is_row(line: tuple[int, str]) -> bool:
        return CELL in line[1] or bool(delimiter and line[1].strip())

    by_kind = groupby(_lines(before + passage + after), key=is_row)
    return [_block(list(lines), spots, is_table=is_table) for is_table, lines in by_kind]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with where it begins, and with its end."""
    at = 0
    for line in text.splitlines(keepends=True):
        yield at, line
        at += len(line)


@dataclass(frozen=True, slots=True)
class _Spots:
    cited: tuple[int, int]
    marked: Sequence[tuple[int, int]]
    delimiter: str

    def row(self, at: int, line: str) -> Row:
        """A row is marked as a whole: half a row tells nobody what it says."""
        end = at + len(line.rstrip())
        return Row(
            cells=next(csv.reader([line.rstrip("\r\n")], delimiter=self.delimiter)),
            is_cited=_overlap((at, end), self.cited),
            is_marked=any(_overlap((at, end), each) for each in self.marked),
        )

    def pieces(self, at: int, text: str) -> Iterator[Piece]:
        end = at + len(text)
        edges = {edge for each in (self.cited, *self.marked) for edge in each if at < edge < end}
        places = [at, *sorted(edges), end]
        for first, last in pairwise(places):
            marked = any(_overlap((first, last), each) for each in self.marked)
            yield Piece(text[first - at : last - at], _overlap((first, last), self.cited), marked)


def _block(lines: Sequence[tuple[int, str]], spots: _Spots, *, is_table: bool) -> Block:
    if is_table:
        return Block(rows=[spots.row(at, line) for at, line in lines])
    text = "".join(line for _at, line in lines)
    return Block(pieces=list(spots.pieces(lines[0][0], text)))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])
