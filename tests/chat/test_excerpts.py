from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat.excerpts import EXCERPT_CHARS, excerpt, parts

TEXT = "The pump is green. It stands in the cellar of the old mill behind the church. Its warranty lasts\n two years."
START = TEXT.index("Its")


def test_a_card_begins_where_the_question_is_answered() -> None:
    assert excerpt(TEXT, [(START, len(TEXT))]) == [("… ", False), ("Its warranty lasts two years.", True)]


def test_a_card_begins_at_the_beginning_where_that_is_near_or_nothing_decides() -> None:
    near = "It is green. Its warranty lasts two years. More."
    assert excerpt(near, [(13, 42)]) == [
        ("It is green. ", False),
        ("Its warranty lasts two years.", True),
        (" More.", False),
    ]
    assert excerpt("A  b\nc.") == [("A b c.", False)]
    assert excerpt("") == []


def test_a_long_passage_is_cut_between_words() -> None:
    (part,) = excerpt("word " * 200)
    assert part.text.endswith("word …")
    assert len(part.text) <= EXCERPT_CHARS + 2


@given(st.text(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_the_pieces_of_a_text_are_the_text(text: str, edges: list[int]) -> None:
    inside = sorted({min(edge, len(text)) for edge in edges})
    ranges = list(zip(inside[::2], inside[1::2], strict=False))
    assert "".join(part.text for part in parts(text, ranges)) == text
    assert [part.text for part in parts(text, ranges) if part.is_deciding] == [text[a:b] for a, b in ranges]
