"""What a text gives to be typed as it stands: commands, options, file names and settings in inline code, and the
commands of a block of shell code. Whoever invents one of these sends the reader after something that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chat.mentions import Names

FENCE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}(?!`)|~{3,}(?!~))(?P<info>[^\n`]*)\n(?P<code>.*?)(?:^[ \t]*(?P=fence)|\Z)", re.S | re.M
)
"""A block of code, which may be the last and unfinished. In a list it stands as far in as its item does."""
SHELLS = frozenset({"", "bash", "bat", "cmd", "console", "powershell", "ps1", "sh", "shell", "shell-session", "zsh"})
"""What a block says it is in, where its lines begin with commands. Other languages have names of their own making."""

_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_PLACEHOLDER = re.compile(r"<[^<>\s]*>|\{[^{}\s]*\}|\[[^\[\]]*\]|…|\.\.\.")
_BETWEEN = re.compile(r"[\s=|&;]+")
_EDGES = "\"'`“”‘’()[]{}.,:!?"
_PROMPT = re.compile(r"^\s*(?:[$>%]|PS>|C:\\>)?\s*(?:sudo\s+)?")
_COMMAND = re.compile(r"[a-z_./~][\w./+~-]*|[A-Z]\w*-\w+")  # a sentence in a block of code begins otherwise


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of a block of shell code, and where it is in the text."""

    start: int
    end: int
    words: tuple[str, ...]


def of_spans(markdown: str) -> tuple[str, ...]:
    """The words of its inline code, without placeholders and what has no letter."""
    return tuple(dict.fromkeys(word for span in _SPAN.finditer(markdown) for word in _words(span[2])))


def of_blocks(markdown: str) -> Iterator[CodeLine]:
    """Yield each line that runs something, with the command and its options."""
    for block in FENCE.finditer(markdown):
        if block["info"].strip().lower() not in SHELLS:
            continue
        at = block.start("code")
        for line in block["code"].splitlines(keepends=True):
            written = line.strip()
            command, *rest = _words(_PROMPT.sub("", line.partition(" #")[0], count=1)) or [""]
            if _COMMAND.fullmatch(command) and not written.startswith("#"):
                start = at + line.index(written)
                yield CodeLine(start, start + len(written), (command, *(word for word in rest if word[0] == "-")))
            at += len(line)


def has(word: str, text: str, names: Names) -> bool:
    """Whether `text`, whose names these are, has the word: letter by letter, or, where it is letters only, in some form
    and script."""
    within = r"[\w-]" if word.startswith("-") else r"\w"  # `--to` is another option than `--to-file`
    if re.search(rf"(?<!{within}){re.escape(word)}(?!{within})", text, re.IGNORECASE):
        return True
    return word.isalpha() and names.have(word)


def _words(code: str) -> list[str]:
    words = (piece.strip(_EDGES).rstrip("/") for piece in _BETWEEN.split(_PLACEHOLDER.sub(" ", code)))
    return [word for word in words if any(letter.isalpha() for letter in word)]
