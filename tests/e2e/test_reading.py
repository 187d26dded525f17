"""Reading an answer: what a citation says before one goes there, whose passages stand together, which row of a table
it was, how long a page takes, and that nothing jumps while words come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e.browsing import add_document, add_upstream, ask, eventually, wait_until_over
from tests.e2e.conftest import SignedIn
from tests.e2e.product import KEY, MODEL, Product
from tests.e2e.test_accessibility import tab_until

ERIN, UMBRA = "erin@example.org", "umbra"
PARTS = "parts.csv"
ROW = ["Kestrel 40", "8.5 bar", "24 months"]
GUIDE = "lamp-guide.md"
SENTENCE = "The bulb of the Osprey lamp is changed at a service point in Kragujevac."
QUESTION = "Where is the bulb of the Osprey lamp changed, and by whom?"
PAGE_BYTES = 150_000
LAYOUT_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture(scope="module")
def umbra(
    chromium: Browser,
    product: Product,
    cookies: Callable[[str], list[object]],
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """An organisation with a table, and with a document of several passages."""
    product.organisation(UMBRA, name="Umbra", owner=ERIN)
    papers = tmp_path_factory.mktemp("umbra")
    rows = [
        ["Pump", "Highest pressure", "Warranty"],
        ["Heron 20", "4 bar", "12 months"],
        ROW,
        ["Swift 7", "2 bar", "6 months"],
    ]
    (papers / PARTS).write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    filler = "Keep it away from curtains, on level ground, and wipe its shade with a dry cloth once a month. " * 12
    (papers / GUIDE).write_text(
        f"# Bulb\n\n{SENTENCE} {filler}\n\n# Who\n\nA trained person changes the bulb of the Osprey lamp. {filler}\n",
        encoding="utf-8",
    )
    context = chromium.new_context()
    context.add_cookies(cookies(ERIN))  # type: ignore[arg-type]
    page = context.new_page()
    add_upstream(page, product, UMBRA, model=MODEL, key=KEY)
    for name in (PARTS, GUIDE):
        add_document(page, product, UMBRA, papers / name)
    context.close()
    return product.address(f"/t/{UMBRA}/")


@pytest.fixture
def page(signed_in: SignedIn, umbra: str) -> Page:
    page = signed_in(ERIN)
    page.goto(umbra)
    return page


def test_a_citation_says_what_it_cites_before_one_goes_there(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say("In Kragujevac [1], by a trained person [2]."))
    turn = ask(page, QUESTION)
    wait_until_over(turn)
    hint = page.get_by_role("tooltip")
    citations = turn.locator("a.cite")
    for citation in citations.all():
        citation.hover()
        expect(hint).to_contain_text(GUIDE)
        expect(citation).to_have_attribute("aria-describedby", "citation-hint")
    assert any(SENTENCE in text for text in hint_texts(page))
    hint.hover()
    page.wait_for_timeout(400)
    expect(hint).to_be_visible()
    page.keyboard.press("Escape")
    expect(hint).to_be_hidden()
    page.mouse.move(0, 0)
    turn.locator("[data-action=copy]").focus()
    tab_until(page, ".turn .answer p:last-child a.cite:last-of-type", key="Shift+Tab")
    expect(hint).to_be_in_viewport(ratio=1)


def hint_texts(page: Page) -> list[str]:
    """What the hint shows of each citation."""
    texts = []
    for citation in page.locator("a.cite").all():
        page.mouse.move(0, 0)
        expect(page.get_by_role("tooltip")).to_be_hidden()
        citation.hover()
        texts.append(page.get_by_role("tooltip").inner_text())
    return texts


def test_an_answer_is_copied_as_markdown_with_its_sources(page: Page, upstream: OpenAIServer) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upstream.script(say("In **Kragujevac** [1]:\n\n- by a trained person\n"))
    turn = ask(page, QUESTION)
    wait_until_over(turn)
    turn.get_by_role("button", name="Copy the answer as Markdown").click()
    expect(turn.locator("[data-action=copy]")).to_have_attribute("data-done", "true")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("In **Kragujevac** [1]:\n\n- by a trained person\n")
    assert copied.endswith("- [1] lamp-guide.md\n")


def test_passages_of_one_document_stand_together_under_its_name(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say("In Kragujevac [1], by a trained person [2]."))
    turn = ask(page, QUESTION)
    wait_until_over(turn)
    cited = turn.locator("[data-part=source-list] .source")
    expect(cited).to_have_count(2)
    for _as_streamed_then_as_loaded in range(2):
        expect(turn.locator("[data-part=source-list] .source[data-follows]")).to_have_count(1)
        first, second = (each.bounding_box() for each in cited.all())
        assert first
        assert second
        assert second["y"] == pytest.approx(first["y"] + first["height"], abs=2)
        names = cited.locator("[data-part=document]")
        assert [name.bounding_box()["width"] > 2 for name in names.all()] == [True, False]  # type: ignore[index]
        expect(turn.get_by_role("link", name=GUIDE)).to_have_count(2)
        page.reload()


def test_the_cited_row_of_a_table_is_marked(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say("It is 8.5 bar [1]."))
    turn = ask(page, "What is the highest pressure of the Kestrel 40 pump?")
    wait_until_over(turn)
    turn.locator("a.cite").first.click()
    row = page.get_by_role("dialog", name="Source").locator("tr.marked-row").last
    expect(row).to_be_in_viewport()
    assert row.locator("td").all_inner_texts() == ROW


def test_nothing_jumps_while_an_answer_is_written(signed_in: SignedIn, umbra: str, upstream: OpenAIServer) -> None:
    page = signed_in(ERIN)
    page.add_init_script(LAYOUT_SHIFTS)
    page.goto(umbra)
    words = [f"Word {number} of a long answer about the lamp. " for number in range(60)]
    upstream.script(
        say("In Kragujevac [1]. ", *words, "\n\nA second paragraph.\n\n", "- one\n", "- two\n", pause_s=0.02)
    )
    page.evaluate("window.shifts.length = 0")
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".turn [data-part=question]")).to_have_text(QUESTION, timeout=1000)
    wait_until_over(page.locator(".turn"))
    assert page.evaluate("window.shifts.reduce((sum, each) => sum + each, 0)") < 0.1


def test_a_conversation_of_500_questions_opens_light_and_quick(page: Page, umbra: str, tmp_path: Path) -> None:
    answer = (
        f"{SENTENCE} [1] Whoever wants it done brings the lamp along, with the receipt. [2]\n\n- It takes a day [1].\n"
    )
    source = {"document": GUIDE, "heading": "Bulb", "text": SENTENCE * 8, "cited": True, "page": 3}
    turn = {
        "question": QUESTION,
        "answer": answer * 3,
        "status": "completed",
        "asked_at": "2026-01-01T12:00:00Z",
        "sources": [source | {"number": number} for number in range(1, 7)],
    }
    talk = {"title": "Lamps", "created_at": "2026-01-01T12:00:00Z", "turns": [turn] * 500}
    file = tmp_path / "lamps.json"
    file.write_text(json.dumps(talk | {"format": "razgovor.conversation", "version": 1}))
    page.goto(f"{umbra}archived/")
    page.get_by_label("A conversation that was exported as JSON").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".turn").last).to_be_visible()
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.reload(wait_until="networkidle")
    sent = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .filter(({name}) => !name.endsWith(".woff2"))
            .map(({name, encodedBodySize}) => [name, encodedBodySize])"""
    )
    assert any(name.endswith(".css") for name, _size in sent), sent
    assert sum(size for _name, size in sent) < PAGE_BYTES, sorted(sent, key=lambda each: -each[1])[:10]


def test_who_wants_no_motion_gets_none(signed_in: SignedIn, umbra: str, upstream: OpenAIServer) -> None:
    page = signed_in(ERIN, reduced_motion="reduce")
    page.goto(umbra)
    upstream.script(say("In ", "Kragujevac ", "[1].", pause_s=0.3))
    turn = ask(page, QUESTION)
    expect(turn.locator(".pulse")).to_be_visible()
    assert eventually(page, lambda: page.evaluate("document.getAnimations().length === 0"))
    expect(turn).to_have_attribute("data-status", "running")
    wait_until_over(turn)
