"""Figures as people read them: names, units, differences with a sign, and in words what a sign test says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from chat.models import AnswerSettings
from chat.quality.comparing import MEASURES, Row, Unit, Verdict
from chat.quality.models import QualityRun

NAMES = {
    "recall@1": gettext_lazy("Found first"),
    "recall@3": gettext_lazy("Found among the first 3"),
    "recall@5": gettext_lazy("Found among the first 5"),
    "recall@10": gettext_lazy("Found among the first 10"),
    "mrr": gettext_lazy("Mean reciprocal rank"),
    "refusing": gettext_lazy("Right about refusing"),
    "answer_match": gettext_lazy("Expected words in the answer"),
    "supported": gettext_lazy("Sentences with support"),
    "sources_ms_p50": gettext_lazy("Until the sources, median"),
    "first_word_ms_p50": gettext_lazy("Until the first word, median"),
    "elapsed_ms_p50": gettext_lazy("Whole answer, median"),
    "prompt_tokens": gettext_lazy("Tokens read, mean"),
    "completion_tokens": gettext_lazy("Tokens written, mean"),
    "errors": gettext_lazy("Failed questions"),
}
TERMS = {f"recall@{cutoff}": f"recall@{cutoff}" for cutoff in (1, 3, 5, 10)} | {"mrr": "MRR"}
"""What specialists call it, where that is something else."""
TILES = ("recall@5", "mrr", "refusing", "answer_match", "supported", "sources_ms_p50", "first_word_ms_p50")
ERRORS = "errors"
"""Not worth a line where there are none."""
SIGNS = {Verdict.BETTER: "▲", Verdict.WORSE: "▼", Verdict.SAME: "=", Verdict.OTHER: "≠"}
SETUP = {
    "models": gettext_lazy("Models"),
    "mode": gettext_lazy("How answers are made"),
    "prompt_version": gettext_lazy("Version of the prompt"),
    "instructions": gettext_lazy("Additional instructions"),
    "passages": gettext_lazy("Most passages"),
    "context_tokens": gettext_lazy("Context, in tokens"),
    "max_tokens": gettext_lazy("Longest answer, in tokens"),
    "dense_weight": gettext_lazy("Weight of meaning against words"),
    "chunks": gettext_lazy("Splitting"),
    "embedder": gettext_lazy("Search model"),
    "reranker": gettext_lazy("Re-ranking"),
}
INSTRUCTIONS_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference for the page: `kind` is a `Verdict`, `sign` says the same without colour."""

    kind: str
    sign: str
    text: str
    said: str
    """The same for whoever does not see the sign."""


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    label: str
    term: str
    value: str
    before: str = ""
    delta: Delta | None = None
    hint: str = ""
    is_probable: bool = False


def compared(rows: Iterable[Row]) -> list[Figure]:
    """A comparison's rows."""
    return [
        Figure(
            name=row.name,
            label=str(NAMES[row.name]),
            term=TERMS.get(row.name, ""),
            value=text_of(row.after, row.unit),
            before=text_of(row.before, row.unit),
            delta=delta_of(row),
            hint=hint_of(row),
            is_probable=row.is_probable,
        )
        for row in rows
        if row.name != ERRORS or row.before or row.after
    ]


def tiles(run: QualityRun, rows: Sequence[Row]) -> list[Figure]:
    """The figures that matter most, with their differences where `rows` compare the run with another."""
    deltas = {row.name: row for row in rows}
    units = {measure.name: measure.unit for measure in MEASURES}
    return [
        Figure(
            name=name,
            label=str(NAMES[name]),
            term=TERMS.get(name, ""),
            value=text_of(run.figures[name], units[name]),
            delta=delta_of(deltas[name]) if name in deltas else None,
        )
        for name in TILES
        if name in run.figures
    ]


def table(run: QualityRun) -> list[Figure]:
    """Every figure of one run."""
    return [
        Figure(measure.name, str(NAMES[measure.name]), TERMS.get(measure.name, ""), _with_spread(run.figures, measure))
        for measure in MEASURES
        if measure.name in run.figures and (measure.name != ERRORS or run.figures[ERRORS])
    ]


def _with_spread(figures: Mapping[str, Any], measure: Any) -> str:
    text = text_of(figures[measure.name], measure.unit)
    slow = figures.get(measure.name.replace("_p50", "_p95")) if measure.name.endswith("_p50") else None
    if slow is None:
        return text
    return _("%(median)s; 95 of 100 within %(slow)s") % {"median": text, "slow": text_of(slow, measure.unit)}


def text_of(value: float | None, unit: Unit) -> str:
    if value is None:
        return "–"
    match unit:
        case Unit.SHARE:
            return f"{formats.number_format(value * 100, 0)} %"
        case Unit.NUMBER:
            return formats.number_format(value, 2)
        case Unit.MILLISECONDS:
            return f"{formats.number_format(round(value), force_grouping=True)} ms"
        case Unit.COUNT:
            return formats.number_format(round(value), force_grouping=True)


def delta_of(row: Row) -> Delta | None:
    """None where one of the two has no figure."""
    if row.difference is None:
        return None
    said = {
        Verdict.BETTER: _("better"),
        Verdict.WORSE: _("worse"),
        Verdict.SAME: _("the same"),
        Verdict.OTHER: _("different"),
    }
    return Delta(row.verdict.value, SIGNS[row.verdict], _signed(row.difference, row.unit), said[row.verdict])


def _signed(difference: float, unit: Unit) -> str:
    if unit is Unit.SHARE:
        points = abs(round(difference * 100))
        text, is_nothing = ngettext("%(points)d point", "%(points)d points", points) % {"points": points}, not points
    else:
        text = text_of(abs(difference), unit)
        is_nothing = text == text_of(0, unit)
    if is_nothing:
        return "±0"
    return f"{'+' if difference > 0 else '−'}{text}"


def hint_of(row: Row) -> str:
    """What the sign test says."""
    if not row.better + row.worse:
        return _("no question differs")
    counts = {"better": row.better, "worse": row.worse, "p": formats.number_format(row.p, 2 if row.p >= 0.01 else 3)}
    if row.is_probable:
        return _("%(better)d better, %(worse)d worse: hardly chance (p = %(p)s)") % counts
    return _("%(better)d better, %(worse)d worse: may be chance (p = %(p)s)") % counts


def setup_rows(*runs: QualityRun) -> list[tuple[str, list[str], bool]]:
    """What the runs were made with: a label, each one's value, and whether those differ."""
    rows = []
    for name, label in SETUP.items():
        values = [_setup_text(name, run.setup.get(name)) for run in runs]
        if any(values):
            rows.append((str(label), [value or "–" for value in values], len(set(values)) > 1))
    return rows


def _setup_text(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if name == "models":
        return " → ".join(value)
    if name == "mode":
        return str(AnswerSettings.Mode(value).label)
    if name == "dense_weight":
        return formats.number_format(value, 2)
    if name == "instructions":
        return Truncator(value).chars(INSTRUCTIONS_SHOWN)
    return str(value)
