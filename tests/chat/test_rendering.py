from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from selectolax.lexbor import LexborHTMLParser

from chat import rendering
from chat.rendering import TAGS, BlockSplitter, CitationLinks, render, render_answer

LINKS = CitationLinks(base="/t/acme/turns/1/sources/", numbers=frozenset({1, 2}))


def test_a_citation_becomes_a_link_to_its_source() -> None:
    assert render("So it is [2].", LINKS) == (
        '<p>So it is <a class="cite" href="/t/acme/turns/1/sources/2/" data-cite="2">2</a>.</p>\n'
    )


def test_a_number_without_a_source_stays_text() -> None:
    assert "<a" not in render("So it is [9].", LINKS)


LEAK = "http://127.0.0.1:9/leak?d=1"
HOSTILE = [
    # HTML
    "<script>alert(1)</script>", "<ScRiPt src=//x>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    f"<a href='{LEAK}'>x</a>", "<iframe srcdoc='<script>alert(1)</script>'>", "<math><mtext><style><img src onerror=x>",
    "<body onload=alert(1)>", "<details open ontoggle=alert(1)>", "<form action=javascript:alert(1)><button>",
    "<base href=//127.0.0.1:9/>", "<meta http-equiv=refresh content='0;url=//x'>", "<link rel=stylesheet href=//x>",
    "<style>@import '//127.0.0.1:9/';</style>", "<object data=x>", "<noscript><p title='</noscript><img src=x>'>",
    "<!--><img src=x onerror=alert(1)>-->", "<p style=background:url(//127.0.0.1:9/)>", "<a class=cite href=//x>1</a>",
    # entities, which are text once they are read
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;img src=x onerror=alert(1)&#62;", "&#x3c;svg onload=x&#x3e;",
    "[x](&#106;avascript:alert(1))", "![x](&#104;ttp://127.0.0.1:9/)",
    # Markdown images and links of every kind
    f"![pixel]({LEAK})", f"![pixel][ref]\n\n[ref]: {LEAK}", f"[![pixel]({LEAK})]({LEAK})", f"![a\nb]({LEAK} 'title')",
    f"[click]({LEAK})", f"[click](<{LEAK}>)", f"[click][ref]\n\n[ref]: {LEAK}", f"[ref]\n\n[ref]: <{LEAK}> 'title'",
    f"[1]: {LEAK}\n\nAs said [1].", f"[1]({LEAK})", f"[[1]]({LEAK})", "[click](javascript:alert(1))",
    "[x](data:text/html,x)", "[x](vbscript:x)", "[x](JaVaScRiPt&colon;alert(1))", "[x](//127.0.0.1:9/)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    f"<{LEAK}>", "<mailto:a@example.com>", "<a@example.com>", LEAK, "www.example.com and a@example.com",
    f"Fact.[^1]\n\n[^1]: {LEAK}", f"| a |\n|---|\n| ![x]({LEAK}) |", f"> ![x]({LEAK})", f"- [x]({LEAK})",
    f"# [x]({LEAK})",
    # code, whose language is a class
    "```html\n<script>alert(1)</script>\n```", "```\"onload=alert(1)\nx\n```", "```<img src=x>\nx\n```",
    "`<img src=x>`",
    "~~~ javascript:alert(1)\nx\n~~~",
]  # fmt: skip


def harmful_in(html: str) -> list[str]:
    """All that is not text, its layout, and links to the answer's own sources."""
    found = []
    for node in LexborHTMLParser(html).css("*"):
        if node.tag not in TAGS | {"html", "head", "body"}:
            found.append(f"<{node.tag}>")
        for name, value in node.attributes.items():
            link = (
                node.tag == "a" and name == "href" and value in {f"{LINKS.base}{number}/" for number in LINKS.numbers}
            )
            if not link and name not in {"class", "data-cite", "start"}:
                found.append(f"{node.tag} {name}={value}")
    return found


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_active_and_no_foreign_link_is_rendered(hostile: str) -> None:
    for html in (render(hostile, LINKS), render(f"Text {hostile} text [1].", LINKS), render_answer("", hostile, LINKS)):
        assert harmful_in(html) == []


def test_whatever_can_be_written_in_html_would_be_found_harmful() -> None:
    """The check itself sees what it looks for."""
    assert [hostile for hostile in HOSTILE[:19] if not harmful_in(hostile)] == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*HOSTILE, *"<>[]()!`\"'&;:/\\ \n*_|#-=", "[1]", "[2]", "a", "\u200b"]), max_size=12))
def test_no_mixture_of_them_is_either(pieces: list[str]) -> None:
    text = "".join(pieces)

    assert harmful_in(render(text, LINKS)) == []
    splitter = BlockSplitter()
    blocks: dict[int, str] = {}
    for piece in pieces:
        for index, more in splitter.feed(piece):
            blocks[index] = blocks.get(index, "") + more
            assert harmful_in(render(blocks[index], LINKS)) == []


def test_code_is_coloured_without_inline_styles() -> None:
    html = render("```python\nx = 1\n```", LINKS)

    assert '<span class="n">x</span>' in html
    assert "style" not in html


def test_a_very_long_block_of_code_is_not_coloured() -> None:
    html = render("```python\n" + "x = '<b>'\n" * 1_200 + "```", LINKS)

    assert "<span" not in html
    assert html.count("x = '&lt;b&gt;'") == 1_200


def test_a_language_whose_lexer_can_be_kept_busy_is_not_coloured() -> None:
    html = render("```fan\nclass Main {}\n```", LINKS)

    assert "<span" not in html
    assert "class Main {}" in html


@pytest.mark.parametrize("language", sorted(rendering.HIGHLIGHTED))
def test_a_language_that_is_coloured_is_known_by_its_first_name(language: str) -> None:
    assert get_lexer_by_name(language).aliases[0] == language


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
