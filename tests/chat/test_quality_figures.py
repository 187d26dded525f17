"""What is measured of found passages and answers, and when two runs are told to differ."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any
from uuid import uuid4

import pytest

from chat.quality.comparing import Verdict, change_of, compare, sign_test
from chat.quality.figures import Result, figures_of
from chat.quality.matching import Expected, Found, answer_match, ranks_of, same_place
from ingestion.index import tokens

PUMP, TRAIN = uuid4(), uuid4()
WARRANTY = "Its warranty lasts three years from the day of purchase"


def found(series=PUMP, text: str = WARRANTY, page: int | None = None, last_page: int | None = None) -> Found:
    return Found(series, page, last_page, text)


# --- what fulfils an expectation ---


def test_a_passage_of_the_document_will_do_where_no_more_is_said() -> None:
    assert ranks_of([Expected(TRAIN, "train.txt")], [found(PUMP), found(TRAIN), found(TRAIN)]) == [2]


def test_each_expectation_has_its_own_place_and_none_where_nothing_fulfils_it() -> None:
    expected = [Expected(TRAIN, "train.txt"), Expected(PUMP, "pump.txt"), Expected(uuid4(), "gone.txt")]
    assert ranks_of(expected, [found(PUMP), found(TRAIN)]) == [2, 1, None]


@pytest.mark.parametrize(("page", "rank"), [(1, None), (2, 1), (3, 1), (4, None)])
def test_a_passage_has_to_be_on_the_page(page: int, rank: int | None) -> None:
    assert ranks_of([Expected(PUMP, "pump.pdf", page=page)], [found(page=2, last_page=3)]) == [rank]


def test_a_passage_has_to_share_the_words_however_it_was_cut() -> None:
    expected = [Expected(PUMP, "pump.txt", text=f"Oil it weekly. {WARRANTY}. Keep the box.")]
    other_place, smaller = (
        found(text="The valve opens at eight bar and no sooner"),
        found(text="warranty lasts three years"),
    )
    assert ranks_of(expected, [other_place, smaller]) == [2]


def test_words_in_another_order_are_another_place() -> None:
    assert same_place("warranty lasts three years", WARRANTY)
    assert not same_place("years three lasts warranty", WARRANTY)
    assert not same_place("", WARRANTY)


@pytest.mark.parametrize(("words", "is_there"), [("three years", True), ("Warranty", True), ("two years", False)])
def test_one_word_or_two_are_enough_to_say_where_it_stands(words: str, is_there: bool) -> None:
    expected = [Expected(PUMP, "pump.txt", text=words)]
    assert ranks_of(expected, [found(text="Purchase"), found()]) == [2 if is_there else None]


@pytest.mark.parametrize(
    ("answer", "phrases", "text", "expected"),
    [
        ("It lasts **three years** [1].", ["three years", "two years"], "", 0.5),
        ("It lasts three whole years.", ["three years"], "", 0.0),
        ("Гаранција траје три године.", ["tri godine"], "", 1.0),
        ("The warranties last.", [], "warranty lasting long", 2 / 3),
        ("Anything.", [], "", None),
    ],
)
def test_an_answer_is_measured_by_phrases_or_else_by_words(
    answer: str, phrases: list[str], text: str, expected: float | None
) -> None:
    language = "sr" if "ј" in answer else "en"
    match = answer_match(answer, phrases=phrases, text=text, terms=lambda said: tokens.terms(said, language))
    assert match == (None if expected is None else pytest.approx(expected))


# --- figures ---


def test_recall_and_reciprocal_rank_are_means_over_the_questions_that_expect_something() -> None:
    figures = figures_of(
        [
            Result(answerable=True, ranks=(1,)),
            Result(answerable=True, ranks=(4, None)),
            Result(answerable=False, refused=True),
        ]
    )
    assert (figures["recall@1"], figures["recall@3"], figures["recall@5"]) == (0.5, 0.5, 0.75)
    assert figures["mrr"] == (1 + 1 / 4) / 2


def test_refusals_are_told_apart_into_right_and_wrong_ones() -> None:
    figures = figures_of(
        [
            Result(answerable=False, refused=True),
            Result(answerable=False, refused=False),
            Result(answerable=True, refused=True),
            Result(answerable=True, refused=False),
            Result(answerable=True, refused=False),
        ]
    )
    assert figures["refusing"] == 0.6
    assert (figures["refused_rightly"], figures["unanswerable"]) == (1, 2)
    assert (figures["refused_wrongly"], figures["answerable"]) == (1, 3)


def test_what_was_not_measured_has_no_figure() -> None:
    figures = figures_of([Result(answerable=True, ranks=(1,), refused=False, sources_ms=40)])
    assert {"supported", "first_word_ms_p50", "prompt_tokens", "answer_match"}.isdisjoint(figures)
    assert (figures["sources_ms_p50"], figures["sources_ms_p95"]) == (40, 40)


def test_support_is_counted_by_sentence() -> None:
    one, other = (Result(answerable=True, sentences=4, unsupported=count) for count in (1, 0))
    figures = figures_of([one, other])
    assert (figures["unsupported"], figures["sentences"], figures["supported"]) == (1, 8, 0.875)


def test_a_question_that_failed_counts_as_an_error_and_nowhere_else() -> None:
    figures = figures_of([Result(answerable=True, ranks=(1,)), Result(answerable=True, ranks=(None,), failed=True)])
    assert (figures["errors"], figures["recall@5"]) == (1, 1.0)


# --- comparisons ---


def test_the_sign_test_is_what_a_coin_does() -> None:
    for better, worse in product(range(7), repeat=2):
        thrown = better + worse
        as_one_sided = [heads for heads in range(thrown + 1) if min(heads, thrown - heads) <= min(better, worse)]
        assert sign_test(better, worse) == pytest.approx(sum(comb(thrown, heads) for heads in as_one_sided) / 2**thrown)
    assert sign_test(6, 0) == pytest.approx(0.03125)


def test_many_small_steps_in_one_direction_are_probable_and_a_few_are_not() -> None:
    def row(better: int, worse: int):
        before = [Result(answerable=True, ranks=(2,))] * (better + worse)
        after = [Result(answerable=True, ranks=(1,))] * better + [Result(answerable=True, ranks=(3,))] * worse
        return next(row for row in compare(before, after) if row.name == "mrr")

    assert (row(6, 0).verdict, row(6, 0).is_probable) == (Verdict.BETTER, True)
    assert (row(3, 1).verdict, row(3, 1).is_probable) == (Verdict.BETTER, False)
    assert (row(3, 1).better, row(3, 1).worse) == (3, 1)


def test_less_is_better_of_time_and_a_tenth_is_nothing() -> None:
    def verdict(before_ms: int, after_ms: int) -> tuple[Verdict, int, int]:
        before, after = ([Result(answerable=True, sources_ms=each)] for each in (before_ms, after_ms))
        row = next(row for row in compare(before, after) if row.name == "sources_ms_p50")
        return row.verdict, row.better, row.worse

    assert verdict(100, 50) == (Verdict.BETTER, 1, 0)
    assert verdict(100, 150) == (Verdict.WORSE, 0, 1)
    assert verdict(100, 105) == (Verdict.SAME, 0, 0)


def test_measures_that_only_one_run_has_are_neither_better_nor_worse() -> None:
    before, after = Result(answerable=True, refused=False), Result(answerable=True, refused=False, answer_match=1.0)
    row = next(row for row in compare([before], [after]) if row.name == "answer_match")
    assert (row.verdict, row.difference) == (Verdict.OTHER, None)


def test_a_question_that_failed_in_one_of_the_runs_is_an_error_and_no_worse_search() -> None:
    hard, easy = Result(answerable=True, ranks=(5,)), Result(answerable=True, ranks=(1,))
    failed = Result(answerable=True, ranks=(None,), failed=True)
    rows = {row.name: row for row in compare([hard] * 6 + [easy], [failed] * 6 + [easy])}
    assert (rows["mrr"].before, rows["mrr"].after, rows["mrr"].worse) == (1.0, 1.0, 0)
    assert (rows["recall@5"].verdict, rows["recall@5"].is_probable) == (Verdict.SAME, False)
    assert (rows["errors"].before, rows["errors"].after, rows["errors"].worse) == (0, 6, 6)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"ranks": (2,)}, {"ranks": (1,)}, Verdict.BETTER),
        ({"ranks": (1,)}, {"ranks": (None,)}, Verdict.WORSE),
        ({"ranks": (2,), "refused": False}, {"ranks": (1,), "refused": True}, Verdict.WORSE),
        ({"answer_match": 0.5}, {"answer_match": 1.0}, Verdict.BETTER),
        ({"ranks": (1,), "sources_ms": 10}, {"ranks": (1,), "sources_ms": 90}, Verdict.SAME),
        ({"ranks": (1,)}, {"ranks": (1,), "failed": True}, Verdict.WORSE),
    ],
)
def test_a_question_went_better_or_worse(before: dict[str, Any], after: dict[str, Any], verdict: Verdict) -> None:
    assert change_of(Result(answerable=True, **before), Result(answerable=True, **after)) is verdict
