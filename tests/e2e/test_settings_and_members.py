"""What an owner does besides asking: inviting people, setting answers up, and looking at what was asked."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import papers
from tests.e2e.browsing import Watch, add_document, ask, sign_in, wait_until_over
from tests.e2e.conftest import ACME, ALICE, NewContext, SignedIn
from tests.e2e.product import Product

INK = "getComputedStyle(document.body).color"
NEW_PASSWORD = "a long one for the newcomer"


@pytest.fixture
def alice(signed_in: SignedIn) -> Page:
    return signed_in(ALICE)


def invite(page: Page, product: Product, email: str, role: str, *, slug: str = ACME) -> str:
    """Return the link that the page shows once."""
    page.goto(product.address(f"/t/{slug}/members/"))
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(email)
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Invite").click()
    return page.get_by_label("Link of the invitation").input_value()


def test_somebody_is_invited_joins_and_may_do_what_the_role_says(
    alice: Page, new_context: NewContext, product: Product, watch: Watch
) -> None:
    watch.expect(r"status of 4(03|10)")
    email = f"bob-{uuid4().hex[:6]}@example.org"
    link = invite(alice, product, email, "reader")
    bob = new_context().new_page()
    bob.goto(link)
    expect(bob.get_by_role("heading", name="Join Acme")).to_be_visible()
    bob.get_by_label("Name").fill("Bob")
    bob.get_by_label("Password").first.fill(NEW_PASSWORD)
    bob.get_by_role("button", name="Make my account and join").click()
    expect(bob.get_by_label("Your question")).to_be_visible()
    expect(bob.get_by_role("link", name="Settings")).to_have_count(0)
    bob.get_by_role("link", name="Documents", exact=True).click()
    expect(bob.locator("#files")).to_have_count(0)
    assert bob.goto(product.address(f"/t/{ACME}/settings/")).status == 403  # type: ignore[union-attr]
    expect(bob.get_by_text("This needs the role “Admin”.")).to_be_visible()

    stranger = new_context().new_page()
    assert stranger.goto(link).status == 410  # type: ignore[union-attr]
    expect(stranger.get_by_role("heading", name="This invitation does not work")).to_be_visible()

    alice.goto(product.address(f"/t/{ACME}/members/"))
    row = alice.get_by_role("row").filter(has_text=email)
    row.get_by_role("button", name="Remove Bob").click()
    alice.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(alice.get_by_text(f"{email} is no longer a member.")).to_be_visible()
    bob.goto(product.address("/"))
    expect(bob.get_by_role("heading", name="You belong to no organisation yet")).to_be_visible()


def test_a_role_is_changed_by_choosing_it(alice: Page, new_context: NewContext, product: Product) -> None:
    email = f"eve-{uuid4().hex[:6]}@example.org"
    link = invite(alice, product, email, "member")
    eve = new_context().new_page()
    eve.goto(link)
    eve.get_by_label("Password").first.fill(NEW_PASSWORD)
    eve.get_by_role("button", name="Make my account and join").click()
    expect(eve.get_by_label("Your question")).to_be_visible()
    alice.goto(product.address(f"/t/{ACME}/members/"))
    alice.get_by_role("row").filter(has_text=email).get_by_role("combobox").select_option("admin")
    expect(alice.get_by_text(f"The role of {email} is changed.")).to_be_visible()
    eve.reload()
    expect(eve.get_by_role("link", name="Settings")).to_be_visible()


def test_settings_are_kept(alice: Page, product: Product) -> None:
    alice.goto(product.address(f"/t/{ACME}/settings/"))
    passages = alice.get_by_label("Passages", exact=True)
    wanted = "5" if passages.input_value() == "6" else "6"
    passages.fill(wanted)
    alice.get_by_label("Additional instructions").fill("Be brief.")
    alice.locator("section").filter(has=passages).get_by_role("button", name="Save").click()
    expect(alice.get_by_text("The settings are saved.")).to_be_visible()
    alice.reload()
    expect(passages).to_have_value(wanted)
    expect(alice.get_by_label("Additional instructions")).to_have_value("Be brief.")


def test_the_dashboard_shows_a_question_and_how_its_answer_came_about(
    alice: Page, product: Product, folder: Path
) -> None:
    add_document(alice, product, ACME, papers.warranty(folder))
    alice.goto(product.address(f"/t/{ACME}/"))
    question = f"How long does the warranty of the Heron kettle last, ticket {uuid4().hex[:6]}?"
    wait_until_over(ask(alice, question))
    alice.get_by_role("link", name="Dashboard").click()
    row = alice.get_by_role("row").filter(has_text=question)
    expect(row).to_contain_text("Answered")
    expect(alice.locator(".chart svg").first).to_be_visible()
    row.get_by_role("link").click()
    expect(alice.get_by_role("heading", name="How this answer came about")).to_be_visible()
    expect(alice.get_by_role("row").filter(has_text=papers.WARRANTY_NAME).first).to_contain_text("0.")
    expect(alice.get_by_text("searching")).to_be_visible()


def test_the_audit_log_names_who_did_what(alice: Page, product: Product) -> None:
    email = f"carol-{uuid4().hex[:6]}@example.org"
    invite(alice, product, email, "member")
    alice.goto(product.address(f"/t/{ACME}/dashboard/audit/"))
    expect(alice.get_by_role("row").filter(has_text=email)).to_contain_text("member invited")


def test_appearance_is_chosen_and_remembered(alice: Page, product: Product) -> None:
    alice.goto(product.address(f"/t/{ACME}/"))
    light = alice.evaluate(INK)
    alice.locator("summary").filter(has_text="Menu of").click()
    alice.get_by_role("button", name="Dark").click()
    dark = alice.evaluate(INK)
    assert light != dark
    alice.reload()
    assert alice.evaluate(INK) == dark


def test_signing_out_ends_it(new_context: NewContext, product: Product) -> None:
    page = new_context().new_page()
    sign_in(page, product, ALICE)
    page.locator("summary").filter(has_text="Menu of").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(product.address(f"/t/{ACME}/"))
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next="))
