"""What the lexical indexes have in common: BM25 as SQLite's FTS5 computes it, so that all of them rank alike.

    score(passage) = sum over the terms of  idf(term) * tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / mean length))

`tf` counts the term in the passage's title, heading and text together; `length` counts all their terms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ingestion.index.tokens import query_terms, terms

K1 = 1.2
B = 0.75
IDF_FLOOR = 1e-6
"""FTS5 gives a term that more than half of the passages hold this instead of a negative weight."""

MAX_QUERY_TERMS = 128
"""A question that pastes a whole page is looked for by its first so many terms."""

FREQUENT_SHARE = 0.3
FEW_PASSAGES = 1_000
"""A tenant with more passages than this is not searched for terms that more than `FREQUENT_SHARE` of them hold, where
the question has rarer ones. They change little in the order (nDCG@10 at most 0.002 lower on five sets) and make up
most of the cost."""


def wanted(question: str, languages: Iterable[str]) -> list[str]:
    """Return the distinct terms to look for in the index of documents in these languages."""
    variants = (term for word in query_terms(question, languages) for term in word)
    return list(dict.fromkeys(variants))[:MAX_QUERY_TERMS]


def telling(wanted: Iterable[str], holding: Mapping[str, int], passages: int) -> list[str]:
    """Return the terms that are worth their cost, where `holding[term]` of the passages hold each. Maybe none is."""
    if passages <= FEW_PASSAGES:
        return list(wanted)
    return [term for term in wanted if holding.get(term, 0) <= FREQUENT_SHARE * passages]


def variants(words: Iterable[str], languages: Iterable[str]) -> list[list[str]]:
    """Return for each word the terms that it may be indexed as in documents of these languages."""
    codes = list(languages) or [""]
    return [list(dict.fromkeys(term for code in codes for term in terms(word, code))) for word in words]


def rarity(variants: Iterable[Iterable[str]], holding: Mapping[str, int], passages: int) -> list[float]:
    """The weight of each word is that of the most frequent of its terms; what is no word has none."""
    return [idf(max(holding.get(term, 0) for term in each), passages) if each else 0.0 for each in variants]


def idf(holding: int, passages: int) -> float:
    return max(math.log((passages - holding + 0.5) / (holding + 0.5)), IDF_FLOOR)


def term_score(tf: int, length: int, mean_length: float) -> float:
    """What a term adds, before its idf."""
    return tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / mean_length))
