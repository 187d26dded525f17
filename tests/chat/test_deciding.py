from __future__ import annotations

from dataclasses import replace

from chat.deciding import MOST, mark
from chat.domain import Passage
from ingestion.index import tokens
from tests.chat.kits import passage


def english(text: str) -> list[str]:
    return tokens.terms(text, "en")


def decided(question: str, *texts: str) -> list[list[str]]:
    passages: list[Passage] = [replace(passage(text), number=number, start=100) for number, text in enumerate(texts, 1)]
    found = mark(question, passages, terms=english, language="en")
    return [[each.text[start:end] for start, end in each.deciding] for each in found]


def test_each_passage_has_its_own_sentence_that_answers() -> None:
    assert decided(
        "How long does the warranty of the pump last?",
        "The pump is green. The warranty of the pump lasts two years. It stands in the cellar.",
        "Lids are blue here. The warranty covers the lid as well.",
    ) == [["The warranty of the pump lasts two years."], ["The warranty covers the lid as well."]]


def test_a_passage_without_a_word_of_the_question_has_none() -> None:
    assert decided("Wie lange gilt die Garantie?", "The warranty lasts two years. It covers the lid.") == [[]]
    assert decided("What is the pressure of the pump?", "The board has approved the main of the street.") == [[]]


def test_what_decides_is_a_choice() -> None:
    (chosen,) = decided("pump warranty", " ".join(f"The pump warranty number {n} is signed here." for n in range(9)))
    assert len(chosen) == MOST
