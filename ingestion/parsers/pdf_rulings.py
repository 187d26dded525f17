"""Straight lines on a PDF page, of which the rulings of tables are made: strokes, edges of frames, thin filled areas.

Coordinates are PDF points; y grows upwards.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

MAX_OBJECTS = 20_000
"""Looked at on one page; one with more is a drawing or a map, and is left as it is. The same goes for the corners."""
MAX_CORNERS = 20_000
MAX_NESTING = 5
"""Lines lie in a form on the page, or in a form in that one."""
MAX_THICKNESS = 4.0
"""What is no thicker is a line, else an area."""
MIN_LENGTH = 4.0
"""Of the larger side of a path; dots and letters drawn as paths are smaller, or have no straight sides."""
MAX_SLANT = 0.5
"""How far a line that is level or plumb rises or leans from its one end to its other."""

Matrix = tuple[float, float, float, float, float, float]
Point = tuple[float, float]
Item = TypeVar("Item")
UNMOVED: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A level or plumb line: where it lies across its direction, and from where to where it goes along it."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Rulings:
    level: list[Ruling]
    plumb: list[Ruling]


@dataclass(frozen=True, slots=True)
class _Outline:
    """Corners that straight lines join, one after the other."""

    corners: list[Point]
    stroked: bool


class _TooMuchError(Exception):
    pass


def page_rulings(page: Any) -> Rulings:
    """Return the lines of a `pypdfium2` page; none when it has too many to be looked at."""
    rulings = Rulings([], [])
    try:
        for outline in _outlines(page):
            for first, last in _lines(outline):
                _add(rulings, first, last)
    except _TooMuchError:
        return Rulings([], [])
    return rulings


def _add(rulings: Rulings, first: Point, last: Point) -> None:
    (left, right), (bottom, top) = sorted((first[0], last[0])), sorted((first[1], last[1]))
    if top - bottom <= MAX_SLANT < right - left:
        rulings.level.append(Ruling((bottom + top) / 2, left, right))
    elif right - left <= MAX_SLANT < top - bottom:
        rulings.plumb.append(Ruling((left + right) / 2, bottom, top))


def _lines(outline: _Outline) -> Iterator[tuple[Point, Point]]:
    """The middle of a thin area; each side of a frame. An area without a frame has none: it is a background."""
    left, right = min(x for x, _ in outline.corners), max(x for x, _ in outline.corners)
    bottom, top = min(y for _, y in outline.corners), max(y for _, y in outline.corners)
    if min(right - left, top - bottom) <= MAX_THICKNESS:
        if right - left > top - bottom:
            yield (left, (bottom + top) / 2), (right, (bottom + top) / 2)
        else:
            yield ((left + right) / 2, bottom), ((left + right) / 2, top)
    elif outline.stroked:
        yield from zip(outline.corners, outline.corners[1:], strict=False)


def _outlines(page: Any) -> Iterator[_Outline]:
    from pypdfium2 import raw

    corners = [MAX_CORNERS]
    for item, matrix in _at_most(MAX_OBJECTS, _objects(raw, page, UNMOVED)):
        if raw.FPDFPageObj_GetType(item) != raw.FPDF_PAGEOBJ_PATH or not _is_long(raw, item):
            continue
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        raw.FPDFPath_GetDrawMode(item, fill, stroke)
        if not fill.value and not stroke.value:
            continue
        whole = _after(_matrix(raw, item), matrix)
        for outline in _path(raw, item, corners):
            yield _Outline([_moved(corner, whole) for corner in outline], bool(stroke.value))


def _at_most(count: int, items: Iterable[Item]) -> Iterator[Item]:
    for number, item in enumerate(items):
        if number >= count:
            raise _TooMuchError
        yield item


def _objects(raw: Any, parent: Any, matrix: Matrix, nesting: int = 0) -> Iterator[tuple[Any, Matrix]]:
    """What is drawn on a page, or `nesting` forms deep in one, each with the matrix of the form that it lies in."""
    count = raw.FPDFFormObj_CountObjects if nesting else raw.FPDFPage_CountObjects
    get = raw.FPDFFormObj_GetObject if nesting else raw.FPDFPage_GetObject
    for index in range(count(parent)):
        item = get(parent, index)
        yield item, matrix
        if nesting < MAX_NESTING and raw.FPDFPageObj_GetType(item) == raw.FPDF_PAGEOBJ_FORM:
            yield from _objects(raw, item, _after(_matrix(raw, item), matrix), nesting + 1)


def _is_long(raw: Any, item: Any) -> bool:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw.FPDFPageObj_GetBounds(item, left, bottom, right, top)
    return max(right.value - left.value, top.value - bottom.value) >= MIN_LENGTH


def _path(raw: Any, item: Any, left: list[int]) -> Iterator[list[Point]]:
    """The outlines of a path, broken where it is curved. `left` is how many corners may still be looked at."""
    x, y = ctypes.c_float(), ctypes.c_float()
    corners: list[Point] = []
    count = raw.FPDFPath_CountSegments(item)
    left[0] -= count
    if left[0] < 0:
        raise _TooMuchError
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(item, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if raw.FPDFPathSegment_GetType(segment) != raw.FPDF_SEGMENT_LINETO and corners:
            yield corners
            corners = []
        corners.append((x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment) and len(corners) > 1:
            yield [*corners, corners[0]]
            corners = []
    if corners:
        yield corners


def _matrix(raw: Any, item: Any) -> Matrix:
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(item, matrix)
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _after(first: Matrix, then: Matrix) -> Matrix:
    x, y = _moved((first[4], first[5]), then)
    a, b = _moved((first[0], first[1]), (*then[:4], 0, 0))
    c, d = _moved((first[2], first[3]), (*then[:4], 0, 0))
    return a, b, c, d, x, y


def _moved(point: Point, matrix: Matrix) -> Point:
    x, y = point
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
