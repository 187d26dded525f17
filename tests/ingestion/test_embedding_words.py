from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.embedding import words


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in words.spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The saw's blade, 3.5 mm.", ["The", "saw", "s", "blade", "3", "5", "mm"]),
        ("Ђорђе воли шљиве", ["Ђорђе", "воли", "шљиве"]),
        ("東京都に行く", ["東京", "都に", "行く"]),
        ("— …", []),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, expected: list[str]) -> None:
    assert said(text) == expected


def test_a_word_is_the_mean_of_its_tokens() -> None:
    # "plum tree": the model's own token, "pl", "um", " tree", and the one at the end.
    tokens = np.asarray([[9, 9], [1, 0], [3, 0], [0, 4], [9, 9]], np.float32)
    rows = words.of_tokens(tokens, [0, 2, 4, 9, 0], words.spans("plum tree"))
    assert rows.tolist() == [[2, 0], [0, 4]]


def test_words_that_were_cut_off_have_no_row() -> None:
    tokens = np.asarray([[9, 9], [1, 0], [9, 9]], np.float32)
    assert words.of_tokens(tokens, [0, 4, 0], words.spans("plum tree stump")).tolist() == [[1, 0]]


def test_a_word_without_a_token_of_its_own_shares_that_before() -> None:
    tokens = np.asarray([[1, 0], [0, 1]], np.float32)
    rows = words.of_tokens(tokens, [4, 15], words.spans("plum tree stump"))
    assert rows.tolist() == [[1, 0], [1, 0], [0, 1]]


def test_a_text_without_words_has_no_rows() -> None:
    assert words.of_tokens(np.ones((3, 2), np.float32), [0, 1, 0], words.spans("!")).shape == (0, 2)


@given(st.lists(st.lists(st.sampled_from([-1.0, 1.0]), min_size=12, max_size=12), max_size=5))
def test_signs_survive_packing(rows: list[list[float]]) -> None:
    matrix = np.asarray(rows, np.float32).reshape(-1, 12)
    packed = words.pack_signs(matrix)
    assert len(packed) == 2 * len(rows)  # 12 bits take two bytes
    unpacked = words.unpack_signs(packed, 12)
    assert np.sign(unpacked).tolist() == matrix.tolist()
    assert np.linalg.norm(unpacked, axis=1) == pytest.approx(np.ones(len(rows)))


def test_numbers_survive_packing_within_half_precision() -> None:
    matrix = np.asarray([[0.25, -0.5], [1.0, 0.1]], np.float32)
    assert words.unpack_numbers(words.pack_numbers(matrix), 2) == pytest.approx(matrix, abs=1e-3)


def test_centred_words_have_length_1_and_nothing_in_common() -> None:
    rows = np.asarray([[5, 1], [5, -1]], np.float32)
    assert words.centred(rows, np.asarray([5, 0], np.float32)).tolist() == [[0, 1], [0, -1]]
