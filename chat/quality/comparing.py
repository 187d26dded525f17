"""Two runs side by side, and whether the difference means anything.

Whether it does is asked by the sign test: of the questions on which the two differ, could as many have been better by
the toss of a coin? It asks nothing of how the values are distributed, and holds for the few dozen questions that people
write. Dixon, Mood: The statistical sign test, 1946.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import comb

from chat.quality.figures import (
    DEPTH,
    Figures,
    Result,
    figures_of,
    recall,
    reciprocal_rank,
    refusal_is_right,
    supported_share,
)

PROBABLE = 0.05
"""A difference that a coin makes less often than this is called probable."""
SLOWER = 0.1
"""Times of a question within a tenth of each other are the same: no two runs take equally long."""


Pair = tuple[Result, Result]


class Unit(StrEnum):
    SHARE = "share"
    NUMBER = "number"
    MILLISECONDS = "ms"
    COUNT = "count"


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    OTHER = "other"
    """Different, and neither better nor worse by itself."""


@dataclass(frozen=True, slots=True)
class Measure:
    """`of` is a question's own value for the sign test; `better` is 1 where more is better, -1 where less is."""

    name: str
    unit: Unit
    better: int
    of: Callable[[Result], float | None]
    tolerance: float = 0.0


def _share(of: Callable[[Result], bool | None]) -> Callable[[Result], float | None]:
    return lambda result: None if (value := of(result)) is None else float(value)


ERRORS = Measure("errors", Unit.COUNT, -1, lambda result: float(result.failed))
MEASURES = (
    Measure("recall@1", Unit.SHARE, 1, lambda result: recall(result, 1)),
    Measure("recall@3", Unit.SHARE, 1, lambda result: recall(result, 3)),
    Measure("recall@5", Unit.SHARE, 1, lambda result: recall(result, 5)),
    Measure("recall@10", Unit.SHARE, 1, lambda result: recall(result, DEPTH)),
    Measure("mrr", Unit.NUMBER, 1, reciprocal_rank),
    Measure("refusing", Unit.SHARE, 1, _share(refusal_is_right)),
    Measure("answer_match", Unit.SHARE, 1, lambda result: result.answer_match),
    Measure("supported", Unit.SHARE, 1, supported_share),
    Measure("sources_ms_p50", Unit.MILLISECONDS, -1, lambda result: result.sources_ms, SLOWER),
    Measure("first_word_ms_p50", Unit.MILLISECONDS, -1, lambda result: result.first_word_ms, SLOWER),
    Measure("elapsed_ms_p50", Unit.MILLISECONDS, -1, lambda result: result.elapsed_ms, SLOWER),
    Measure("prompt_tokens", Unit.COUNT, -1, lambda result: result.prompt_tokens),
    Measure("completion_tokens", Unit.COUNT, 0, lambda result: result.completion_tokens),
    ERRORS,
)
"""Those that are compared, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of both runs. `better` and `worse` count the questions, `p` is the sign test's."""

    name: str
    unit: Unit
    before: float | None
    after: float | None
    verdict: Verdict
    better: int
    worse: int
    p: float

    @property
    def difference(self) -> float | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def is_probable(self) -> bool:
        return self.p < PROBABLE


def compare(before: Sequence[Result], after: Sequence[Result]) -> list[Row]:
    """`before` and `after` hold the same questions in the same order. One that failed in either of them counts as an
    error and in nothing else. Measures that neither run has are left out."""
    pairs = list(zip(before, after, strict=True))
    whole = [pair for pair in pairs if not any(result.failed for result in pair)]
    rows = [*_rows([measure for measure in MEASURES if measure is not ERRORS], whole), *_rows([ERRORS], pairs)]
    return [row for row in rows if row.before is not None or row.after is not None]


def _rows(measures: Sequence[Measure], pairs: Sequence[Pair]) -> Iterator[Row]:
    figures = figures_of([before for before, _after in pairs]), figures_of([after for _before, after in pairs])
    return (_row(measure, figures, pairs) for measure in measures)


def _row(measure: Measure, figures: tuple[Figures, Figures], pairs: Sequence[Pair]) -> Row:
    signs = [_sign(measure, before, after) for before, after in pairs]
    up, down = signs.count(1), signs.count(-1)
    values = figures[0].get(measure.name), figures[1].get(measure.name)
    better, worse = (down, up) if measure.better < 0 else (up, down)
    return Row(measure.name, measure.unit, *values, _verdict(measure, *values), better, worse, sign_test(up, down))


def _sign(measure: Measure, before: Result, after: Result) -> int:
    one, other = measure.of(before), measure.of(after)
    if one is None or other is None or abs(other - one) <= measure.tolerance * max(abs(one), abs(other)):
        return 0
    return 1 if other > one else -1


def _verdict(measure: Measure, before: float | None, after: float | None) -> Verdict:
    if before is None or after is None:
        return Verdict.OTHER
    if abs(after - before) <= measure.tolerance * max(abs(before), abs(after)):
        return Verdict.SAME
    if not measure.better:
        return Verdict.OTHER
    return Verdict.BETTER if (after - before) * measure.better > 0 else Verdict.WORSE


def sign_test(better: int, worse: int) -> float:
    """How often a coin would be at least as one-sided, 1 where nothing differs: the exact two-sided test."""
    thrown, fewer = better + worse, min(better, worse)
    tail = sum(comb(thrown, heads) for heads in range(fewer + 1)) * 0.5**thrown
    return min(1.0, 2 * tail)


def change_of(before: Result, after: Result) -> Verdict:
    """Whether a question went better: found further up, refused more rightly, answered with more of what was expected,
    in this order of importance."""
    for of in (_share(lambda result: not result.failed), _share(refusal_is_right), reciprocal_rank):
        one, other = of(before), of(after)
        if one is not None and other is not None and one != other:
            return Verdict.BETTER if other > one else Verdict.WORSE
    one, other = before.answer_match, after.answer_match
    if one is not None and other is not None and one != other:
        return Verdict.BETTER if other > one else Verdict.WORSE
    return Verdict.SAME
