from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.index.stopwords import QUESTION_WORDS
from ingestion.index.tokens import STEMMERS, TERM_MAX_CHARS, query_terms, terms

LANGUAGES = st.sampled_from(["", "en", "sr", "sr-Latn", "de", "vi", "zh", "hi", "xx"])


@pytest.mark.parametrize(
    "spellings",
    [
        ["štampača", "штампача", "stampaca", "ŠTAMPAČA", "Штампачима"],
        ["đak", "djak", "ђак", "dak"],
        ["нађем", "nađem", "nadjem"],
        ["кућама", "kućama", "kucama", "kuća"],
        ["људи", "ljudi", "ǉudi"],
        ["џеп", "džep", "dzep"],
        ["млеко", "mleko", "mlijeko"],
    ],
    ids=lambda spellings: spellings[0],
)
def test_serbian_is_one_language_in_every_spelling(spellings: list[str]) -> None:
    assert len({tuple(terms(spelling, "sr")) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "printers", "Printer"),
        ("de", "Größe", "groesse"),
        ("de", "Häuser", "haus"),
        ("fr", "chevaux", "CHEVAUX"),
        ("ru", "принтерами", "принтер"),
        ("sl", "tiskalnika", "tiskalnik"),
        ("tr", "İstanbul", "istanbul"),
        ("el", "λόγος", "ΛΟΓΟΣ"),
        ("ar", "كَتَبَ", "كتب"),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language) != []


def test_words_are_letters_digits_and_their_marks() -> None:
    assert terms("foo_bar: 3.5 m² (Phi-3.5)", "") == ["foo", "bar", "3", "5", "m2", "phi", "3", "5"]
    assert terms("co\u00adoperate\u200b", "") == ["cooperate"]
    assert terms("हिन्दी में", "") == ["हिन्दी", "में"]
    assert terms("", "en") == terms("?! — …", "en") == []


def test_scripts_without_spaces_become_pairs_of_characters() -> None:
    assert terms("日本語 中 abc", "ja") == ["日本", "本語", "中", "abc"]
    assert terms("ไทย", "th") == ["ไท", "ทย"]
    assert terms("PDF文件", "zh") == ["pdf", "文件"]


def test_vietnamese_keeps_its_accents() -> None:
    assert terms("đường", "vi") == ["đường"]
    assert terms("đường", "en") == ["duong"]


def test_a_term_is_never_longer_than_the_databases_take() -> None:
    [term] = terms("a" * 5_000, "")
    assert len(term) == TERM_MAX_CHARS


def test_a_question_is_looked_for_in_every_language_of_the_documents() -> None:
    assert query_terms("kućama houses", ["sr", "en"]) == [("kuc", "kucama"), ("hous", "house")]
    assert query_terms("houses", []) == [("houses",)]


def test_a_word_that_is_asked_twice_is_looked_for_once() -> None:
    assert query_terms("printer, Printer", ["en"]) == [("printer",)]
    assert query_terms("日本 日本", ["ja"]) == [("日本",)]


@pytest.mark.parametrize(
    ("question", "languages", "words"),
    [
        ("Where is the printer?", ["en"], [("printer",)]),
        ("Где је штампач?", ["sr"], [("stampac",)]),
        ("Gde je štampač?", ["sr"], [("stampac",)]),
        ("كيف تُطلب الإجازات من المدير؟", ["ar"], [("تطلب",), ("اجاز",), ("مدير",)]),
        ("Wo steht der Drucker?", ["de"], [("steht",), ("druck",)]),
        ("Who is it?", ["en"], [("who",), ("is",), ("it",)]),
    ],
)
def test_question_words_are_left_out_unless_there_is_nothing_else(
    question: str, languages: list[str], words: list[tuple[str, ...]]
) -> None:
    assert query_terms(question, languages) == words


def test_documents_keep_their_question_words() -> None:
    assert "who" in terms("The Who", "en")


def test_every_list_of_question_words_is_for_a_language_that_is_stemmed_and_is_in_the_form_it_is_compared_in() -> None:
    assert set(QUESTION_WORDS) <= set(STEMMERS)
    for words in QUESTION_WORDS.values():
        assert {unicodedata.normalize("NFKC", word).lower() for word in words} == words


@given(st.text(max_size=200), LANGUAGES)
def test_a_term_needs_no_escaping_in_either_database(text: str, language: str) -> None:
    for term in terms(text, language):
        assert term
        assert not any(char.isspace() or char in "\"'\\:*()&|!<>-_\0" for char in term)


@given(st.text(max_size=200), LANGUAGES)
def test_a_question_that_quotes_a_document_finds_its_terms(text: str, language: str) -> None:
    held = set(terms(text, language))
    asked = {term for word in query_terms(text, [language, "en"]) for term in word}
    words = QUESTION_WORDS.get(language.partition("-")[0], frozenset()) | QUESTION_WORDS["en"]
    skipped = {term for word in words for term in terms(word, language)}
    assert held - skipped <= asked


def test_threads_do_not_disturb_each_other() -> None:
    text = " ".join(f"printing{suffix}" for suffix in ("", "s", "ly", "er", "ers", "ed")) * 50
    expected = terms(text, "en")
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(lambda _: terms(text, "en"), range(64)))
