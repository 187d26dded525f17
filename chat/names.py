"""The names and numbers of a question: what an answer cannot do without, whatever other words it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator

WORD = re.compile(r"[^\W_][\w'’-]*")
NOUNS_ARE_CAPITALISED = frozenset({"de", "lb"})
"""Languages in which a capital letter tells no name."""
BEGINNINGS = (".", "!", "?", "؟", ":", "…")
"""What a sentence begins after, with a capital letter that says nothing."""


def names_in(question: str, *, language: str) -> Iterator[str]:
    """Yield every word with a digit, and every one with a capital letter where that tells a name. `language` is the
    question's, as ISO 639-1."""
    capitals_tell = language not in NOUNS_ARE_CAPITALISED and not question.isupper()
    for match in WORD.finditer(question):
        word, before = match[0], question[: match.start()].rstrip()
        begins = not before or before.endswith(BEGINNINGS)
        if any(map(str.isdigit, word)) or (capitals_tell and len(word) > 1 and word[0].isupper() and not begins):
            yield word
