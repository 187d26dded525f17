"""Charts as inline SVG, drawn by pygal and made fit for a strict content security policy: no style, no script.

Series differ by pattern, dash and name, not by colour alone, and every chart comes with its numbers as a table.
Colours and type are in `static/css/components/charts.css`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from chat.dashboard.selectors import Day, ModelUse
from chat.quality.models import QualityRun

HEIGHT = 280
ROW_HEIGHT = 44
TYPE_SIZE = 14
ROOM_FOR_NUMBERS = 0.3
"""How much longer than the longest bar the axis is, for the number at its end."""
DASHES = ("none", "8 5", "2 4", "10 4 2 4")
INKS = (
    '<rect class="ink-0" width="6" height="6"/>',
    '<rect class="ink-1" width="3" height="6"/>',
    '<circle class="ink-2" cx="3" cy="3" r="2"/>',
    '<rect class="ink-3" width="6" height="2"/>',
)
"""What the bars of each series are filled with: solid, stripes (turned by 45 degrees), dots, lines."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What a chart is drawn on: a drawing that is scaled to a phone cannot be read."""

    name: str
    width: int
    labels_across: int
    """More dates than this would run into each other."""
    label_characters: int
    """Longer names of models are cut in the drawing; the table has them whole."""


PAPERS = (
    Paper("wide", width=560, labels_across=5, label_characters=26),
    Paper("narrow", width=330, labels_across=3, label_characters=14),
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing for each paper, and the same numbers as a table: `columns` are its headings, each of `rows` begins with
    its name."""

    id: str
    title: str
    drawings: Mapping[str, SafeString]
    """Name of the paper -> SVG."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def legend(self) -> tuple[str, ...]:
        """The names of the series, where there are several: below the drawing, where they have as many lines as they
        need. A drawing cuts them."""
        return self.columns[1:] if len(self.columns) > 2 else ()


def questions_per_day(days: Sequence[Day]) -> Chart:
    return _draw(
        "questions",
        _("Questions per day"),
        "StackedBar",
        labels=[_short(day) for day in days],
        series=[
            (_("Answered"), [day.answered for day in days]),
            (_("Not in the documents"), [day.refused for day in days]),
            (_("Failed"), [day.failed for day in days]),
            (_("Stopped or under way"), [day.other for day in days]),
        ],
        heading=_("Day"),
    )


def first_word_per_day(days: Sequence[Day]) -> Chart:
    return _draw(
        "first-word",
        _("Milliseconds to the first word, per day"),
        "Line",
        labels=[_short(day) for day in days],
        series=[
            (_("Median (solid line)"), [day.first_word_p50 for day in days]),
            (_("95th percentile (dashed line)"), [day.first_word_p95 for day in days]),
        ],
        heading=_("Day"),
    )


def questions_per_model(uses: Sequence[ModelUse]) -> Chart:
    return _draw(
        "models",
        _("Questions per model"),
        "HorizontalBar",
        labels=[use.label for use in uses],
        series=[(_("Questions"), [use.questions for use in uses])],
        heading=_("Model"),
    )


def tokens_per_model(uses: Sequence[ModelUse]) -> Chart:
    return _draw(
        "tokens",
        _("Tokens per model"),
        "HorizontalBar",
        labels=[use.label for use in uses],
        series=[
            (_("Read"), [use.prompt_tokens for use in uses]),
            (_("Written"), [use.completion_tokens for use in uses]),
        ],
        heading=_("Model"),
    )


def search_quality(runs: Sequence[QualityRun]) -> Chart:
    """Completed runs over the same golden questions, oldest first; the baseline's level is a line of its own."""
    return _run_by_run(
        "search-quality",
        _("What was found, in percent"),
        runs,
        [
            (_("Found first"), _percent(runs, "recall@1")),
            (_("Found among the first 5"), _percent(runs, "recall@5")),
            (_("Baseline: found first"), _level(runs, "recall@1")),
        ],
    )


def answer_quality(runs: Sequence[QualityRun]) -> Chart:
    return _run_by_run(
        "answer-quality",
        _("What was answered, in percent"),
        runs,
        [
            (_("Right about refusing"), _percent(runs, "refusing")),
            (_("Expected words in the answer"), _percent(runs, "answer_match")),
            (_("Baseline: expected words"), _level(runs, "answer_match")),
            (_("Sentences with support"), _percent(runs, "supported")),
        ],
    )


Values = Sequence[int | None]


def _run_by_run(chart_id: str, title: str, runs: Sequence[QualityRun], series: Sequence[tuple[str, Values]]) -> Chart:
    """What nobody has measured yet is left out."""
    drawn = [(name, values) for name, values in series if any(value is not None for value in values)]
    lines = (_("solid line"), _("dashed line"), _("dotted line"), _("dashes and dots"))
    chart = _draw(
        chart_id,
        title,
        "Line",
        labels=[formats.date_format(timezone.localtime(run.created_at), "j M") for run in runs],
        series=[(f"{name} ({line})", values) for (name, values), line in zip(drawn, lines, strict=False)],
        heading=_("Run"),
        top=100,
    )
    rows = ((f"{row[0]}, {_named(run)}", *row[1:]) for row, run in zip(chart.rows, runs, strict=True))
    return replace(chart, rows=tuple(rows))


def _named(run: QualityRun) -> str:
    return _("%(name)s (baseline)") % {"name": run.name} if run.is_baseline else run.name


def _percent(runs: Sequence[QualityRun], name: str) -> Values:
    values = (run.figures.get(name) for run in runs)
    return [None if value is None else round(value * 100) for value in values]


def _level(runs: Sequence[QualityRun], name: str) -> Values:
    """The baseline's value, all the way."""
    values = zip(runs, _percent(runs, name), strict=True)
    return [next((value for run, value in values if run.is_baseline), None)] * len(runs)


def _draw(
    chart_id: str,
    title: str,
    kind: str,
    *,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[int | None]]],
    heading: str,
    top: int | None = None,
) -> Chart:
    """`top` is where the axis ends, for values that have an end."""

    return Chart(
        id=chart_id,
        title=title,
        drawings={
            paper.name: _drawing(f"{chart_id}-{paper.name}", title, kind, paper, labels=labels, series=series, top=top)
            for paper in PAPERS
        },
        columns=(heading, *(name for name, _values in series)),
        rows=tuple(
            (label, *(_number(values[index]) for _name, values in series)) for index, label in enumerate(labels)
        ),
    )


def _drawing(
    drawing_id: str,
    title: str,
    kind: str,
    paper: Paper,
    *,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[int | None]]],
    top: int | None,
) -> SafeString:
    pygal = _pygal()
    horizontal = kind == "HorizontalBar"
    chart = getattr(pygal, kind)(
        width=paper.width,
        height=120 + ROW_HEIGHT * max(len(labels), 1) if horizontal else HEIGHT,
        style=pygal.style.Style(
            label_font_size=TYPE_SIZE,
            major_label_font_size=TYPE_SIZE,
            value_font_size=TYPE_SIZE,
        ),
        css=[],
        js=[],
        no_prefix=True,
        disable_xml_declaration=True,
        defs=[_pattern(drawing_id, index) for index in range(len(INKS))],
        show_legend=False,
        truncate_label=-1,
        show_minor_x_labels=False,
        x_labels_major_every=None if horizontal else max(-(-len(labels) // paper.labels_across), 1),
        print_values=horizontal,
        print_values_position="top",
        formatter=_number,
        range=None if kind == "StackedBar" else (0, top or _top(series) * (1 + ROOM_FOR_NUMBERS * horizontal)),
        min_scale=2,
        max_scale=8,
        no_data_text=_("Nothing yet"),
    )
    # Horizontal bars are drawn from the bottom up; the first row of the table belongs at the top.
    step = -1 if horizontal else 1
    chart.x_labels = [Truncator(label).chars(paper.label_characters) for label in labels][::step]
    for name, values in series:
        chart.add(name, list(values)[::step])
    chart.add_xml_filter(_fit_for_strict_csp(drawing_id, title))
    svg: SafeString = mark_safe(chart.render(is_unicode=True))  # noqa: S308 - lxml has escaped every text
    return svg


def _pygal() -> Any:
    """pygal without the import hook of its map plugins: the hook has only `find_module`, which Python no longer calls
    but warns about at every import that fails anywhere."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]
    return pygal


def _pattern(drawing_id: str, index: int) -> str:
    return (
        f'<pattern xmlns="http://www.w3.org/2000/svg" id="{drawing_id}-{index}" width="6" height="6" '
        f'patternUnits="userSpaceOnUse" patternTransform="rotate({45 if index == 1 else 0})">'
        f'<rect class="paper" width="6" height="6"/>{INKS[index]}</pattern>'
    )


def _fit_for_strict_csp(drawing_id: str, title: str) -> Callable[[Any], Any]:
    """A filter for pygal's tree: drops what the policy forbids or a script would need, and gives series their looks."""

    def fit(root: Any) -> Any:
        for node in list(root.iter()):
            if _is_unwanted(node):
                node.getparent().remove(node)
            elif node.tag in {"svg", "g"}:  # pygal's ids would be on the page once for each chart
                node.attrib.pop("id", None)
                node.attrib.pop("style", None)
        for index, dash in enumerate(DASHES):
            _dress(root, index, fill=f"url(#{drawing_id}-{index})", dash=dash)
        root.set("role", "img")
        root.set("aria-label", title)
        return root

    return fit


def _is_unwanted(node: Any) -> bool:
    """Styles, scripts, comments, what only the script would show, and the title, which is the page's own heading."""
    if callable(node.tag) or node.tag in {"style", "script", "title", "desc"}:
        return True
    return not {"tooltip-overlay", "titles"}.isdisjoint(_classes(node))


def _dress(root: Any, index: int, *, fill: str, dash: str) -> None:
    for group in root.iter("g"):
        if f"serie-{index}" in _classes(group):
            for rect in group.iter("rect"):
                rect.set("fill", fill)
            for path in group.iter("path"):
                path.set("stroke-dasharray", dash)


def _classes(node: Any) -> list[str]:
    return str(node.get("class", "")).split()


def _top(series: Sequence[tuple[str, Sequence[int | None]]]) -> int:
    """The largest value; 1 of nothing, since an axis needs a length."""
    return max([1, *(value or 0 for _name, values in series for value in values)])


def _short(day: Day) -> str:
    return formats.date_format(day.day, "j M")


def _number(value: float | None) -> str:
    return "–" if value is None else formats.number_format(round(value), force_grouping=True)
