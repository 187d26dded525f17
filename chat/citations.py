"""Citations in an answer are written `[n]`. Only numbers of sources that exist get through.

Models write them in many ways: `[1, 2]`, `[1-3]`, `[Passage 2, page 4]`, `【3】`, and now and then a number that was
never given to them. Everything is brought to `[n]`, one number in each pair of brackets, while the text streams. Code
is left as it is, and so are intervals of which no number is a source's: `row[7]` and `[0, 100]` cite nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

CITATION = re.compile(r"\[([1-9]\d{0,2})\]")

_NAME = (
    r"(?:(?:passages?|sources?|documents?|docs?|passagen?|quellen?|dokumente?|izvori?|odlomci|odlomak|dokumenti"
    r"|извори?|одломци|одломак|документи?|(?:ال)?(?:مقطع|مصدر|مستند))\s*+)?[#:]?\s*+"
)
GROUP = re.compile(
    rf"[\[【]\s*+{_NAME}(\d{{1,3}}(?:\s*+(?:,\s*+(?:and|und)\s|[,;،&–-]|and|и|i|und|و)\s*+{_NAME}\d{{1,3}})*)"
    r"(?:†[^\]】]{0,40}|,?\s*+(?:pages?|p\.|seiten?|s\.|str\.|стр\.|ص\.?)\s*+\d[\d\s–-]{0,9})?\s*+[\]】]",
    re.IGNORECASE,
)
"""No run of spaces is tried twice: documents are looked through for it, too."""
_NUMBER_OR_RANGE = re.compile(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?")
_SPECIAL = re.compile(r"[\[【]|`+")
_CLOSING = re.compile(r"[\]】]")
_LONGEST_GROUP = 48
"""A bracket that is not closed within so many characters is no citation."""
_LONGEST_CODE = 120
"""The same of a backtick, for code within a line."""
_FENCE = 3
"""Backticks that begin a block of code."""
_MAX_RANGE = 20


class CitationFilter:
    """Feed the answer as it streams; get back text with clean citations, and what has been cited so far."""

    def __init__(self, numbers: frozenset[int]) -> None:
        self.numbers = numbers
        self.cited: list[int] = []
        """In the order of their first appearance."""
        self._held = ""
        self._fence = 0
        """Backticks that the block of code began with which we are in; 0 outside."""

    def feed(self, delta: str) -> str:
        """Return what can be shown by now. A bracket or a backtick is held back until it is known what it begins."""
        return self._clean(self._held + delta, is_end=False)

    def flush(self) -> str:
        """The rest, once the answer has ended."""
        return self._clean(self._held, is_end=True)

    def _clean(self, text: str, *, is_end: bool) -> str:
        shown, at = [], 0
        self._held = ""
        while special := _SPECIAL.search(text, at):
            shown.append(text[at : special.start()])
            at = special.start()
            taken = self._code(text, special, is_end) if special[0][0] == "`" else self._group(text, at)
            if taken is None and not is_end:
                self._held = text[at:]
                return "".join(shown)
            piece, at = taken or (text[at : special.end()], special.end())
            shown.append(piece)
        return "".join((*shown, text[at:]))

    def _code(self, text: str, ticks: re.Match[str], is_end: bool) -> tuple[str, int] | None:
        """What is shown from these backticks on and where the rest begins; None while more has to be seen."""
        if ticks.end() == len(text) and not is_end:
            return None
        if self._fence or len(ticks[0]) >= _FENCE:
            if len(ticks[0]) >= max(self._fence, _FENCE):
                self._fence = 0 if self._fence else len(ticks[0])
            return ticks[0], ticks.end()
        line = text[ticks.end() : ticks.end() + _LONGEST_CODE].partition("\n")
        closing = re.search(rf"(?<!`){ticks[0]}(?!`)", line[0])
        is_cut = not is_end and not line[1] and len(line[0]) < _LONGEST_CODE
        if is_cut and (closing is None or closing.end() == len(line[0])):
            return None
        end = ticks.end() + (closing.end() if closing else 0)
        return text[ticks.start() : end], end

    def _group(self, text: str, at: int) -> tuple[str, int] | None:
        """The same of a bracket."""
        if self._fence:
            return text[at], at + 1
        closing = _CLOSING.search(text, at, at + _LONGEST_GROUP)
        if closing is None:
            return None if len(text) - at < _LONGEST_GROUP else (text[at], at + 1)
        match = GROUP.match(text, at, closing.end())
        return (self._cleaned(match), match.end()) if match else (text[at], at + 1)

    def _cleaned(self, group: re.Match[str]) -> str:
        numbers = list(dict.fromkeys(_numbers(group[1])))
        known = [number for number in numbers if number in self.numbers]
        if not known and (len(numbers) > 1 or 0 in numbers):
            return group[0]
        self.cited.extend(number for number in known if number not in self.cited)
        return "".join(f"[{number}]" for number in known)


def _numbers(group: str) -> Iterator[int]:
    for match in _NUMBER_OR_RANGE.finditer(group):
        first, last = int(match[1]), int(match[2] or match[1])
        yield from range(first, min(last, first + _MAX_RANGE) + 1) if last >= first else (first, last)
