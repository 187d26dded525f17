from __future__ import annotations

import base64
import math
import struct
from typing import Any

import pytest

from ingestion.embedding.decoding import decode_vectors


def answer(*embeddings: Any) -> dict[str, Any]:
    return {"data": [{"index": index, "embedding": each} for index, each in enumerate(embeddings)]}


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def test_it_reads_base64_and_lists_alike() -> None:
    assert decode_vectors(answer(packed(0.6, 0.8)), expected=1)[0] == pytest.approx((0.6, 0.8))
    assert decode_vectors(answer([0.6, 0.8]), expected=1)[0] == pytest.approx((0.6, 0.8))


def test_it_scales_to_length_1() -> None:
    assert decode_vectors(answer([30, 40]), expected=1)[0] == pytest.approx((0.6, 0.8))


def test_it_goes_by_the_index_and_not_by_the_place() -> None:
    shuffled = {"data": [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]}
    assert decode_vectors(shuffled, expected=2) == [(1, 0), (0, 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"data": []},
        answer([1.0], [1.0]),
        answer("no base64!"),
        answer(base64.b64encode(b"12345").decode()),
        answer(None),
        answer([0.0, 0.0]),
        answer([math.nan, 1.0]),
        answer([math.inf, 1.0]),
        answer(["a"]),
    ],
)
def test_it_refuses_what_is_no_vector(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode_vectors(wrong, expected=1)


def test_it_refuses_vectors_of_different_dimensions() -> None:
    with pytest.raises(ValueError, match="different dimensions"):
        decode_vectors(answer([1.0], [0.6, 0.8]), expected=2)
