"""An answer on its way: stopped, cut off, watched from two tabs, and asked for again."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.contracts.openai_server import OpenAIServer, cut, say
from tests.e2e import papers
from tests.e2e.browsing import Watch, add_upstream, ask, eventually, wait_until_over
from tests.e2e.conftest import DANA, SignedIn
from tests.e2e.product import KEY, OTHER_MODEL, Product

WORDS = [f"word{number:02}" for number in range(1, 61)]
SPOKEN = [*(f"{word} " for word in WORDS), "[1]."]
OFFLINE = "ERR_INTERNET_DISCONNECTED"
PAUSE_S = 0.06
"""Between two words: an answer of about four seconds."""


@pytest.fixture
def page(signed_in: SignedIn, product: Product, writing_organisation: str, upstream: OpenAIServer) -> Page:
    """Dana, before a new conversation. What the upstream answers is scripted by the test."""
    page = signed_in(DANA)
    page.goto(product.address(f"/t/{writing_organisation}/"))
    return page


@pytest.fixture
def line(page: Page, watch: Watch) -> Line:
    """What the page is connected by."""
    line = Line(page, watch)
    page.reload()
    return line


def words_of(turn: Locator) -> list[str]:
    return re.findall(r"word\d\d", turn.locator(".answer").inner_text())


def test_a_whole_answer_arrives_word_by_word_with_its_citation(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say(*SPOKEN, pause_s=PAUSE_S))
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(turn.locator(".answer")).to_contain_text(WORDS[3])
    assert len(words_of(turn)) < len(WORDS)
    wait_until_over(turn)
    assert words_of(turn) == WORDS
    expect(turn.locator("a.cite")).to_have_count(1)


def test_an_answer_can_be_stopped_in_the_middle(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say(*SPOKEN, pause_s=0.3))
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(turn.locator(".answer")).to_contain_text(WORDS[4])
    page.get_by_role("button", name="Stop the answer").click()
    wait_until_over(turn, "stopped")
    expect(turn.get_by_text("Stopped before the end.")).to_be_visible()
    written = words_of(turn)
    assert WORDS[: len(written)] == written
    assert 5 <= len(written) < len(WORDS)
    assert eventually(page, lambda: upstream.requests[-1].disconnected)
    page.reload()
    assert words_of(page.locator(".turn")) == written
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_an_answer_is_whole_and_there_once_after_the_connection_was_cut_in_its_middle(
    page: Page, line: Line, upstream: OpenAIServer
) -> None:
    upstream.script(say(*SPOKEN, pause_s=PAUSE_S))
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(turn.locator(".answer")).to_contain_text(WORDS[5])
    line.cut()
    expect(page.get_by_text("The connection is gone.")).to_be_visible()
    before = words_of(turn)
    assert len(before) < len(WORDS)
    assert eventually(page, lambda: upstream.requests[-1].replied)
    assert words_of(turn) == before
    line.mend()
    wait_until_over(turn)
    assert words_of(turn) == WORDS
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.get_by_text("The connection is gone.")).to_be_hidden()
    assert line.connections > 1
    page.reload()
    assert words_of(page.locator(".turn")) == WORDS


def test_a_question_asked_without_a_connection_is_asked_once_it_is_back(
    page: Page, line: Line, upstream: OpenAIServer
) -> None:
    line.cut()
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(page.get_by_text("There is no connection, so the question waits.")).to_be_visible()
    line.mend()
    wait_until_over(turn)
    expect(turn.locator(".answer")).to_contain_text("two years")
    expect(page.locator(".turn")).to_have_count(1)
    assert len(questions_asked(upstream)) == 1


def test_a_question_that_waits_for_the_connection_can_be_taken_back(
    page: Page, line: Line, upstream: OpenAIServer
) -> None:
    line.cut()
    turn = ask(page, papers.WARRANTY_QUESTION)
    page.get_by_role("button", name="Stop the answer").click()
    wait_until_over(turn, "failed")
    expect(turn.get_by_text("The question was taken back before the server had it.")).to_be_visible()
    field = page.get_by_label("Your question")
    expect(field).to_have_value(papers.WARRANTY_QUESTION)
    line.mend()
    field.fill("And does it cover parts of the warranty?")
    field.press("Enter")
    wait_until_over(page.locator(".turn").last)
    assert len(questions_asked(upstream)) == 1
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)


def test_an_answer_that_is_stopped_without_a_connection_is_stopped_once_it_is_back(
    page: Page, line: Line, upstream: OpenAIServer
) -> None:
    upstream.script(say(*SPOKEN, pause_s=0.5))
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(turn.locator(".answer")).to_contain_text(WORDS[2])
    line.cut()
    expect(page.get_by_text("The connection is gone.")).to_be_visible()
    page.get_by_role("button", name="Stop the answer").click()
    expect(page.get_by_text("so the answer goes on. It is stopped as soon as the server answers.")).to_be_visible()
    line.mend()
    wait_until_over(turn, "stopped")


def test_a_question_that_waits_is_not_lost_to_another_version(page: Page, line: Line) -> None:
    wait_until_over(ask(page, papers.WARRANTY_QUESTION))
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".turn .branches")).to_contain_text("2 / 2")
    wait_until_over(page.locator(".turn"))
    line.cut(offline=False)
    waiting = ask(page, "And does it cover parts of the warranty?")
    page.get_by_role("button", name="Version before").click()
    expect(page.get_by_text("An answer is still being written.")).to_be_visible()
    line.mend()
    wait_until_over(waiting)
    expect(waiting.locator(".question-text")).to_have_text("And does it cover parts of the warranty?")
    expect(page.locator(".turn")).to_have_count(2)


def test_two_tabs_show_the_same_answer_while_it_is_written(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say(*SPOKEN, pause_s=0.1))
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(turn.locator(".answer")).to_contain_text(WORDS[3])
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".turn .answer")).to_contain_text(WORDS[8])
    expect(other.locator(".turn")).to_have_attribute("data-status", "running")
    wait_until_over(turn)
    wait_until_over(other.locator(".turn"))
    assert words_of(turn) == words_of(other.locator(".turn")) == WORDS
    assert len(questions_asked(upstream)) == 1


def test_a_closed_tab_does_not_end_the_answer(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say(*SPOKEN, pause_s=PAUSE_S))
    expect(ask(page, papers.WARRANTY_QUESTION).locator(".answer")).to_contain_text(WORDS[2])
    address = page.url
    other = page.context.new_page()
    page.close()
    assert eventually(other, lambda: upstream.requests[-1].replied)
    other.goto(address)
    wait_until_over(other.locator(".turn"))
    assert words_of(other.locator(".turn")) == WORDS


def test_a_question_that_failed_can_be_asked_again(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(cut("The warranty "))
    turn = ask(page, papers.WARRANTY_QUESTION)
    wait_until_over(turn, "failed")
    expect(turn.locator("[data-part=error]")).to_have_text(re.compile(r"\w.*\."))
    turn.get_by_role("button", name="Ask again").click()
    wait_until_over(turn)
    expect(turn.locator(".answer")).to_contain_text("The warranty lasts two years")
    page.reload()
    expect(page.locator(".turn .branches")).to_contain_text("2 / 2")


def test_what_no_passage_says_is_marked_in_the_answer_with_a_reason_for_mouse_and_keyboard(
    page: Page, upstream: OpenAIServer
) -> None:
    made_up = "It was signed by Bob Dylan [1]."
    upstream.script(say("The warranty lasts **two years** [1]. ", made_up))
    turn = ask(page, papers.WARRANTY_QUESTION)
    wait_until_over(turn)
    marks = turn.locator("mark.unsupported")
    expect(marks).to_have_count(1)
    reason = marks.get_by_text("The name “Bob Dylan” is not in the cited passage.")
    hidden = {"width": 1, "height": 1}
    assert size_of(reason) == hidden
    marks.hover()
    assert size_of(reason)["width"] > 100
    page.mouse.move(0, 0)
    assert size_of(reason) == hidden
    marks.focus()
    assert size_of(reason)["width"] > 100
    page.keyboard.press("Escape")
    assert size_of(reason) == hidden
    expect(turn.get_by_text("not supported and marked: 1")).to_be_visible()
    live = turn.locator(".answer").inner_html()
    page.reload()
    assert page.locator(".answer").inner_html() == live
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("mark.unsupported").focus()
    box = page.locator(".unsupported-why").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_the_sentence_that_decides_is_marked_before_the_model_begins(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say("Two years [1].", first_token_s=3))
    turn = ask(page, papers.WARRANTY_QUESTION)
    decided = "The warranty of the Heron kettle lasts two years from the day of purchase."
    expect(turn.locator(".source").first.locator("mark")).to_have_text(decided)
    expect(turn.locator(".answer")).to_be_empty()
    wait_until_over(turn)
    page.reload()
    card = page.locator(".source").first
    expect(card.locator("mark")).to_have_text(decided)
    card.get_by_role("link").click()
    expect(page.locator(".cited-passage mark")).to_have_text(decided)


def test_an_answer_can_be_asked_for_again(page: Page, upstream: OpenAIServer) -> None:
    first, second = f"first{uuid4().hex[:6]}", f"second{uuid4().hex[:6]}"
    upstream.script(say(f"{first} [1]."))
    turn = ask(page, papers.WARRANTY_QUESTION)
    wait_until_over(turn)
    upstream.script(say(f"{second} [1]."))
    page.locator(".turn").get_by_role("button", name="Ask again").click()
    again = page.locator(".turn")
    expect(again.locator(".answer")).to_contain_text(second)
    wait_until_over(again)
    again.get_by_role("button", name="Version before").click()
    expect(page.locator(".turn .answer")).to_contain_text(first)
    page.get_by_role("button", name="Version after").press("Enter")
    expect(page.locator(".turn .answer")).to_contain_text(second)


def test_a_question_is_edited_in_its_place_and_both_ways_go_on(page: Page, upstream: OpenAIServer) -> None:
    """The way that is shown is the one that a reload shows, and a model hears of no other."""
    wait_until_over(ask(page, papers.WARRANTY_QUESTION))
    wait_until_over(ask(page, "And does it cover parts of the warranty?"))
    first = page.locator(".turn").first
    first.hover()
    first.get_by_role("link", name="Edit the question").click()
    field = first.get_by_label("Your question")
    expect(field).to_be_focused()
    field.press("Escape")
    expect(first.get_by_role("link", name="Edit the question")).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("What does the warranty cover?")
    field.press("Control+Enter")
    expect(page.locator(".turn")).to_have_count(1)
    edited = page.locator(".turn")
    expect(edited.locator(".question-text")).to_have_text("What does the warranty cover?")
    wait_until_over(edited)
    expect(edited.locator(".branches")).to_contain_text("2 / 2")
    wait_until_over(ask(page, "Does the warranty cover labour?"))
    assert papers.WARRANTY_QUESTION not in json.dumps(upstream.requests[-1].json)

    top = edited.first.bounding_box()
    edited.first.get_by_role("button", name="Version before").click()
    expect(page.locator(".turn .question-text").first).to_have_text(papers.WARRANTY_QUESTION)
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.get_by_role("button", name="Version after").first).to_be_focused()
    now = page.locator(".turn").first.bounding_box()
    assert top
    assert now
    assert abs(top["y"] - now["y"]) < 2
    page.goto(page.url.partition("?")[0])
    expect(page.locator(".turn .question-text").first).to_have_text(papers.WARRANTY_QUESTION)


def test_a_question_that_is_edited_on_a_phone_does_not_slide_under_the_bar(page: Page, upstream: OpenAIServer) -> None:
    """It was at the page's end as well as at its beginning."""
    page.set_viewport_size({"width": 390, "height": 500})
    turn = ask(page, papers.WARRANTY_QUESTION)
    wait_until_over(turn)
    whole = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": 390, "height": whole})
    turn.get_by_role("link", name="Edit the question").click()
    field = turn.get_by_label("Your question")
    expect(field).to_be_focused()
    page.wait_for_timeout(300)  # what would move it does so with the next picture
    bar, edited = page.locator(".topbar").bounding_box(), field.bounding_box()
    assert bar
    assert edited
    assert edited["y"] >= bar["y"] + bar["height"]


def test_an_answer_that_was_cut_is_continued_on_the_same_sources(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say("The warranty lasts two years [1]. It cov", finish_reason="length"))
    turn = ask(page, papers.WARRANTY_QUESTION)
    expect(turn.get_by_text("The answer was cut at the longest length that is set.")).to_be_visible()
    page.reload()
    upstream.script(say("covers parts and labour [1]."))
    turn.get_by_role("button", name="Continue the answer").click()
    expect(turn.locator(".answer")).to_contain_text(re.compile(r"lasts two years.*It covers parts and labour"))
    wait_until_over(turn)
    expect(turn.get_by_role("button", name="Continue the answer")).to_be_hidden()
    expect(turn.locator("a.cite")).to_have_count(2)
    expect(turn.locator("[data-part=source-list] > *")).to_have_count(1)


def test_another_tab_goes_on_with_what_it_shows(page: Page) -> None:
    wait_until_over(ask(page, papers.WARRANTY_QUESTION))
    other = page.context.new_page()
    other.goto(page.url)
    page.locator(".turn").get_by_role("button", name="Ask again").click()
    expect(page.locator(".turn .branches")).to_contain_text("2 / 2")
    wait_until_over(page.locator(".turn"))
    wait_until_over(ask(other, "And does it cover parts of the warranty?"))
    other.reload()
    expect(other.locator(".turn")).to_have_count(2)
    expect(other.locator(".turn .branches").first).to_contain_text("1 / 2")


def test_another_model_answers_where_a_reader_chooses_it(
    page: Page, product: Product, writing_organisation: str, upstream: OpenAIServer
) -> None:
    row = add_upstream(page, product, writing_organisation, model=OTHER_MODEL, key=KEY)
    try:
        page.goto(product.address(f"/t/{writing_organisation}/"))
        turn = ask(page, papers.WARRANTY_QUESTION)
        wait_until_over(turn)
        turn.get_by_title("Ask again with another model").click()
        turn.get_by_role("button", name=OTHER_MODEL).click()
        expect(turn.locator(".branches")).to_contain_text("2 / 2")
        wait_until_over(turn)
        assert upstream.requests[-1].json["model"] == OTHER_MODEL
        expect(turn.locator("[data-part=model]")).to_have_text(OTHER_MODEL)
    finally:
        page.goto(product.address(f"/t/{writing_organisation}/settings/"))
        row.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(row).to_have_count(0)


def size_of(locator: Locator) -> dict[str, float]:
    box = locator.bounding_box()
    assert box is not None
    return {"width": round(box["width"]), "height": round(box["height"])}


def questions_asked(upstream: OpenAIServer) -> list[str]:
    return [request.path for request in upstream.requests if request.path.endswith("/chat/completions")]


class Line:
    """The sockets of a page from its next load on, which can be cut and refused until the line is mended."""

    def __init__(self, page: Page, watch: Watch) -> None:
        self.connections = 0
        self._page = page
        self._watch = watch
        self._whole = True
        self._open: list[WebSocketRoute] = []
        page.route_web_socket(re.compile(r"/ws/t/"), self._connected)

    def cut(self, *, offline: bool = True) -> None:
        """Without `offline` pages are still to be had, as from a server whose sockets a proxy keeps from the reader."""
        self._whole = False
        if offline:
            self._watch.expect(OFFLINE)
        self._page.context.set_offline(offline)
        for socket in self._open:
            socket.close(code=1001)
        self._open.clear()

    def mend(self) -> None:
        self._whole = True
        self._page.context.set_offline(False)

    def _connected(self, socket: WebSocketRoute) -> None:
        if not self._whole:
            socket.close(code=1001)
            return
        self.connections += 1
        socket.connect_to_server()
        self._open.append(socket)
