from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from hypothesis import given
from hypothesis import strategies as st

from chat.domain import Candidate, Retrieval
from chat.retrieval.fuse import ScoreFusion
from ingestion.domain import Scope
from tests.chat.retrieval_cast import memory_parts

DOCUMENT = uuid4()
IDS = [UUID(int=number) for number in range(1, 13)]
ONE, TWO, THREE, FOUR = IDS[:4]
results = st.dictionaries(st.sampled_from(IDS), st.floats(-1, 30))


def fused(
    dense: Mapping[UUID, float], lexical: Mapping[UUID, float], *, depth: int = 100, dense_weight: float = 0.5
) -> tuple[Candidate, ...]:
    def best_first(scores: Mapping[UUID, float]) -> list[UUID]:
        return sorted(scores, key=lambda each: (-scores[each], each.int))

    stage = ScoreFusion(uuid4(), memory_parts(), depth=depth, dense_weight=dense_weight)
    state = Retrieval(
        question="",
        query="",
        scope=Scope(),
        dense=tuple(Candidate(each, DOCUMENT, dense=dense[each]) for each in best_first(dense)),
        lexical=tuple(Candidate(each, DOCUMENT, lexical=lexical[each]) for each in best_first(lexical)),
    )
    return async_to_sync(stage)(state).fused


def order(found: tuple[Candidate, ...]) -> list[UUID]:
    return [each.chunk_id for each in found]


def test_it_adds_up_how_far_a_candidate_stands_out() -> None:
    found = fused({ONE: 0.9, TWO: 0.8, THREE: 0.7}, {TWO: 9.0, ONE: 6.0, THREE: 3.0})
    assert order(found) == [ONE, TWO, THREE]  # equal scores: by id
    assert [each.fused for each in found] == pytest.approx([0.6124, 0.6124, -1.2247], abs=1e-4)


def test_a_clear_answer_of_one_search_beats_a_faint_one_of_the_other() -> None:
    found = fused({ONE: 0.81, TWO: 0.80, THREE: 0.79, FOUR: 0.78}, {TWO: 20.0, ONE: 3.0, THREE: 2.0, FOUR: 1.0})
    assert order(found)[0] == TWO


def test_what_a_search_has_not_found_is_as_good_as_the_last_that_it_has() -> None:
    found = fused({ONE: 0.9, TWO: 0.8}, {THREE: 5.0, TWO: 5.0})
    assert {each.chunk_id: (each.dense, each.lexical) for each in found} == {
        ONE: (0.9, None),
        TWO: (0.8, 5.0),
        THREE: (None, 5.0),
    }
    scores = {each.chunk_id: each.fused for each in found}
    assert scores[TWO] == scores[THREE]


def test_what_lies_deeper_lends_its_score_and_is_no_candidate() -> None:
    dense = {ONE: 0.9, TWO: 0.8, THREE: 0.7, FOUR: 0.1}
    found = fused(dense, {THREE: 5.0}, depth=1)
    assert sorted(order(found)) == [ONE, THREE]
    assert next(each.dense for each in found if each.chunk_id == THREE) == 0.7


def test_a_heavier_search_comes_first() -> None:
    dense, lexical = {ONE: 0.9, TWO: 0.8}, {TWO: 9.0, ONE: 8.0}
    assert order(fused(dense, lexical, dense_weight=0.6)) == [ONE, TWO]
    assert order(fused(dense, lexical, dense_weight=0.4)) == [TWO, ONE]


@given(results, results)
def test_it_has_every_candidate_once_best_first(dense: dict[UUID, float], lexical: dict[UUID, float]) -> None:
    found = fused(dense, lexical)
    assert sorted(order(found)) == sorted({*dense, *lexical})
    scores = [each.fused or 0.0 for each in found]
    assert scores == sorted(scores, reverse=True)


@given(st.lists(st.floats(0, 30), min_size=1, max_size=len(IDS), unique=True))
def test_two_searches_that_agree_are_followed(values: list[float]) -> None:
    scores = dict(zip(IDS, sorted(values, reverse=True), strict=False))
    found = fused(scores, scores)
    assert [round(scores[each], 6) for each in order(found)] == sorted(
        (round(value, 6) for value in values), reverse=True
    )


@given(results, results, st.floats(0.1, 10), st.floats(-5, 5))
def test_the_units_of_a_search_do_not_matter(
    dense: dict[UUID, float], lexical: dict[UUID, float], scale: float, shift: float
) -> None:
    scores = {each.chunk_id: each.fused for each in fused(dense, lexical)}
    other = {each: value * scale + shift for each, value in lexical.items()}
    spread = max(lexical.values(), default=0) - min(lexical.values(), default=0)
    if spread > 1e-3:
        assert {each.chunk_id: each.fused for each in fused(dense, other)} == pytest.approx(scores, abs=1e-4)
