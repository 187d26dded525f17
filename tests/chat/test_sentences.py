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
        ("مدته سنة. هل يشمل الغطاء؟ نعم.", ["مدته سنة.", "هل يشمل الغطاء؟", "نعم."]),
        ("كتبه د. سامر في ص. 4 من الدليل.", ["كتبه د. سامر في ص. 4 من الدليل."]),
        (
            'He said "Stop." Then it stopped. (It was late.) Good.',
            ['He said "Stop."', "Then it stopped.", "(It was late.)", "Good."],
        ),
        ("It is small [1]. **It** is old.", ["It is small [1].", "**It** is old."]),
        ("**It is small.** It is old.", ["**It is small.**", "It is old."]),
        ("It is small.[1][2] It is old.[3]", ["It is small.[1][2]", "It is old.[3]"]),
        ("这是一句。这是两句。", ["这是一句。", "这是两句。"]),
    ],
)
def test_it_finds_sentences(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == expected


WRAPPED = """\
Many organisations share one server and never see each other; each chooses
its own model: the one beside the server, any that speaks the protocol of
OpenAI, or the small one. Nothing leaves the machine.
Ask for it."""
ROWS = """\
Lawn mower with a basket for everything that it has cut, red and green
Hedge trimmer for the left hand
Saw
Wheelbarrow with a wheel that never needs any air, and two handles of"""


def test_a_line_that_was_broken_to_a_width_ends_no_sentence() -> None:
    first, *rest = (" ".join(each.text.split()) for each in sentences(WRAPPED))
    assert first.startswith("Many organisations share")
    assert first.endswith("or the small one.")
    assert rest == ["Nothing leaves the machine.", "Ask for it."]


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        "A heading that is about as long as the lines below\n- the first item of a list\n- and the second one of it",
        "Maintenance of the big yellow mower\t12 months\nMaintenance of the saw\t6 months\nOf the trimmer\t3",
        "The pump runs at eight bar and the motor at nine kilowatt:\nThe saw is quiet, and may be used on Sundays",
    ],
)
def test_a_line_of_its_own_stays_one(text: str) -> None:
    assert [each.text for each in sentences(text)] == text.split("\n")


@given(st.text(max_size=300))
def test_offsets_point_at_the_text_and_nothing_but_space_is_lost(text: str) -> None:
    found = list(sentences(text))

    assert all(text[each.start : each.end] == each.text for each in found)
    assert "".join("".join(each.text for each in found).split()) == "".join(text.split())
