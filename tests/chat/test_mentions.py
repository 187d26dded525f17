from __future__ import annotations

import pytest

from chat.mentions import LONGEST_INITIALS, names, names_of

TEXT = names_of(
    "Београд и Kestrel. The National Football League, Normandy, James Cameron's film, Marie Curie, Australia"
)


@pytest.mark.parametrize(
    ("sentence", "language", "found"),
    [
        ("The Kestrel pump was made by James Cameron.", "en", ["Kestrel", "James Cameron"]),
        ("Who directed Titanic: Joss Whedon.", "en", ["Titanic", "Joss Whedon"]),
        ("Einstein was born in Ulm, says Bach.", "en", ["Ulm", "Bach"]),
        ("“Kestrel” is a pump.", "en", []),
        ("Pumpa je iz Beograda.", "sr", ["Beograda"]),
        ("Пумпа Кестрел је из Београда.", "sr", ["Кестрел", "Београда"]),
        ("NATO and iPhone users met on Monday in May.", "en", ["NATO", "Monday"]),
        ("Die Pumpe steht im Keller der NASA.", "de", ["NASA"]),
        ("I and A are letters.", "en", []),
        ("Important: Always wear gloves in Ulm: They are warm.", "en", ["Ulm"]),
        ("The makers – Ada Mayer, and abroad: Bach.", "en", ["Ada Mayer", "Bach"]),
    ],
)
def test_a_name_has_a_capital_letter_that_no_sentence_begins_with(
    sentence: str, language: str, found: list[str]
) -> None:
    assert [" ".join(name) for name in names(sentence, language)] == found


@pytest.mark.parametrize("name", ["Beograda", "Kestrels", "NFL", "Norman", "Cameron", "Marie-Curie", "KESTREL"])
def test_a_text_has_a_name_in_any_script_form_and_case(name: str) -> None:
    assert TEXT.have(name)


@pytest.mark.parametrize("name", ["Austria", "Joss", "Niš", "NBA", "Bel"])
def test_a_text_does_not_have_a_name_that_only_resembles_one_of_it(name: str) -> None:
    assert not TEXT.have(name)


def test_a_page_in_capitals_has_no_more_initials_than_anybody_abbreviates() -> None:
    shouted = names_of("TERMS AND CONDITIONS " * 300)
    assert shouted.have("TAC")
    assert len(shouted.initials) <= 3 * LONGEST_INITIALS


@pytest.mark.parametrize(("name", "text"), [("Nišu", "Ниш"), ("Anu", "Ana i Marko"), ("Бору", "Bor"), ("Ade", "Ada")])
def test_a_short_serbian_name_is_known_in_other_cases(name: str, text: str) -> None:
    assert names_of(text, "sr").have(name)
    assert not names_of("Bar, Ivan, Rim", "sr").have(name)
