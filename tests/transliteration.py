"""Serbian Cyrillic to Serbian Latin, letter by letter: what the catalog in `locale/sr_Latn` is made by.

    python -m tests.transliteration

writes `locale/sr_Latn/LC_MESSAGES/django.{po,mo}` anew from `locale/sr`. Placeholders, tags and the names of products
are in Latin letters already, so that nothing of them changes.
"""

from __future__ import annotations

from pathlib import Path

import polib

LOCALE = Path(__file__).resolve().parent.parent / "locale"
CYRILLIC = "абвгдђежзијклмнопрстћуфхцчш"
LATIN = "abvgdđežzijklmnoprstćufhcčš"
DIGRAPHS = {"љ": "lj", "њ": "nj", "џ": "dž"}
LETTERS = dict(zip(CYRILLIC, LATIN, strict=True)) | DIGRAPHS
SMALL_AND_CAPITAL = LETTERS | {letter.upper(): latin.capitalize() for letter, latin in LETTERS.items()}
TABLE = str.maketrans(SMALL_AND_CAPITAL)


def to_latin(text: str) -> str:
    """Return `text` in Latin letters. Words all in capitals are not expected: "Њ" becomes "Nj"."""
    return text.translate(TABLE)


def latin_catalog() -> polib.POFile:
    """The Cyrillic catalog with every translation in Latin letters."""
    catalog = polib.pofile(str(LOCALE / "sr" / "LC_MESSAGES" / "django.po"))
    catalog.metadata["Language"] = "sr@latin"
    for entry in catalog:
        entry.msgstr = to_latin(entry.msgstr)
        entry.msgstr_plural = {form: to_latin(text) for form, text in entry.msgstr_plural.items()}
    return catalog


if __name__ == "__main__":
    written = latin_catalog()
    folder = LOCALE / "sr_Latn" / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    written.save(str(folder / "django.po"))
    written.save_as_mofile(str(folder / "django.mo"))
