from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.statements import statements


def said(markdown: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.text, each.cited) for each in statements(markdown)]


def test_a_sentence_knows_what_it_cites_and_where_it_stands() -> None:
    markdown = "The pump makes **8.5 bar** [1][2]. It stands in the cellar."
    first, second = statements(markdown)
    assert (first.text, first.cited) == ("The pump makes 8.5 bar.", (1, 2))
    assert markdown[first.start : first.end] == "The pump makes **8.5 bar** [1][2]."
    assert (second.text, second.cited) == ("It stands in the cellar.", ())


def test_a_citation_behind_the_full_stop_belongs_to_the_sentence_before() -> None:
    markdown = "The pump makes 8.5 bar. [1] It stands in the cellar. [2][3]"
    assert said(markdown) == [("The pump makes 8.5 bar.", (1,)), ("It stands in the cellar.", (2, 3))]
    assert [markdown[each.start : each.end] for each in statements(markdown)] == [
        "The pump makes 8.5 bar. [1]",
        "It stands in the cellar. [2][3]",
    ]


def test_a_citation_that_clings_to_the_full_stop_ends_the_sentence() -> None:
    markdown = "The pump makes 8.5 bar.[1] It stands in the cellar.[2]"
    assert said(markdown) == [("The pump makes 8.5 bar.", (1,)), ("It stands in the cellar.", (2,))]


def test_list_items_quotes_and_rows_of_tables_are_sentences_without_their_markup() -> None:
    markdown = "- The pump is green [1]\n1. The hose has 4 metres\n\n> The \\*lid\\* is blue here\n\n"
    markdown += "|a|b|\n|-|-|\n|Price of a lid|12|"
    assert said(markdown) == [
        ("The pump is green", (1,)),
        ("The hose has 4 metres", ()),
        ("The lid is blue here", ()),
        ("Price of a lid 12", ()),
    ]


def test_the_head_of_a_table_states_nothing() -> None:
    markdown = "|Property of the pump|Value|\n|:---|---:|\n|Price of the lid|12|"
    assert said(markdown) == [("Price of the lid 12", ())]


@pytest.mark.parametrize(
    "markdown",
    [
        "## The warranty of the pump",
        "**The warranty of the pump**",
        "How long does the warranty last?",
        "“How long does the warranty last?” That is asked.",
        "The pump comes with the following parts:",
        "```\nThe pump makes 8.5 bar.\n```",
        "I hope this helps! Let me know if you need more.",
        "Sure! Naravno!",
        "Nadam se da vam je ovo pomoglo.",
        "The passages do not say how long the warranty lasts.",
        "Die Dokumente enthalten dazu keine Angaben.",
        "Документи о томе ништа не кажу.",
        "لا تذكر المقاطع مدة الضمان.",
        "بالتأكيد! آمل أن يفيدك هذا.",
        "|---|---|",
        "1.",
        "Yes.",
    ],
)
def test_what_states_nothing_is_left_out(markdown: str) -> None:
    assert said(markdown) == []


def test_what_a_document_denies_is_stated() -> None:
    assert said("لا تحتاج المضخة إلى صيانة وفق الدليل [1].") == [("لا تحتاج المضخة إلى صيانة وفق الدليل.", (1,))]


@given(st.lists(st.sampled_from([*"ab A.1[]!?\n*_`>-|#", "[1]", "A sentence of words. "]), max_size=30).map("".join))
def test_statements_are_in_order_and_do_not_overlap(markdown: str) -> None:
    end = 0
    for each in statements(markdown):
        assert end <= each.start < each.end <= len(markdown)
        end = each.end
