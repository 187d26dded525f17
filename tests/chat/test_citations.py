from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.citations import CITATION, GROUP, CitationFilter

ONE_TO_THREE = frozenset({1, 2, 3})


def whole(text: str, numbers: frozenset[int] = ONE_TO_THREE) -> str:
    citations = CitationFilter(numbers)
    return citations.feed(text) + citations.flush()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Phi has 3.8 billion. [1]", "Phi has 3.8 billion. [1]"),
        ("Both say so [1, 2].", "Both say so [1][2]."),
        ("All of them [1-3].", "All of them [1][2][3]."),
        ("See [passage 2].", "See [2]."),
        ("Види [извор 2].", "Види [2]."),
        ("See [Passage 1, Passage 2].", "See [1][2]."),
        ("See [passage 1 and passage 3].", "See [1][3]."),
        ("See [1, 2, and 3].", "See [1][2][3]."),
        ("See [Document #2].", "See [2]."),
        ("See [Source: 2].", "See [2]."),
        ("See [Passage 2, page 14].", "See [2]."),
        ("Siehe [Dokument 1, S. 3].", "Siehe [1]."),
        ("Vidi [odlomak 1].", "Vidi [1]."),
        ("انظر [1، 2].", "انظر [1][2]."),
        ("انظر [المقطع 1 و2].", "انظر [1][2]."),
        ("On [page 2] and in [section 2].", "On [page 2] and in [section 2]."),
        ("Fullwidth【3】.", "Fullwidth[3]."),
        ("With a dagger【3†source】.", "With a dagger[3]."),
        ("Invented [7].", "Invented ."),
        ("Half invented [2, 9].", "Half invented [2]."),
        ("A list [x] and [see below] stay.", "A list [x] and [see below] stay."),
        ("An open bracket [1", "An open bracket [1"),
        ("In [0, 100], at zero [0] too [1].", "In [0, 100], at zero [0] too [1]."),
        ("Between [40-60] degrees.", "Between [40-60] degrees."),
        ("A range [1-9] of sources.", "A range [1][2][3] of sources."),
        ("It lasts two years[1].", "It lasts two years[1]."),
        ("Call `row[7]` or ``a`[8]`` [2].", "Call `row[7]` or ``a`[8]`` [2]."),
        ("```python\nprint(items[9])\n```\nSo it is [9][1].", "```python\nprint(items[9])\n```\nSo it is [1]."),
        ("Call `row[9]`", "Call `row[9]`"),
        ("```\na[9]", "```\na[9]"),
        ("A stray ` here [2], and [9].\nNext `line` [9].", "A stray ` here [2], and .\nNext `line` ."),
    ],
)
def test_it_brings_citations_to_one_form_and_drops_numbers_that_do_not_exist(written: str, shown: str) -> None:
    assert whole(written) == shown


def test_it_holds_back_a_bracket_until_it_is_closed() -> None:
    citations = CitationFilter(ONE_TO_THREE)

    assert citations.feed("So it is [") == "So it is "
    assert citations.feed("2") == ""
    assert citations.feed("] indeed") == "[2] indeed"


def test_it_lets_a_bracket_go_that_is_too_long_for_a_citation() -> None:
    citations = CitationFilter(ONE_TO_THREE)

    assert citations.feed("[" + "a" * 60).startswith("[")


def test_it_remembers_what_was_cited_in_the_order_of_first_appearance() -> None:
    citations = CitationFilter(ONE_TO_THREE)
    citations.feed("One [3]. Two [1]. Three [3].")

    assert citations.cited == [3, 1]


@given(text=st.text(alphabet="ab [],-0123456789`\n【】", max_size=160), cuts=st.lists(st.integers(1, 6), max_size=60))
def test_how_the_stream_is_cut_changes_nothing(text: str, cuts: list[int]) -> None:
    citations = CitationFilter(ONE_TO_THREE)
    out, rest = "", text
    for cut in cuts:
        out, rest = out + citations.feed(rest[:cut]), rest[cut:]
    out += citations.feed(rest) + citations.flush()

    assert out == whole(text)


@given(text=st.text(alphabet="ab [],-0123456789`\n【】", max_size=160))
def test_only_numbers_that_exist_are_ever_cited(text: str) -> None:
    citations = CitationFilter(ONE_TO_THREE)
    shown = citations.feed(text) + citations.flush()
    outside_code = shown if "`" not in text else ""
    written = {int(number) for number in CITATION.findall(re.sub(r"\[\[+", "[", outside_code))}
    assert written <= set(citations.cited) <= ONE_TO_THREE


def test_what_is_in_code_is_not_cited() -> None:
    citations = CitationFilter(ONE_TO_THREE)
    citations.feed("Write `a[1]`:\n```\nb[2]\n```\n[3]")
    citations.flush()
    assert citations.cited == [3]


def test_a_long_run_of_spaces_is_looked_at_once() -> None:
    began = time.process_time()
    assert GROUP.search(f"[{' ' * 50_000}passage{' ' * 50_000}1{' ' * 50_000}") is None
    assert time.process_time() - began < 2
