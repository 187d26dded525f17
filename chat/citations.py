"""Citations in an answer are written `[n]`. Only numbers of sources that exist get through.

Models write them in many ways: `[1, 2]`, `[1-3]`, `[Passage 2]`, `【3】`, and now and then a number that was never
given to them. Everything is brought to `[n]`, one number in each pair of brackets, while the text streams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CITATION = re.compile(r"\[(\d{1,3})\]")

_OPENING = "[【"
GROUP = re.compile(
    r"[\[【]\s*(?:passages?|sources?|извор|izvor|quelle)?\s*"
    r"(\d{1,3}(?:\s*(?:[,;&–-]|and|и|i|und)\s*\d{1,3})*)(?:†[^\]】]{0,40})?\s*[\]】]",
    re.IGNORECASE,
)
_NUMBER_OR_RANGE = re.compile(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?")
_HOLD_CHARS = 48
"""A bracket that is not closed within this many characters is no citation."""
_MAX_RANGE = 20


class CitationFilter:
    """Feed the answer as it streams; get back text with clean citations, and what has been cited so far."""

    def __init__(self, numbers: frozenset[int]) -> None:
        self.numbers = numbers
        self.cited: list[int] = []
        """In the order of their first appearance."""
        self._held = ""

    def feed(self, delta: str) -> str:
        """Return what can be shown by now. A bracket that is still open is held back until it closes."""
        text = self._held + delta
        opening = max(text.rfind(mark) for mark in _OPENING)
        is_open = opening >= 0 and not re.search(r"[\]】]", text[opening:])
        if is_open and len(text) - opening <= _HOLD_CHARS:
            self._held = text[opening:]
            text = text[:opening]
        else:
            self._held = ""
        return self._clean(text)

    def flush(self) -> str:
        """The rest, once the answer has ended."""
        text, self._held = self._held, ""
        return self._clean(text)

    def _clean(self, text: str) -> str:
        return GROUP.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        known = [number for number in dict.fromkeys(_numbers(match[1])) if number in self.numbers]
        self.cited.extend(number for number in known if number not in self.cited)
        return "".join(f"[{number}]" for number in known)


def _numbers(group: str) -> Iterator[int]:
    for match in _NUMBER_OR_RANGE.finditer(group):
        first, last = int(match[1]), int(match[2] or match[1])
        yield from range(first, min(last, first + _MAX_RANGE) + 1) if last >= first else (first, last)


def cited_numbers(answer: str) -> list[int]:
    """The numbers that a finished answer cites, in the order of their first appearance."""
    return list(dict.fromkeys(int(number) for number in CITATION.findall(answer)))
