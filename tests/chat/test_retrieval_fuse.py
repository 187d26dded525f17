from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from hypothesis import given
from hypothesis import strategies as st

from chat.domain import Candidate, Retrieval
from chat.retrieval.fuse import ReciprocalRankFusion
from ingestion.domain import Scope
from tests.chat.retrieval_cast import memory_parts

DOCUMENT = uuid4()
IDS = [UUID(int=number) for number in range(1, 13)]
rankings = st.lists(st.sampled_from(IDS), unique=True)


def fused(dense: list[UUID], lexical: list[UUID], *, k: int = 20, lexical_weight: float = 1.0) -> tuple[Candidate, ...]:
    stage = ReciprocalRankFusion(uuid4(), memory_parts(), k=k, lexical_weight=lexical_weight)
    state = Retrieval(
        question="",
        query="",
        scope=Scope(),
        dense=tuple(Candidate(each, DOCUMENT, dense=0.5) for each in dense),
        lexical=tuple(Candidate(each, DOCUMENT, lexical=7.0) for each in lexical),
    )
    return async_to_sync(stage)(state).fused


def test_it_adds_up_the_reciprocal_ranks() -> None:
    one, two, three = IDS[:3]
    found = fused([one, two], [two, three], k=20)
    assert [each.chunk_id for each in found] == [two, one, three]
    assert [each.fused for each in found] == pytest.approx([1 / 22 + 1 / 21, 1 / 21, 1 / 22])


def test_a_candidate_keeps_the_scores_of_the_searches_that_found_it() -> None:
    one, two, three = IDS[:3]
    scores = {each.chunk_id: (each.dense, each.lexical) for each in fused([one, two], [two, three])}
    assert scores == {one: (0.5, None), two: (0.5, 7.0), three: (None, 7.0)}


def test_a_heavier_search_comes_first() -> None:
    one, two = IDS[:2]
    assert [each.chunk_id for each in fused([one], [two])] == [one, two]
    assert [each.chunk_id for each in fused([one], [two], lexical_weight=1.1)] == [two, one]


@given(rankings, rankings)
def test_it_has_every_candidate_once_best_first(dense: list[UUID], lexical: list[UUID]) -> None:
    found = fused(dense, lexical)
    assert sorted(each.chunk_id for each in found) == sorted({*dense, *lexical})
    scores = [each.fused or 0.0 for each in found]
    assert scores == sorted(scores, reverse=True)


@given(rankings, rankings)
def test_it_does_not_matter_which_search_is_which(dense: list[UUID], lexical: list[UUID]) -> None:
    def bare(found: tuple[Candidate, ...]) -> list[Candidate]:
        return [each._replace(dense=None, lexical=None, fused=round(each.fused or 0.0, 12)) for each in found]

    assert bare(fused(dense, lexical)) == bare(fused(lexical, dense))


@given(rankings)
def test_two_searches_that_agree_are_followed(ranking: list[UUID]) -> None:
    assert [each.chunk_id for each in fused(ranking, ranking)] == ranking
