"""The interface in Arabic: from right to left, but for what is written in another script."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.contracts.openai_server import OpenAIServer, say
from tests.e2e import papers
from tests.e2e.browsing import wait_until_over
from tests.e2e.conftest import DANA, NewContext, SignedIn
from tests.e2e.product import Product

QUESTION = "كم مدة ضمان الغلاية Heron؟"
ANSWER = "مدة الضمان سنتان من يوم الشراء [1]."
PATHS = ("", "documents/", "settings/", "members/", "dashboard/", "dashboard/quality/")


@pytest.fixture
def page(signed_in: SignedIn, product: Product, writing_organisation: str) -> Page:
    page = signed_in(DANA)
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "ar", "url": product.url}])
    page.goto(product.address(f"/t/{writing_organisation}/"))
    return page


def middle(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["x"] + box["width"] / 2


def ask_in_arabic(page: Page, question: str) -> None:
    page.get_by_label("سؤالك").fill(question)
    page.get_by_role("button", name="اسأل", exact=True).click()
    wait_until_over(page.locator(".turn").last)


def test_the_sign_in_page_is_in_arabic_and_from_right_to_left(new_context: NewContext, product: Product) -> None:
    page = new_context(locale="ar").new_page()
    page.goto(product.address("/accounts/login/"))
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    expect(page.get_by_role("heading", level=1)).to_have_text("تسجيل الدخول")
    field, label = page.locator("#id_login"), page.locator("label[for=id_login]")
    assert field.evaluate("(each) => [getComputedStyle(each).direction, getComputedStyle(each).textAlign]") == [
        "ltr",
        "end",
    ]
    ends = [each.evaluate("(each) => each.getBoundingClientRect().right") for each in (field, label)]
    assert abs(ends[0] - ends[1]) < 1


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_window(page: Page, product: Product, writing_organisation: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 850})
    for path in PATHS:
        page.goto(product.address(f"/t/{writing_organisation}/{path}"))
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path


def test_the_sidebar_is_on_the_right_and_the_empty_field_waits_there(page: Page) -> None:
    assert middle(page, "#sidebar") > middle(page, "#main")
    field = page.locator("#question")
    assert field.evaluate("(each) => getComputedStyle(each).direction") == "rtl"
    field.fill("How long?")
    assert field.evaluate("(each) => getComputedStyle(each).direction") == "ltr"


def test_an_answer_has_the_direction_of_its_own_language(page: Page, upstream: OpenAIServer) -> None:
    upstream.script(say(ANSWER))
    ask_in_arabic(page, QUESTION)
    upstream.script(say("The warranty lasts two years [1]."))
    ask_in_arabic(page, papers.WARRANTY_QUESTION)
    directions = page.locator(".answer").evaluate_all("(all) => all.map((each) => getComputedStyle(each).direction)")
    paragraphs = page.locator(".answer p").evaluate_all("(all) => all.map((each) => getComputedStyle(each).direction)")
    assert {*directions, *paragraphs} >= {"rtl", "ltr"}
    assert paragraphs == ["rtl", "ltr"]
    # Read before written, with the arrow from the one to the other.
    assert middle(page, "[data-part=prompt-tokens]") < middle(page, "[data-part=completion-tokens]")


def test_arrows_that_lead_back_point_to_the_right(page: Page, product: Product, writing_organisation: str) -> None:
    page.goto(product.address(f"/t/{writing_organisation}/dashboard/audit/"))
    flipped = page.locator(".back-link .icon").evaluate("(each) => getComputedStyle(each).transform")
    assert flipped.startswith("matrix(-1")


def test_a_chart_has_its_names_beside_their_boxes(page: Page, product: Product, writing_organisation: str) -> None:
    page.goto(product.address(f"/t/{writing_organisation}/dashboard/"))
    legends = page.locator(".chart-wide .chart-legend li").evaluate_all(
        """(all) => all.map((each) => ["svg", "span"].map((name) => each.querySelector(name).getBoundingClientRect()))
                       .map(([box, text]) => box.left - text.right)"""
    )
    assert legends
    assert all(0 <= gap < 20 for gap in legends), legends
