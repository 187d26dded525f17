"""What the product brings along to ask: frames around words of a document, and questions that lead away from it. One
file for each language of the interface, by ISO 639-1 code; `sr-Latn.txt` is `sr.txt` in Latin letters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Phrases:
    frames: tuple[str, ...]
    """With `{}` where the words go."""
    off_topic: tuple[str, ...]


@cache
def phrases(language: str) -> Phrases:
    """In this language, in English where there are none."""
    path = FOLDER / f"{language}.txt"
    if not path.is_file():
        path = FOLDER / f"{FALLBACK}.txt"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return Phrases(
        frames=tuple(line for line in lines if "{}" in line),
        off_topic=tuple(line for line in lines if "{}" not in line),
    )
