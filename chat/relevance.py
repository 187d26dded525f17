"""Whether anything that was found has to do with the question at all.

No score is enough alone: embedders give two unrelated texts a high cosine, a question's common words stand in every
document, and a passage about the same matter that lacks the names and numbers of the question most likely answers
another one. The general line was drawn with the starter embedder on questions with and without an answer, and on such
of a foreign corpus; the figures are in docs/adr/0012-refusing-and-knowledge-gaps.md. Cosines of other embedders are
brought to its scale first (`chat.closeness`). A collection may have a line of its own (`chat.lines`), which decides
over its passages.

Where question and document are in different languages no word agrees, and closeness has to do alone, with less to go
by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chat.closeness import Closeness, as_it_is
from chat.domain import Passage
from chat.names import names_in
from chat.rarity import Terms
from ingestion.index.tokens import STEMMERS

SHARED_WORDS_WEIGHT = 0.2
"""What holding every word of the question is worth, in units of the cosine."""
MISSING_NAMES_WEIGHT = 0.08
"""What holding none of its names and numbers costs."""
RELEVANT = 0.90
RELEVANT_ACROSS_LANGUAGES = 0.80

Lines = Mapping[UUID | None, float]
"""Collection -> the score at which its passages count as relevant; `RELEVANT` where it has none."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a passage comes to a question. `closeness` is a cosine in the starter's terms, `share` is how much of
    the question's words it holds, and `missing` how much of its names and numbers it does not."""

    closeness: float
    share: float
    missing: float

    @property
    def score(self) -> float:
        return self.closeness + SHARED_WORDS_WEIGHT * self.share - MISSING_NAMES_WEIGHT * self.missing


def any_relevant(
    query: str,
    passages: Sequence[Passage],
    *,
    terms: Terms,
    language: str,
    closeness: Closeness = as_it_is,
    lines: Lines | None = None,
) -> bool:
    """`language` is the question's, as ISO 639-1; `closeness` turns the embedder's cosines into the starter's."""
    near = nearness(query, passages, terms=terms, language=language, closeness=closeness)
    return any(
        each.score >= (lines or {}).get(passage.collection_id, RELEVANT)
        or each.share == 1.0
        or (_is_foreign(passage, language) and each.closeness >= RELEVANT_ACROSS_LANGUAGES)
        for passage, each in zip(passages, near, strict=True)
    )


def nearness(
    query: str, passages: Sequence[Passage], *, terms: Terms, language: str, closeness: Closeness = as_it_is
) -> list[Nearness]:
    """Of each passage, in their order."""
    wanted = set(terms(query))
    names = {term for name in names_in(query, language=language) for term in terms(name)}
    return [_nearness(passage, wanted, names, terms, closeness) for passage in passages]


def _nearness(passage: Passage, wanted: set[str], names: set[str], terms: Terms, closeness: Closeness) -> Nearness:
    held = set(terms(f"{passage.document_name} {passage.heading} {passage.text}"))
    return Nearness(
        closeness=closeness(passage.dense or 0.0),
        share=len(wanted & held) / len(wanted) if wanted else 0.0,
        missing=len(names - held) / len(names) if names else 0.0,
    )


def _is_foreign(passage: Passage, language: str) -> bool:
    return bool(passage.language) and _family(passage.language) != _family(language)


def _family(language: str) -> str:
    """Languages that share their words, such as Serbian and Croatian, count as one."""
    return STEMMERS.get(language, language)
