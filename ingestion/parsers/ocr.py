"""Text recognition for pictures of pages: by the program Tesseract, and where it or a language of the page is missing,
by RapidOCR, which is always there and reads Latin letters.

Tesseract looks at a page twice. The first, quick look says which way up it is and which script it has: languages of
both scripts at once take Latin letters for the Cyrillic ones that look the same, and twice the time.
"""

from __future__ import annotations

import io
import math
import re
import shutil
from collections.abc import Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ingestion.errors import DocumentUnreadable
from ingestion.parsers import ocr_rapid
from ingestion.parsers.ocr_layout import layout_text
from ingestion.parsers.programs import ProgramFailed, run
from ingestion.sentences import both
from ingestion.sentences import sentence as _

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_LANGUAGES = ("eng", "srp", "srp_latn", "deu")
"""Those of the interface, by Tesseract's codes."""
LANGUAGES: ContextVar[tuple[str, ...]] = ContextVar("LANGUAGES", default=DEFAULT_LANGUAGES)
"""The languages that pages may be in."""
CYRILLIC = frozenset({"bel", "bul", "kaz", "kir", "mkd", "mon", "rus", "srp", "tgk", "ukr", "uzb_cyrl"})

MAX_PIXELS = 100_000_000
"""Of one picture, before it is decoded: A4 at 1,000 dots per inch has 97 million."""
MAX_PIXELS_READ = 36_000_000
"""A4 at 600 dots per inch. Letters of a larger picture are more than large enough when it is made smaller."""
MAX_SIDE = 30_000
"""Pixels; Tesseract takes 32,767."""
MIN_SIDE = 1_100
"""Pixels. Pictures of a page with fewer have letters of less than 20 pixels, which are recognised badly."""
MIN_TURN_CONFIDENCE = 2.0
"""Pages that stand upright have 3 to 30; from a few words it guesses, with less than 1."""
LIST_S = 10.0
"""For the list of languages, which takes a hundredth of a second."""
PAGE_S = 120.0
"""A dense newspaper page takes 20 seconds on one core."""
UNSET_DPI = 300

TOO_SLOW = _(
    "Text recognition took more than %(seconds)s seconds for one page. "
    "Scan it again with fewer dots per inch, or cut it into parts.",
    seconds=round(PAGE_S),
)
TOO_LARGE = _(
    "This document has a picture of more than %(limit)s million pixels. "
    "Make it smaller, or scan it with 300 dots per inch.",
    limit=MAX_PIXELS // 1_000_000,
)
TURNED = re.compile(rb"^Rotate: (\d+)$.*^Orientation confidence: ([\d.]+)$", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(rb"^Script: (\w+)$", re.MULTILINE)


class RecognitionUnavailable(DocumentUnreadable):
    """Nothing is installed that could recognise any of the languages; the sentence names the packages."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text on a picture of a page, "" when there is none; divided words have a `SOFT_HYPHEN`."""

    text: str = ""
    left_out: str = ""
    """A sentence about what is on it beside that, in letters that cannot be recognised here."""


def page_text(image: Image, *, waiting: Callable[[], None]) -> Recognised:
    """Return what can be read on a picture of a page.

    `waiting` is called while it takes time, and ends it by raising. Raise `RecognitionUnavailable`.
    """
    wanted = LANGUAGES.get()
    installed = _languages_of(shutil.which("tesseract") or "")
    latin = ocr_rapid.is_installed() and not ocr_rapid.LANGUAGES.isdisjoint(wanted)
    if not latin and installed.isdisjoint(wanted):
        raise RecognitionUnavailable(_missing(wanted))
    image = fitted(image)
    turn, script = _first_look(_as_file(image), waiting) if "osd" in installed else (0, "")
    if turn:
        image = image.rotate(-turn, expand=True, fillcolor=255)
    languages = _of_script(wanted, script)
    there = [name for name in languages if name in installed] or [name for name in wanted if name in installed]
    if script == "Cyrillic" and CYRILLIC.isdisjoint(there) and not CYRILLIC.isdisjoint(wanted):
        return Recognised(left_out=_missing([name for name in languages if name in CYRILLIC]))
    is_unforeseen = script == "Cyrillic" and CYRILLIC.isdisjoint(wanted)
    may_be_latin = script in {"Latin", ""} and there != languages
    if latin and (is_unforeseen or may_be_latin or not there):
        return _in_latin_letters(image, wanted, installed, waiting)
    words = _tesseract(["-l", "+".join(there), "tsv"], _as_file(image), waiting)
    return Recognised(layout_text(words.decode("utf-8")))


def _in_latin_letters(
    image: Image, wanted: Sequence[str], installed: Collection[str], waiting: Callable[[], None]
) -> Recognised:
    text, lost = ocr_rapid.recognise(
        _as_file(image),
        perhaps_cyrillic=not CYRILLIC.isdisjoint(wanted),
        wall_s=PAGE_S,
        too_slow=TOO_SLOW,
        waiting=waiting,
    )
    if not lost:
        return Recognised(text)
    others = [name for name in wanted if name not in ocr_rapid.LANGUAGES and name not in installed]
    if text:
        what = _("Some lines of this page are in letters that cannot be recognised here, where only Latin ones can.")
    else:
        what = _("This page is in letters that cannot be recognised here, where only Latin ones can.")
    choose = _("Choose the languages of its text in the settings, or upload a file with text.")
    return Recognised(text, both(what, _install(others) if others else choose))


def check_size(width: int, height: int) -> None:
    """Raise `DocumentUnreadable` for a picture of more than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise DocumentUnreadable(TOO_LARGE)


def fitted(image: Image) -> Image:
    """Return it in grey, on white where it is transparent, and in a size whose letters can be recognised."""
    from PIL import Image as Pillow

    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")  # which would copy it
        if (pixels := image.width * image.height) > MAX_PIXELS_READ:
            image = image.reduce(math.ceil((pixels / MAX_PIXELS_READ) ** 0.5))  # four bytes a pixel, and three copies
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image)
    if image.mode.startswith("I"):  # 16 bits of grey, of which Pillow would take the lower ones
        image = image.convert("I").point(lambda value: value * (1 / 256))
    image = image.convert("L")
    pixels = image.width * image.height
    wanted = 2.0 if min(image.size) < MIN_SIDE else 1.0
    scale = min(wanted, (MAX_PIXELS_READ / pixels) ** 0.5, MAX_SIDE / max(image.size))
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Pillow.Resampling.LANCZOS)


def installed_languages() -> frozenset[str]:
    """The codes of the languages that Tesseract has on this machine, "osd" for its first look among them; none where it
    is not installed itself. Raise `ProgramFailed`, or `DocumentUnreadable` where it hangs."""
    if not shutil.which("tesseract"):
        return frozenset()
    listed = run(["tesseract", "--list-langs"], wall_s=LIST_S, too_slow=TOO_SLOW, waiting=lambda: None)
    names = listed.decode("utf-8", errors="replace").splitlines()[1:]
    return frozenset(name for name in names if "/" not in name)


@cache
def _languages_of(_program: str) -> frozenset[str]:
    """Asked once for a file, and not for each of its pages."""
    return installed_languages()


def _missing(languages: Sequence[str]) -> str:
    what = _("This is a picture of text, and text recognition is not installed here for its language.")
    return both(what, _install(languages))


def _install(languages: Sequence[str]) -> str:
    packages = ["tesseract-ocr", *(f"tesseract-ocr-{name.replace('_', '-')}" for name in languages)]
    return _(
        "Ask the operator to install Tesseract (Debian packages: %(packages)s), or upload a file with text.",
        packages=" ".join(packages),
    )


def _first_look(picture: bytes, waiting: Callable[[], None]) -> tuple[int, str]:
    """By how many degrees the page must be turned clockwise, and its script; (0, "") where too little is on it."""
    try:
        seen = _tesseract(["--psm", "0"], picture, waiting)
    except ProgramFailed:
        return 0, ""
    turned, script = TURNED.search(seen), SCRIPT.search(seen)
    turn = int(turned[1]) if turned and float(turned[2]) >= MIN_TURN_CONFIDENCE else 0
    return turn, script[1].decode("ascii", errors="replace") if script else ""


def _of_script(wanted: Sequence[str], script: str) -> list[str]:
    """Cyrillic pages have Latin words in them, so there the others follow; the first language decides in a draw."""
    cyrillic = [name for name in wanted if name in CYRILLIC]
    others = [name for name in wanted if name not in CYRILLIC]
    if script == "Cyrillic":
        return [*cyrillic, *others]
    return others if script == "Latin" and others else list(wanted)


def _as_file(image: Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PPM")  # of a grey picture it makes a PGM; no time goes into compressing
    return file.getvalue()


def _tesseract(arguments: Sequence[str], picture: bytes, waiting: Callable[[], None]) -> bytes:
    return run(
        ["tesseract", "stdin", "stdout", "--dpi", str(UNSET_DPI), *arguments],
        wall_s=PAGE_S,
        too_slow=TOO_SLOW,
        waiting=waiting,
        given=picture,
        environment={"OMP_THREAD_LIMIT": "1"},  # more threads take more time in all, and other people's
    )
