"""How much of the text that answers a question was found, and how much else with it.

A span is a stretch of a document, in characters of its text. Recall, precision and intersection over union are those
of Smith and Troynikov: Evaluating Chunking Strategies for Retrieval (Chroma, 2024): what is retrieved twice counts
twice in the denominators.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from chat.evaluation.sets import Span

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Overlap:
    recall: float
    precision: float
    iou: float


def overlap(wanted: Iterable[Span], found: Sequence[Span]) -> Overlap:
    """What `found` has of one question's `wanted`, which are not empty."""
    answers, retrieved = _by_document(wanted), _by_document(found)
    shared = sum(_shared(ranges, retrieved.get(document, [])) for document, ranges in answers.items())
    total = sum(map(_length, answers.values()))
    size = sum(span.end - span.start for span in found)
    return Overlap(shared / total, shared / size if size else 0.0, shared / (size + total - shared))


def mean(overlaps: Sequence[Overlap]) -> Overlap:
    return Overlap(
        fmean(each.recall for each in overlaps),
        fmean(each.precision for each in overlaps),
        fmean(each.iou for each in overlaps),
    )


def _by_document(spans: Iterable[Span]) -> dict[str, list[Range]]:
    ranges: defaultdict[str, list[Range]] = defaultdict(list)
    for span in spans:
        ranges[span.doc_id].append((span.start, span.end))
    return {document: _merged(each) for document, each in ranges.items()}


def _merged(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _shared(one: Sequence[Range], other: Sequence[Range]) -> int:
    return sum(max(0, min(end, last) - max(start, first)) for start, end in one for first, last in other)


def _length(ranges: Iterable[Range]) -> int:
    return sum(end - start for start, end in ranges)
