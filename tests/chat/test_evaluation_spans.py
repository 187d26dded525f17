from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.evaluation.alignment import alignment
from chat.evaluation.refusing import refusing
from chat.evaluation.sets import Span
from chat.evaluation.spans import Overlap, mean, overlap

SPANS = st.lists(
    st.builds(
        lambda document, start, length: Span(document, start, start + length),
        st.sampled_from("de"),
        st.integers(0, 50),
        st.integers(1, 20),
    ),
    min_size=1,
    max_size=6,
)


def test_what_is_retrieved_twice_counts_twice_against_it() -> None:
    wanted = [Span("d", 10, 20), Span("d", 40, 50)]
    found = [Span("d", 0, 15), Span("d", 10, 20), Span("e", 40, 50)]
    assert overlap(wanted, found) == Overlap(recall=0.5, precision=10 / 35, iou=10 / 45)


def test_answers_that_overlap_count_once() -> None:
    assert overlap([Span("d", 0, 10), Span("d", 5, 20)], [Span("d", 0, 10)]).recall == 0.5


def test_nothing_found_is_nothing_gained() -> None:
    assert overlap([Span("d", 0, 10)], []) == Overlap(0.0, 0.0, 0.0)


@given(wanted=SPANS, found=SPANS)
def test_every_figure_is_a_share_and_none_beats_the_answer_itself(wanted: list[Span], found: list[Span]) -> None:
    figures = overlap(wanted, found)
    assert 0 <= figures.iou <= min(figures.recall, figures.precision) <= 1
    assert overlap(wanted, wanted).recall == 1


def test_the_mean_is_that_of_each_figure() -> None:
    assert mean([Overlap(1.0, 0.5, 0.5), Overlap(0.0, 0.0, 0.0)]) == Overlap(0.5, 0.25, 0.25)


def test_refusing_is_measured_on_both_kinds_of_question() -> None:
    answerable = {"a": True, "b": True, "c": False, "d": False}
    found = refusing(answerable, {"a": False, "b": True, "c": True, "d": False})
    assert (found.precision, found.recall, found.answered, found.balanced_accuracy) == (0.5, 0.5, 0.5, 0.5)
    assert found.unanswerable == 2


@pytest.mark.parametrize("refused", [False, True])
def test_whoever_treats_all_questions_alike_is_right_half_of_the_time(refused: bool) -> None:
    found = refusing({"a": True, "b": False}, {"a": refused, "b": refused})
    assert found.balanced_accuracy == 0.5


@pytest.mark.parametrize(
    ("read", "original", "places"),
    [
        ("abc", "abc", [0, 1, 2, 3]),
        ("abc", "\ufeffa\0b\u200bc", [1, 3, 5, 6]),
        ("a\nb", "a\r\nb", [0, 2, 3, 4]),
        ("a-b", "a\u2011b", [0, 1, 2, 3]),
        ("", "", [0]),
    ],
    ids=["same", "left out", "line ends", "changed", "empty"],
)
def test_what_was_read_is_found_again_in_the_original(read: str, original: str, places: list[int]) -> None:
    assert alignment(read, original) == places
