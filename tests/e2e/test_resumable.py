"""An upload that loses its connection, is paused, or whose page is left: it goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e import papers
from tests.e2e.browsing import Watch, choose_file, document_row, eventually, wait_until_ready
from tests.e2e.conftest import ACME, ALICE, SignedIn
from tests.e2e.faulty_line import FaultyLine, faulty_line
from tests.e2e.product import Product

MIB = 1024 * 1024
SIZE = 4 * MIB
GONE = "The connection is gone. The upload goes on by itself when it is back."
GOES_ON = "Goes on from where it had stopped."


@pytest.fixture
def line(product: Product) -> Iterator[FaultyLine]:
    port = urlsplit(product.url).port
    assert port is not None
    with faulty_line(port, bytes_per_second=MIB // 2) as line:
        yield line


@pytest.fixture
def page(signed_in: SignedIn, line: FaultyLine, watch: Watch) -> Page:
    """Alice, at the documents of Acme, over that line."""
    # What a browser itself has to say about a line that is gone, and about a server that had got further than it knew
    # or is still writing down the piece whose request was given up.
    watch.expect(r"ERR_|WebSocket|htmx:|409 \(Conflict\)|423 \(Locked\)")
    page = signed_in(ALICE)
    page.goto(f"http://127.0.0.1:{line.port}/t/{ACME}/documents/")
    return page


@pytest.fixture
def offsets(page: Page) -> list[int]:
    """Where every piece began that the page has sent."""
    seen: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            seen.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return seen


@pytest.fixture
def paper(folder: Path) -> Path:
    return papers.copy_of(papers.handbook(folder), padding=SIZE)


def upload_row(page: Page, paper: Path) -> Locator:
    return page.locator(".upload").filter(has_text=paper.name)


def wait_for_bytes(page: Page, row: Locator, count: int) -> None:
    assert eventually(page, lambda: sent(row) >= count), sent(row)


def sent(row: Locator) -> float:
    bar = row.locator("progress")
    return float(bar.evaluate("(bar) => bar.value")) if bar.count() else 0.0


def stored_hash(page: Page, paper: Path) -> str:
    """Of what the product gives back for this document, which becomes ready, too."""
    address = document_row(page, paper.name).locator("a[href$='/download/']").first.get_attribute("href")
    assert address is not None
    stored = page.request.get(f"{page.url.partition('/t/')[0]}{address}").body()
    wait_until_ready(page, paper.name)
    return hashlib.sha256(stored).hexdigest()


def hash_of(paper: Path) -> str:
    return hashlib.sha256(paper.read_bytes()).hexdigest()


def test_an_upload_goes_on_by_itself_when_the_server_is_back(
    page: Page, line: FaultyLine, offsets: list[int], paper: Path
) -> None:
    choose_file(page, paper)
    row = upload_row(page, paper)
    wait_for_bytes(page, row, 2 * MIB)  # in the middle of the second piece
    line.cut()
    expect(row.locator("[data-part=note]")).to_have_text(GONE)
    expect(page.locator("[data-part=upload-live]")).to_have_text(f"{paper.name}: {GONE}")
    page.wait_for_timeout(1500)
    line.mend()

    expect(row.locator("[data-part=note]")).to_be_hidden()
    assert stored_hash(page, paper) == hash_of(paper)
    assert offsets[0] == 0
    assert 0 not in offsets[1:]  # the first piece was not sent again
    assert line.sent < 1.8 * paper.stat().st_size


def test_an_upload_goes_on_as_soon_as_the_network_is_back(
    page: Page, line: FaultyLine, offsets: list[int], paper: Path
) -> None:
    choose_file(page, paper)
    row = upload_row(page, paper)
    wait_for_bytes(page, row, int(1.5 * MIB))
    page.context.set_offline(True)
    line.cut()  # of itself, the browser lets a request that is under way come to its end
    line.mend()
    expect(row.locator("[data-part=note]")).to_have_text(GONE)
    page.wait_for_timeout(1000)
    page.context.set_offline(False)

    expect(row.locator("[data-part=note]")).to_be_hidden(timeout=5_000)  # not when a timer ends
    assert stored_hash(page, paper) == hash_of(paper)
    assert 0 not in offsets[1:]


def test_an_upload_is_paused_and_resumed_with_the_keyboard(page: Page, offsets: list[int], paper: Path) -> None:
    choose_file(page, paper)
    row = upload_row(page, paper)
    wait_for_bytes(page, row, int(1.5 * MIB))
    row.get_by_role("button", name=f"Pause {paper.name}").press("Enter")
    expect(page.locator("[data-part=upload-live]")).to_have_text(f"{paper.name}: Paused")
    resume = row.get_by_role("button", name=f"Resume {paper.name}")
    expect(resume).to_be_focused()
    before, pieces = sent(row), len(offsets)
    page.wait_for_timeout(1500)
    assert (sent(row), len(offsets)) == (before, pieces)

    page.keyboard.press("Enter")
    expect(row.locator("[data-part=note]")).to_have_text(GOES_ON)
    expect(row.get_by_role("button", name=f"Pause {paper.name}")).to_be_focused()
    assert stored_hash(page, paper) == hash_of(paper)
    assert 0 not in offsets[1:]


def test_the_same_file_chosen_again_after_a_reload_goes_on(page: Page, offsets: list[int], paper: Path) -> None:
    choose_file(page, paper)
    wait_for_bytes(page, upload_row(page, paper), int(1.5 * MIB))
    page.reload()
    expect(upload_row(page, paper)).to_have_count(0)

    choose_file(page, paper)
    expect(upload_row(page, paper).locator("[data-part=note]")).to_have_text(GOES_ON)
    assert stored_hash(page, paper) == hash_of(paper)
    assert 0 not in offsets[1:]


def test_a_cancelled_upload_is_forgotten(page: Page, offsets: list[int], paper: Path) -> None:
    choose_file(page, paper)
    row = upload_row(page, paper)
    wait_for_bytes(page, row, int(1.5 * MIB))
    with page.expect_response(lambda response: response.request.method == "DELETE") as ended:
        row.get_by_role("button", name=f"Cancel or dismiss {paper.name}").click()
    assert ended.value.status == 204
    expect(row).to_have_count(0)

    choose_file(page, paper)
    assert stored_hash(page, paper) == hash_of(paper)
    assert offsets.count(0) == 2  # from its beginning
