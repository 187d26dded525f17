"""A comparison as a page shows it: its answers in columns, where it stands in the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy

from chat.comparisons.services import can_be_judged
from chat.models import Turn
from chat.selectors import TurnView, turn_views
from chat.windows import Window
from tenants.access import Access

UNNAMED = (gettext_lazy("Model A"), gettext_lazy("Model B"), gettext_lazy("Model C"))
PRICED_TOKENS = 1_000_000
"""That a provider's prices are for."""
SMALL = Decimal(1)
"""From here on a cost is said in hundredths, below it in ten thousandths."""


@dataclass(frozen=True, slots=True)
class Column:
    view: TurnView
    name: str
    cost: str
    is_best: bool
    goes_on: bool
    """The conversation goes on from this one."""


@dataclass(frozen=True, slots=True)
class ComparisonView:
    columns: Sequence[Column]
    verdict: str
    can_be_judged: bool
    hides_names: bool
    is_running: bool


def views_of(*, access: Access, window: Window) -> list[TurnView]:
    """The turns of a window, those of comparisons with all that was compared."""
    every = [each for turn in window.turns for each in window.compared.get(turn.pk, (turn,))]
    views = {view.id: view for view in turn_views(access=access, turns=every, beside=window.beside)}
    return [_with_comparison(turn, window.compared.get(turn.pk), views) for turn in window.turns]


def _with_comparison(turn: Turn, compared: Sequence[Turn] | None, views: dict[UUID, TurnView]) -> TurnView:
    if compared is None or turn.comparison is None:
        return views[turn.pk]
    comparison = turn.comparison
    judged = can_be_judged(compared)
    running = any(each.is_running for each in compared)
    hidden = comparison.blind and not comparison.verdict and (running or judged)
    return replace(
        views[turn.pk],
        comparison=ComparisonView(
            columns=[
                Column(
                    view=replace(views[each.pk], model="") if hidden else views[each.pk],
                    name=str(unnamed) if hidden else name_of(each) or str(unnamed),
                    cost="" if hidden else cost_of(each),
                    is_best=each.pk == comparison.best_id,
                    goes_on=each.pk == turn.pk,
                )
                for each, unnamed in zip(compared, UNNAMED, strict=False)
            ],
            verdict=comparison.verdict,
            can_be_judged=judged,
            hides_names=hidden,
            is_running=running,
        ),
    )


def name_of(turn: Turn) -> str:
    """What has answered; where nothing has yet, what was asked for."""
    return turn.model or (turn.chosen_provider.model if turn.chosen_provider else "")


def cost_of(turn: Turn) -> str:
    """By the prices that its provider has now; empty where they or the tokens are not known."""
    provider = turn.chosen_provider
    if provider is None or turn.prompt_tokens is None or turn.completion_tokens is None:
        return ""
    if provider.input_price is None and provider.output_price is None:
        return ""
    read = turn.prompt_tokens * (provider.input_price or Decimal(0))
    written = turn.completion_tokens * (provider.output_price or Decimal(0))
    cost = (read + written) / PRICED_TOKENS
    return f"{number_format(cost, decimal_pos=2 if cost >= SMALL else 4)} {provider.currency}".strip()
