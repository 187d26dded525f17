"""Figures of a set, and how they have changed since they were noted down."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chat.evaluation import checking, ranking, refusing, spans
from chat.evaluation.pairs import Pair
from chat.evaluation.running import BUDGETS, Asked
from chat.evaluation.sets import EvaluationSet

CHUNKS = 5
"""Passages that the span measures look at."""
DIGITS = 4
NOTICEABLE = 0.002
"""A difference that is worth showing. Approximate neighbours differ by this much from one run to the next."""

Figures = dict[str, float | int]
Baseline = Mapping[str, Mapping[str, Any]]


def figures(each: EvaluationSet, asked: Sequence[Asked]) -> dict[str, Any]:
    """Everything that the set allows to be measured; `languages` has the ranking for each of several."""
    result: dict[str, Any] = dict(_ranking(each, asked))
    if each.spans:
        result |= _spans(each, asked)
        result["tokenizer"] = next((one.tokenizer for one in asked if one.tokenizer), "estimate")
    result |= _refusing(asked)
    result["median_query_ms"] = round(statistics.median(each.milliseconds for each in asked), 1)
    languages = sorted({one.query.lang for one in asked} - {""})
    if len(languages) > 1:
        result["languages"] = {
            language: _ranking(each, [one for one in asked if one.query.lang == language]) for language in languages
        }
    return result


def _ranking(each: EvaluationSet, asked: Sequence[Asked]) -> Figures:
    judged = {one.query.query_id: each.judgements.get(one.query.query_id, {}) for one in asked}
    if not any(grade > 0 for grades in judged.values() for grade in grades.values()):
        return {}
    found = ranking.evaluate(judged, {one.query.query_id: one.scores for one in asked})
    return {
        "queries": found.queries,
        "ndcg@10": round(found.ndcg_at_10, DIGITS),
        "recall@5": round(found.recall_at_5, DIGITS),
        "recall@10": round(found.recall_at_10, DIGITS),
        "recall@100": round(found.recall_at_100, DIGITS),
        "mrr@10": round(found.mrr_at_10, DIGITS),
    }


def _spans(each: EvaluationSet, asked: Sequence[Asked]) -> Figures:
    wanted = [(each.spans[one.query.query_id], one) for one in asked if one.query.query_id in each.spans]
    best = spans.mean([spans.overlap(answers, one.chunks[:CHUNKS]) for answers, one in wanted])
    result: Figures = {
        "span_recall": round(best.recall, DIGITS),
        "span_precision": round(best.precision, DIGITS),
        "span_iou": round(best.iou, DIGITS),
    }
    for budget in BUDGETS:
        packed = spans.mean([spans.overlap(answers, one.packed[budget]) for answers, one in wanted])
        result[f"span_recall_in_{budget}"] = round(packed.recall, DIGITS)
        result[f"span_iou_in_{budget}"] = round(packed.iou, DIGITS)
    return result


def _refusing(asked: Sequence[Asked]) -> Figures:
    told = {one.query.query_id: one.query.answerable for one in asked}
    answerable = {query_id: each for query_id, each in told.items() if each is not None}
    if set(answerable.values()) != {True, False}:
        return {}
    found = refusing.refusing(answerable, {one.query.query_id: one.refused for one in asked})
    return {
        "unanswerable": found.unanswerable,
        "refusing_precision": round(found.precision, DIGITS),
        "refusing_recall": round(found.recall, DIGITS),
        "answered": round(found.answered, DIGITS),
        "refusing_balanced": round(found.balanced_accuracy, DIGITS),
    }


def checking_figures(marked: Sequence[tuple[Pair, bool]]) -> Figures:
    """Of sentences that their passages bear out or do not; none where the set has not both."""
    if {pair.supported for pair, _is_marked in marked} != {True, False}:
        return {}
    found = checking.measured(marked)
    return {
        "check_pairs": found.pairs,
        "check_precision": round(found.precision, DIGITS),
        "check_recall": round(found.recall, DIGITS),
        "check_left_alone": round(found.left_alone, DIGITS),
        **{f"check_marked_{kind}": round(share, DIGITS) for kind, share in found.marked.items()},
    }


def as_markdown(results: Mapping[str, Mapping[str, Any]], baseline: Baseline) -> str:
    """A table with a row for each figure of each set, and what it was before."""
    lines = ["| set | measure | now | before | difference |", "|---|---|---|---|---|"]
    for name, measure, now, before in _compared(results, baseline):
        difference = "" if before is None or abs(now - before) < NOTICEABLE else f"{now - before:+.3f}"
        lines.append(f"| {name} | {measure} | {now:g} | {'' if before is None else f'{before:g}'} | {difference} |")
    return "\n".join(lines)


def _compared(
    results: Mapping[str, Mapping[str, Any]], baseline: Baseline
) -> Iterable[tuple[str, str, float, float | None]]:
    for name, result in results.items():
        known = baseline.get(name, {})
        for measure, now in _flat(result):
            yield name, measure, now, dict(_flat(known)).get(measure)


def _flat(result: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    for measure, value in result.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield measure, value
        elif measure == "languages":
            yield from ((f"{language} ndcg@10", each["ndcg@10"]) for language, each in value.items() if each)


def read_baseline(path: Path) -> Baseline:
    if not path.is_file():
        return {}
    found: Baseline = json.loads(path.read_text(encoding="utf-8"))
    return found


def write_baseline(path: Path, results: Mapping[str, Any]) -> None:
    """Note down the sets that were run; what is known of others stays, and so do figures that were not measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    known = read_baseline(path)
    together = {**known, **{name: {**known.get(name, {}), **each} for name, each in results.items()}}
    path.write_text(json.dumps(dict(sorted(together.items())), indent=2) + "\n", encoding="utf-8")
