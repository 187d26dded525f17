"""Where the line runs that tells a collection's own questions from others best, by the score of the best passage."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

WRONG_REFUSAL = 3.0
"""What refusing a question that could be answered costs, against answering one that could not."""
TRUSTED_AT = 30
"""Own questions at which the fit counts as much as the general line does."""
LOWEST, HIGHEST = 0.75, 1.1
"""Whatever the questions say: below, everything is answered, and above, next to nothing."""
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the questions made of the collection, how many a line answers; of the others, how many it refuses."""

    answered: float
    refused: float


def shares(line: float, own: Sequence[float], off_topic: Sequence[float]) -> Shares:
    """Both sequences are sorted, and may not be empty."""
    return Shares(answered=1 - bisect_left(own, line) / len(own), refused=bisect_left(off_topic, line) / len(off_topic))


def fitted_line(own: Sequence[float], off_topic: Sequence[float], *, general: float) -> float:
    """The line with the least cost, drawn towards `general` where there are few questions to go by, or where the two
    kinds overlap. Return `general` itself where there are none."""
    if not own or not off_topic:
        return general
    own, off_topic = sorted(own), sorted(off_topic)
    best = min((*own, *_just_above(off_topic)), key=lambda line: (_cost(line, own, off_topic), abs(line - general)))
    told_apart = shares(best, own, off_topic)
    separation = max(0.0, told_apart.answered + told_apart.refused - 1)
    trust = separation * len(own) / (len(own) + TRUSTED_AT)
    line = general + trust * (best - general)
    return round(min(max(line, LOWEST), HIGHEST), DIGITS)


def _just_above(scores: Sequence[float]) -> list[float]:
    return [score + 10**-DIGITS for score in scores]


def _cost(line: float, own: Sequence[float], off_topic: Sequence[float]) -> float:
    told_apart = shares(line, own, off_topic)
    return round(WRONG_REFUSAL * (1 - told_apart.answered) + (1 - told_apart.refused), 9)
