"""What the product is for: upload a document, ask about it, read the passage that the answer rests on."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e import papers
from tests.e2e.browsing import (
    ask,
    choose_file,
    document_row,
    drop_file,
    eventually,
    slow_uploads,
    wait_until_over,
    wait_until_ready,
    watch_texts,
)
from tests.e2e.conftest import ACME, ALICE, NewContext, SignedIn
from tests.e2e.product import Product

YELLOW_PIXELS = 2_000
"""A marked line of print has tens of thousands of them."""


@pytest.fixture
def page(signed_in: SignedIn, product: Product) -> Page:
    """Alice, at the documents of Acme."""
    page = signed_in(ALICE)
    page.goto(product.address(f"/t/{ACME}/documents/"))
    return page


def test_a_person_signs_in_uploads_asks_and_reads_the_passage(
    new_context: NewContext, product: Product, folder: Path
) -> None:
    page = new_context().new_page()
    page.goto(product.address("/"))
    page.get_by_label("Email").fill(ALICE)
    page.get_by_label("Password").fill("not for anything real")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Documents", exact=True).click()
    choose_file(page, papers.rulebook(folder))
    wait_until_ready(page, papers.RULEBOOK_NAME)

    page.get_by_role("link", name="Chat", exact=True).click()
    turn = ask(page, papers.REMOVAL_QUESTION)
    quote = turn.locator("blockquote").filter(has_text=papers.REMOVAL_SENTENCE)
    expect(quote.locator("a.cite")).to_be_visible()
    wait_until_over(turn)
    expect(turn.locator(".source[data-cited]")).to_contain_text(papers.RULEBOOK_NAME)

    citation = quote.locator("a.cite").first
    citation.click()
    panel = page.get_by_role("dialog", name="Source")
    expect(panel.get_by_role("heading", name=papers.RULEBOOK_NAME)).to_be_visible()
    expect(panel.locator("mark")).to_contain_text(papers.REMOVAL_SENTENCE)
    assert is_highlighted(panel.locator("mark"))
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(citation).to_be_focused()
    citation.click()
    panel.get_by_role("link", name="Open as a page").click()
    expect(page.locator("mark")).to_contain_text(papers.REMOVAL_SENTENCE)
    page.get_by_role("link", name="Back to the answer").click()
    expect(page.locator("blockquote").filter(has_text=papers.REMOVAL_SENTENCE)).to_be_visible()


def test_the_panel_goes_from_hit_to_hit_and_fills_a_phone(page: Page, folder: Path) -> None:
    handbook = papers.copy_of(papers.handbook(folder))  # of several passages
    choose_file(page, handbook)
    wait_until_ready(page, handbook.name)
    page.get_by_role("link", name="Chat", exact=True).click()
    turn = ask(page, papers.PRESSURE_QUESTION)
    wait_until_over(turn)
    turn.locator(".source-link").first.click()
    panel = page.get_by_role("dialog", name="Source")
    expect(panel.locator("[data-part=panel-at]")).to_have_text("1")
    expect(panel.locator("[data-part=panel-previous]")).to_have_attribute("aria-disabled", "true")
    first = panel.get_by_role("link", name="Open as a page").get_attribute("href")
    panel.get_by_role("link", name="Source after").click()
    expect(panel.locator("[data-part=panel-at]")).to_have_text("2")
    assert panel.get_by_role("link", name="Open as a page").get_attribute("href") != first
    expect(panel.locator(".page-text, .page-image").first).to_be_visible()

    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.locator(".turn .source-link").first.click()
    box = page.get_by_role("dialog", name="Source").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (390, 844)
    page.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()


def test_the_sources_are_there_before_the_answer_ends(page: Page, folder: Path) -> None:
    rules = papers.copy_of(papers.rulebook(folder))
    choose_file(page, rules)
    wait_until_ready(page, rules.name)
    page.get_by_role("link", name="Chat", exact=True).click()
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(str(data))))
    page.reload()
    turn = ask(page, papers.REMOVAL_QUESTION)
    expect(turn.locator(".source").first).to_be_visible()
    wait_until_over(turn)
    kinds = [found.group(1) for each in frames if (found := re.search(r'"type":"([a-z.]+)"', each))]
    assert kinds.index("turn.sources") < kinds.index("answer.block") < kinds.index("turn.completed")


def test_an_upload_shows_its_bytes_its_stages_and_its_end_without_a_reload(page: Page, folder: Path) -> None:
    handbook = papers.copy_of(papers.handbook(folder), padding=500_000)
    sent = watch_texts(page, ".upload [data-part=state]")
    stages = watch_texts(page, ".document-state", beside=handbook.name)
    slow_uploads(page, bytes_per_second=400_000)
    choose_file(page, handbook)
    wait_until_ready(page, handbook.name)
    assert [text for text in sent() if re.fullmatch(r"[\d.]+ kB / [\d.]+ kB", text)], sent()
    assert [text for text in stages() if re.match(r"(Reading|Splitting|Embedding|Indexing)", text)], stages()
    assert stages()[-1] == "Ready"
    page.reload()
    expect(document_row(page, handbook.name)).to_have_attribute("data-status", "ready")
    expect(document_row(page, handbook.name)).to_contain_text(f"{papers.HANDBOOK_PAGES} pages")


def test_a_file_can_be_dropped_on_the_page_and_its_cited_page_is_shown_with_the_passage_marked(
    page: Page, folder: Path
) -> None:
    dropped = papers.copy_of(papers.handbook(folder))
    drop_file(page, dropped)
    wait_until_ready(page, dropped.name)
    page.get_by_role("link", name="Chat", exact=True).click()
    turn = ask(page, papers.PRESSURE_QUESTION)
    expect(turn.locator("blockquote").filter(has_text="8.5 bar")).to_be_visible()
    wait_until_over(turn)
    turn.locator("blockquote").filter(has_text="8.5 bar").locator("a.cite").click()

    image = page.get_by_role("img", name=f"Page {papers.PRESSURE_PAGE} of")
    expect(image).to_be_visible()
    page.get_by_role("link", name="Page after").click()
    expect(page.get_by_role("img", name=f"Page {papers.PRESSURE_PAGE + 1} of")).to_be_visible()
    page.get_by_role("link", name="to the passage").click()
    expect(image).to_be_visible()
    page.get_by_role("link", name="Open as a page").click()
    assert image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 1000
    assert yellow_pixels(image.screenshot()) > YELLOW_PIXELS
    page.get_by_role("link", name="Page before").click()
    expect(page.get_by_role("img", name=f"Page {papers.PRESSURE_PAGE - 1} of")).to_be_visible()


def test_a_file_that_is_chosen_before_the_scripts_are_there_is_uploaded_too(page: Page, folder: Path) -> None:
    held: list[Route] = []
    page.route(re.compile(r"/documents/uploader\b.*\.js"), lambda route: held.append(route))
    page.reload(wait_until="commit")
    rules = papers.copy_of(papers.rulebook(folder))
    choose_file(page, rules)
    assert eventually(page, lambda: bool(held))
    for route in held:
        route.continue_()
    wait_until_ready(page, rules.name)


def test_a_passage_that_goes_over_several_pages_opens_at_the_page_of_the_quote(
    page: Page, product: Product, folder: Path
) -> None:
    leaflet = papers.leaflet(folder)
    choose_file(page, leaflet)
    wait_until_ready(page, leaflet.name)
    page.get_by_role("link", name="Chat", exact=True).click()
    turn = ask(page, papers.LEAFLET_QUESTION)
    wait_until_over(turn)
    turn.locator("blockquote").filter(has_text=papers.LEAFLET_ANSWER).locator("a.cite").click()
    page.get_by_role("link", name="Open as a page").click()
    image = page.get_by_role("img", name=f"Page {papers.LEAFLET_PAGE} of")
    assert image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 1000
    assert yellow_pixels(image.screenshot()) > YELLOW_PIXELS


def test_a_deleted_document_is_gone_but_its_passage_can_still_be_read(
    page: Page, product: Product, folder: Path
) -> None:
    doomed = folder / f"doomed-{uuid4().hex[:8]}.md"
    doomed.write_text("# Паркинг\n\nМесто на паркингу кошта четрдесет осам динара на сат.\n", encoding="utf-8")
    choose_file(page, doomed)
    wait_until_ready(page, doomed.name)
    page.get_by_role("link", name="Chat", exact=True).click()
    turn = ask(page, "Koliko košta mesto na parkingu na sat?")
    wait_until_over(turn)
    citation = turn.locator("blockquote").filter(has_text="четрдесет осам").locator("a.cite").get_attribute("href")

    page.get_by_role("link", name="Documents", exact=True).click()
    row = document_row(page, doomed.name)
    delete(page, row, agree=False)
    expect(row).to_be_visible()
    delete(page, row, agree=True)
    expect(row).to_have_count(0)
    page.reload()
    expect(row).to_have_count(0)
    assert citation is not None
    page.goto(product.address(citation))
    expect(page.get_by_text("The document has been deleted.")).to_be_visible()
    expect(page.locator("mark")).to_contain_text("четрдесет осам динара")


def test_what_the_documents_do_not_say_is_not_answered(page: Page, folder: Path) -> None:
    rules = papers.copy_of(papers.rulebook(folder))
    choose_file(page, rules)
    wait_until_ready(page, rules.name)
    page.get_by_role("link", name="Chat", exact=True).click()
    turn = ask(page, "Ko je osvojio Evroviziju 1987. godine?")
    wait_until_over(turn)
    expect(turn.get_by_text("Not in the documents", exact=True)).to_be_visible()
    expect(turn.locator(".answer")).to_have_text("U dokumentima nisam pronašao odgovor na ovo pitanje.")
    expect(turn.locator("a.cite")).to_have_count(0)


def test_a_file_that_cannot_be_read_says_why(page: Page, folder: Path) -> None:
    broken = folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nand then nothing that a reader knows")
    choose_file(page, broken)
    problem = page.locator(".document-error, .upload .field-error:visible").first
    expect(problem).to_have_text(re.compile(r"\w+.*\."))


def delete(page: Page, row: Locator, *, agree: bool) -> None:
    row.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Old answers keep the passages they cite")
    dialog.get_by_role("button", name="Delete" if agree else "Cancel").click()
    expect(dialog).to_be_hidden()


def is_highlighted(mark: Locator) -> bool:
    return bool(mark.evaluate("(mark) => getComputedStyle(mark).backgroundColor !== 'rgba(0, 0, 0, 0)'"))


def yellow_pixels(png: bytes) -> int:
    pixels: Any = Image.open(io.BytesIO(png)).convert("RGB").get_flattened_data()
    return sum(red > 200 and green > 160 and blue < 90 for red, green, blue in pixels)
