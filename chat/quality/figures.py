"""A run's figures from the results of its questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from chat.dashboard.selectors import percentile

CUTOFFS = (1, 3, 5, 10)
"""Passages that recall looks at."""
DEPTH = max(CUTOFFS)
DIGITS = 4

Figures = dict[str, float | int]


@dataclass(frozen=True, slots=True)
class Result:
    """What one question came to, as far as figures need it. `ranks` has one entry for each expected source."""

    answerable: bool
    ranks: tuple[int | None, ...] = ()
    refused: bool | None = None
    answer_match: float | None = None
    sentences: int | None = None
    unsupported: int | None = None
    sources_ms: int | None = None
    first_word_ms: int | None = None
    elapsed_ms: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    failed: bool = False


def recall(result: Result, cutoff: int) -> float | None:
    """Share of the expected sources among the first passages; None where none is expected."""
    if not result.ranks:
        return None
    return sum(rank is not None and rank <= cutoff for rank in result.ranks) / len(result.ranks)


def reciprocal_rank(result: Result) -> float | None:
    """Of the first expected source."""
    if not result.ranks:
        return None
    return max(1 / rank if rank is not None and rank <= DEPTH else 0.0 for rank in result.ranks)


def refusal_is_right(result: Result) -> bool | None:
    """Whether it was right to refuse, or not to."""
    return None if result.refused is None else result.refused != result.answerable


def supported_share(result: Result) -> float | None:
    if not result.sentences or result.unsupported is None:
        return None
    return 1 - result.unsupported / result.sentences


def figures_of(results: Sequence[Result]) -> Figures:
    """A figure is absent where nothing could be measured. A question that failed counts as an error, and where it was
    not searched for, in nothing else."""
    worked = [result for result in results if not result.failed]
    figures: dict[str, float | int | None] = {
        "questions": len(results),
        "errors": len(results) - len(worked),
        **{f"recall@{cutoff}": _mean(recall(result, cutoff) for result in worked) for cutoff in CUTOFFS},
        "mrr": _mean(reciprocal_rank(result) for result in worked),
        **_refusals(worked),
        "answer_match": _mean(result.answer_match for result in worked),
        **_support(worked),
    }
    for name in ("sources_ms", "first_word_ms", "elapsed_ms"):
        measured = [value for result in worked if (value := getattr(result, name)) is not None]
        figures |= {f"{name}_p50": percentile(measured, 50), f"{name}_p95": percentile(measured, 95)}
    for name in ("prompt_tokens", "completion_tokens"):
        figures[name] = _mean(getattr(result, name) for result in worked)
    return {name: round(value, DIGITS) for name, value in figures.items() if value is not None}


def _refusals(results: Sequence[Result]) -> dict[str, float | int | None]:
    told = [result for result in results if result.refused is not None]
    absent = [result for result in told if not result.answerable]
    present = [result for result in told if result.answerable]
    return {
        "refusing": _mean(refusal_is_right(result) for result in told),
        "refused_rightly": sum(bool(result.refused) for result in absent) if absent else None,
        "unanswerable": len(absent),
        "refused_wrongly": sum(bool(result.refused) for result in present) if present else None,
        "answerable": len(present),
    }


def _support(results: Sequence[Result]) -> dict[str, float | int | None]:
    checked = [result for result in results if result.sentences is not None and result.unsupported is not None]
    sentences = sum(result.sentences or 0 for result in checked)
    unsupported = sum(result.unsupported or 0 for result in checked)
    if not sentences:
        return {}
    return {"sentences": sentences, "unsupported": unsupported, "supported": 1 - unsupported / sentences}


def _mean(values: Iterable[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return fmean(known) if known else None
