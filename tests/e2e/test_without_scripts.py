"""Everything but the live stream works in a browser that runs no JavaScript."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e import papers
from tests.e2e.browsing import ACTION_MS, READ_MS, document_row
from tests.e2e.conftest import ACME, ALICE, SignedIn
from tests.e2e.product import Product

NOTE_NAME = "plain-note.txt"
NOTE = "The archive room of Acme is open on Tuesdays from nine to eleven.\n"
RELOAD_MS = 500


def test_a_document_is_uploaded_asked_about_and_deleted_by_forms_alone(
    signed_in: SignedIn, product: Product, folder: Path
) -> None:
    page = signed_in(ALICE, java_script_enabled=False)
    note = folder / NOTE_NAME
    note.write_text(NOTE, encoding="utf-8")
    page.goto(product.address(f"/t/{ACME}/documents/"))
    page.locator("#files").set_input_files(note)
    page.get_by_role("button", name="Upload").click()
    reload_until(page, f".document[data-status=ready]:has-text('{NOTE_NAME}')", READ_MS)

    page.get_by_role("link", name="Chat", exact=True).click()
    page.get_by_label("Your question").fill("When is the archive room of Acme open?")
    page.get_by_role("button", name="Ask", exact=True).click()
    reload_until(page, ".turn[data-status=completed]", ACTION_MS)
    quote = page.locator("blockquote").filter(has_text="on Tuesdays from nine to eleven")
    expect(quote).to_be_visible()
    expect(page.locator(".source").first).to_contain_text(NOTE_NAME)
    quote.locator("a.cite").click()
    expect(page.locator("mark")).to_contain_text(NOTE.strip())

    page.get_by_role("link", name="Documents", exact=True).click()
    document_row(page, NOTE_NAME).get_by_role("button", name="Delete").click()
    expect(document_row(page, NOTE_NAME)).to_have_count(0)


def test_a_refused_upload_says_why(signed_in: SignedIn, product: Product, folder: Path) -> None:
    page = signed_in(ALICE, java_script_enabled=False)
    empty = folder / "empty.txt"
    empty.write_bytes(b"")
    page.goto(product.address(f"/t/{ACME}/documents/"))
    page.locator("#files").set_input_files([empty, papers.warranty(folder)])
    page.get_by_role("button", name="Upload").click()
    expect(page.locator(".messages")).to_contain_text("empty.txt:")
    expect(document_row(page, papers.WARRANTY_NAME)).to_be_visible()


def reload_until(page: Page, selector: str, timeout_ms: int) -> None:
    for _attempt in range(timeout_ms // RELOAD_MS):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(RELOAD_MS)
        page.reload()
    expect(page.locator(selector)).not_to_have_count(0, timeout=1)
