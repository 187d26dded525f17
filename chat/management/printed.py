"""What the commands print of passages and answers."""

from __future__ import annotations

import re
from typing import Any

from chat.domain import Passage
from chat.excerpts import opening

PIECE = re.compile(r"`+|\\.?|[^\\`]+", re.DOTALL)
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def passage_row(passage: Passage) -> dict[str, Any]:
    """What `--json` says of a passage, whichever command has found it."""
    return {
        "document": passage.document_name,
        "document_id": str(passage.document_id),
        "chunk_id": str(passage.chunk_id),
        "page": passage.page,
        "heading": passage.heading,
        "start": passage.start,
        "end": passage.end,
        "excerpt": opening(passage.text),
    }


class Unescaped:
    r"""Markdown as a person reads it in a terminal: `\_` is `_` but for code, where a backslash is one.

    The text comes in pieces, as a model writes it; `feed` gives back of each what is certain by then.
    """

    def __init__(self) -> None:
        self._held = ""
        self._code = ""
        """The backticks that the code began with, while it goes on."""

    def feed(self, text: str) -> str:
        pieces = PIECE.findall(self._held + text)
        unfinished = bool(pieces) and (pieces[-1] == "\\" or pieces[-1][0] == "`")
        self._held = pieces.pop() if unfinished else ""
        return "".join(map(self._read, pieces))

    def close(self) -> str:
        """The rest, after which another text may begin."""
        rest = self._read(self._held)
        self._held = self._code = ""
        return rest

    def _read(self, piece: str) -> str:
        ticks = piece.removeprefix("\\") if self._code else piece
        if ticks[:1] == "`" and self._code in {"", ticks}:
            self._code = "" if self._code else ticks
            return piece
        return piece if self._code else ESCAPED.sub(r"\1", piece)
