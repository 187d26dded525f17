"""Whether anything that was found has to do with the question at all.

Neither score is enough alone: embedders give two unrelated texts a high cosine, and a question's common words stand in
every document. The general line was drawn on questions against their own and a foreign corpus, with the starter
embedder; the figures are in docs/performance.md. Cosines of other embedders are brought to its scale first
(`chat.closeness`). A collection may have a line of its own (`chat.fitting`), which decides over its passages.

Where question and document are in different languages no word agrees, and closeness has to do alone, with less to go
by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from chat.closeness import Closeness, as_it_is
from chat.domain import Passage
from chat.rarity import Terms
from ingestion.index.tokens import STEMMERS

SHARED_WORDS_WEIGHT = 0.2
"""What holding every word of the question is worth, in units of the cosine."""
RELEVANT = 0.91
RELEVANT_ACROSS_LANGUAGES = 0.80

Lines = Mapping[UUID | None, float]
"""Collection -> the score at which its passages count as relevant; `RELEVANT` where it has none."""


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
    wanted = set(terms(query))
    return any(
        _relevant(
            closeness(passage.dense or 0.0),
            _share(passage, wanted, terms),
            line=(lines or {}).get(passage.collection_id, RELEVANT),
            foreign=bool(passage.language) and _family(passage.language) != _family(language),
        )
        for passage in passages
    )


def best_score(query: str, passages: Sequence[Passage], *, terms: Terms, closeness: Closeness = as_it_is) -> float:
    """The score of the passage that comes nearest, which its line is compared with; 0 of none."""
    wanted = set(terms(query))
    scores = (
        closeness(passage.dense or 0.0) + SHARED_WORDS_WEIGHT * _share(passage, wanted, terms) for passage in passages
    )
    return max(scores, default=0.0)


def _relevant(closeness: float, share: float, *, line: float, foreign: bool) -> bool:
    if closeness + SHARED_WORDS_WEIGHT * share >= line or share == 1.0:
        return True
    return foreign and closeness >= RELEVANT_ACROSS_LANGUAGES


def _share(passage: Passage, wanted: set[str], terms: Terms) -> float:
    text = f"{passage.document_name} {passage.heading} {passage.text}"
    return len(wanted.intersection(terms(text))) / len(wanted) if wanted else 0.0


def _family(language: str) -> str:
    """Languages that share their words, such as Serbian and Croatian, count as one."""
    return STEMMERS.get(language, language)
