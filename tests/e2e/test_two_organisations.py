"""Two organisations on one server, each with its own model, of which neither sees anything of the other."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e import papers
from tests.e2e.browsing import (
    Watch,
    add_document,
    add_upstream,
    ask,
    choose_file,
    document_row,
    wait_until_over,
    wait_until_ready,
)
from tests.e2e.conftest import ACME, ALICE, CHARLIE, GLOBEX, SignedIn
from tests.e2e.product import KEY, MODEL, Product

SECRET_NAME = "globex-merger.md"
SECRET = "# Merger\n\nThe merger of Globex with Vandelay is planned for the ninth of May.\n"
SECRET_QUESTION = "When is the merger of Globex with Vandelay planned?"
NOT_A_MEMBER = 4404


@pytest.fixture
def alice(signed_in: SignedIn) -> Page:
    return signed_in(ALICE)


@pytest.fixture
def charlie(signed_in: SignedIn, product: Product, upstream: OpenAIServer, folder: Path) -> Page:
    """Charlie, whose organisation has a document and a model of its own."""
    page = signed_in(CHARLIE)
    page.goto(product.address(f"/t/{GLOBEX}/settings/"))
    if not page.locator(".provider").count():
        add_upstream(page, product, GLOBEX, model=MODEL, key=KEY)
    secret = folder / SECRET_NAME
    secret.write_text(SECRET, encoding="utf-8")
    add_document(page, product, GLOBEX, secret)
    return page


def test_a_model_is_added_with_a_key_tested_and_used(signed_in: SignedIn, product: Product, charlie: Page) -> None:
    row = charlie.locator(".provider").filter(has_text=MODEL).first
    charlie.goto(product.address(f"/t/{GLOBEX}/settings/"))
    expect(row.get_by_text("key stored", exact=True)).to_be_visible()
    assert KEY not in charlie.content()
    row.get_by_role("button", name="Test the connection").click()
    expect(row.get_by_text(f"It works: {MODEL}")).to_be_visible()

    product.upstream.script(say("The merger is planned for the ninth of May [1]."))
    charlie.goto(product.address(f"/t/{GLOBEX}/"))
    expect(charlie.get_by_text(f"Answers are written by OpenAI-compatible endpoint: {MODEL}.")).to_be_visible()
    turn = ask(charlie, SECRET_QUESTION)
    wait_until_over(turn)
    expect(turn.locator(".answer")).to_contain_text("The merger is planned for the ninth of May")
    expect(turn.locator("[data-part=model]")).to_have_text(MODEL)
    sent = product.upstream.requests[-1]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert SECRET.splitlines()[-1] in sent.json["messages"][-1]["content"]


def test_a_wrong_key_is_told_in_a_sentence(charlie: Page, product: Product) -> None:
    row = add_upstream(charlie, product, GLOBEX, model=MODEL, key="sk-wrong")
    row.get_by_role("button", name="Test the connection").click()
    expect(row.locator(".notice-error")).to_contain_text("key")
    row.get_by_role("button", name=f"Remove {MODEL}").click()
    charlie.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(charlie.get_by_text("is removed.")).to_be_visible()


def test_an_address_that_the_operator_has_not_allowed_is_refused(charlie: Page, product: Product, watch: Watch) -> None:
    watch.expect(r"status of 400")
    charlie.goto(product.address(f"/t/{GLOBEX}/settings/"))
    charlie.get_by_text("Add a model").click()
    form = charlie.locator("form[data-presets]")
    form.get_by_label("Kind").select_option("openai")
    form.get_by_label("Address").fill("http://127.0.0.1:9/v1")
    form.get_by_label("Model", exact=True).fill(MODEL)
    with charlie.expect_response(re.compile(r"/settings/providers/$")) as answered:
        form.get_by_role("button", name="Add").click()
    assert answered.value.status == 400
    expect(form.locator(".errorlist")).to_contain_text("127.0.0.1")


def test_the_same_question_is_answered_in_one_organisation_and_not_in_the_other(
    alice: Page, charlie: Page, product: Product, folder: Path
) -> None:
    add_document(alice, product, ACME, papers.warranty(folder))
    alice.goto(product.address(f"/t/{ACME}/"))
    before = len(product.upstream.requests)
    turn = ask(alice, SECRET_QUESTION)
    wait_until_over(turn)
    expect(turn.locator(".sources")).not_to_contain_text(SECRET_NAME)
    expect(turn).not_to_contain_text("ninth of May")
    assert len(product.upstream.requests) == before

    product.upstream.script(say("The warranty lasts two years [1]."))
    charlie.goto(product.address(f"/t/{GLOBEX}/"))
    other = ask(charlie, papers.WARRANTY_QUESTION)
    wait_until_over(other)
    expect(other.locator(".sources")).not_to_contain_text(papers.WARRANTY_NAME)
    asked = [str(request.json) for request in product.upstream.requests if request.body]
    assert not any("heating element" in each for each in asked)


def test_lists_and_pages_of_one_organisation_are_not_there_for_the_other(
    alice: Page, charlie: Page, product: Product, watch: Watch
) -> None:
    watch.expect(r"status of 404")
    product.upstream.script(say("On the ninth of May [1]."))
    charlie.goto(product.address(f"/t/{GLOBEX}/"))
    ticket = f"ticket{uuid4().hex[:8]}"
    turn = ask(charlie, f"{SECRET_QUESTION} This is {ticket}.")
    wait_until_over(turn)
    conversation, source = charlie.url, turn.locator("a.cite").first.get_attribute("href") or ""
    charlie.goto(product.address(f"/t/{GLOBEX}/documents/"))
    download = document_row(charlie, SECRET_NAME).get_by_role("link", name=SECRET_NAME).get_attribute("href") or ""

    alice.goto(product.address(f"/t/{ACME}/documents/"))
    expect(document_row(alice, SECRET_NAME)).to_have_count(0)
    alice.goto(product.address(f"/t/{ACME}/"))
    expect(alice.locator("#sidebar")).not_to_contain_text(ticket)
    theirs = [conversation, product.address(source), product.address(download)]
    theirs += [product.address(f"/t/{GLOBEX}/{page}") for page in ("", "documents/", "settings/", "dashboard/")]
    for address in theirs:
        for there in (address, address.replace(f"/t/{GLOBEX}/", f"/t/{ACME}/")):
            response = alice.request.get(there)
            assert response.status == (200 if f"/t/{ACME}/" in there and there.endswith(OWN_PAGES) else 404), there
            assert ticket not in response.text(), there
            assert "ninth of May" not in response.text(), there
    alice.goto(conversation)
    expect(alice.get_by_role("heading", name="There is nothing here")).to_be_visible()


OWN_PAGES = (f"/t/{ACME}/", "/documents/", "/settings/", "/dashboard/")


def test_a_socket_of_the_other_organisation_is_closed_at_once(alice: Page, product: Product) -> None:
    alice.goto(product.address(f"/t/{ACME}/"))
    code, frames = alice.evaluate(
        """(path) => new Promise((resolve) => {
            const frames = [];
            const socket = new WebSocket(location.origin.replace("http", "ws") + path);
            socket.onmessage = (event) => frames.push(event.data);
            socket.onclose = (event) => resolve([event.code, frames]);
        })""",
        f"/ws/t/{GLOBEX}/",
    )
    assert (code, frames) == (NOT_A_MEMBER, [])


def test_news_of_a_document_reaches_its_own_organisation_only(
    alice: Page, charlie: Page, signed_in: SignedIn, product: Product, folder: Path
) -> None:
    heard: list[str] = []
    alice.on("websocket", lambda socket: socket.on("framereceived", lambda data: heard.append(str(data))))
    alice.goto(product.address(f"/t/{ACME}/documents/"))
    colleague = signed_in(CHARLIE)
    colleague.goto(product.address(f"/t/{GLOBEX}/documents/"))
    news = folder / f"globex-{uuid4().hex[:8]}.md"
    news.write_text(f"# News\n\n{news.name}: Globex opens an office.\n", encoding="utf-8")
    choose_file(charlie, news)
    wait_until_ready(colleague, news.name)
    own = folder / f"acme-{uuid4().hex[:8]}.md"
    own.write_text(f"# News\n\n{own.name}: Acme opens an office.\n", encoding="utf-8")
    choose_file(alice, own)
    wait_until_ready(alice, own.name)
    assert any(own.name in each for each in heard)
    assert not any(news.name in each for each in heard)
