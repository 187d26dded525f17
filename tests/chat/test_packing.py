from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from chat.domain import GAP, Exchange, Passage
from chat.packing import PASSAGE_OVERHEAD_TOKENS, cost_of, estimate_tokens, pack, recent
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


def test_of_passages_that_do_not_fit_the_sentences_that_answer_are_kept() -> None:
    found, cut = packed([passage(MANUAL)], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 32)

    (kept,) = found
    assert kept.excerpt == "Its warranty lasts three years. Keep the invoice for the warranty."
    assert kept.text == MANUAL  # the source that is shown stays whole
    assert cut == ()


def test_sentences_are_in_reading_order_with_a_mark_where_some_are_left_out() -> None:
    text = "The pump is green. " + "Rubber feet are black and round. " * 12 + "The warranty lasts long."
    (kept,), _cut = packed([passage(text)], budget_tokens=PASSAGE_OVERHEAD_TOKENS + 22)

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


def test_cyrillic_costs_twice_what_latin_does() -> None:
    assert estimate_tokens("реч" * 100) == 2 * estimate_tokens("rec" * 100)


def test_history_keeps_the_latest_exchanges_in_their_order() -> None:
    history = [Exchange(f"question {n}", "answer " * 30) for n in range(10)]

    kept = recent(history, budget_tokens=200)

    assert kept == tuple(history[-len(kept) :])
    assert 0 < len(kept) < 10
