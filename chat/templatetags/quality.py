"""Figures in the quality lab's templates: `{{ run.figures|figure:"recall@5" }}`, `{{ result.answer_match|share }}`."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from chat.quality.comparing import MEASURES, Unit
from chat.quality.showing import text_of

register = template.Library()
UNITS = {measure.name: measure.unit for measure in MEASURES}


@register.filter
def figure(figures: Mapping[str, float], name: str) -> str:
    return text_of(figures.get(name), UNITS[name])


@register.filter
def share(value: float | None) -> str:
    """A share of 1 in percent."""
    return text_of(value, Unit.SHARE)
