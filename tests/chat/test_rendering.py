from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat import rendering
from chat.rendering import BlockSplitter, CitationLinks, render, render_answer

LINKS = CitationLinks(base="/t/acme/turns/1/sources/", numbers=frozenset({1, 2}))


def test_a_citation_becomes_a_link_to_its_source() -> None:
    assert render("So it is [2].", LINKS) == (
        '<p>So it is <a class="cite" href="/t/acme/turns/1/sources/2/" data-cite="2">2</a>.</p>\n'
    )


def test_a_number_without_a_source_stays_text() -> None:
    assert "<a" not in render("So it is [9].", LINKS)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![pixel](http://127.0.0.1:9/leak?q=1)",
        "[click](javascript:alert(1))",
        "[click](http://127.0.0.1:9/)",
        "<http://127.0.0.1:9/>",
        "[ref]: http://127.0.0.1:9/\n\n[ref]",
        "```html\n<script>alert(1)</script>\n```",
        "<svg/onload=alert(1)>",
    ],
)
def test_nothing_active_and_no_foreign_link_is_rendered(hostile: str) -> None:
    html = render(hostile, LINKS)

    assert "<script" not in html
    assert "<img" not in html
    assert "<svg" not in html
    assert "href" not in html


def test_code_is_coloured_without_inline_styles() -> None:
    html = render("```python\nx = 1\n```", LINKS)

    assert '<span class="n">x</span>' in html
    assert "style" not in html


def test_tables_are_rendered() -> None:
    assert "<table>" in render("| a | b |\n|---|---|\n| 1 | 2 |", LINKS)


def test_a_draft_is_marked_as_one() -> None:
    html = render_answer("> Quoted. [1]", "My own words.", LINKS)

    assert '<div class="draft"><p class="draft-label">' in html
    assert html.index("Quoted") < html.index("My own words")


LETTERS = ["word", "реч", "Ђ", "字", "𝒳", "e\u0301", "1", "12"]
SPACES = [" ", "  ", "\t", "\n", "\n\n", "\u00a0", "\u2003", "\u2028", "\u200b", "\x00", "\x85"]
SIGNS = [*".,)(!?\"'„—#-+=>|&*_`[]\\", "**", "~~", "---", "<b>", "&amp;", "http://a.example"]
CITATIONS = ["[1]", "[2].", "[9]", "![1]", "[1]: x"]
FRAGMENTS = st.one_of(st.sampled_from([*LETTERS, *SPACES, *SIGNS, *CITATIONS]), st.text(max_size=5))


@settings(max_examples=500)
@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_a_plain_paragraph_comes_out_as_if_it_had_been_parsed(text: str) -> None:
    assert render(text, LINKS) == rendering._render_markdown(text, LINKS)


@pytest.mark.parametrize(
    "text", ["It lasts two years [1], says „Acme“ (2024). So [9]!", "[2] says so.", "2024 was it.  "]
)
def test_most_of_what_a_model_writes_is_plain(text: str) -> None:
    assert rendering._is_plain(text)


@given(text=st.text(alphabet="ab\n`#- ", max_size=200), cuts=st.lists(st.integers(1, 9), max_size=50))
def test_blocks_put_together_are_the_text_whatever_the_stream_is_cut_into(text: str, cuts: list[int]) -> None:
    splitter, blocks, rest = BlockSplitter(), dict[int, str](), text
    for cut in [*cuts, len(text)]:
        for index, piece in splitter.feed(rest[:cut]):
            blocks[index] = blocks.get(index, "") + piece
        rest = rest[cut:]

    assert "".join(blocks[index] for index in sorted(blocks)) == text


def test_blank_lines_end_a_block_but_not_inside_a_code_fence() -> None:
    splitter = BlockSplitter()

    pieces = splitter.feed("One.\n\n```\na\n\nb\n```\n\nTwo.")

    assert pieces == [(0, "One.\n\n"), (1, "```\na\n\nb\n```\n\n"), (2, "Two.")]
