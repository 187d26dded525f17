from __future__ import annotations

from dataclasses import replace

import pytest

from chat.domain import Passage
from chat.names import names_in
from chat.relevance import any_relevant
from ingestion.index import tokens
from tests.chat.kits import passage


def relevant(question: str, text: str, *, dense: float, language: str = "en", document_language: str = "en") -> bool:
    found: Passage = replace(passage(text, dense=dense), language=document_language)
    return any_relevant(question, [found], terms=lambda each: tokens.terms(each, language), language=language)


@pytest.mark.parametrize(
    ("question", "text", "dense", "expected"),
    [
        ("How long does the warranty last?", "The warranty lasts two years.", 0.86, True),
        ("How long does the warranty last?", "Guarantees hold for two years.", 0.92, True),
        ("Who won at Wimbledon in 2019?", "The warranty lasts two years.", 0.79, False),
        ("Who won the battle of the two armies?", "The warranty lasts two years.", 0.82, False),
        ("warranty", "The warranty lasts two years.", 0.70, True),
        ("What did the Osprey lamp cost in 1998?", "What the lamp did cost in 1974 is not known.", 0.82, False),
        ("What did the Osprey lamp cost in 1998?", "What the Osprey did cost in 1998 is not known.", 0.82, True),
    ],
)
def test_closeness_and_shared_words_decide_together(question: str, text: str, dense: float, expected: bool) -> None:
    assert relevant(question, text, dense=dense) is expected


def test_across_languages_closeness_has_to_do_alone() -> None:
    question, text = "How long does the warranty last?", "Гаранција траје две године."

    assert relevant(question, text, dense=0.82, document_language="sr")
    assert not relevant(question, text, dense=0.78, document_language="sr")


def test_relatives_are_no_foreign_languages() -> None:
    assert not relevant("Tko je pobijedio?", "Гаранција траје.", dense=0.82, language="hr", document_language="sr")


def test_nothing_found_is_nothing_relevant() -> None:
    assert not any_relevant("warranty", [], terms=str.split, language="en")


@pytest.mark.parametrize(
    ("question", "language", "names"),
    [
        ("Who was Mihajlo Pupin's teacher in 1879?", "en", ["Mihajlo", "Pupin's", "1879"]),
        ("When? Before Easter?", "en", ["Easter"]),
        ("Ко је основао Матицу српску?", "sr", ["Матицу"]),
        ("Wie hoch ist der Druck der Pumpe P3?", "de", ["P3"]),
        ("HOW LONG IS IT?", "en", []),
        ("how long is it?", "en", []),
    ],
)
def test_names_and_numbers_are_told_by_capitals_and_digits(question: str, language: str, names: list[str]) -> None:
    assert list(names_in(question, language=language)) == names
