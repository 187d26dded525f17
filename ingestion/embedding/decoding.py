"""Turns the answer of an `/v1/embeddings` endpoint into vectors, without numpy: a question costs microseconds here."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping
from typing import Any

from ingestion.domain import Embedded, Vector

FLOAT32_BYTES = 4
LENGTH_TOLERANCE = 1e-3
"""How far from 1 a vector's length may be before it is scaled; float32 and bfloat16 models stay well inside."""


def decode_vectors(answer: Mapping[str, Any], *, expected: int) -> list[Vector]:
    """Return the vectors in the order of the texts. A wrong answer raises `ValueError`, `KeyError` or `TypeError`."""
    return [each.vector for each in decode_embedded(answer, expected=expected)]


def decode_embedded(answer: Mapping[str, Any], *, expected: int) -> list[Embedded]:
    """`decode_vectors`, with the words where the server tells them."""
    items = sorted(answer["data"], key=lambda item: int(item["index"]))
    if len(items) != expected:
        raise ValueError(f"{expected} texts were sent, {len(items)} vectors came back")
    vectors = [_unit(_numbers(item["embedding"])) for item in items]
    if len(set(map(len, vectors))) > 1:
        raise ValueError("the vectors have different dimensions")
    words = (base64.b64decode(item.get("words", ""), validate=True) for item in items)
    return [Embedded(*each) for each in zip(vectors, words, strict=True)]


def _numbers(embedding: object) -> Vector:
    """Take base64 of little-endian float32, as asked for, or the plain list of endpoints that know nothing else."""
    if isinstance(embedding, str):
        raw = base64.b64decode(embedding, validate=True)
        if len(raw) % FLOAT32_BYTES:
            raise ValueError(f"{len(raw)} bytes are no row of float32")
        return struct.unpack(f"<{len(raw) // FLOAT32_BYTES}f", raw)
    if isinstance(embedding, list):
        return tuple(map(float, embedding))
    raise TypeError(f"an embedding is neither text nor a list but {type(embedding).__name__}")


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector)
    if not 0 < length < math.inf:
        raise ValueError(f"a vector of length {length} has no direction")
    if abs(length - 1) <= LENGTH_TOLERANCE:
        return vector
    return tuple(number / length for number in vector)
