"""Prompts are files, so that they can be read, compared and versioned like code.

`<name>.v<version>.md` begins with a note for whoever compares versions; behind it, a part for each message and one for
a passage, under a heading of its own. A version that has answered anybody is not changed: a new one is added, so that
the version noted with an answer says what its model was told.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

ANSWER = "answer"
"""The name of the prompt by which a model writes an answer of its own."""
_FOLDER = Path(__file__).parent
_FILE = re.compile(r"(?P<name>[a-z_]+)\.v(?P<version>\d+)\.md")
_HEADING = re.compile(r"^## (\w+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version. The parts are templates with named fields in braces; one that the file does not have is empty."""

    name: str
    version: int
    system: str
    passage: str
    """What each passage, or quote, is put into."""
    human: str

    @property
    def label(self) -> str:
        return f"{self.name}.v{self.version}"


@cache
def prompt(name: str, version: int | None = None) -> Prompt:
    """The prompt of that name, in its newest version where none is given. Raise `LookupError` when there is none."""
    known = versions(name)
    wanted = known[-1] if version is None else version
    if wanted not in known:
        raise LookupError(
            f"There is no version {version} of the prompt {name}; there are: {', '.join(map(str, known))}."
        )
    text = (_FOLDER / f"{name}.v{wanted}.md").read_text(encoding="utf-8")
    _note, *headed = _HEADING.split(text)
    parts = {title: body.strip() for title, body in zip(headed[::2], headed[1::2], strict=True)}
    return Prompt(name, wanted, parts.get("system", ""), parts.get("passage", "{text}"), parts["human"])


@cache
def versions(name: str) -> tuple[int, ...]:
    """Oldest first. Raise `LookupError` when there is no prompt of that name."""
    found = [match for file in _FOLDER.iterdir() if (match := _FILE.fullmatch(file.name)) and match["name"] == name]
    if not found:
        raise LookupError(f"There is no prompt called {name}.")
    return tuple(sorted(int(match["version"]) for match in found))


@lru_cache(maxsize=1)
def refusals() -> dict[str, str]:
    """Language (ISO 639-1, for Serbian with its script) -> the sentence that says that nothing was found."""
    texts: dict[str, str] = json.loads((_FOLDER / "refusals.json").read_text(encoding="utf-8"))
    return texts
