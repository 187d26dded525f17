"""The product, started once for all of these tests, and a browser whose console must stay silent.

Each test has organisations of its own where what others leave behind would disturb it. The browser is started for
this package only: Playwright keeps an event loop running in the thread, which asynchronous tests cannot have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.contracts.openai_server import OpenAIServer
from tests.e2e import papers
from tests.e2e.browsing import (
    ACTION_MS,
    Watch,
    add_document,
    add_upstream,
    chromium_running,
    sign_in,
)
from tests.e2e.product import KEY, MODEL, Product, running_product

ALICE, CHARLIE, DANA = "alice@example.org", "charlie@example.org", "dana@example.org"
ACME, GLOBEX, INITECH = "acme", "globex", "initech"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these tests share one product, so that one process of pytest-xdist, which looks after this, runs them."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for mark in (pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("e2e")):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Alice owns Acme, which the bundled starter model answers; Charlie owns Globex; Dana owns Initech."""
    with running_product(tmp_path_factory.mktemp("product")) as running:
        for slug, owner in ((ACME, ALICE), (GLOBEX, CHARLIE), (INITECH, DANA)):
            running.organisation(slug, name=slug.title(), owner=owner)
        yield running


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files wait to be uploaded."""
    return tmp_path_factory.mktemp("papers")


@pytest.fixture(scope="package")
def chromium(chromium_path: Path) -> Iterator[Browser]:
    expect.set_options(timeout=ACTION_MS)
    with chromium_running(chromium_path) as browser:
        yield browser


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fail the test when a browser of it had something to complain about that the test did not expect."""
    watch = Watch()
    yield watch
    assert watch.unexpected() == []


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(chromium: Browser, watch: Watch) -> Iterator[NewContext]:
    """`new_context(**options)`: a browser of somebody else's, watched, and closed at the end of the test."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        context.set_default_timeout(ACTION_MS)
        watch.over(context)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


SignedIn = Callable[..., Page]


@pytest.fixture(scope="package")
def cookies(chromium: Browser, product: Product) -> Callable[[str], list[object]]:
    """The cookies of somebody who has signed in, once for all tests: signing in is limited to 30 times a minute."""
    kept: dict[str, list[object]] = {}

    def of(email: str) -> list[object]:
        if email not in kept:
            context = chromium.new_context()
            sign_in(context.new_page(), product, email)
            kept[email] = list(context.cookies())
            context.close()
        return kept[email]

    return of


@pytest.fixture
def signed_in(new_context: NewContext, cookies: Callable[[str], list[object]]) -> SignedIn:
    """`signed_in(email, **options)`: a page in a browser of their own in which this person has signed in."""

    def page_of(email: str, **options: object) -> Page:
        context = new_context(**options)
        context.add_cookies(cookies(email))  # type: ignore[arg-type]
        return context.new_page()

    return page_of


@pytest.fixture
def upstream(product: Product) -> Iterator[OpenAIServer]:
    """The scripted model, with nothing left over from the test before."""
    product.upstream._steps.clear()
    product.upstream.requests.clear()
    yield product.upstream
    product.upstream._steps.clear()


@pytest.fixture(scope="package")
def writing_organisation(
    chromium: Browser, product: Product, cookies: Callable[[str], list[object]], folder: Path
) -> str:
    """Initech: it has a document, and what answers is the upstream, whose words a test scripts."""
    context = chromium.new_context()
    context.add_cookies(cookies(DANA))  # type: ignore[arg-type]
    page = context.new_page()
    add_upstream(page, product, INITECH, model=MODEL, key=KEY)
    add_document(page, product, INITECH, papers.warranty(folder))
    context.close()
    return INITECH
