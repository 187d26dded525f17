"""Who wins: what the comparisons that were judged say about the models. Nothing of what was asked is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from django.db.models import QuerySet

from chat.comparisons.models import Comparison
from chat.comparisons.showing import name_of
from chat.dashboard.selectors import percentile
from chat.models import Turn

Verdict = Comparison.Verdict


@dataclass(slots=True)
class Score:
    """One model's. A comparison of three that it has won is one win; times are medians in milliseconds."""

    model: str
    comparisons: int = 0
    wins: int = 0
    losses: int = 0
    ties: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    elapsed: list[int] = field(default_factory=list)
    first_words: list[int] = field(default_factory=list)

    @property
    def elapsed_p50(self) -> int | None:
        return percentile(self.elapsed, 50)

    @property
    def first_word_p50(self) -> int | None:
        return percentile(self.first_words, 50)


@dataclass(slots=True)
class Pair:
    """Two models that were compared with each other. `models` are in the order of their names, and `wins` in theirs."""

    models: tuple[str, str]
    wins: list[int] = field(default_factory=lambda: [0, 0])
    ties: int = 0


@dataclass(frozen=True, slots=True)
class Arena:
    scores: Sequence[Score]
    """Who has won the most comes first."""
    pairs: Sequence[Pair]


def arena(turns: QuerySet[Turn]) -> Arena:
    """Of those of the `turns` that were compared and judged. One query. What did not come to a complete answer took no
    part."""
    judged = turns.exclude(comparison=None).exclude(comparison__verdict=Verdict.NONE)
    rows = judged.filter(status=Turn.Status.COMPLETED).select_related("comparison", "chosen_provider")
    by_comparison: defaultdict[int, list[Turn]] = defaultdict(list)
    for turn in rows.defer("trace", "answer", "draft", "folded", "checked", "question").order_by("created_at", "pk"):
        if turn.comparison_id:
            by_comparison[turn.comparison_id].append(turn)
    return _counted(by_comparison.values())


def _counted(comparisons: Iterable[Sequence[Turn]]) -> Arena:
    scores: dict[str, Score] = {}
    pairs: dict[tuple[str, str], Pair] = {}
    for turns in comparisons:
        for turn in turns:
            _count(scores.setdefault(name_of(turn), Score(name_of(turn))), turn)
        for first, second in combinations(sorted(turns, key=name_of), 2):
            names = name_of(first), name_of(second)
            _count_pair(pairs.setdefault(names, Pair(names)), first, second)
    by_wins = sorted(scores.values(), key=lambda score: (-score.wins, score.losses, score.model))
    return Arena(by_wins, [pairs[names] for names in sorted(pairs)])


def _count(score: Score, turn: Turn) -> None:
    score.comparisons += 1
    if turn.comparison and turn.comparison.verdict != Verdict.BETTER:
        score.ties += 1
    elif _is_best(turn):
        score.wins += 1
    else:
        score.losses += 1
    score.prompt_tokens += turn.prompt_tokens or 0
    score.completion_tokens += turn.completion_tokens or 0
    score.elapsed += [] if turn.elapsed_ms is None else [turn.elapsed_ms]
    score.first_words += [] if turn.first_word_ms is None else [turn.first_word_ms]


def _count_pair(pair: Pair, first: Turn, second: Turn) -> None:
    """Of three, the two that another was better than say nothing about each other."""
    if first.comparison and first.comparison.verdict != Verdict.BETTER:
        pair.ties += 1
    else:
        pair.wins[0] += _is_best(first)
        pair.wins[1] += _is_best(second)


def _is_best(turn: Turn) -> bool:
    return turn.comparison is not None and turn.comparison.best_id == turn.pk
