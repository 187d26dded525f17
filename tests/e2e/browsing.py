"""What a person does in a browser, step by step, and a watch over what the browser complains about meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.e2e.product import PASSWORD, Product

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ACTION_MS = 30_000
READ_MS = 90_000
"""A document's reading, on a machine that is busy with other tests."""
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`));
"""


@contextmanager
def chromium_running(executable: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=False)
        yield browser
        browser.close()


@dataclass
class Watch:
    """Collects everything that a browser's console should not say. `expected` are patterns of what may be said."""

    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))

    def expect(self, pattern: str) -> None:
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [each for each in self.problems if not any(re.search(pattern, each) for pattern in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"{message.type} on {message.location.get('url')}: {message.text}")


def sign_in(page: Page, product: Product, email: str, password: str = PASSWORD) -> None:
    page.goto(product.address("/accounts/login/"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Your question")).to_be_visible()


def document_row(page: Page, name: str) -> Locator:
    return page.locator(".document").filter(has=page.get_by_role("link", name=name, exact=True))


def choose_file(page: Page, path: Path) -> None:
    page.locator("#files").set_input_files(path)


def wait_until_ready(page: Page, name: str) -> None:
    """Without a reload: the row has to change by itself."""
    expect(document_row(page, name)).to_have_attribute("data-status", "ready", timeout=READ_MS)


def add_document(page: Page, product: Product, slug: str, path: Path) -> None:
    page.goto(product.address(f"/t/{slug}/documents/"))
    choose_file(page, path)
    wait_until_ready(page, path.name)


def ask(page: Page, text: str) -> Locator:
    """Return the turn of this question."""
    page.get_by_label("Your question").fill(text)
    page.get_by_role("button", name="Ask", exact=True).click()
    return page.locator(".turn").last


def wait_until_over(turn: Locator, status: str = "completed") -> None:
    expect(turn).not_to_have_attribute("data-status", "running")
    expect(turn).to_have_attribute("data-status", status, timeout=1000)


def add_upstream(page: Page, product: Product, slug: str, *, model: str, key: str) -> Locator:
    """Add the scripted upstream as a model on the settings page, and return its row."""
    page.goto(product.address(f"/t/{slug}/settings/"))
    page.get_by_text("Add a model").click()
    form = page.locator("form[data-presets]")
    form.get_by_label("Kind").select_option("openai")
    form.get_by_label("Address").fill(product.upstream.base_url)
    form.get_by_label("Model", exact=True).fill(model)
    form.get_by_label("Key", exact=True).fill(key)
    form.get_by_role("button", name="Add").click()
    row = page.locator(".provider").filter(has_text=model).last
    expect(row).to_be_visible()
    return row


def watch_texts(page: Page, selector: str, *, beside: str = "") -> Callable[[], list[str]]:
    """Note every text that what matches `selector` shows from now on, until the page is left; with `beside`, only where
    that stands in the same row."""
    name = f"texts{abs(hash(selector))}"
    page.evaluate(
        """([name, selector, beside]) => {
            const texts = (window[name] = []);
            const note = () => {
              for (const element of document.querySelectorAll(selector)) {
                if (!element.parentElement.innerText.includes(beside)) continue;
                const text = element.innerText.replace(/\\s+/g, " ").trim();
                if (text && texts.at(-1) !== text) texts.push(text);
              }
            };
            new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
        }""",
        [name, selector, beside],
    )

    def texts() -> list[str]:
        seen: list[str] = page.evaluate("(name) => window[name]", name)
        return seen

    return texts


def slow_uploads(page: Page, *, bytes_per_second: int) -> None:
    """A line on which there is something to see of an upload's progress."""
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", limits)


def drop_file(page: Page, path: Path) -> None:
    """Drag a file from the desktop over the page and let go, as the browser itself sees it."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 500, "data": data})


def eventually(page: Page, condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Give something that the page does not show time to happen, while the page goes on."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return condition()
