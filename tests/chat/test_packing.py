from __future__ import annotations

from uuid import uuid4

from chat.domain import Exchange, Passage
from chat.packing import estimate_tokens, pack, recent


def passage(text: str) -> Passage:
    return Passage(
        number=0, chunk_id=uuid4(), document_id=uuid4(), document_name="a.txt", text=text, start=0, end=len(text)
    )


def test_it_takes_what_fits_and_numbers_it_from_one() -> None:
    packed, cut = pack([passage("a" * 300), passage("b" * 3000), passage("c" * 300)], budget_tokens=300, limit=5)

    assert [(each.number, each.text[0]) for each in packed] == [(1, "a"), (2, "c")]
    assert [each.text[0] for each in cut] == ["b"]


def test_the_best_passage_is_there_however_small_the_budget() -> None:
    packed, _cut = pack([passage("a" * 3000)], budget_tokens=10, limit=5)

    assert len(packed) == 1


def test_it_keeps_to_the_number_of_passages_that_the_tenant_chose() -> None:
    packed, cut = pack([passage("x")] * 4, budget_tokens=10_000, limit=3)

    assert (len(packed), len(cut)) == (3, 1)


def test_cyrillic_costs_twice_what_latin_does() -> None:
    assert estimate_tokens("реч" * 100) == 2 * estimate_tokens("rec" * 100)


def test_history_keeps_the_latest_exchanges_in_their_order() -> None:
    history = [Exchange(f"question {n}", "answer " * 30) for n in range(10)]

    kept = recent(history, budget_tokens=200)

    assert kept == tuple(history[-len(kept) :])
    assert 0 < len(kept) < 10
