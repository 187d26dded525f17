from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.evaluation.ranking import evaluate, ndcg, ranked, read_judgements, recall, reciprocal_rank

GRADES = {"a": 1, "b": 2, "c": 0}


def test_ndcg_divides_by_the_best_order_there_could_be() -> None:
    # a at rank 1 (gain 1), c at rank 2 (none), b at rank 3 (gain 2); at best b, then a.
    expected = (1 / math.log2(2) + 2 / math.log2(4)) / (2 / math.log2(2) + 1 / math.log2(3))
    assert ndcg(["a", "c", "b"], GRADES, 10) == pytest.approx(expected)
    assert expected == pytest.approx(0.7601875334318685)
    assert ndcg(["b", "a"], GRADES, 10) == 1.0
    assert ndcg(["c"], GRADES, 10) == 0.0


def test_ndcg_looks_no_further_than_k() -> None:
    assert ndcg(["c", "x", "b"], GRADES, 2) == 0.0
    assert ndcg(["b"], {"a": 1, "b": 2, "d": 1}, 1) == 1.0


def test_recall_is_the_share_of_relevant_documents_among_the_first() -> None:
    assert recall(["a", "c", "b"], GRADES, 2) == 0.5
    assert recall(["a", "c", "b"], GRADES, 3) == 1.0
    assert recall([], GRADES, 3) == 0.0


def test_the_reciprocal_rank_is_that_of_the_first_relevant_document() -> None:
    assert reciprocal_rank(["c", "x", "a", "b"], GRADES, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c", "x", "a"], GRADES, 2) == 0.0


def test_of_equal_scores_the_last_id_comes_first_as_in_trec_eval() -> None:
    assert ranked({"a": 1.0, "c": 0.5, "b": 1.0}) == ["b", "a", "c"]


def test_a_query_without_relevant_documents_does_not_count_and_one_without_results_counts_nothing() -> None:
    judgements = {"1": GRADES, "2": {"x": 1}, "3": {"z": 0}}
    quality = evaluate(judgements, {"1": {"a": 3.0, "c": 2.0, "b": 1.0}})
    assert quality.queries == 2
    assert quality.ndcg_at_10 == pytest.approx(0.7601875334318685 / 2)
    assert quality.recall_at_10 == quality.recall_at_100 == 0.5
    assert quality.mrr_at_10 == 0.5


def test_there_is_nothing_to_measure_without_a_relevant_document() -> None:
    with pytest.raises(ValueError, match="nothing to measure"):
        evaluate({"1": {"a": 0}}, {})


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3)), st.permutations("abcdefgh"))
def test_every_figure_is_a_share(grades: dict[str, int], ranking: list[str]) -> None:
    for figure in (ndcg, recall, reciprocal_rank):
        assert 0.0 <= figure(ranking, grades, 5) <= 1.0 + 1e-12


@pytest.mark.parametrize("header", ["query_id\tdoc_id\tgrade\n", "query-id\tcorpus-id\tscore\n", ""])
def test_judgements_are_read_with_and_without_a_header(tmp_path: Path, header: str) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text(f"{header}1\tpump\t2\n1\ttrain\t0\n\n2\ttrain\t1.0\n")
    assert read_judgements(path) == {"1": {"pump": 2, "train": 0}, "2": {"train": 1}}


def test_a_row_that_is_no_judgement_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text("query_id\tdoc_id\tgrade\n1\tpump\n")
    with pytest.raises(ValueError, match="unpack"):
        read_judgements(path)
