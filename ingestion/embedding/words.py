"""Words of a text and their vectors, as the embedder hands them out and the chat compares them.

Whoever has the text can tell its words again, so that vectors are kept without them: the i-th row is the i-th word's.
A row is the mean of the model's last layer over the word's tokens, less what all words have in common, scaled to
length 1. Of a passage only the signs are kept, a bit for each dimension: 48 bytes a word with the starter embedder,
and no worse in ranking than the numbers themselves (docs/adr/0015-late-interaction.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ingestion.index.tokens import MARKS, SPACELESS

WORD = re.compile(rf"[{SPACELESS}]{{1,2}}|(?:[^\W_{SPACELESS}]|[{MARKS}])+")
"""A run of letters and digits, or two characters of a script that puts no spaces between words."""

Rows = npt.NDArray[np.float32]


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each word, in characters."""
    return [match.span() for match in WORD.finditer(text)]


def of_tokens(tokens: Rows, ends: Sequence[int], words: Sequence[tuple[int, int]]) -> Rows:
    """Return the mean of each word's tokens; `ends` says where in the text each token ends, 0 for those of the model's
    own. Words after the last token were cut off and have no row; one without a token of its own shares that before."""
    starts = [start for start, _end in words]
    owner = np.searchsorted(starts, np.asarray(ends), side="left") - 1  # the last word that begins before it ends
    inside = [index for index, word in enumerate(owner) if word >= 0 and ends[index] <= words[word][1]]
    if not inside:
        return np.empty((0, tokens.shape[1]), np.float32)
    held, first = np.unique(owner[inside], return_index=True)
    sums = np.add.reduceat(tokens[inside], first)
    means = (sums / np.diff([*first, len(inside)])[:, None]).astype(np.float32)
    nearest = np.searchsorted(held, np.arange(held[-1] + 1), side="right") - 1
    rows: Rows = means[np.maximum(nearest, 0)]
    return rows


def centred(rows: Rows, centre: Rows) -> Rows:
    offsets = rows - centre
    lengths = np.linalg.norm(offsets, axis=1, keepdims=True)
    result: Rows = (offsets / np.maximum(lengths, 1e-9)).astype(np.float32)
    return result


def pack_signs(rows: Rows) -> bytes:
    return np.packbits(rows > 0, axis=1).tobytes()


def unpack_signs(packed: bytes, dimension: int) -> Rows:
    """Return rows of length 1."""
    bits = np.frombuffer(packed, np.uint8).reshape(-1, -(-dimension // 8))
    signs = np.unpackbits(bits, axis=1, count=dimension).astype(np.float32) * 2 - 1
    return signs / np.float32(np.sqrt(dimension))


def pack_numbers(rows: Rows) -> bytes:
    return rows.astype("<f2").tobytes()


def unpack_numbers(packed: bytes, dimension: int) -> Rows:
    return np.frombuffer(packed, "<f2").reshape(-1, dimension).astype(np.float32)
