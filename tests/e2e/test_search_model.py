"""Another search model, from the choice to the way back, while questions go on being answered."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.contracts.http import Reply, Request
from tests.e2e import papers
from tests.e2e.browsing import READ_MS, ask, sign_in, wait_until_over
from tests.e2e.conftest import ACME, ALICE, NewContext
from tests.e2e.product import Product, running_product
from tests.e2e.test_accessibility import findings
from tests.ingestion.embedding_kits import OtherEndpoint
from tests.support import require

PAGE = f"/t/{ACME}/documents/settings/"
MODEL = "large-embedder"
QUESTION = papers.WARRANTY_QUESTION


class SlowEndpoint(OtherEndpoint):
    """An embedding server that keeps everybody waiting while `open` is cleared."""

    dimension = 48

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.open.set()

    async def handle(self, request: Request, reply: Reply) -> None:
        while not self.open.is_set():
            if not await reply.pause(0.05):
                return
        await super().handle(request, reply)

    def texts(self) -> list[str]:
        """All that were to be embedded."""
        return [text for request in self.requests for text in request.json["input"]]


@dataclass(frozen=True)
class Served:
    """A product of its own whose operator has set up a second embedding server, with one document in it."""

    product: Product
    second: SlowEndpoint


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with SlowEndpoint() as second:
        options = {"base_url": second.base_url, "model": MODEL}
        settings = {"RAZGOVOR_EMBEDDERS": json.dumps({"large": options})}
        with running_product(tmp_path_factory.mktemp("search-model") / "product", **settings) as product:
            product.organisation(ACME, name="Acme", owner=ALICE)
            path = papers.warranty(tmp_path_factory.mktemp("papers"))
            product.manage("ingest", str(path), "--tenant", ACME, "--wait")
            yield Served(product, second)
            second.open.set()


def answered(page: Page, product: Product) -> None:
    page.goto(product.address(f"/t/{ACME}/"))
    turn = ask(page, QUESTION)
    wait_until_over(turn)
    expect(turn.locator(".source").first).to_contain_text(papers.WARRANTY_NAME)


def test_a_search_model_is_changed_and_changed_back_while_questions_are_answered(
    served: Served, new_context: NewContext
) -> None:
    product, second = served.product, served.second
    context = new_context()
    page, asking = context.new_page(), context.new_page()
    sign_in(page, product, ALICE)

    page.goto(product.address(f"/t/{ACME}/settings/"))
    page.get_by_role("link", name="Open Reading and search").click()
    section = page.locator("#search-model")
    expect(section).to_contain_text("This server's own in use")
    expect(section.get_by_text("Fingerprint")).to_be_visible()
    expect(section).to_contain_text(second.host)
    assert findings(page) == []

    second.open.clear()
    section.get_by_role("button", name="Prepare large").click()
    expect(section).to_contain_text("“large” is being prepared")
    expect(section.get_by_role("progressbar")).to_have_attribute("value", "0")
    assert findings(page) == []
    answered(asking, product)
    assert QUESTION not in second.texts()

    cancel = section.get_by_role("button", name="Cancel the preparation")
    cancel.focus()
    with page.expect_response("**/progress/"):
        pass
    expect(section).to_contain_text("“large” is being prepared")
    expect(cancel).to_be_focused()

    second.open.set()
    expect(section).to_contain_text("large in use", timeout=READ_MS)
    expect(section.get_by_text(str(second.dimension), exact=True)).to_be_visible()
    answered(asking, product)
    assert QUESTION in second.texts()

    section.get_by_role("button", name="Go back").click()
    expect(section).to_contain_text("This server's own in use", timeout=READ_MS)
    second.requests.clear()
    answered(asking, product)
    assert QUESTION not in second.texts()


def test_without_scripts_it_is_begun_looked_at_and_cancelled(
    served: Served, new_context: NewContext, tmp_path: Path
) -> None:
    product, second = served.product, served.second
    leaflet = tmp_path / "leaflet.txt"
    leaflet.write_text("\n".join(papers.LEAFLET), encoding="utf-8")
    product.manage("ingest", str(leaflet), "--tenant", ACME, "--wait")  # so that there is something to be embedded
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, product, ALICE)
    page.goto(product.address(PAGE))
    section = page.locator("#search-model")
    section.get_by_role("link", name="Ask the model about itself").click()
    expect(section.get_by_text("Fingerprint")).to_be_visible()

    second.open.clear()
    section.get_by_role("button", name=re.compile("Prepare large|Go back")).click()
    expect(section).to_contain_text("“large” is being prepared")
    section.get_by_role("link", name="Reload to see how far it is").click()
    expect(section.get_by_role("progressbar")).to_be_visible()
    section.get_by_role("button", name="Cancel the preparation").click()
    expect(section).to_contain_text("was cancelled, so nothing has changed")
    expect(section).to_contain_text("This server's own in use")
    second.open.set()


def test_the_languages_of_text_in_pictures_are_saved(served: Served, new_context: NewContext) -> None:
    require(shutil.which("tesseract"), "There is no Tesseract; install tesseract-ocr.")
    page = new_context().new_page()
    sign_in(page, served.product, ALICE)
    page.goto(served.product.address(PAGE))
    page.get_by_label("German", exact=True).uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The languages are saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("English", exact=True)).to_be_checked()
    expect(page.locator("input[value=deu]:checked")).to_have_count(0)
