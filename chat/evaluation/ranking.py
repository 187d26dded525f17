"""Measures of ranked retrieval, as trec_eval defines them.

Judgements are `{query: {document: grade}}`, of which a grade above 0 is relevant; a run is
`{query: {document: score}}`. Documents of equal score are put in descending order of their id, as trec_eval does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Judgements = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Mapping[str, float]]
Measure = Callable[[Sequence[str], Mapping[str, int], int], float]

HEADERS = frozenset({"query_id", "query-id"})
"""What a header line begins with."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Means over the queries that have a relevant document; one without results counts 0."""

    queries: int
    ndcg_at_10: float
    recall_at_5: float
    recall_at_10: float
    recall_at_100: float
    mrr_at_10: float


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """Read query, document and grade, separated by tabs, below a header line where there is one."""
    judgements: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            query, *rest = line.rstrip("\n").split("\t")
            if not line.strip() or (number == 0 and query in HEADERS):
                continue
            document, grade = rest[:2]
            judgements.setdefault(query, {})[document] = int(float(grade))
    return judgements


def evaluate(judgements: Judgements, run: Run) -> Ranking:
    judged = {query: grades for query, grades in judgements.items() if _relevant(grades)}
    if not judged:
        raise ValueError("no query has a relevant document, so that there is nothing to measure")

    def mean(measure: Measure, cutoff: int) -> float:
        values = (measure(ranked(run.get(query, {})), grades, cutoff) for query, grades in judged.items())
        return sum(values) / len(judged)

    return Ranking(
        queries=len(judged),
        ndcg_at_10=mean(ndcg, 10),
        recall_at_5=mean(recall, 5),
        recall_at_10=mean(recall, 10),
        recall_at_100=mean(recall, 100),
        mrr_at_10=mean(reciprocal_rank, 10),
    )


def ranked(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda document: (scores[document], document), reverse=True)


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], cutoff: int) -> float:
    """Discounted cumulative gain, linear in the grade, as a share of the best that was possible."""
    best = _dcg(sorted(grades.values(), reverse=True)[:cutoff])
    return _dcg([grades.get(document, 0) for document in ranking[:cutoff]]) / best if best else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], cutoff: int) -> float:
    relevant = _relevant(grades)
    return len(relevant.intersection(ranking[:cutoff])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], cutoff: int) -> float:
    relevant = _relevant(grades)
    places = (place for place, document in enumerate(ranking[:cutoff], 1) if document in relevant)
    return 1 / next(places, math.inf)


def _relevant(grades: Mapping[str, int]) -> set[str]:
    return {document for document, grade in grades.items() if grade > 0}


def _dcg(grades: Sequence[int]) -> float:
    return sum(max(grade, 0) / math.log2(place + 1) for place, grade in enumerate(grades, 1))
