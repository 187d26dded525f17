"""Writing a question: drafts, prompts, what is searched, what could be asked next, and the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e import papers
from tests.e2e.browsing import ask, wait_until_over
from tests.e2e.conftest import DANA, INITECH, SignedIn
from tests.e2e.product import Product

DRAFT = "How long did I"
VOICES = """
const spoken = (window.spoken = []);
Object.defineProperty(window, "speechSynthesis", {
  value: Object.assign(new EventTarget(), {
    getVoices: () => [{ lang: "en-GB", localService: true, name: "here" }],
    speak: (said) => spoken.push(said.text),
    cancel: () => spoken.push("(silence)"),
  }),
});
window.SpeechSynthesisUtterance = class extends EventTarget {
  constructor(text) {
    super();
    this.text = text;
  }
};
"""


@pytest.fixture
def home(product: Product, writing_organisation: str) -> str:
    return product.address(f"/t/{writing_organisation}/")


@pytest.fixture
def page(signed_in: SignedIn, home: str) -> Iterator[Page]:
    page = signed_in(DANA)
    page.goto(home)
    yield page
    page.evaluate("localStorage.clear()")


def answered(page: Page, upstream: OpenAIServer, question: str = papers.WARRANTY_QUESTION) -> None:
    upstream.script(say("The warranty lasts two years ", "[1]."))
    wait_until_over(ask(page, question))


def chosen(page: Page) -> list[str]:
    return page.locator("[data-part=chosen] .chip > bdi").all_inner_texts()


def test_a_draft_stays_in_its_conversation(page: Page, home: str, upstream: OpenAIServer) -> None:
    field = page.get_by_label("Your question")
    field.fill(DRAFT)
    page.reload()
    expect(field).to_have_value(DRAFT)
    answered(page, upstream)
    conversation = page.url
    expect(field).to_have_value("")
    field.fill("And the lid?")
    page.goto(home)
    expect(field).to_have_value("")
    page.goto(conversation)
    expect(field).to_have_value("And the lid?")


def test_a_question_that_did_not_arrive_is_there_again_after_a_crash(page: Page, home: str) -> None:
    page.evaluate("document.querySelector('rz-chat').socket.send = () => false")  # as without a connection
    ask(page, DRAFT)
    expect(page.get_by_label("Your question")).to_have_value("")
    page.goto(home)
    expect(page.get_by_label("Your question")).to_have_value(DRAFT)


def test_a_prompt_is_made_and_put_in_by_its_name(page: Page, product: Product, home: str) -> None:
    field = page.get_by_label("Your question")
    page.get_by_role("link", name="Prompts").click()
    page.get_by_label("Name").fill("Compare")
    page.get_by_label("Text").fill("Compare {{one}} with {{the other}}.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="/compare")).to_be_visible()
    page.goto(home)
    field.press_sequentially("/comp")
    option = page.get_by_role("option", name="/compare")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("combobox", name="Your question")).to_be_focused()
    page.keyboard.press("Enter")
    expect(option).to_be_hidden()
    page.keyboard.type("kettles")
    page.keyboard.press("Tab")
    page.keyboard.type("pumps")
    expect(field).to_have_value("Compare kettles with pumps.")
    page.keyboard.press("Tab")
    expect(field).not_to_be_focused()
    field.fill("/com")
    expect(option).to_be_visible()
    page.keyboard.press("Escape")
    expect(option).to_be_hidden()


def test_what_is_searched_is_chosen_shown_and_kept(page: Page, upstream: OpenAIServer) -> None:
    field = page.get_by_label("Your question")
    page.get_by_role("button", name="Search in…").click()
    page.keyboard.type("warr")
    expect(page.get_by_role("option", name=papers.WARRANTY_NAME)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    assert chosen(page) == [papers.WARRANTY_NAME]
    expect(field).to_have_value("")
    answered(page, upstream)
    asked_in = page.locator(".turn [data-part=scope]")
    expect(asked_in).to_contain_text(papers.WARRANTY_NAME)
    page.reload()
    expect(asked_in).to_contain_text(papers.WARRANTY_NAME)
    assert chosen(page) == [papers.WARRANTY_NAME]
    page.get_by_role("button", name=f"Remove {papers.WARRANTY_NAME}").click()
    assert chosen(page) == []
    expect(field).to_be_focused()


def test_a_suggestion_asks_what_the_document_says_as_well(page: Page, upstream: OpenAIServer) -> None:
    answered(page, upstream)
    suggestion = page.get_by_role("button", name="What does “warranty.md” say about “Returns”?")
    expect(suggestion).to_be_visible()
    upstream.script(say("A kettle can be returned within thirty days ", "[1]."))
    suggestion.click()
    expect(page.locator(".turn")).to_have_count(2)
    wait_until_over(page.locator(".turn").last)
    expect(page.locator(".turn").last.locator("[data-part=question]")).to_contain_text("Returns")


def test_single_keys_work_outside_of_fields_until_they_are_switched_off(page: Page, upstream: OpenAIServer) -> None:
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    field = page.get_by_label("Your question")
    field.press_sequentially("?b")
    expect(field).to_have_value("?b")
    field.fill("")
    answered(page, upstream)
    field.blur()
    page.keyboard.press("b")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.keyboard.press("b")
    expect(page.locator("#sidebar")).to_be_visible()
    page.keyboard.press("k")
    expect(page.locator(".turn")).to_be_focused()
    page.keyboard.press("o")
    expect(page.get_by_role("dialog", name="Source")).to_be_visible()
    page.keyboard.press("o")
    expect(page.get_by_role("dialog", name="Source")).to_be_hidden()
    page.keyboard.press("?")
    expect(sheet).to_be_visible()
    sheet.get_by_label("Listen to single keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(field).not_to_be_focused()
    page.locator("summary").filter(has_text="Menu of").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_label("Listen to single keys").check()
    page.keyboard.press("Escape")
    field.blur()
    page.keyboard.press("a")
    expect(field).to_be_focused()


def test_what_is_typed_after_asking_by_mouse_is_the_next_question(
    page: Page, home: str, upstream: OpenAIServer
) -> None:
    """And not the keys that begin a new conversation or stop the answer."""
    field = page.get_by_label("Your question")
    slow = [*(f"word{number} " for number in range(60)), "[1]."]
    upstream.script(say(*slow, pause_s=0.2))
    turn = ask(page, papers.WARRANTY_QUESTION)
    page.keyboard.type("nas")
    expect(field).to_have_value("nas")
    expect(turn.locator(".answer")).to_contain_text("word3")
    page.get_by_role("button", name="Stop the answer").press("Enter")
    wait_until_over(turn, "stopped")
    page.keyboard.type("n?")
    expect(field).to_have_value("nasn?")
    field.fill("")
    page.goto(home)
    page.get_by_role("list", name="Examples").get_by_role("button").first.click()
    page.keyboard.type("n")
    expect(field).to_have_value("n")
    wait_until_over(page.locator(".turn"))
    answered(page, upstream)
    page.get_by_role("button", name="What does “warranty.md” say about “Returns”?").click()
    page.keyboard.type("n")
    expect(field).to_have_value("n")
    wait_until_over(page.locator(".turn").last)


def test_asking_by_touch_does_not_bring_the_keyboard_back(
    signed_in: SignedIn, home: str, upstream: OpenAIServer
) -> None:
    page = signed_in(DANA, has_touch=True)
    page.goto(home)
    upstream.script(say("Two years [1]."))
    page.get_by_label("Your question").fill(papers.WARRANTY_QUESTION)
    page.get_by_role("button", name="Ask", exact=True).tap()
    wait_until_over(page.locator(".turn"))
    expect(page.locator("[data-part=thread]")).to_be_focused()


def test_an_answer_is_read_aloud_by_a_voice_of_this_machine(page: Page, home: str, upstream: OpenAIServer) -> None:
    page.add_init_script(VOICES)
    page.goto(home)
    answered(page, upstream)
    button = page.get_by_role("button", name="Read aloud")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("spoken.at(-1)") == "The warranty lasts two years ."
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("spoken.at(-1)") == "(silence)"
    upstream.script(say("- Two years [1].\n\n- Covered:\n  - element\n  - lid\n"))
    turn = ask(page, "And what does the warranty cover?")
    wait_until_over(turn)
    page.evaluate("spoken.length = 0")
    turn.get_by_role("button", name="Read aloud").click()
    said = [text for text in page.evaluate("spoken") if text != "(silence)"]
    assert said == ["Two years .", "Covered:", "element", "lid"]
    expect(page.get_by_role("button", name="Dictate")).to_have_count(0)


def test_the_list_fits_a_phone_and_a_script_that_goes_the_other_way(
    signed_in: SignedIn, product: Product, home: str
) -> None:
    page = signed_in(DANA, viewport={"width": 390, "height": 844}, has_touch=True)
    page.context.add_cookies([{"name": "django_language", "value": "ar", "url": product.url}])
    page.goto(home)
    page.locator("[data-part=search-in]").tap()
    option = page.get_by_role("option").filter(has_text=papers.WARRANTY_NAME)
    expect(option).to_be_in_viewport(ratio=1)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    option.tap()
    assert chosen(page) == [papers.WARRANTY_NAME]


def test_whoever_signs_out_leaves_no_draft(page: Page, product: Product) -> None:
    page.goto(product.address(f"/t/{INITECH}/"))
    page.get_by_label("Your question").fill(DRAFT)
    expect(page.get_by_label("Your question")).to_have_value(DRAFT)
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
    page.route(
        re.compile("accounts/logout"), lambda route: route.fulfill(status=204)
    )  # the other tests need the session
    page.locator("summary").filter(has_text="Menu of").click()
    page.get_by_role("button", name="Sign out").click()
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
