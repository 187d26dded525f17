"""The document portal in a real browser: filter, order, many at once, one document and its versions."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, WebSocketRoute, expect

from tests.e2e.browsing import ACTION_MS, READ_MS, choose_file, document_row, eventually, wait_until_ready
from tests.e2e.conftest import SignedIn
from tests.e2e.product import Product
from tests.e2e.test_accessibility import findings, tab_until

OWNER, SLUG = "paula@example.org", "portal"
OLD = "# Leave\n\nAn employee has twenty days of leave.\n\n# Home\n\nOne day a week is worked from home.\n"
NEW = OLD.replace("twenty days", "twenty two days")
NAMES = ("alpha.txt", "beta.md", "gamma.csv")


@pytest.fixture(scope="module")
def portal(product: Product) -> str:
    product.organisation(SLUG, name="Portal", owner=OWNER)
    return SLUG


@pytest.fixture
def page(signed_in: SignedIn, product: Product, portal: str) -> Page:
    page = signed_in(OWNER)
    page.goto(product.address(f"/t/{portal}/documents/"))
    return page


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def three(page: Page, folder: Path) -> str:
    """Upload three small files whose names begin with the word that is returned, and show only them."""
    word = f"w{uuid4().hex[:8]}"
    paths = [
        write(folder, f"{word}-{name}", f"{name} of {word}; a line with words.\n" * n)
        for n, name in enumerate(NAMES, start=1)
    ]
    page.locator("#files").set_input_files(paths)
    for path in paths:
        wait_until_ready(page, path.name)
    search(page, word)
    expect(page.locator(".document")).to_have_count(3)
    return word


def search(page: Page, text: str) -> None:
    page.get_by_label("Find by name, folder or title").fill(text)
    expect(page).to_have_url(re.compile(rf"q={text}"))


def names(page: Page) -> list[str]:
    return [name.split("-", 1)[1] for name in page.locator(".document-name").all_inner_texts()]


def test_the_list_is_filtered_and_sorted_without_a_reload_and_the_address_says_how(page: Page, folder: Path) -> None:
    three(page, folder)
    page.evaluate("window.stillHere = true")
    page.get_by_role("link", name="Name").click()
    expect(page.locator("th", has_text="Name")).to_have_attribute("aria-sort", "ascending")
    assert names(page) == list(NAMES)
    page.get_by_role("link", name="Name").click()
    expect(page.locator("th", has_text="Name")).to_have_attribute("aria-sort", "descending")
    assert names(page) == list(reversed(NAMES))
    page.locator("#filter-kind summary").click()
    page.get_by_label("Tables").check()
    expect(page.locator(".document")).to_have_count(1)
    assert page.evaluate("window.stillHere") is True

    page.reload()
    assert names(page) == ["gamma.csv"]
    page.go_back()
    expect(page.locator(".document")).to_have_count(3)
    assert names(page) == list(reversed(NAMES))


def test_all_on_the_page_are_chosen_and_deleted_after_a_question_that_says_how_many(page: Page, folder: Path) -> None:
    three(page, folder)
    page.get_by_label("Choose all on this page").check()
    bar = page.get_by_role("form", name="The chosen documents")
    expect(bar).to_contain_text("Chosen: 3")
    document_checkbox(page.locator(".document").first).uncheck()
    expect(bar).to_contain_text("Chosen: 2")
    bar.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Documents to be deleted: 2")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator(".document")).to_have_count(3)

    bar.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".document")).to_have_count(1)
    expect(page.locator("#toasts")).to_contain_text("2 deleted.")
    expect(bar).to_be_hidden()


def document_checkbox(row: Locator) -> Locator:
    return row.get_by_role("checkbox")


def test_a_document_is_opened_read_and_left_by_keyboard(page: Page, folder: Path) -> None:
    note = write(folder, f"keyboard-{uuid4().hex[:8]}.txt", "A note that is opened by keyboard.\n")
    choose_file(page, note)
    wait_until_ready(page, note.name)
    page.locator("#main").focus()
    tab_until(page, f".document:has-text('{note.name}') .document-name")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name=note.name)
    expect(drawer.get_by_role("heading", name=note.name)).to_be_focused()
    expect(drawer).to_contain_text("A note that is opened by keyboard.")
    tab_until(page, "#tab-history")
    page.keyboard.press("Enter")
    expect(page.locator("#tab-history")).to_have_attribute("aria-current", "page")
    expect(page.locator("#tab-history")).to_be_focused()
    expect(drawer).to_contain_text("Uploaded")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(document_row(page, note.name).locator(".document-name")).to_be_focused()


def test_a_new_version_is_compared_with_the_old_one_and_the_old_one_restored(page: Page, folder: Path) -> None:
    rules = write(folder, f"rules-{uuid4().hex[:8]}.md", OLD)
    choose_file(page, rules)
    wait_until_ready(page, rules.name)
    write(folder, rules.name, NEW)
    choose_file(page, rules)
    row = document_row(page, rules.name).filter(has_text="v2")
    expect(row).to_have_attribute("data-status", "ready", timeout=READ_MS)
    expect(document_row(page, rules.name)).to_have_count(1)

    row.locator(".document-name").click()
    page.get_by_role("dialog").get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="Compare with the newest").click()
    expect(page.locator("del").first).to_have_text("An employee has twenty days of leave.")
    expect(page.locator("ins").first).to_have_text("An employee has twenty two days of leave.")
    page.get_by_role("link", name="All versions").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".version").first).to_contain_text("Version 3")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Documents").click()
    restored = document_row(page, rules.name).filter(has_text="v3")
    expect(restored).to_have_attribute("data-status", "ready", timeout=READ_MS)


def test_a_folder_is_uploaded_with_the_places_of_its_files(page: Page, folder: Path) -> None:
    root = folder / f"contracts-{uuid4().hex[:8]}"
    write(root, "a.txt", f"The first contract of {root.name}.\n")
    write(root / "2024", "b.txt", f"The second contract of {root.name}.\n")
    write(root / ".git", "c.txt", "Hidden.\n")
    write(root, "setup.exe", "No document.\n")
    page.locator("#folder-files").set_input_files(root)
    expect(page.locator("#toasts")).to_contain_text(re.compile(r"passed over.*: 2"))
    search(page, root.name)
    expect(page.locator(".document")).to_have_count(2, timeout=ACTION_MS)
    places = page.locator(".document-folder")  # in the order in which they came, which nobody knows
    expect(places.filter(has_text=re.compile(rf"{root.name}\s*$"))).to_have_count(1)
    expect(places.filter(has_text=f"{root.name}/2024")).to_have_count(1)


def test_rows_do_not_lose_what_was_chosen_and_unfolded_while_documents_are_read(page: Page, folder: Path) -> None:
    long = write(
        folder, f"long-{uuid4().hex[:8]}.txt", "".join(f"Sentence {n} of a long text.\n\n" for n in range(4_000))
    )
    choose_file(page, long)
    row = document_row(page, long.name)
    document_checkbox(row).check()
    row.locator(".row-menu summary").click()
    wait_until_ready(page, long.name)
    expect(document_checkbox(row)).to_be_checked()
    expect(row.get_by_role("link", name="Download")).to_be_visible()
    expect(page.locator("#tally")).not_to_contain_text("being read")


def test_a_page_that_was_asked_for_before_does_not_take_back_what_was_heard_since(
    signed_in: SignedIn, product: Product, portal: str, folder: Path
) -> None:
    page = signed_in(OWNER)
    address = product.address(f"/t/{portal}/documents/")
    sockets: list[WebSocketRoute] = []
    held: list[tuple[Route, APIResponse]] = []

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    def hold(route: Route) -> None:
        if route.request.resource_type == "fetch":
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route_web_socket(re.compile(r"/ws/t/"), through)
    page.route(address, hold)
    page.goto(address)
    assert eventually(page, lambda: bool(page.evaluate("document.querySelector('rz-documents').wasOpen")))
    sockets[0].close(code=1001)
    assert eventually(page, lambda: len(held) == 1)
    late = write(folder, f"late-{uuid4().hex[:8]}.txt", f"The ferry {uuid4()} leaves at noon.\n")
    choose_file(page, late)
    wait_until_ready(page, late.name)
    page.evaluate("document.getElementById('listing').dataset.found = ''")
    route, before = held.pop()
    route.fulfill(response=before)
    expect(page.locator("#listing")).not_to_have_attribute("data-found", "")
    expect(document_row(page, late.name)).to_have_attribute("data-status", "ready")


@pytest.mark.parametrize("look", [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 320)], ids=str)
def test_the_drawer_and_the_comparison_have_no_grave_findings(
    signed_in: SignedIn, product: Product, portal: str, folder: Path, look: tuple[str, int]
) -> None:
    page = signed_in(OWNER, color_scheme=look[0], viewport={"width": look[1], "height": 800})
    page.goto(product.address(f"/t/{portal}/documents/"))
    rules = write(folder, f"rules-{uuid4().hex[:8]}.md", f"{OLD}{uuid4()}\n")
    choose_file(page, rules)
    wait_until_ready(page, rules.name)
    rules.write_text(f"{NEW}{uuid4()}\n", encoding="utf-8")
    choose_file(page, rules)
    row = document_row(page, rules.name).filter(has_text="v2")
    expect(row).to_have_attribute("data-status", "ready", timeout=READ_MS)
    found = findings(page)
    document_checkbox(row).check()
    found += findings(page)
    row.locator(".document-name").click()
    for part in ("text", "versions", "history", "details"):
        page.locator(f"#tab-{part}").click()
        expect(page.locator(f"#tab-{part}")).to_have_attribute("aria-current", "page")
        found += findings(page)
    address = page.locator("#tab-text").get_attribute("href") or ""
    page.locator("#tab-versions").click()
    page.get_by_role("link", name="Compare with the newest").click()
    for at in (page.url, product.address(address)):
        page.goto(at)
        found += findings(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{at} scrolls sideways")
    assert found == []
