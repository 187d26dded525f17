"""Whether anything that was found has to do with the question at all.

Neither score is enough alone: embedders give two unrelated texts a high cosine, and a question's common words stand in
every document. The line was drawn on questions against their own and a foreign corpus, with the starter embedder;
the figures are in docs/performance.md. Cosines of other embedders are brought to its scale first (`chat.closeness`).

Where question and document are in different languages no word agrees, and closeness has to do alone, with less to go
by.
"""

from __future__ import annotations

from collections.abc import Sequence

from chat.closeness import Closeness, as_it_is
from chat.domain import Passage
from chat.rarity import Terms
from ingestion.index.tokens import STEMMERS

SHARED_WORDS_WEIGHT = 0.2
"""What holding every word of the question is worth, in units of the cosine."""
RELEVANT = 0.91
RELEVANT_ACROSS_LANGUAGES = 0.80


def any_relevant(
    query: str, passages: Sequence[Passage], *, terms: Terms, language: str, closeness: Closeness = as_it_is
) -> bool:
    """`language` is the question's, as ISO 639-1; `closeness` turns the embedder's cosines into the starter's."""
    wanted = set(terms(query))
    return any(_relevant(passage, closeness(passage.dense or 0.0), wanted, terms, language) for passage in passages)


def _relevant(passage: Passage, closeness: float, wanted: set[str], terms: Terms, language: str) -> bool:
    text = f"{passage.document_name} {passage.heading} {passage.text}"
    share = len(wanted.intersection(terms(text))) / len(wanted) if wanted else 0.0
    if closeness + SHARED_WORDS_WEIGHT * share >= RELEVANT or share == 1.0:
        return True
    foreign = bool(passage.language) and _family(passage.language) != _family(language)
    return foreign and closeness >= RELEVANT_ACROSS_LANGUAGES


def _family(language: str) -> str:
    """Languages that share their words, such as Serbian and Croatian, count as one."""
    return STEMMERS.get(language, language)
