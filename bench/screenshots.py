"""Takes the pictures of the documentation: every page, light and dark, wide and narrow, with nothing and with much on
it. `make screenshots` runs it; `ARGS=chat` takes only those whose name holds the word, or one of several.

The product is a new one with data of its own, and what is asked in it is really answered, by the starter model.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product as combinations
from typing import TYPE_CHECKING
from uuid import UUID

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

from bench import gauge, support
from tests.services import chromium

if TYPE_CHECKING:
    from bench.screenshot_data import Made

FOLDER = support.ROOT / "docs" / "screenshots"
SCHEMES = ("light", "dark")
SIZES = {1280: 800, 390: 844}
"""Width and height of the window, in CSS pixels: a laptop's and a telephone's."""
TELEPHONE = 600
"""Narrower windows are touched."""
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
COLOURS = 256
"""Of a palette: a fifth of the bytes, and nobody sees it on a page of text."""
LONGEST = 2_400
"""Pixels of a page's height that are shown; the rest of a long one says nothing new."""
ANSWER_MS = 120_000

REMOVAL = "Koliko dana plaćenog odsustva dobija zaposleni za selidbu, a koliko za davanje krvi?"
PRESSURE = "What is the highest operating pressure of the Kestrel pump?"
DICTATION = "dictation"
PINNED = "Plaćeno odsustvo"
"""Stands on top of the list."""
OFF_TOPIC = "Ko je osvojio svetsko prvenstvo u fudbalu 1974. godine?"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser's way into the product: where it is, and the session of whoever has signed in."""

    browser: Browser
    address: str
    cookie: str

    def page(self, *, scheme: str = "light", width: int = 1280, signed_in: bool = True) -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": SIZES[width]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
            timezone_id="Europe/Belgrade",
            reduced_motion="reduce",
            has_touch=width < TELEPHONE,
        )
        if signed_in:
            context.add_cookies([{"name": "sessionid", "value": self.cookie, "url": self.address}])
        return context.new_page()


@dataclass(frozen=True, slots=True)
class Shot:
    """`whole` is the page to its end, otherwise what the window shows of it. `prepare` is what is done on it before."""

    name: str
    path: str
    signed_in: bool = True
    whole: bool = False
    prepare: Callable[[Page], object] = lambda _page: None


def main(*wanted: str) -> None:
    """Without a word all are taken. Dictation is off unless the operator wants it, so that it takes another product."""
    if not wanted:
        subprocess.run([sys.executable, "-m", "bench.screenshots", DICTATION], check=True)
    dictating = wanted == (DICTATION,)
    with support.product(RAZGOVOR_SPEECH_INPUT="on" if dictating else "off") as running:
        from bench import screenshot_data as data
        from bench import screenshot_lab
        from tenants.access import access_for
        from tenants.models import User

        made = data.make()
        lab = screenshot_lab.make(access_for(User.objects.get(email=data.OWNER), data.FILLED))
        cookie = support.session_cookie(User.objects.get(email=data.OWNER))
        FOLDER.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS, headless=False)
            visitor = Visitor(browser, running.address.rstrip("/"), cookie)
            shots = (
                [Shot(DICTATION, f"/t/{data.FILLED}/", prepare=_dictate)]
                if dictating
                else [
                    *_still(data.FILLED, data.EMPTY, made.link),
                    *_documents(data.FILLED, made.handbook, made.tariffs),
                    *_lab(data.FILLED, data.EMPTY, lab.collection, lab.runs),
                    *_conversations(data.FILLED, data.EMPTY, made.talk),
                    *_sharing(data.FILLED, made.talk, made.shared),
                    *_talks(data.FILLED, made),
                    *_asked(visitor, data.FILLED),
                ]
            )
            chosen = [shot for shot in shots if not wanted or any(word in shot.name for word in wanted)]
            for scheme, width in combinations(SCHEMES, SIZES):
                _take(visitor, chosen, scheme, width)
            browser.close()


def _still(filled: str, empty: str, link: str) -> list[Shot]:
    """Pages that are there without a question."""
    return [
        Shot("sign-in", "/accounts/login/", signed_in=False),
        Shot("invitation", link, signed_in=False),
        Shot("chat-empty", f"/t/{filled}/"),
        Shot("documents-empty", f"/t/{empty}/documents/"),
        Shot("documents-filled", f"/t/{filled}/documents/"),
        Shot("settings", f"/t/{empty}/settings/", whole=True),
        Shot("members", f"/t/{filled}/members/", whole=True),
        Shot("dashboard", f"/t/{filled}/dashboard/", whole=True),
        Shot("audit", f"/t/{filled}/dashboard/audit/"),
        Shot("knowledge-gaps", f"/t/{filled}/dashboard/gaps/", whole=True),
        Shot("when-to-refuse", f"/t/{filled}/settings/refusing/", whole=True),
        Shot("not-found", "/t/nobody/"),
    ]


def _documents(slug: str, handbook: UUID, tariffs: tuple[UUID, UUID]) -> list[Shot]:
    """A document as it was understood, its versions, and what is set up for all of them."""
    older, newer = tariffs
    documents = f"/t/{slug}/documents"
    return [
        Shot("document-text", f"{documents}/{handbook}/"),
        Shot("document-versions", f"{documents}/{newer}/?part=versions"),
        Shot("document-compare", f"{documents}/{older}/compare/{newer}/"),
        Shot("reading-and-search", f"{documents}/settings/", whole=True),
        Shot("api-keys", f"/t/{slug}/api-keys/"),
    ]


def _lab(slug: str, empty: str, collection: UUID, runs: Sequence[UUID]) -> list[Shot]:
    """The quality lab, with runs and without."""
    lab = f"/t/{slug}/dashboard/quality"
    words, last = runs[1], runs[-1]
    return [
        Shot("quality-lab", f"{lab}/", whole=True),
        Shot("quality-lab-empty", f"/t/{empty}/dashboard/quality/"),
        Shot("quality-run", f"{lab}/runs/{last}/", whole=True),
        Shot("quality-compare", f"{lab}/compare/?run={words}&run={last}", whole=True),
        Shot("quality-new", f"{lab}/new/", whole=True),
        Shot("golden-questions", f"{lab}/questions/{collection}/", whole=True),
        Shot("rated-answers", f"{lab}/rated/"),
    ]


def _conversations(slug: str, empty: str, talk: UUID) -> list[Shot]:
    """What becomes of conversations."""
    home = f"/t/{slug}"
    return [
        Shot("conversation-menu", f"{home}/c/{talk}/", prepare=_open_menu),
        Shot("conversation-search", f"{home}/search/?q=%D0%BE%D0%B4%D1%81%D1%83%D1%81%D1%82%D0%B2%D0%B0+seli"),
        Shot("conversation-search-empty", f"{home}/search/?q=zebra"),
        Shot("conversations-archived", f"{home}/archived/"),
        Shot("conversations-archived-empty", f"/t/{empty}/archived/"),
        Shot("prompts", f"{home}/prompts/"),
        Shot("composer-prompts", f"{home}/", prepare=partial(_type, text="/")),
        Shot("composer-scope", f"{home}/", prepare=partial(_type, text="@")),
        Shot("shortcuts", f"{home}/", prepare=_open_shortcuts),
        Shot("conversation-print", f"{home}/c/{talk}/print/", whole=True),
    ]


def _talks(slug: str, made: Made) -> list[Shot]:
    """What is asked in more ways than one."""
    home = f"/t/{slug}"
    return [
        Shot("branches", f"{home}/c/{made.edited}/"),
        Shot("question-editor", f"{home}/c/{made.edited}/", prepare=_open_editor),
        Shot("citation-hint", f"{home}/c/{made.edited}/", prepare=_open_hint),
        Shot("pictures-attached", f"{home}/", prepare=_attach),
        Shot("picture-answered", f"{home}/c/{made.pictured}/"),
        Shot("compare-menu", f"{home}/", prepare=_open_models),
        Shot("comparison", f"{home}/c/{made.compared}/"),
    ]


def _sharing(slug: str, talk: UUID, shared: str) -> list[Shot]:
    """How links are made, and what they lead to."""
    home = f"/t/{slug}"
    return [
        Shot("share", f"{home}/c/{talk}/share/"),
        Shot("shared", shared, signed_in=False, whole=True),
        Shot("shared-links", f"{home}/shared/"),
        Shot("sharing-settings", f"{home}/settings/sharing/"),
    ]


def _asked(visitor: Visitor, slug: str) -> Iterator[Shot]:
    """Ask, and yield what came of it."""
    page, address = visitor.page(), visitor.address
    _ask(page, f"{address}/t/{slug}/", OFF_TOPIC)
    yield Shot("refusal", _path(page, address))
    _ask(page, f"{address}/t/{slug}/", PRESSURE)
    yield Shot("source-image", _cited(page))
    yield Shot("source-panel", _path(page, address), prepare=_open_panel)
    answered = _ask(page, f"{address}/t/{slug}/", REMOVAL)
    yield Shot("chat-filled", _path(page, address))
    yield Shot("source-text", _cited(page))
    yield Shot("trace", f"/t/{slug}/dashboard/turns/{answered}/", whole=True)
    page.context.close()


def _ask(page: Page, home: str, question: str) -> str:
    """Return the turn's id once it is answered."""
    page.goto(home)
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    turn = page.locator(".turn[data-status=completed]")
    turn.wait_for(timeout=ANSWER_MS)
    return turn.get_attribute("data-turn") or ""


def _cited(page: Page) -> str:
    return page.locator("a.cite").first.get_attribute("href") or ""


def _path(page: Page, address: str) -> str:
    return page.url.removeprefix(address)


def _take(visitor: Visitor, shots: list[Shot], scheme: str, width: int) -> None:
    pages = {signed_in: visitor.page(scheme=scheme, width=width, signed_in=signed_in) for signed_in in (True, False)}
    for shot in shots:
        page = pages[shot.signed_in]
        page.goto(f"{visitor.address}{shot.path}", wait_until="load")
        page.evaluate("document.fonts.ready")
        shot.prepare(page)
        if shot.whole:  # a taller window, not a longer picture: what sticks to the window's foot stays there
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(SIZES[width], min(height, LONGEST))})
        target = FOLDER / f"{shot.name}-{scheme}-{width}.png"
        target.write_bytes(_small(page.screenshot(animations="disabled", caret="hide")))
        page.set_viewport_size({"width": width, "height": SIZES[width]})
        support.progress(f"  {target.relative_to(support.ROOT)} {target.stat().st_size // 1024} KB")
    for page in pages.values():
        page.context.close()


def _type(page: Page, text: str) -> None:
    """In place of the draft of the picture before."""
    field = page.get_by_label("Your question")
    field.fill("")
    field.press_sequentially(text)
    page.locator("[role=option]").first.wait_for()


def _attach(page: Page) -> None:
    photo = FilePayload(name=gauge.NAME, mimeType="image/jpeg", buffer=gauge.jpeg())
    page.get_by_label("Choose pictures").set_input_files([photo])
    page.get_by_role("list", name="Attached pictures").get_by_role("img").wait_for()
    page.get_by_label("Your question").fill(gauge.QUESTION)


def _dictate(page: Page) -> None:
    page.get_by_label("Your question").fill("")
    page.get_by_role("button", name="Dictate").hover()


def _open_shortcuts(page: Page) -> None:
    page.get_by_label("Your question").blur()
    page.keyboard.press("?")


def _open_panel(page: Page) -> None:
    page.locator("a.cite").first.click()
    page.get_by_role("dialog", name="Source").get_by_role("img").evaluate("image => image.decode()")


def _open_hint(page: Page) -> None:
    page.locator("a.cite").first.focus()
    page.get_by_role("tooltip").wait_for()


def _open_editor(page: Page) -> None:
    turn = page.locator(".turn").first
    turn.hover()
    turn.get_by_role("link", name="Edit the question").click()


def _open_models(page: Page) -> None:
    page.locator("[data-part=compare] > summary").click()


def _open_menu(page: Page) -> None:
    drawer = page.get_by_role("button", name="Open the conversations")
    if drawer.is_visible():
        drawer.click()
    line = page.locator(".sidebar-item").filter(has_text=PINNED)
    line.hover()
    line.locator("summary").first.click()


def _small(png: bytes) -> bytes:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:])
