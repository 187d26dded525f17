"""Every page, in both colour schemes, is one that assistive programs understand; and the keyboard is enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e import papers
from tests.e2e.browsing import Watch, add_document, ask, wait_until_over
from tests.e2e.conftest import ACME, ALICE, DANA, NewContext, SignedIn
from tests.e2e.product import Product

GRAVE = {"serious", "critical"}
AXE = {"resultTypes": ["violations"], "preload": False}
"""Preloading would fetch every style sheet again and write it into the page, which the policy rightly refuses."""
QUALITY = tuple(f"dashboard/quality/{each}" for each in ("", "new/", "questions/", "rated/"))
CONVERSATIONS = (
    "prompts/",
    "archived/",
    "search/",
    "search/?q=dana",
    "search/?q=zebra",
    "shared/",
    "settings/sharing/",
)
NARROW: ViewportSize = {"width": 320, "height": 640}
ZOOMED: ViewportSize = {"width": 640, "height": 450}
"""What 200 % leaves of a window of 1280 pixels."""
TABS = 80
"""More presses of the Tab key than any page has things to stop at."""


@pytest.fixture(scope="module")
def answered(chromium: Browser, product: Product, cookies: object, folder: Path) -> Iterator[dict[str, str]]:
    """Addresses of a conversation with an answer and a refusal, of a cited page as text and as an image, and of a
    document."""
    context = chromium.new_context()
    context.add_cookies(cookies(ALICE))  # type: ignore[operator]
    page = context.new_page()
    for path in (papers.rulebook(folder), papers.handbook(folder)):
        add_document(page, product, ACME, path)
    addresses = {"document": page.locator(".document-name").first.get_attribute("href") or ""}
    addresses |= {part: f"{addresses['document']}?part={part}" for part in ("versions", "history", "details")}
    page.goto(product.address(f"/t/{ACME}/"))
    for name, question in (("image", papers.PRESSURE_QUESTION), ("text", papers.REMOVAL_QUESTION)):
        turn = ask(page, question)
        wait_until_over(turn)
        addresses[name] = turn.locator("a.cite").first.get_attribute("href") or ""
    wait_until_over(ask(page, "Who won the football world cup of 1974?"))
    addresses["conversation"] = page.url.removeprefix(product.url)
    addresses["print"] = f"{addresses['conversation']}print/"
    addresses["share"] = f"{addresses['conversation']}share/"
    addresses["shared"] = shared(page, product.address(addresses["share"]))
    turn_id = addresses["text"].split("/turns/")[1].split("/")[0]
    addresses["trace"] = f"/t/{ACME}/dashboard/turns/{turn_id}/"
    addresses["edit"] = f"/t/{ACME}/turns/{turn_id}/edit/"
    yield addresses
    context.close()


def shared(page: Page, address: str) -> str:
    """Make a link to the conversation, and return where it leads."""
    page.goto(address)
    page.get_by_role("button", name="Make the link").click()
    return urlsplit(page.get_by_label("Link", exact=True).input_value()).path


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def findings(page: Page) -> list[str]:
    response = Axe().run(page, options=AXE).response
    return [
        f"{page.url}: {violation['id']} ({violation['impact']}) {violation['nodes'][0]['html'][:160]}"
        for violation in response["violations"]
        if violation["impact"] in GRAVE
    ]


def test_pages_of_an_organisation_have_no_grave_findings(
    signed_in: SignedIn, product: Product, answered: dict[str, str], scheme: str
) -> None:
    page = signed_in(ALICE, color_scheme=scheme)
    pages = ("", "documents/", "settings/", "settings/refusing/", "members/", "dashboard/")
    below = (*pages, "dashboard/audit/", "dashboard/gaps/", *QUALITY, *CONVERSATIONS)
    found = []
    for path in [*(f"/t/{ACME}/{each}" for each in below), *answered.values()]:
        assert page.goto(product.address(path)).status == 200, path  # type: ignore[union-attr]
        found += findings(page)
    assert found == []


def test_an_answer_with_a_marked_sentence_has_no_grave_findings(
    signed_in: SignedIn, product: Product, writing_organisation: str, upstream: OpenAIServer, scheme: str
) -> None:
    upstream.script(say("The warranty lasts two years [1]. ", "It was signed by **Bob Dylan** [1]."))
    page = signed_in(DANA, color_scheme=scheme)
    page.goto(product.address(f"/t/{writing_organisation}/"))
    wait_until_over(ask(page, papers.WARRANTY_QUESTION))
    page.locator("mark.unsupported").focus()
    assert findings(page) == []


def test_pages_outside_an_organisation_have_no_grave_findings(
    new_context: NewContext, signed_in: SignedIn, product: Product, watch: Watch, scheme: str
) -> None:
    watch.expect(r"status of 4(04|10)")
    stranger = new_context(color_scheme=scheme).new_page()
    found = []
    for path in ("/accounts/login/", "/accounts/password/reset/", "/invitations/none/"):
        stranger.goto(product.address(path))
        found += findings(stranger)
    page = signed_in(ALICE, color_scheme=scheme)
    for path in ("/accounts/logout/", "/accounts/password/change/", "/t/nobody/"):
        page.goto(product.address(path))
        found += findings(page)
    assert found == []


def test_menus_dialogs_and_unfolded_parts_have_no_grave_findings(
    signed_in: SignedIn, product: Product, answered: dict[str, str], scheme: str
) -> None:
    page = signed_in(ALICE, color_scheme=scheme)
    page.goto(product.address(answered["conversation"]))
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((each) => (each.open = true))")
    page.locator("summary").filter(has_text="Menu of").click()
    found = findings(page)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    found += findings(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Search in…").click()
    expect(page.get_by_role("listbox", name="Search in")).to_be_visible()
    found += findings(page)
    page.keyboard.press("Escape")
    line = page.locator(".sidebar-item:has([aria-current=page])")
    line.hover()
    line.locator("summary").first.click()
    expect(line.get_by_label("Name of the conversation")).to_be_visible()
    found += findings(page)
    page.keyboard.press("Escape")
    page.goto(product.address(f"/t/{ACME}/documents/"))
    page.locator(".document").first.get_by_role("button", name="Delete").click()
    found += findings(page)
    page.goto(product.address(f"/t/{ACME}/settings/"))
    page.get_by_text("Add a model").click()
    found += findings(page)
    assert found == []


def test_a_narrow_page_has_no_grave_findings_and_does_not_scroll_sideways(
    signed_in: SignedIn, product: Product, answered: dict[str, str]
) -> None:
    page = signed_in(ALICE, viewport=NARROW)
    found = []
    below = ("", "documents/", "settings/", "members/", "dashboard/", "dashboard/audit/", *QUALITY, *CONVERSATIONS)
    for path in [*(f"/t/{ACME}/{each}" for each in below), *answered.values()]:
        page.goto(product.address(path))
        found += findings(page)
        for size in (NARROW, ZOOMED):
            page.set_viewport_size(size)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path} scrolls sideways at {size['width']} pixels")
        page.set_viewport_size(NARROW)
    assert found == []


def test_a_question_is_asked_and_its_source_opened_by_keyboard_alone(
    signed_in: SignedIn, product: Product, answered: dict[str, str]
) -> None:
    page = signed_in(ALICE)
    page.goto(product.address(f"/t/{ACME}/"))
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type(papers.REMOVAL_QUESTION)
    page.keyboard.press("Enter")
    wait_until_over(page.locator(".turn"))
    tab_until(page, "a.cite", key="Shift+Tab")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Source")
    expect(panel.locator("mark")).to_contain_text(papers.REMOVAL_SENTENCE)
    page.keyboard.press("Escape")
    expect(page.locator("a.cite:focus")).to_have_count(1)


def test_the_keyboard_can_skip_to_the_content(signed_in: SignedIn, product: Product) -> None:
    page = signed_in(ALICE)
    page.goto(product.address(f"/t/{ACME}/documents/"))
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_document_is_deleted_by_keyboard_alone(
    signed_in: SignedIn, product: Product, upstream: OpenAIServer, folder: Path
) -> None:
    page = signed_in(ALICE)
    note = folder / "keyboard-note.txt"
    note.write_text("A note that is there to be deleted by keyboard.\n", encoding="utf-8")
    add_document(page, product, ACME, note)
    page.locator("#main").focus()
    tab_until(page, ".document:has-text('keyboard-note.txt') .icon-button-danger")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab_until(page, "dialog button[value=yes]")
    page.keyboard.press("Enter")
    expect(page.locator(".document:has-text('keyboard-note.txt')")).to_have_count(0)


def tab_until(page: Page, selector: str, key: str = "Tab") -> None:
    """Press the key until what has the keyboard matches, and can be seen to have it."""
    target = page.locator(selector).first
    for _press in range(TABS):
        page.keyboard.press(key)
        if target.evaluate("(element) => element === document.activeElement"):
            outline = target.evaluate("(element) => getComputedStyle(element).outlineStyle")
            assert outline != "none", f"{selector} does not show that it has the keyboard"
            return
    pytest.fail(f"{selector} was not reached by {key}")
