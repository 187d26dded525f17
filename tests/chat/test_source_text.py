"""The text of a cited page: what is cited, what decides, and rows of a table."""

from __future__ import annotations

import pytest

from chat.source_text import Piece, Row, blocks


def test_prose_is_told_apart_by_what_is_cited_and_what_decides() -> None:
    (block,) = blocks("Before. ", "It lasts. Two years.", [(10, 20)], " After.")
    assert block.pieces == [
        Piece("Before. ", is_cited=False, is_marked=False),
        Piece("It lasts. ", is_cited=True, is_marked=False),
        Piece("Two years.", is_cited=True, is_marked=True),
        Piece(" After.", is_cited=False, is_marked=False),
    ]


def test_a_passage_without_deciding_sentences_is_marked_as_a_whole() -> None:
    (block,) = blocks("", "It lasts.", [], " After.")
    assert [(piece.text, piece.is_marked) for piece in block.pieces] == [("It lasts.", True), (" After.", False)]


def test_lines_of_cells_are_a_table_whose_deciding_row_is_marked() -> None:
    passage = "Part\tYears\nPump\t2\nHose\t1"
    at = passage.index("Hose")
    prose, table, rest = blocks("Warranty\n", passage, [(at, len(passage))], "\nValve\t3\n\nThe end.")
    assert [piece.text for piece in prose.pieces] == ["Warranty\n"]
    assert table.rows == [
        Row(["Part", "Years"], is_cited=True, is_marked=False),
        Row(["Pump", "2"], is_cited=True, is_marked=False),
        Row(["Hose", "1"], is_cited=True, is_marked=True),
        Row(["Valve", "3"], is_cited=False, is_marked=False),
    ]
    assert "".join(piece.text for piece in rest.pieces) == "\nThe end."


def test_every_line_of_a_csv_file_is_a_row() -> None:
    (table,) = blocks('Part;Says\n"Pump; large";"8 ""bar"""\n', "Hose;2 bar", [], "", delimiter=";")
    assert [row.cells for row in table.rows] == [["Part", "Says"], ["Pump; large", '8 "bar"'], ["Hose", "2 bar"]]
    assert [row.is_marked for row in table.rows] == [False, False, True]


def test_a_quotation_mark_that_nobody_closed_ends_with_its_line() -> None:
    (table,) = blocks("", 'Pump\t"8 bar\nHose\t2', [], "")
    assert [row.cells for row in table.rows] == [["Pump", "8 bar"], ["Hose", "2"]]


def test_a_row_of_which_a_sentence_decides_is_marked_as_a_whole() -> None:
    (table,) = blocks("", "Pump\tIt leaks. Two years.", [(15, 25)], "")
    assert table.rows == [Row(["Pump", "It leaks. Two years."], is_cited=True, is_marked=True)]


def test_a_deciding_sentence_that_ends_before_a_line_break_marks_no_row_below() -> None:
    passage = "Two years.\nPump\t2"
    _prose, table = blocks("", passage, [(0, 11)], "")
    assert not table.rows[0].is_marked


@pytest.mark.parametrize("parts", [("", "", ""), ("a\r\n", "b\x0bc", "\n\n"), ("", "a\n", "c"), ("\n", " ", "\n")])
def test_no_character_of_prose_is_lost_or_doubled(parts: tuple[str, str, str]) -> None:
    before, passage, after = parts
    shown = blocks(before, passage, [], after)
    assert "".join(piece.text for block in shown for piece in block.pieces) == before + passage + after
