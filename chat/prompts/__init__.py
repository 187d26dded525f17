"""Prompts are files, so that they can be read, compared and versioned like code."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def prompt(name: str) -> str:
    """The text of `chat/prompts/<name>.md`."""
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8").strip()


@lru_cache(maxsize=1)
def refusals() -> dict[str, str]:
    """Language (ISO 639-1, for Serbian with its script) -> the sentence that says that nothing was found."""
    texts: dict[str, str] = json.loads((_FOLDER / "refusals.json").read_text(encoding="utf-8"))
    return texts
