from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from chat.counting import estimate_tokens
from chat.domain import GAP, Exchange, Passage
from chat.packing import HISTORY_AFTER_DROP, PASSAGE_OVERHEAD_TOKENS, clipped, cost_of, pack, recent
from ingestion.index import tokens

MANUAL = (
    "The Kestrel pump is painted green. It stands on three feet of rubber. "
    "Its warranty lasts three years. Keep the invoice for the warranty. "
    "The box can be recycled. Children must not play with it."
)
QUESTION = "How long does the warranty of the pump last?"


def passage(text: str, *, fused: float = 0.0) -> Passage:
    return Passage(
        number=0,
        chunk_id=uuid4(),
        document_id=uuid4(),
        document_name="a.txt",
        text=text,
        start=0,
        end=len(text),
        fused=fused,
    )


def packed(
    passages: Sequence[Passage], *, budget_tokens: int, limit: int = 5, question: str = QUESTION
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    return pack(
        passages,
        question=question,
        terms=lambda text: tokens.terms(text, "en"),
        budget_tokens=budget_tokens,
        limit=limit,
    )


def test_passages_that_fit_are_whole_and_numbered_from_one() -> None:
    known = [passage("First one."), passage("Second one.")]
    found, cut = packed(known, budget_tokens=300)

    assert [(each.number, each.excerpt) for each in found] == [(1, "First one."), (2, "Second one.")]
    assert cut == ()


def test_a_sentence_that_is_near_in_meaning_is_chosen_without_a_shared_word() -> None:
    known = replace(passage(MANUAL), near=(-0.5, -0.5, -0.5, -0.5, -0.5, 2.5))
    found, _cut = packed([known], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 14, question="Kids?")
    assert found[0].excerpt == "Children must not play with it."


def test_of_passages_that_do_not_fit_the_sentences_that_answer_are_kept() -> None:
    found, cut = packed([passage(MANUAL)], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 24)

    (kept,) = found
    assert kept.excerpt == "Its warranty lasts three years. Keep the invoice for the warranty."
    assert kept.text == MANUAL  # the source that is shown stays whole
    assert cut == ()


def test_sentences_are_in_reading_order_with_a_mark_where_some_are_left_out() -> None:
    text = "The pump is green. " + "Rubber feet are black and round. " * 12 + "The warranty lasts long."
    (kept,), _cut = packed([passage(text)], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 18)

    assert kept.excerpt == f"The pump is green.{GAP}The warranty lasts long."


def test_a_lower_passage_comes_in_with_a_better_sentence() -> None:
    first = passage("The pump is green and quiet. " * 20, fused=1.0)
    second = passage("Paint is not covered. " * 20 + "The warranty of the pump lasts three years.", fused=0.9)
    found, cut = packed([first, second], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 20)

    assert [each.excerpt for each in found] == ["The warranty of the pump lasts three years."]
    assert [(each.number, each.chunk_id) for each in found] == [(1, second.chunk_id)]
    assert cut == (first,)


def test_the_rank_decides_between_sentences_that_share_as_much() -> None:
    one, other = passage("The warranty lasts two years. " * 9), passage("The warranty lasts nine years. " * 9)
    best, worse = replace(one, fused=2.0), replace(other, fused=1.0)
    found, _cut = packed([best, worse], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 12)

    assert [each.chunk_id for each in found] == [best.chunk_id]


def test_the_best_passage_is_there_however_small_the_budget() -> None:
    found, _cut = packed([passage("a" * 3000)], budget_tokens=10)

    assert [each.excerpt for each in found] == ["a" * 3000]


def test_it_keeps_to_the_number_of_passages_that_the_tenant_chose() -> None:
    found, cut = packed([passage("x") for _ in range(4)], budget_tokens=10_000, limit=3)

    assert (len(found), len(cut)) == (3, 1)


def test_nothing_found_is_nothing_packed() -> None:
    assert packed([], budget_tokens=100) == ((), ())


@given(
    st.lists(st.lists(st.sampled_from(MANUAL.split(". ")), min_size=1, max_size=30), max_size=8), st.integers(60, 900)
)
def test_the_budget_is_kept_and_every_stretch_is_of_its_passage(texts: list[list[str]], budget: int) -> None:
    known = [passage(". ".join(each) + ".", fused=-float(number)) for number, each in enumerate(texts)]
    found, cut = packed(known, budget_tokens=budget)

    assert {each.chunk_id for each in (*found, *cut)} == {each.chunk_id for each in known}
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert sum(map(cost_of, found)) <= budget
    for each in found:
        assert list(each.kept) == sorted(each.kept)
        assert each.excerpt.split(GAP) == [each.text[start:end] for start, end in each.kept] or not each.kept


def test_of_a_passage_without_sentences_that_fit_its_beginning_is_kept() -> None:
    whole = passage("0123456789" * 3)

    assert clipped(whole, 7).excerpt == "0123456"
    assert clipped(replace(whole, kept=((0, 5), (10, 20))), 7).excerpt == f"01234{GAP}01"


def test_the_models_own_idea_of_tokens_decides_what_fits() -> None:
    known = [passage("The warranty lasts two years. " * 4), passage("Paint is not covered. " * 4)]

    def everything_is_long(text: str) -> int:
        return 10 * len(text)

    cheap, _cut = pack(known, question=QUESTION, terms=str.split, budget_tokens=400, limit=5)
    dear, _cut = pack(known, question=QUESTION, terms=str.split, budget_tokens=400, limit=5, count=everything_is_long)

    assert [each.kept for each in cheap] == [(), ()]
    assert sum(map(len, (each.excerpt for each in dear))) < 40


ANSWERED = [Exchange(f"question {n}", "answer " * 30) for n in range(40)]


def test_history_keeps_the_latest_exchanges_in_their_order() -> None:
    kept = recent(ANSWERED[:10], budget_tokens=200)

    assert kept == tuple(ANSWERED[10 - len(kept) : 10])
    assert 0 < len(kept) < 10


def test_the_oldest_exchanges_go_several_at_a_time_so_that_the_next_prompts_begin_alike() -> None:
    begins = [recent(ANSWERED[:count], budget_tokens=400)[0] for count in range(1, 41)]

    changes = sum(one != other for one, other in pairwise(begins))
    assert changes < 40 * HISTORY_AFTER_DROP


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(10, 300))
def test_history_keeps_to_its_budget_and_grows_at_its_end_only_until_something_has_to_go(
    lengths: list[int], budget: int
) -> None:
    history = [Exchange("q", "word " * length) for length in lengths]
    for count in range(len(history)):
        before, after = (
            recent(history[:count], budget_tokens=budget),
            recent(history[: count + 1], budget_tokens=budget),
        )
        assert sum(estimate_tokens(each.question) + estimate_tokens(each.answer) for each in after) <= budget
        assert after == (*before, history[count]) or len(after) <= len(before)
