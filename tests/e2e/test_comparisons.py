"""One question to two models: their answers side by side, a vote, and what the conversation goes on from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.contracts.http import Reply, Request, Step
from tests.contracts.openai_server import OpenAIServer, refuse, say
from tests.e2e import papers
from tests.e2e.browsing import add_document, add_upstream, ask, wait_until_over, watch_texts
from tests.e2e.conftest import SignedIn
from tests.e2e.product import KEY, MODEL, OTHER_MODEL, Product
from tests.e2e.test_accessibility import findings

GAVIN, HOOLI = "gavin@example.org", "hooli"
QUESTION = "How long does the warranty last?"
SAID = {MODEL: "seven hundred days", OTHER_MODEL: "twenty-four months"}
"""Not in the words of the document, which every prompt has."""


@pytest.fixture(scope="module")
def hooli(chromium: Browser, product: Product, cookies: Callable[[str], list[object]], folder: Path) -> str:
    """An organisation that has two models."""
    product.organisation(HOOLI, name="Hooli", owner=GAVIN)
    context = chromium.new_context()
    context.add_cookies(cookies(GAVIN))  # type: ignore[arg-type]
    page = context.new_page()
    for model in (MODEL, OTHER_MODEL):
        add_upstream(page, product, HOOLI, model=model, key=KEY)
    add_document(page, product, HOOLI, papers.warranty(folder))
    context.close()
    return product.address(f"/t/{HOOLI}/")


@pytest.fixture
def page(signed_in: SignedIn, hooli: str) -> Page:
    page = signed_in(GAVIN)
    page.goto(hooli)
    return page


async def by_its_name(request: Request, reply: Reply) -> None:
    """Each model says its own, in whichever order they are asked."""
    said = SAID[request.json["model"]]
    await say("The warranty lasts ", f"{said} ", "[1].", first_token_s=1, pause_s=0.3)(request, reply)


def compare(page: Page, *, blind: bool = False) -> Locator:
    """Choose both models and ask; return the comparison."""
    page.locator("[data-part=compare] > summary").click()
    for model in (MODEL, OTHER_MODEL):
        page.get_by_role("checkbox", name=model).check()
    if blind:
        page.get_by_label("Hide the names until the vote").check()
    page.keyboard.press("Escape")
    ask(page, QUESTION)
    return page.get_by_role("region", name="Models compared").last


def column(comparison: Locator, name: str) -> Locator:
    return comparison.get_by_role("region", name=name, exact=True)


def votes(page: Page, home: str) -> dict[str, tuple[int, ...]]:
    """Of each model: won, lost, tied and judged. Other tests vote in this organisation, too."""
    page.goto(f"{home}dashboard/")
    rows = page.get_by_role("group", name="Models compared").locator("tbody tr")
    counted: dict[str, tuple[int, ...]] = dict.fromkeys(SAID, (0, 0, 0, 0))
    for row in rows.all():
        cells = [int(cell.inner_text()) for cell in row.locator("td").all()[:4]]
        counted[row.get_by_role("rowheader").inner_text()] = tuple(cells)
    return counted


def test_two_models_answer_beside_each_other_and_the_better_one_goes_on(
    page: Page, hooli: str, upstream: OpenAIServer
) -> None:
    upstream.script(by_its_name, by_its_name, say("Yes ", "[1]."))
    before = votes(page, hooli)
    page.goto(hooli)
    announced = watch_texts(page, "[data-part=live]")
    comparison = compare(page)
    for model, said in SAID.items():
        wait_until_over(column(comparison, model).locator(".turn"))
        expect(column(comparison, model).locator(".answer")).to_contain_text(said)
        expect(column(comparison, model)).to_contain_text("first word")
        assert f"{model}: The answer is complete." in announced()[-1]
    boxes = [column(comparison, model).bounding_box() for model in SAID]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]

    better = column(comparison, OTHER_MODEL).get_by_role("button", name=re.compile("This one is better"))
    better.click()
    expect(better).to_have_attribute("aria-pressed", "true")
    expect(better).to_be_focused()
    page.locator("[data-part=compare] > summary").click()
    for model in SAID:
        page.get_by_role("checkbox", name=model).uncheck()
    page.keyboard.press("Escape")
    wait_until_over(ask(page, "Are you sure?"))
    history = str(upstream.requests[-1].json["messages"])
    assert SAID[OTHER_MODEL] in history
    assert SAID[MODEL] not in history

    page.reload()
    for model, said in SAID.items():
        expect(column(comparison, model).locator(".answer")).to_contain_text(said)
    expect(better).to_have_attribute("aria-pressed", "true")
    assert findings(page) == []
    expect(page.locator(".turn").last).to_contain_text("Are you sure?")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    column(comparison, MODEL).get_by_role("button", name=re.compile("Continue with this one")).click()
    expect(page.get_by_text("Are you sure?")).to_have_count(0)
    expect(comparison).to_be_focused()

    won, lost, tied, judged = before[OTHER_MODEL]
    other_won, other_lost, other_tied, other_judged = before[MODEL]
    assert votes(page, hooli) == {
        OTHER_MODEL: (won + 1, lost, tied, judged + 1),
        MODEL: (other_won, other_lost + 1, other_tied, other_judged + 1),
    }


def test_one_fails_the_other_goes_on_and_names_are_hidden_until_there_is_nothing_to_judge(
    page: Page, upstream: OpenAIServer
) -> None:
    async def one_is_broken(request: Request, reply: Reply) -> None:
        step: Step = refuse(404, {"error": {"message": "It is gone."}})
        await (by_its_name if request.json["model"] == MODEL else step)(request, reply)

    upstream.script(one_is_broken, one_is_broken)
    comparison = compare(page, blind=True)
    expect(column(comparison, "Model A")).to_be_visible()
    expect(column(comparison, "Model B")).to_be_visible()
    wait_until_over(column(comparison, MODEL).locator(".turn"))
    expect(column(comparison, OTHER_MODEL).locator("[data-part=error]")).to_be_visible()
    expect(comparison.get_by_role("button", name=re.compile("better"))).to_have_count(0)


def test_forms_alone_do_it_too(signed_in: SignedIn, hooli: str, upstream: OpenAIServer) -> None:
    upstream.script(by_its_name, by_its_name)
    plain = signed_in(GAVIN, java_script_enabled=False)
    plain.goto(hooli)
    comparison = compare(plain)
    for model, said in SAID.items():
        expect(column(comparison, model).locator(".answer")).to_contain_text(said)
    good = comparison.get_by_role("button", name="Both good")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    column(comparison, OTHER_MODEL).get_by_role("button", name=re.compile("This one is better")).click()
    expect(good).to_have_attribute("aria-pressed", "false")
    expect(column(comparison, OTHER_MODEL)).to_contain_text("better")
