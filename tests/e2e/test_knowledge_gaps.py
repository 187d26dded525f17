"""What the documents do not say: asked, refused, sent to the owner, answered by her, and found by whoever asks next."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import papers
from tests.e2e.browsing import READ_MS, add_document, ask, document_row, wait_until_over
from tests.e2e.conftest import ALICE, NewContext, SignedIn
from tests.e2e.product import Product
from tests.e2e.test_settings_and_members import NEW_PASSWORD, invite
from tests.e2e.test_without_scripts import reload_until

WAYNE = "wayne"
QUESTION = "Where do guests of the observatory park their bicycles at night?"
ANSWER = "Guests of the observatory park their bicycles behind the dome, in the blue shed."
OTHER_QUESTION = "Who repairs the telescope of the observatory in winter?"
NEAREST = "Not in the documents; these come nearest"


@pytest.fixture(scope="module", autouse=True)
def observatory(chromium: Browser, product: Product, cookies: Callable[[str], list[object]], folder: Path) -> None:
    """An organisation of Alice's, whose one document says nothing of what is asked."""
    product.organisation(WAYNE, name="Wayne", owner=ALICE)
    context = chromium.new_context()
    context.add_cookies(cookies(ALICE))  # type: ignore[arg-type]
    add_document(context.new_page(), product, WAYNE, papers.rulebook(folder))
    context.close()


def gap(page: Page, question: str) -> Locator:
    return page.locator(".gap").filter(has=page.get_by_role("heading", name=question))


def test_a_refused_question_is_sent_answered_and_then_found(
    signed_in: SignedIn, new_context: NewContext, product: Product
) -> None:
    alice = signed_in(ALICE)
    bob = new_context().new_page()
    bob.goto(invite(alice, product, f"bob-{uuid4().hex[:6]}@example.org", "member", slug=WAYNE))
    bob.get_by_label("Name").fill("Bob")
    bob.get_by_label("Password").first.fill(NEW_PASSWORD)
    bob.get_by_role("button", name="Make my account and join").click()

    refused = ask(bob, QUESTION)
    wait_until_over(refused)
    expect(refused.locator(".source:visible")).to_have_count(0)
    refused.get_by_text(NEAREST).click()
    expect(refused.locator(".source:visible").first).to_be_visible()
    expect(refused.locator(".source[data-cited], a.cite")).to_have_count(0)
    refused.get_by_text("Ask the owner").click()
    refused.get_by_label("Note").fill("For the open night.")
    refused.get_by_role("button", name="Send the question").click()
    expect(refused.get_by_text("The owner was asked.")).to_be_visible()
    conversation = bob.url

    alice.goto(product.address(f"/t/{WAYNE}/dashboard/"))
    alice.get_by_role("link", name=re.compile("Knowledge gaps")).click()
    entry = gap(alice, QUESTION)
    expect(entry).to_contain_text("For the open night.")
    entry.get_by_text("Write the answer").click()
    entry.get_by_label("Answer", exact=True).fill(ANSWER)
    entry.get_by_role("button", name="Add the answer to the documents").click()
    expect(gap(alice, QUESTION)).to_have_count(0)
    alice.goto(product.address(f"/t/{WAYNE}/documents/"))
    written = document_row(alice, "Where_do_guests_of_the_observatory_park_their_bicycles_at_night.md")
    expect(written).to_have_attribute("data-status", "ready", timeout=READ_MS)

    bob.goto(conversation)
    told = bob.locator(".turn").first
    expect(told.get_by_text("The owner has answered this since.")).to_be_visible()
    expect(told.get_by_text(ANSWER)).to_be_visible()
    bob.goto(product.address(f"/t/{WAYNE}/"))
    found = ask(bob, QUESTION)
    wait_until_over(found)
    quote = found.locator("blockquote").filter(has_text=ANSWER)
    expect(quote.locator("a.cite")).to_be_visible()
    quote.locator("a.cite").first.click()
    expect(bob.get_by_role("dialog", name="Source").locator("mark")).to_contain_text(ANSWER)


def test_forms_alone_do_it_too(signed_in: SignedIn, product: Product) -> None:
    page = signed_in(ALICE, java_script_enabled=False)
    page.goto(product.address(f"/t/{WAYNE}/"))
    page.get_by_label("Your question").fill(OTHER_QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    reload_until(page, ".turn[data-status=completed]", READ_MS)
    turn = page.locator(".turn").last
    turn.get_by_text("Ask the owner").click()
    turn.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text("The owner was asked.")).to_be_visible()
    page.goto(product.address(f"/t/{WAYNE}/dashboard/gaps/"))
    gap(page, OTHER_QUESTION).get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("The question is dismissed.")).to_be_visible()
    page.goto(product.address(f"/t/{WAYNE}/dashboard/gaps/?status=dismissed"))
    expect(gap(page, OTHER_QUESTION)).to_be_visible()
