"""How many tokens a text is to a model, without asking it for each text.

The estimate counts words and characters, each by what it costs. The weights were fitted to a tokenizer of the kind
that Phi-3.5 has from Llama 2; newer ones need fewer tokens, so that it errs to the side of too many. What a model has
made of its prompts corrects the estimate for that model and script (docs/adr/0014-prompts-that-fit.md).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

Count = Callable[[str], int]
Messages = Sequence[tuple[str, str]]
"""Role and text of each."""
CountPrompt = Callable[[Messages], Awaitable[int | None]]
"""Asks the model's own tokenizer; None when it cannot say."""

WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
WORD_TOKENS = 0.9
LONG_WORD_CHARS = 5
"""So many letters of a word cost nothing further, and"""
LONG_WORD_TOKENS = 0.45
"""is what each letter beyond them costs."""


class Cost(NamedTuple):
    """`script` names what most of a text is, where this is a script."""

    characters: re.Pattern[str]
    tokens: float
    script: str = ""


LATIN = "latin"
COSTS = (
    Cost(re.compile(r"\d"), 1.15),
    Cost(re.compile(r"\n"), 2.0),
    Cost(re.compile(r"[!-/:-@\[-`{-~]"), 0.95),
)
FOREIGN_COSTS = (
    # Beside its own tokens, a letter with an accent tells of a language that the tokenizer knows less well.
    Cost(re.compile("[\u00c0-\u024f]"), 4.0),
    Cost(re.compile("[\u1e00-\u1eff]"), 0.5),
    Cost(re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), 1.25, "greek"),
    Cost(re.compile("[\u0400-\u052f]"), 0.55, "cyrillic"),
    Cost(re.compile("[\u0590-\u077f\u08a0-\u08ff]"), 1.15, "arabic"),
    Cost(re.compile("[\u0900-\u0dff]"), 1.4, "indic"),
    Cost(re.compile("[\u0e00-\u0eff]"), 1.15, "thai"),
    Cost(re.compile("[\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff]"), 1.3, "han"),
    Cost(re.compile("[\u1100-\u11ff\uac00-\ud7af]"), 1.5, "hangul"),
)
UNKNOWN = re.compile("[^\u0000-\u052f\u0590-\u077f\u08a0-\u0eff\u1100-\u11ff\u1e00-\u1fff\u3040-\u9fff\uac00-\ud7af]")
UNKNOWN_TOKENS = 3.0
"""Emoji and rare scripts are written in bytes."""
MESSAGE_TOKENS = 8
"""What a chat template puts around a message."""
REPORTS_MARGIN = 1.02
KNOWN_CHANGE = 0.02
"""A factor that moves by less is not worth writing down."""


@lru_cache(maxsize=8192)  # every sentence is asked for again with each budget
def estimate_tokens(text: str) -> int:
    words = WORD.findall(text)
    tokens = WORD_TOKENS * len(words) + LONG_WORD_TOKENS * sum(max(0, len(word) - LONG_WORD_CHARS) for word in words)
    for cost in COSTS if text.isascii() else COSTS + FOREIGN_COSTS:
        tokens += cost.tokens * len(cost.characters.findall(text))
    if not text.isascii():
        tokens += UNKNOWN_TOKENS * len(UNKNOWN.findall(text))
    return -int(-tokens // 1)


def script_of(text: str) -> str:
    """What most of the letters are, "latin" where there is no majority for another."""
    if text.isascii():
        return LATIN
    letters = {cost.script: len(cost.characters.findall(text)) for cost in FOREIGN_COSTS if cost.script}
    script = max(letters, key=letters.__getitem__)
    return script if letters[script] > sum(map(len, WORD.findall(text))) else LATIN


@dataclass(slots=True)
class TokenCounter:
    """Counts for one model. Call it with a text for the estimate, corrected by what is known of the model.

    `ask` is its own tokenizer, where it has one. `factors` are what is known: script -> tokens for each estimated one.
    """

    model: str = ""
    ask: CountPrompt | None = None
    factors: dict[str, float] = field(default_factory=dict)
    keep: Callable[[Mapping[str, float]], None] | None = None
    """Writes the factors down for other processes; called in a thread."""
    exact: bool = False
    """Whether the last prompt was counted by the model's own tokenizer."""

    def __call__(self, text: str) -> int:
        return -int(-estimate_tokens(text) * self.factors.get(script_of(text), 1.0) // 1)

    @property
    def name(self) -> str:
        return self.model if self.exact else ""

    async def prompt(self, messages: Messages) -> int:
        """Tokens of a whole prompt, by the model's own tokenizer where it answers."""
        tokens = await self.ask(messages) if self.ask else None
        self.exact = tokens is not None
        if tokens is None:
            return sum(self(text) + MESSAGE_TOKENS for _role, text in messages)
        await self._correct(messages, tokens / _estimate(messages))
        return tokens

    async def reported(self, messages: Messages, tokens: int | None) -> None:
        """The provider has counted a prompt itself. That corrects upwards only: some leave out what was in their
        cache."""
        if tokens and not self.exact:
            ratio = REPORTS_MARGIN * tokens / _estimate(messages)
            await self._correct(messages, max(ratio, self.factors.get(_script(messages), 1.0)))

    async def _correct(self, messages: Messages, factor: float) -> None:
        script = _script(messages)
        if abs(self.factors.get(script, 1.0) - factor) > KNOWN_CHANGE:
            self.factors[script] = factor
            if self.keep:
                await asyncio.to_thread(self.keep, dict(self.factors))


def _estimate(messages: Messages) -> int:
    return sum(estimate_tokens(text) + MESSAGE_TOKENS for _role, text in messages)


def _script(messages: Messages) -> str:
    """Of the last message, which the passages are in."""
    return script_of(messages[-1][1])
