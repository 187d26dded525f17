"""A prompt that the model's context holds, with as much from the documents as fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from chat.counting import Messages, TokenCounter
from chat.domain import Passage
from chat.errors import PromptTooLong
from chat.packing import clipped

Packed = tuple[tuple[Passage, ...], tuple[Passage, ...]]
"""Those in the prompt, and those that are not."""

FITTINGS = 4
"""How often a prompt is packed anew that turns out longer than was reckoned. Each is counted by the model's tokenizer,
and the next one is reckoned with what that has taught."""
SPARE_SHARE = 0.1
"""So much of the room may be left where sentences were left out; with more, they are chosen once more."""
LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Fitted:
    packed: tuple[Passage, ...]
    cut: tuple[Passage, ...]
    tokens: int
    room: int


async def fitted(
    pack: Callable[[int], Packed],
    prompt_of: Callable[[Sequence[Passage]], Messages],
    *,
    count: TokenCounter,
    room: int,
) -> Fitted:
    """`pack` packs for so many tokens less than it reckons itself; `prompt_of` makes the prompt of what it has packed;
    `room` is what that may have. Raise `PromptTooLong` where not even the beginning of a passage fits."""
    less = 0
    best: Fitted | None = None
    for _fitting in range(FITTINGS):
        packed, cut = pack(less)
        tokens = await count.prompt(prompt_of(packed))
        if tokens <= room:
            spare = room - tokens > SPARE_SHARE * room and any(each.kept for each in packed)
            if best is None and spare and count.exact:
                best = Fitted(packed, cut, tokens, room)
                continue
            return Fitted(packed, cut, tokens, room)
        if best is not None:
            return best
        less += tokens - room
    return await _clipped(packed, cut, prompt_of, count=count, room=room)


async def _clipped(
    packed: Sequence[Passage],
    cut: tuple[Passage, ...],
    prompt_of: Callable[[Sequence[Passage]], Messages],
    *,
    count: TokenCounter,
    room: int,
) -> Fitted:
    """For text in which even one sentence is too long."""
    share = 1.0
    while share > LEAST_SHARE:
        share /= 2
        shorter = tuple(clipped(each, max(1, round(len(each.excerpt) * share))) for each in packed)
        tokens = await count.prompt(prompt_of(shorter))
        if tokens <= room:
            return Fitted(shorter, cut, tokens, room)
    raise PromptTooLong(
        _(
            "The question and the instructions fill the model's context, so that nothing from the documents fits in. "
            "Ask more briefly, or choose a model with a longer context."
        )
    )
