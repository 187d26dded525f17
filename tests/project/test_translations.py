"""The interface's message catalogs. `.mo` files are kept beside their `.po`, since a fresh machine has no gettext."""

from __future__ import annotations

import ast
import gettext
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.test import Client
from django.utils import translation
from django.utils.translation.template import templatize

from tests.transliteration import LOCALE, latin_catalog

LOCALES = ("sr", "sr_Latn", "de", "ar")
CODE = ("chat", "ingestion", "project", "tenants")
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
TAG = re.compile(r"</?[a-z][^>]*>|`[^`]*`")
COUNT = re.compile(r"%\(count\)[sd]")
ARABIC = re.compile(r"[\u0621-\u064a]")
NAMES = {"Ollama", "GitHub Models", "PDF", "MRR"}
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
MARKED_IN_TEMPLATE = re.compile(r"""\b(?:n?gettext|_)\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
LEAST_TRANSLATED = 0.98

SIGN_IN = {"en": "Sign in", "sr": "Пријави се", "sr-latn": "Prijavi se", "de": "Anmelden", "ar": "تسجيل الدخول"}


def catalog(locale: str) -> polib.POFile:
    return polib.pofile(str(LOCALE / locale / "LC_MESSAGES" / "django.po"))


def compiled(locale: str) -> gettext.GNUTranslations:
    with (LOCALE / locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def messages(translations: gettext.GNUTranslations) -> dict[object, str]:
    """By message id, or by (id, plural form). The header goes, whose order of lines depends on the compiler."""
    found: dict[object, str] = translations._catalog  # type: ignore[attr-defined]
    return {message: text for message, text in found.items() if message}


def texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def forms_of_one_number(entries: polib.POFile) -> set[int]:
    """The plural forms that may say their number in a word: Arabic has one form for 1 and another for 2."""
    plural = gettext.c2py(entries.metadata["Plural-Forms"].partition("plural=")[2].rstrip(";"))  # type: ignore[attr-defined]
    seen = Counter(plural(number) for number in range(200))
    return {form for form, times in seen.items() if times == 1}


def marked_in_templates() -> Iterator[str]:
    for template in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        for literal in MARKED_IN_TEMPLATE.findall(templatize(template.read_text())):
            yield ast.literal_eval(literal)


def marked_in_code() -> Iterator[str]:
    for package in CODE:
        for module in Path(settings.BASE_DIR, package).rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
                    yield ast.literal_eval(node.args[0])


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalog_says_what_its_source_says(locale: str) -> None:
    fresh = gettext.GNUTranslations(io.BytesIO(catalog(locale).to_binary()))
    assert messages(compiled(locale)) == messages(fresh), "run `manage.py compilemessages`"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_is_translated_and_none_is_a_guess(locale: str) -> None:
    entries = catalog(locale)
    assert entries.fuzzy_entries() == []
    assert entries.untranslated_entries() == []
    assert entries.obsolete_entries() == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_and_tags_survive_translation(locale: str) -> None:
    entries = catalog(locale)
    of_one_number = forms_of_one_number(entries)
    for entry in entries:
        for pattern in (PLACEHOLDER, TAG):
            wanted = sorted(pattern.findall(entry.msgid_plural or entry.msgid))
            for form, text in enumerate(texts(entry)):
                found = sorted(pattern.findall(text))
                if entry.msgid_plural and form in of_one_number and not found:
                    found = [each for each in wanted if COUNT.fullmatch(each)]
                assert found == wanted, f"{entry.msgid!r} -> {text!r}"


def test_plural_forms_of_one_number_are_known() -> None:
    assert forms_of_one_number(catalog("ar")) == {0, 1, 2}
    assert forms_of_one_number(catalog("sr")) == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_has_all_the_plural_forms_of_its_language(locale: str) -> None:
    entries = catalog(locale)
    count = int(entries.metadata["Plural-Forms"].partition("nplurals=")[2].partition(";")[0])
    assert {len(texts(entry)) for entry in entries if entry.msgid_plural} == {count}


def test_arabic_is_in_arabic_letters() -> None:
    latin = {text for entry in catalog("ar") for text in texts(entry) if not ARABIC.search(text)}
    assert latin <= NAMES


@pytest.mark.parametrize(("marked", "where"), [(marked_in_templates, "templates"), (marked_in_code, "code")])
@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_marked_for_translation_is_translated(locale: str, marked, where: str) -> None:
    wanted = {text.replace("\r\n", "\n") for text in marked()}
    known = {entry.msgid for entry in catalog(locale) if entry.translated()}
    assert len(wanted) > 50, f"the search through {where} finds nothing"
    missing = sorted(wanted - known)
    assert len(missing) <= (1 - LEAST_TRANSLATED) * len(wanted), missing


def test_the_latin_catalog_is_the_cyrillic_one_in_latin_letters() -> None:
    expected = {entry.msgid: texts(entry) for entry in latin_catalog()}
    found = {entry.msgid: texts(entry) for entry in catalog("sr_Latn")}
    assert found == expected, "run `python -m tests.transliteration`"
    assert not [text for each in found.values() for text in each if CYRILLIC.search(text)]


@pytest.mark.parametrize(
    ("locale", "forms"),
    [
        ("sr", {1: "1 страна", 2: "2 стране", 5: "5 страна", 11: "11 страна", 12: "12 страна", 22: "22 стране"}),
        ("sr_Latn", {1: "1 strana", 3: "3 strane", 25: "25 strana"}),
        (
            "ar",
            {
                0: "0 صفحة",
                1: "صفحة واحدة",
                2: "صفحتان",
                3: "3 صفحات",
                11: "11 صفحة",
                100: "100 صفحة",
                103: "103 صفحات",
            },
        ),
        ("de", {0: "0 Seiten", 1: "1 Seite", 2: "2 Seiten", 21: "21 Seiten"}),
    ],
)
def test_numbers_get_their_plural(locale: str, forms: dict[int, str]) -> None:
    translations = compiled(locale)
    spoken = {
        count: translations.ngettext("%(count)s page", "%(count)s pages", count) % {"count": count} for count in forms
    }
    assert spoken == forms


def test_every_language_of_the_settings_has_its_sign_in_page() -> None:
    assert [code for code, _name in settings.LANGUAGES] == list(SIGN_IN)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "language"), [(code, code) for code in SIGN_IN] + [("sr-Latn-RS, en;q=0.5", "sr-latn")]
)
def test_the_browsers_language_is_spoken(client: Client, accepted: str, language: str) -> None:
    page = client.get("/accounts/login/", headers={"accept-language": accepted})
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in page.text
    assert f"{SIGN_IN[language]}</h1>" in page.text


@pytest.mark.django_db
def test_languages_are_offered_by_their_own_names(client: Client) -> None:
    page = client.get("/accounts/login/")
    assert re.search(r'<option value="ar" lang="ar" >العربي', page.text)
    assert re.search(r'<option value="de" lang="de" >Deutsch', page.text)


def test_numbers_are_written_by_the_server_as_by_the_browser() -> None:
    with translation.override("ar"):
        assert filesizeformat(1536).startswith("1.5\xa0")


@pytest.mark.django_db
@pytest.mark.parametrize("language", SIGN_IN)
def test_the_chosen_language_comes_before_the_browsers(client: Client, language: str) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = client.get("/accounts/login/", headers={"accept-language": "fr, de;q=0.8"})
    assert f'<html lang="{language}"' in page.text
    assert f"{SIGN_IN[language]}</h1>" in page.text
