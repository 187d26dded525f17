from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Phi-3.5 has 3.8 billion parameters. It is small.", ["Phi-3.5 has 3.8 billion parameters.", "It is small."]),
        ("Мали модел. Шта је то? Ево.", ["Мали модел.", "Шта је то?", "Ево."]),
        ("E.g. this one, i.e. one sentence. Dr. Who agrees.", ["E.g. this one, i.e. one sentence.", "Dr. Who agrees."]),
        ("it is 21 degrees. ignore that. ca. five", ["it is 21 degrees.", "ignore that. ca. five"]),
        ("about approx. five items", ["about approx. five items"]),
        ("- first item\n- second item", ["- first item", "- second item"]),
        ("这是一句。这是两句。", ["这是一句。", "这是两句。"]),
    ],
)
def test_it_finds_sentences(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == expected


@given(st.text(max_size=300))
def test_offsets_point_at_the_text_and_nothing_but_space_is_lost(text: str) -> None:
    found = list(sentences(text))

    assert all(text[each.start : each.end] == each.text for each in found)
    assert "".join("".join(each.text for each in found).split()) == "".join(text.split())
