"""The languages of text in pictures: which of them this machine can recognise, and what they are called."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.utils.text import capfirst
from django.utils.translation import get_language_info

from ingestion import selectors
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.ocr import installed_languages
from ingestion.parsers.programs import ProgramFailed

logger = logging.getLogger(__name__)

NO_LANGUAGES = frozenset({"osd", "equ"})
"""What finds out which way up a page is, and formulas."""
# Tesseract's codes and Django's, which has the names in every language of the interface.
LOCALES = {
    "afr": "af", "ara": "ar", "aze": "az", "bel": "be", "ben": "bn", "bos": "bs", "bre": "br", "bul": "bg",
    "cat": "ca", "ces": "cs", "chi_sim": "zh-hans", "chi_tra": "zh-hant", "cym": "cy", "dan": "da", "deu": "de",
    "ell": "el", "eng": "en", "epo": "eo", "est": "et", "eus": "eu", "fas": "fa", "fin": "fi", "fra": "fr",
    "fry": "fy", "gla": "gd", "gle": "ga", "glg": "gl", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu",
    "hye": "hy", "ind": "id", "isl": "is", "ita": "it", "jpn": "ja", "kan": "kn", "kat": "ka", "kaz": "kk",
    "khm": "km", "kir": "ky", "kor": "ko", "lav": "lv", "lit": "lt", "ltz": "lb", "mal": "ml", "mar": "mr",
    "mkd": "mk", "mon": "mn", "msa": "ms", "mya": "my", "nep": "ne", "nld": "nl", "nor": "nb", "pan": "pa",
    "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "slk": "sk", "slv": "sl", "spa": "es", "sqi": "sq",
    "srp": "sr", "srp_latn": "sr-latn", "swa": "sw", "swe": "sv", "tam": "ta", "tat": "tt", "tel": "te",
    "tgk": "tg", "tha": "th", "tur": "tr", "uig": "ug", "ukr": "uk", "urd": "ur", "uzb": "uz", "vie": "vi",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OcrLanguage:
    code: str
    installed: bool
    chosen: bool

    @property
    def name(self) -> str:
        """In the reader's language; the code itself where Django has no name for it."""
        locale = LOCALES.get(self.code)
        return capfirst(get_language_info(locale)["name_translated"]) if locale else self.code

    @property
    def package(self) -> str:
        """The Debian package that it comes in."""
        return f"tesseract-ocr-{self.code.replace('_', '-')}"


def installed() -> frozenset[str] | None:
    """The codes of the languages that Tesseract has on this machine, or None where it has none, or is not there itself.

    Documents are read by workers, which on a cluster may be other machines; they are made of the same image.
    """
    try:
        languages = installed_languages()
    except (DocumentUnreadable, ProgramFailed, OSError) as error:
        logger.warning("Tesseract does not say which languages it has: %s", error)
        return None
    return languages - NO_LANGUAGES or None


def ocr_languages(tenant_id: UUID, available: frozenset[str] | None) -> list[OcrLanguage]:
    """Those that are `available` and those that the organisation has chosen, by name."""
    there, chosen = available or frozenset(), frozenset(selectors.ocr_languages(tenant_id=tenant_id))
    found = [OcrLanguage(code, installed=code in there, chosen=code in chosen) for code in there | chosen]
    return sorted(found, key=lambda each: (each.name, each.code))
