"""What a conversation is called, where it lies, and who else reads it."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e import papers
from tests.e2e.browsing import Watch, ask, wait_until_over
from tests.e2e.conftest import DANA, NewContext, SignedIn
from tests.e2e.product import Product


@pytest.fixture
def home(product: Product, writing_organisation: str) -> str:
    return product.address(f"/t/{writing_organisation}/")


def asked(page: Page, home: str, upstream: OpenAIServer, title: str) -> Locator:
    """Ask in a new conversation that the model calls `title`, and return its line in the list."""
    upstream.titles.append(title)
    upstream.script(say("The warranty lasts two years [1]."))
    page.goto(home)
    wait_until_over(ask(page, papers.WARRANTY_QUESTION))
    line = page.locator(".sidebar-item").filter(has=page.get_by_role("link", name=title, exact=True))
    expect(line).to_be_visible()
    return line


def menu(line: Locator) -> Locator:
    line.hover()
    own = line.locator(":scope > .menu")
    own.locator(":scope > summary").click()
    return own.locator(":scope > .menu-panel")


def test_the_model_names_the_conversation_while_the_page_is_open(
    signed_in: SignedIn, home: str, upstream: OpenAIServer
) -> None:
    page = signed_in(DANA)
    asked(page, home, upstream, "Years of warranty")
    expect(page).to_have_title(re.compile(r"^Years of warranty · "))
    page.reload()
    expect(page.get_by_role("heading", name="Years of warranty", exact=True)).to_have_count(1)


def test_a_folder_is_made_folded_renamed_and_deleted(signed_in: SignedIn, home: str, upstream: OpenAIServer) -> None:
    page = signed_in(DANA)
    line = asked(page, home, upstream, "A folded warranty")
    opened = menu(line)
    opened.get_by_text("Move to a folder").first.click()
    expect(opened.get_by_label("Name of the new folder")).to_be_visible()
    opened.get_by_label("Name of the new folder").fill("Pumps")
    page.keyboard.press("Enter")
    folder = page.locator(".sidebar-folder").filter(has_text="Pumps")
    expect(folder.get_by_role("link", name="A folded warranty")).to_be_visible()

    page.goto(home)  # the open conversation's folder is always open
    with page.expect_response(re.compile("/collapse/")):
        folder.locator(".sidebar-fold > summary").press("Enter")
    page.reload()
    expect(folder.get_by_role("link", name="A folded warranty")).to_be_hidden()
    page.get_by_label("Find a conversation").fill("folded")
    expect(folder.get_by_role("link", name="A folded warranty")).to_be_visible()
    page.get_by_label("Find a conversation").fill("")
    page.get_by_label("Find a conversation").blur()  # its hint goes, and what is below moves up
    expect(folder.get_by_role("link", name="A folded warranty")).to_be_hidden()

    opened = menu(folder)
    opened.get_by_text("Rename").click()
    expect(opened.get_by_label("Name of the folder")).to_be_focused()
    opened.get_by_label("Name of the folder").fill("Kestrel")
    page.keyboard.press("Enter")
    folder = page.locator(".sidebar-folder").filter(has_text="Kestrel")
    menu(folder).get_by_role("button", name="Delete the folder").click()
    expect(folder).to_have_count(0)
    expect(page.get_by_role("link", name="A folded warranty")).to_be_visible()


def test_a_link_shows_the_frozen_conversation_until_it_is_withdrawn(
    signed_in: SignedIn, new_context: NewContext, home: str, upstream: OpenAIServer, watch: Watch
) -> None:
    watch.expect("status of 404")
    page = signed_in(DANA)
    page.goto(f"{home}settings/sharing/")
    page.get_by_label("Links for anyone").check()
    page.get_by_role("button", name="Save").click()
    menu(asked(page, home, upstream, "A shared warranty")).get_by_role("link", name="Share…").click()
    page.get_by_label("Anyone with the link").check()
    page.get_by_role("button", name="Make the link").click()
    link = urljoin(home, urlsplit(page.get_by_label("Link", exact=True).input_value()).path)

    stranger = new_context(viewport={"width": 390, "height": 700}).new_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="A shared warranty")).to_be_visible()
    stranger.locator("a.cite").first.click()
    source = stranger.locator(".shared-source:target")
    expect(source.locator("mark")).to_be_in_viewport()
    expect(stranger.locator("a[href*='/t/']")).to_have_count(0)
    assert stranger.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("link", name="Shared links").click()
    page.locator(".share-item").filter(has_text="A shared warranty").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("The link is withdrawn.")).to_be_visible()
    stranger.reload()
    expect(stranger.get_by_text("This link does not lead to a conversation")).to_be_visible()
