"""Whether questions without an answer are refused, and those with one are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusing:
    """`precision` and `recall` are those of refusing; both are 0 where nothing was refused."""

    unanswerable: int
    precision: float
    recall: float
    answered: float
    """Share of the answerable questions that were not refused."""

    @property
    def balanced_accuracy(self) -> float:
        return (self.recall + self.answered) / 2


def refusing(answerable: Mapping[str, bool], refused: Mapping[str, bool]) -> Refusing:
    """`answerable` has questions of both kinds; `refused` has the same questions."""
    unanswerable = [each for each, has_answer in answerable.items() if not has_answer]
    right = sum(refused[each] for each in unanswerable)
    wrong = sum(refused[each] for each, has_answer in answerable.items() if has_answer)
    return Refusing(
        unanswerable=len(unanswerable),
        precision=right / (right + wrong) if right else 0.0,
        recall=right / len(unanswerable),
        answered=1 - wrong / (len(answerable) - len(unanswerable)),
    )
