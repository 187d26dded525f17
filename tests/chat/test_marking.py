"""Marks in rendered answers: whatever a model writes, they break nothing and let nothing through."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.domain import Finding, Verdict
from chat.marking import Mark, mark, nth_of, text_of
from chat.page_marks import letters
from chat.rendering import CitationLinks, render, render_answer
from chat.statements import statements

LINKS = CitationLinks(base="/s/", numbers=frozenset({1, 2}))
ADDED = re.compile(r'<span class="unsupported-why">.*?</span>|</?mark[^>]*>')


def marked(html: str, *sentences: str) -> str:
    return mark(html, [Mark(each, 0, "<M>", "</M>", "<m>", "</m>") for each in sentences])


def test_one_mark_holds_a_sentence_with_what_is_in_it() -> None:
    html = '<p>Before. <strong>One</strong> two <a class="cite" href="/s/1/">1</a>. After.</p>'
    assert marked(html, "One two 1.") == (
        '<p>Before. <M><strong>One</strong> two <a class="cite" href="/s/1/">1</a>.</M> After.</p>'
    )


def test_a_sentence_that_ends_in_the_middle_of_an_element_has_several() -> None:
    html = "<p>Before <em>one. Two three</em> four. After.</p>"
    assert marked(html, "Two three four.") == "<p>Before <em>one. <m>Two three</m></em><M> four.</M> After.</p>"


def test_a_row_of_a_table_is_marked_cell_by_cell() -> None:
    html = "<table><tr><td>Pump</td>\n<td>12</td></tr></table>"
    assert marked(html, "| Pump | 12 |") == "<table><tr><td><m>Pump</m></td>\n<td><M>12</M></td></tr></table>"


def test_entities_count_as_what_they_stand_for() -> None:
    assert marked("<p>a &lt; b. c &amp; d</p>", "c & d") == "<p>a &lt; b. <M>c &amp; d</M></p>"


def test_a_line_of_code_is_marked_in_its_block() -> None:
    markdown = "Do this:\n\n```\npython manage.py backup\nolm push\n```\n"
    start = markdown.index("olm")
    finding = Finding(start, start + len("olm push"), Verdict.LITERAL, detail="olm")
    html = render_answer(markdown, "", LINKS, [finding])
    assert 'backup\n<mark class="unsupported" tabindex="0">olm push<span' in html
    assert ADDED.sub("", html) == render_answer(markdown, "", LINKS)


def test_of_two_that_read_the_same_the_right_one_is_marked() -> None:
    text = "It is so.\n\nIt is so."
    twin = Mark("It is so.", nth_of("It is so.", text, 11), "<M>", "</M>", "<m>", "</m>")
    assert mark(render(text, LINKS), [twin]) == "<p>It is so.</p>\n<p><M>It is so.</M></p>\n"


def test_what_is_not_there_is_not_marked() -> None:
    assert marked("<p>One.</p>", "Two.") == "<p>One.</p>"
    assert marked("<p>One.</p>", "…") == "<p>One.</p>"


def answered(answer: str, sentence: str, **finding: object) -> str:
    start = answer.index(sentence)
    fault = Finding(start, start + len(sentence), Verdict.NUMBER, cited=(1,), **{"detail": "42", **finding})  # type: ignore[arg-type]
    return render_answer(answer, "", LINKS, [fault])


def test_the_reason_is_in_the_text_and_the_mark_can_be_come_to_with_the_keyboard() -> None:
    html = answered("It was so. It costs 42 euros [1].", "It costs 42 euros [1].")
    assert 'It was so. <mark class="unsupported" tabindex="0">It costs 42 euros <a' in html
    assert "<b>Not supported:</b> The number 42 is not in the cited passage.</span></mark>" in html


def test_what_a_model_has_written_is_never_html_in_a_reason() -> None:
    html = answered("So says <b>X</b>.", "So says <b>X</b>.", detail="<img src=x>")
    assert "<img" not in html
    assert "&lt;img src=x&gt;" in html


def test_a_sentence_that_is_no_fault_is_not_marked() -> None:
    finding = Finding(0, 10, Verdict.UNCITED, found_in=1)
    assert render_answer("It was so.", "", LINKS, [finding]) == render_answer("It was so.", "", LINKS)


def test_a_draft_is_marked_in_the_draft() -> None:
    html = render_answer("> It was so. [1]", "It was so.", LINKS, [Finding(0, 10, Verdict.UNSAID, draft=True)])
    assert html.index("<mark") > html.index('class="draft"')
    assert html.count("<mark") == 1


WORDS = ["It is so", "Word", "реч", "字。", "42", "e\u0301", "ﬁ", "<b>", "</p>", "&amp;", "&", '"', "x > y"]
SIGNS = [". ", ".\n", "\n\n", " ", "*", "**", "_", "`", "~~", "[1]", "[9]", "- ", "> ", "# ", "1. ", "|", "\\", "```\n"]
ANSWERS = st.lists(st.sampled_from([*WORDS, *SIGNS]), max_size=24).map("".join)


@settings(max_examples=300)
@given(ANSWERS)
def test_marks_add_themselves_and_nothing_else_and_stay_well_formed(answer: str) -> None:
    faults = [Finding(each.start, each.end, Verdict.UNSAID, cited=each.cited) for each in statements(answer)]
    html = render_answer(answer, "", LINKS, faults)
    assert ADDED.sub("", html) == render_answer(answer, "", LINKS)
    Balanced().feed(html)


@settings(max_examples=300)
@given(ANSWERS, st.data())
def test_what_is_marked_is_the_sentence_whatever_stretch_of_an_answer_it_is(answer: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(start, len(answer)))
    fault = Finding(start, end, Verdict.UNSAID, cited=(1,))
    html = render_answer(answer, "", LINKS, [fault])
    Balanced().feed(html)
    assert ADDED.sub("", html) == render_answer(answer, "", LINKS)
    reasonless = re.sub(r'<span class="unsupported-why">.*?</span>', "", html)
    inside = "".join(re.findall(r"<mark[^>]*>(.*?)</mark>", reasonless, flags=re.DOTALL))
    wanted = letters(text_of(render(answer[start:end], CitationLinks("", frozenset()))))[0]
    assert letters(text_of(inside))[0] in {wanted, ""}


class Balanced(HTMLParser):
    """Fails where an element is closed that was not the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag not in {"br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def feed(self, data: str) -> None:
        super().feed(data)
        self.close()
        assert self.open == []


@pytest.mark.parametrize(
    "text", ["**A b. C** d.", "`A b. C` d", "> A *b. C\n> d* e.", "| a. B | c |\n|--|--|\n| D e. | F |"]
)
def test_awkward_sentences_are_marked_whole(text: str) -> None:
    faults = [Finding(0, len(text), Verdict.UNSAID)]
    html = render_answer(text, "", LINKS, faults)
    inside = re.findall(r"<mark[^>]*>(.*?)</mark>", html, flags=re.DOTALL)
    assert inside
