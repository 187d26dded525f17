"""Where a cited passage is marked on the page of a PDF."""

from __future__ import annotations

from chat.page_marks import located, quoted

FIRST, SECOND = "Fill the body with water before the first start.", "Above 8.5 bar the relief valve opens by itself."
PASSAGE = f"Setting up\n\n{FIRST}\n\n{SECOND}"


def marked(page: str, passage: str) -> list[str]:
    return [page[first:last] for first, last in located(page, passage)]


def test_a_passage_is_found_over_line_breaks_hyphens_and_ligatures() -> None:
    page = "Chapter 2\r\nSetting up\r\nFill the body with wa-\r\nter before the ﬁrst start.\r\n"
    page += "Above 8.5 bar the relief\r\nvalve opens by itself. 7"
    assert marked(page, PASSAGE) == [page[page.index("Setting") : page.index(". 7")]]


def test_of_a_passage_that_goes_on_over_the_page_each_page_has_its_own_sentences_marked() -> None:
    assert "".join(marked(f"Setting up\n{FIRST}", PASSAGE)).startswith("Setting up\nFill the body with water")
    assert marked(f"{SECOND}\nSomething else.", PASSAGE)[0] == SECOND.rstrip(".")


def test_a_sentence_that_is_cut_by_the_page_end_is_marked_as_far_as_it_goes() -> None:
    page = "Some other text.\nFill the body with water bef"
    assert marked(page, PASSAGE) == ["Fill the body with wate"]


def test_a_passage_that_is_elsewhere_is_not_marked() -> None:
    assert located("An empty page, but for this line.", PASSAGE) == []
    assert located("", PASSAGE) == []
    assert located("Some text", "") == []


def test_short_pieces_are_not_marked_by_chance() -> None:
    assert located("The contents: Setting up, 3; Care, 4.", PASSAGE) == []


TABLE_PAGE = "Part Pieces\r\nBolt 20\r\nNut 40\r\nRing 8\r\nScrew 16\r\nWasher 32\r\nBelow the table."


def test_rows_of_a_table_are_marked_though_its_header_stands_far_above_them() -> None:
    assert marked(TABLE_PAGE, "Part\tPieces\nRing\t8\nScrew\t16\nWasher\t32") == ["Ring 8\r\nScrew 16\r\nWasher 32"]


def test_rows_on_the_next_page_are_marked_though_their_header_stayed_behind() -> None:
    page = TABLE_PAGE[TABLE_PAGE.index("Ring") :]
    assert marked(page, "Part\tPieces\nRing\t8\nScrew\t16\nWasher\t32") == ["Ring 8\r\nScrew 16\r\nWasher 32"]


def test_of_a_row_whose_cells_stand_in_another_order_on_the_page_each_long_cell_is_marked() -> None:
    page = "Work People\r\n3 Twice a year\r\nOpen the main valve and wait\r\nMore."
    row = "Open the main valve and wait\tTwice a year\t3"
    assert marked(page, f"Work\tHow often\tPeople\n{row}") == ["Open the main valve and wait"]


def test_the_quoted_sentence_is_found_in_the_passage() -> None:
    assert quoted(PASSAGE, f"> {SECOND.replace('.', chr(92) + '.')} [1]") == PASSAGE.index(SECOND)


def test_an_answer_in_other_words_quotes_nothing() -> None:
    assert quoted(PASSAGE, "The valve opens above 8.5 bar [1].") is None
