"""Whether the passages say what an answer says. No model is asked: each sentence is compared with the passages that it
cites, or where it cites none, with all of them.

Numbers, dates, names and what is to be typed have to be there (`chat.facts`, `chat.mentions`, `chat.literals`). Beyond
that a sentence is supported by the words it shares with a stretch of a passage, the rare ones more, and by how close
their meanings are, where there is an embedder. The line was drawn on one half of labelled pairs of sentences and
passages and measured on the other: see
docs/adr/0011-checking-answers.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import mul

from chat.closeness import Closeness, as_it_is
from chat.domain import Checked, Finding, Passage, Verdict
from chat.extractive import EmbedSentences
from chat.grounds import Comparison, Ground, compare, grounds
from chat.prompts import refusals
from chat.refusal import is_refusal
from chat.statements import Statement, statements

MEANING_WEIGHT = 4.0
"""Cosines of sentence embedders lie close together; this spreads them to the scale of the shared words."""
CLOSE = 0.86
"""The closeness that neither speaks for a sentence nor against it."""
SUPPORTED = 0.3
"""Share of the words, with what closeness adds or takes away."""
STRANGE = 4
"""So many words in a row that no passage has are somebody else's."""
CLOSE_ACROSS_LANGUAGES = 0.865
"""Of 60 sentences of XQuAD in English, nineteen in twenty were nearer than 0.89 to their paragraph in German, Spanish
or Russian, and one in fifty nearer than 0.85 to another paragraph."""
PLAINLY_SAID = 0.85
"""A stretch with so much of a sentence's words says it, however far away its meaning seems."""


async def check(
    markdown: str,
    passages: Sequence[Passage],
    *,
    language: str,
    is_draft: bool = False,
    only_cited: bool = False,
    embed: EmbedSentences | None = None,
    closeness: Closeness = as_it_is,
) -> Checked:
    """Compare what `markdown` states, in `language`, with the passages, whose numbers it cites. A draft cites nothing,
    and nobody expects it to. With `only_cited`, so may other sentences, which are then left alone."""
    # Some twenty milliseconds of reading, during which other answers go on.
    beside, compared = await asyncio.to_thread(_compared, markdown, passages, language, only_cited=only_cited)
    close = await _closeness_of([each for each in compared if _is_open(each)], embed, closeness)
    findings = (_finding(each, beside, language, close.get(each.statement)) for each in compared)
    told = (replace(found, draft=is_draft) for found in findings if found and (found.is_fault or not is_draft))
    return Checked(sentences=len(compared), findings=tuple(told))


def _compared(
    markdown: str, passages: Sequence[Passage], language: str, *, only_cited: bool
) -> tuple[Sequence[Ground], Sequence[Comparison]]:
    said = [each for each in statements(markdown) if not _refuses(each.text) and (each.cited or not only_cited)]
    beside = grounds(passages, language)
    return beside, [compare(each, _cited(each, beside), language) for each in said] if beside else []


def _refuses(text: str) -> bool:
    return any(is_refusal(text, each) for each in refusals().values())


def _cited(statement: Statement, beside: Sequence[Ground]) -> Sequence[Ground]:
    """What the statement has to be supported by: all that there is, where it does not say."""
    return [each for each in beside if each.number in statement.cited] or beside


def _is_open(compared: Comparison) -> bool:
    """Whether words alone do not tell."""
    is_decided = _missing(compared) or compared.statement.is_code or compared.strange >= STRANGE
    return not is_decided and compared.covered < PLAINLY_SAID


async def _closeness_of(
    compared: Sequence[Comparison], embed: EmbedSentences | None, closeness: Closeness
) -> dict[Statement, float]:
    """How near the nearest stretch is to each statement, in the starter embedder's terms."""
    texts = list(dict.fromkeys(text for each in compared for text in (each.statement.text, *each.stretches)))
    if embed is None or not texts:
        return {}
    vectors = dict(zip(texts, await embed(texts), strict=True))

    def nearest(each: Comparison) -> float:
        own = vectors[each.statement.text]
        return max((sum(map(mul, own, vectors[text])) for text in each.stretches), default=0.0)

    return {each.statement: closeness(nearest(each)) for each in compared}


def _finding(compared: Comparison, beside: Sequence[Ground], language: str, close: float | None) -> Finding | None:
    statement = compared.statement
    told = partial(Finding, statement.start, statement.end, cited=statement.cited)
    if (fault := _fault(compared, close)) is None and statement.is_code:
        return None
    if fault is None:
        return None if statement.cited else told(Verdict.UNCITED, found_in=compared.found_in)
    if statement.cited and (other := _elsewhere(statement, beside, language)):
        return told(Verdict.ELSEWHERE, found_in=other)
    verdict, detail = fault
    return told(verdict, detail=detail)


def _fault(compared: Comparison, close: float | None) -> tuple[Verdict, str] | None:
    """What is wrong with the statement, and the number or name that is."""
    if missing := _missing(compared):
        return missing
    is_fine = compared.statement.is_code or _is_supported(compared, close)
    return None if is_fine else (Verdict.UNSAID, "")


def _missing(compared: Comparison) -> tuple[Verdict, str] | None:
    if compared.missing_literal:
        return Verdict.LITERAL, compared.missing_literal
    if compared.missing:
        return Verdict.DATE if compared.missing.is_date else Verdict.NUMBER, compared.missing.written
    return (Verdict.NAME, compared.missing_name) if compared.missing_name else None


def _is_supported(compared: Comparison, close: float | None) -> bool:
    if compared.covered >= PLAINLY_SAID:
        return True
    if compared.is_foreign:
        return close is None or close >= CLOSE_ACROSS_LANGUAGES  # without an embedder nobody can say
    if compared.strange >= STRANGE:
        return False
    meaning = 0.0 if close is None else MEANING_WEIGHT * (close - CLOSE)
    return compared.covered + meaning >= SUPPORTED


def _elsewhere(statement: Statement, beside: Sequence[Ground], language: str) -> int | None:
    """Another passage that plainly says it."""
    for other in beside:
        if other.number not in statement.cited:
            compared = compare(statement, [other], language)
            if not _is_open(compared) and _fault(compared, None) is None:
                return other.number
    return None
