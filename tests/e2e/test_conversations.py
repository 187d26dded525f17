"""The life of a conversation, as its reader leads it: named, pinned, put away, found again, taken along, deleted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e.browsing import ask, wait_until_over
from tests.e2e.conftest import DANA, SignedIn
from tests.e2e.product import Product

QUESTION = "How long does the warranty last?"


@pytest.fixture
def home(product: Product, writing_organisation: str) -> str:
    return product.address(f"/t/{writing_organisation}/")


@pytest.fixture
def page(signed_in: SignedIn, home: str) -> Page:
    page = signed_in(DANA)
    page.goto(home)
    return page


def asked(page: Page, home: str, upstream: OpenAIServer, question: str = QUESTION) -> str:
    """Ask in a new conversation, name it like nothing else, and return the name. It is open then."""
    upstream.script(say("The warranty lasts two years ", "[1]."))
    page.goto(home)
    wait_until_over(ask(page, question))
    name = f"Ugovor {uuid4().hex[:6]}"
    renamed(page, page.locator(".sidebar-item:has([aria-current=page])"), name)
    return name


def item(page: Page, name: str) -> Locator:
    return page.locator(".sidebar-item").filter(has=page.get_by_role("link", name=name, exact=True))


def menu(line: Locator) -> Locator:
    """Open the menu of a line and return it."""
    line.hover()
    line.locator("summary").first.click()
    return line.locator(".menu-panel")


def renamed(page: Page, line: Locator, name: str) -> None:
    opened = menu(line)
    opened.get_by_text("Rename").click()
    expect(opened.get_by_label("Name of the conversation")).to_be_focused()
    opened.get_by_label("Name of the conversation").fill(name)
    page.keyboard.press("Enter")
    expect(item(page, name)).to_be_visible()


def test_it_is_renamed_and_pinned_and_the_page_says_so(page: Page, home: str, upstream: OpenAIServer) -> None:
    name = asked(page, home, upstream)
    expect(page).to_have_title(re.compile(name))
    expect(item(page, name).locator("summary").first).to_be_focused()
    menu(item(page, name)).get_by_role("button", name="Pin", exact=True).click()
    pinned = page.get_by_role("region", name="Pinned")
    expect(pinned.get_by_role("link", name=name)).to_be_visible()
    asked(page, home, upstream)
    expect(pinned.get_by_role("link", name=name)).to_be_visible()
    page.reload()
    expect(pinned.get_by_role("link", name=name)).to_be_visible()
    menu(item(page, name)).get_by_role("button", name="Unpin").click()
    expect(pinned).to_be_hidden()
    expect(item(page, name)).to_be_visible()


def test_the_list_stays_where_the_session_has_ended(page: Page, home: str, upstream: OpenAIServer) -> None:
    name = asked(page, home, upstream)
    page.context.clear_cookies(name="sessionid")
    menu(item(page, name)).get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_text("That did not work. Reload the page and try again.")).to_be_visible()
    expect(item(page, name)).to_be_visible()


def test_what_is_archived_is_found_in_the_archive_and_comes_back(page: Page, home: str, upstream: OpenAIServer) -> None:
    name = asked(page, home, upstream)
    menu(item(page, name)).get_by_role("button", name="Archive").click()
    expect(page).to_have_url(home)
    expect(item(page, name)).to_have_count(0)
    page.get_by_role("link", name="Archived").click()
    row = page.locator(".archived-item").filter(has_text=name)
    row.get_by_role("button", name="Unarchive").click()
    expect(item(page, name)).to_be_visible()
    expect(row).to_have_count(0)


def test_what_is_deleted_is_gone_until_it_is_taken_back(page: Page, home: str, upstream: OpenAIServer) -> None:
    name = asked(page, home, upstream)
    address = page.url
    page.goto(home)
    menu(item(page, name)).get_by_role("button", name="Delete").click()
    said = page.locator("#toasts .notice")
    expect(said).to_contain_text("Deleted.")
    expect(item(page, name)).to_have_count(0)
    assert page.request.get(address).status == 404
    said.get_by_role("button", name="Undo").click()
    expect(item(page, name)).to_be_visible()
    expect(page.locator("#toasts .notice")).to_contain_text("It is there again.")
    assert page.request.get(address).status == 200


def test_the_open_one_is_deleted_and_the_next_page_takes_it_back(page: Page, home: str, upstream: OpenAIServer) -> None:
    name = asked(page, home, upstream)
    menu(item(page, name)).get_by_role("button", name="Delete").click()
    expect(page).to_have_url(home)
    page.locator(".messages").get_by_role("button", name="Undo").click()
    expect(item(page, name)).to_be_visible()


def test_the_menu_is_worked_by_keyboard_alone(page: Page, home: str, upstream: OpenAIServer) -> None:
    name = asked(page, home, upstream)
    button = item(page, name).locator("summary").first
    button.focus()
    page.keyboard.press("Enter")
    panel = item(page, name).locator(".menu-panel")
    expect(panel).to_be_in_viewport(ratio=1)
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_text("Rename")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(panel.locator(".menu-move > summary")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(panel.get_by_role("button", name="Pin", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()


def test_words_of_an_answer_lead_to_it(page: Page, home: str, upstream: OpenAIServer) -> None:
    mark = f"zx{uuid4().hex[:8]}"
    name = asked(page, home, upstream, f"Koliko traje GARANCIJA za štampač {mark}?")
    find = page.get_by_role("searchbox", name="Find a conversation")
    find.fill(name.upper())
    expect(page.locator(".sidebar-item:visible")).to_have_count(1)
    find.fill(f"гаранција stampac warranty {mark}")
    page.keyboard.press("Enter")
    result = page.locator(".results > li")
    expect(result).to_have_count(1)
    assert result.locator("mark").all_inner_texts() == ["GARANCIJA", "štampač", mark, "warranty"]
    result.get_by_role("link").click()
    turn = page.locator(".turn:target")
    expect(turn).to_be_in_viewport()
    expect(turn).to_contain_text(mark)
    find.fill(f"{mark} nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ask the documents instead")).to_be_visible()


def test_it_is_taken_along_and_brought_back(page: Page, home: str, upstream: OpenAIServer, tmp_path: Path) -> None:
    name = asked(page, home, upstream)
    contents = {}
    for label, ending in (("Export as Markdown", "md"), ("Export as JSON", "json")):
        panel = menu(item(page, name))
        with page.expect_download() as started:
            panel.get_by_role("link", name=label).click()
        file = tmp_path / started.value.suggested_filename
        assert file.name == f"{name.replace(' ', '-')}.{ending}"
        started.value.save_as(file)
        contents[ending] = file
        page.keyboard.press("Escape")
    assert "two years [1]" in contents["md"].read_text()
    document = json.loads(contents["json"].read_text())["turns"][0]["sources"][0]["document"]
    assert document in contents["md"].read_text().replace("\\", "")

    menu(item(page, name)).get_by_role("link", name="Print or save as PDF").click()
    expect(page.locator(".printed-sources")).to_contain_text(document)
    assert len(page.pdf()) > 5_000
    page.emulate_media(media="print")
    expect(page.locator(".topbar")).to_be_hidden()
    expect(page.locator(".printed-sources li").first).to_be_visible()
    page.emulate_media(media="screen")

    page.goto(f"{home}archived/")
    page.get_by_label("A conversation that was exported as JSON").set_input_files(contents["json"])
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".messages")).to_contain_text("imported")
    expect(page.locator(".turn")).to_contain_text("two years")
    expect(page.locator(".source[data-cited]").first).to_contain_text(document)


def test_forms_alone_do_it_too(page: Page, home: str, upstream: OpenAIServer, signed_in: SignedIn) -> None:
    name = asked(page, home, upstream)
    plain = signed_in(DANA, java_script_enabled=False)
    plain.goto(page.url)
    other = f"{name} II"
    opened = menu(item(plain, name))
    opened.get_by_text("Rename").click()
    opened.get_by_label("Name of the conversation").fill(other)
    opened.get_by_role("button", name="Save").click()
    menu(item(plain, other)).get_by_role("button", name="Pin", exact=True).click()
    expect(plain.get_by_role("region", name="Pinned")).to_contain_text(other)
    menu(item(plain, other)).get_by_role("button", name="Delete").click()
    expect(item(plain, other)).to_have_count(0)
    plain.locator(".messages").get_by_role("button", name="Undo").click()
    expect(item(plain, other)).to_be_visible()
    item(plain, other).get_by_role("link").click()
    menu(item(plain, other)).get_by_role("button", name="Unpin").click()
    expect(plain.get_by_role("region", name="Pinned")).to_be_hidden()
    plain.get_by_role("searchbox", name="Find a conversation").fill("warranty")
    plain.keyboard.press("Enter")
    expect(plain.locator(".results > li").first).to_be_visible()
