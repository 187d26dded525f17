"""The whole way of the quality lab: an answer is rated, becomes a golden question, is asked in runs, and two are
compared. And the thumbs without a script, and by keyboard."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import papers
from tests.e2e.browsing import READ_MS, add_document, ask, wait_until_over
from tests.e2e.conftest import ALICE, SignedIn
from tests.e2e.product import Product
from tests.e2e.test_accessibility import findings

ABSENT = "Who won the football world cup of 1974?"


@pytest.fixture(scope="module")
def lab(product: Product) -> str:
    """An organisation of Alice's of its own, since what others leave behind would be in its figures."""
    slug = f"lab-{uuid4().hex[:6]}"
    product.organisation(slug, name="Lab", owner=ALICE)
    return slug


def run(page: Page, product: Product, lab: str, name: str, **numbers: str) -> str:
    """Start a run with the form, and return its address when it is over."""
    page.goto(product.address(f"/t/{lab}/dashboard/quality/new/"))
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Answers too").check()
    for label, number in numbers.items():
        page.get_by_label(label.replace("_", " ")).fill(number)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator(".badge", has_text="Completed")).to_be_visible(timeout=READ_MS)  # without a reload of ours
    return page.url


def test_a_rated_answer_becomes_a_question_of_runs_that_are_compared(
    signed_in: SignedIn, product: Product, folder: Path, lab: str
) -> None:
    page = signed_in(ALICE)
    add_document(page, product, lab, papers.rulebook(folder))
    page.goto(product.address(f"/t/{lab}/"))
    turn = ask(page, papers.REMOVAL_QUESTION)
    expect(turn.locator(".rating-note")).to_be_hidden()
    wait_until_over(turn)
    expect(turn.locator(".rating-note")).to_have_text("Admins see what you rate")
    turn.get_by_role("button", name="Helpful", exact=True).click()
    expect(turn.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")

    page.get_by_role("link", name="Dashboard").click()
    page.get_by_role("link", name="Quality lab").click()
    page.get_by_role("link", name="Rated answers").click()
    page.locator("summary").filter(has_text=papers.REMOVAL_QUESTION).click()
    page.get_by_role("button", name="Make it a golden question").click()
    expect(page.get_by_label("Question", exact=True)).to_have_value(papers.REMOVAL_QUESTION)
    page.get_by_label("Key phrases").fill(papers.REMOVAL_SENTENCE)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Add a question").click()
    page.get_by_label("Question", exact=True).fill(ABSENT)
    page.get_by_label("is not in the documents").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=ABSENT)).to_contain_text("Not in the documents")

    first = run(page, product, lab, "As it is")
    row = page.locator(".result").filter(has_text=papers.REMOVAL_QUESTION)
    expect(row).to_contain_text("place 1")
    expect(row).to_contain_text("100 %")
    expect(page.locator(".result").filter(has_text=ABSENT)).to_contain_text("refused rightly")
    row.click()
    assert findings(page) == []
    page.get_by_role("button", name="Make it the baseline").click()
    expect(page.get_by_role("button", name="No longer the baseline")).to_be_visible()

    run(page, product, lab, "One passage", Most_passages="1")
    page.get_by_role("link", name="Side by side").click()
    expect(page.get_by_role("heading", name="No difference beyond chance")).to_be_visible()
    expect(page.locator("tr.differs")).to_contain_text("Most passages")
    assert findings(page) == []
    found = page.get_by_role("row").filter(has_text="Found first")
    expect(found.locator(".delta")).to_have_attribute("data-verdict", "same")

    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.locator(".chart svg").first).to_be_visible()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        box.check()
    page.get_by_role("button", name="Compare the two").click()
    expect(page.locator(".versus")).to_contain_text("As it is")
    page.goto(first)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The run is deleted.")).to_be_visible()


def test_a_bad_answer_gets_a_comment_by_keyboard(signed_in: SignedIn, product: Product, folder: Path, lab: str) -> None:
    page = signed_in(ALICE)
    page.goto(product.address(f"/t/{lab}/"))
    turn = ask(page, ABSENT)
    wait_until_over(turn)
    turn.get_by_role("button", name="Not helpful").focus()
    page.keyboard.press("Enter")
    comment = turn.get_by_label("What was wrong?")
    expect(comment).to_be_focused()
    page.keyboard.type("It is in the almanac.")
    page.keyboard.press("Enter")
    expect(turn.get_by_role("button", name="Change")).to_be_visible()
    reason = turn.get_by_role("button", name="Beside the question")
    reason.click()
    expect(reason).to_have_attribute("aria-pressed", "true")
    expect(reason).to_be_focused()
    expect(comment).to_have_value("It is in the almanac.")
    comment.fill("It is in the almanac, on page 3.")  # and not sent
    turn.get_by_role("button", name="Incomplete").click()
    expect(turn.get_by_role("button", name="Incomplete")).to_have_attribute("aria-pressed", "true")
    expect(comment).to_have_value("It is in the almanac, on page 3.")
    turn.get_by_role("button", name="Beside the question").click()
    expect(reason).to_have_attribute("aria-pressed", "true")
    page.goto(product.address(f"/t/{lab}/dashboard/quality/rated/"))
    expect(page.locator(".result").first).to_contain_text("It is in the almanac, on page 3.")
    expect(page.locator(".result").first).to_contain_text("Beside the question")


def test_an_answer_is_rated_without_a_script(signed_in: SignedIn, product: Product, folder: Path, lab: str) -> None:
    with_scripts = signed_in(ALICE)
    with_scripts.goto(product.address(f"/t/{lab}/"))
    wait_until_over(ask(with_scripts, "How many days for a removal?"))
    page = signed_in(ALICE, java_script_enabled=False)
    page.goto(with_scripts.url)
    page.get_by_role("button", name="Helpful", exact=True).click()
    expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Thank you.")).to_be_visible()
