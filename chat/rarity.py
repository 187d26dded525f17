"""How much each word of a question tells among the sentences that may answer it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Set

Terms = Callable[[str], Iterable[str]]
"""A text's words, as the lexical index has them."""


def rarity(wanted: Iterable[str], texts: Collection[Set[str]]) -> dict[str, float]:
    """Return a weight for each wanted term: the fewer of the texts hold it, the more."""
    holders = Counter(term for text in texts for term in text)
    return {term: math.log(1 + len(texts) / (1 + holders[term])) for term in wanted}
