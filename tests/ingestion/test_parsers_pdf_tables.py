"""Tables in PDF files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, BinaryIO
from uuid import uuid4

import pytest

from ingestion.chunking.structure import StructureChunker
from ingestion.parsers import pdf_grids, pdf_rulings
from tests import data_factory as make
from tests.ingestion.parsing import parse

HEADER = ["Part", "Pieces", "Supplier"]
GRID = ("GRID", (0, 0), (-1, -1), 0.5, "black")
ROWS = [[f"Valve {number}", str(100 + number), f"Acme {number}"] for number in range(1, 61)]
FEW = [HEADER, *ROWS[:3]]
FEW_AS_TEXT = "Part\tPieces\tSupplier\nValve 1\t101\tAcme 1\nValve 2\t102\tAcme 2\nValve 3\t103\tAcme 3"


def table(rows: Sequence[Sequence[Any]], *style: tuple[Any, ...], **options: Any) -> Any:
    """One with a grid, if no style is given."""
    from reportlab.platypus import Table

    return Table([list(row) for row in rows], style=list(style or [GRID]), **options)


def paragraph(text: str) -> Any:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph

    return Paragraph(text, getSampleStyleSheet()["Normal"])


def draw_rows(canvas: Any, rows: Sequence[Sequence[str]], *, left: float = 60, top: float = 760) -> None:
    """Cells of 120 by 20 points, without any line."""
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            canvas.drawString(left + 5 + 120 * column, top - 15 - 20 * number, cell)


def draw_lines(canvas: Any, rows: int, columns: int, *, left: float = 60, top: float = 760) -> None:
    for row in range(rows + 1):
        canvas.line(left, top - 20 * row, left + 120 * columns, top - 20 * row)
    for column in range(columns + 1):
        canvas.line(left + 120 * column, top, left + 120 * column, top - 20 * rows)


def draw_table(canvas: Any, rows: Sequence[Sequence[str]], *, left: float = 60, top: float = 760) -> None:
    draw_rows(canvas, rows, left=left, top=top)
    draw_lines(canvas, len(rows), len(rows[0]), left=left, top=top)


def text_of(file: BinaryIO) -> str:
    return parse(file, "parts.pdf").text


def drawn(*pages: Any) -> str:
    return text_of(make.drawn_pdf(*pages))


# --- what a table becomes ---


def test_a_table_has_its_cells_apart_and_its_rows_on_lines() -> None:
    assert drawn(lambda canvas: draw_table(canvas, FEW)) == FEW_AS_TEXT


def test_the_header_stands_above_every_group_of_rows() -> None:
    parsed = parse(
        make.laid_out_pdf([table([HEADER, *ROWS[:30]], rowHeights=16), table([HEADER, *ROWS[30:]])]), "a.pdf"
    )
    assert all(block.startswith("Part\tPieces\tSupplier\n") for block in parsed.text.split("\n\n"))


def test_every_passage_with_rows_of_a_long_table_has_its_header() -> None:
    chunks = StructureChunker().split(uuid4(), parse(make.laid_out_pdf([table([HEADER, *ROWS])]), "parts.pdf"))
    assert len(chunks) > 1
    assert all(chunk.text.startswith("Part\tPieces\tSupplier\nValve") for chunk in chunks)
    assert sum(chunk.text.count("Valve") for chunk in chunks) == len(ROWS)


def test_a_table_stands_between_the_paragraphs_around_it() -> None:
    flow = [paragraph("Above are words."), table(FEW), paragraph("Below are others.")]
    assert text_of(make.laid_out_pdf(flow)).split("\n\n") == ["Above are words.", FEW_AS_TEXT, "Below are others."]


def test_text_beside_a_table_on_the_same_line_stays_out_of_it() -> None:
    def page(canvas: Any) -> None:
        draw_table(canvas, FEW, left=160)
        canvas.drawString(60, 745, "See right:")

    assert sorted(drawn(page).split("\n\n")) == sorted([FEW_AS_TEXT, "See right:"])


def test_two_tables_one_below_the_other_are_two() -> None:
    other = [["Colour", "Price"], ["Red", "5"], ["Blue", "7"]]

    def page(canvas: Any) -> None:
        draw_table(canvas, FEW)
        draw_table(canvas, other, top=600)

    assert drawn(page) == f"{FEW_AS_TEXT}\n\nColour\tPrice\nRed\t5\nBlue\t7"


def test_a_cell_of_several_lines_is_one_cell() -> None:
    rows = [["Part", "What it does"], ["Main\nvalve", "Lets water in\nand keeps oil out"], ["Pump", "Moves both"]]
    assert text_of(make.laid_out_pdf([table(rows)])) == (
        "Part\tWhat it does\nMain valve\tLets water in and keeps oil out\nPump\tMoves both"
    )


def test_a_word_divided_in_a_cell_is_joined() -> None:
    rows = [["Part", "What it does"], ["Valve", "Con-\nnects pipes"], ["Pump", "connects nothing"]]
    assert "Valve\tConnects pipes" in text_of(make.laid_out_pdf([table(rows)]))


def test_empty_cells_keep_the_others_below_their_header() -> None:
    rows = [HEADER, ["Valve", "", "Acme"], ["", "7", ""], ["Pump", "3", "Bolt"]]
    assert drawn(lambda canvas: draw_table(canvas, rows)).splitlines()[1:] == ["Valve\t\tAcme", "\t7", "Pump\t3\tBolt"]


def test_a_header_of_two_rows_is_repeated_whole() -> None:
    rows = [["Part", "Pieces", ""], ["", "2023", "2024"], *ROWS]
    spans = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1)), GRID]
    blocks = text_of(make.laid_out_pdf([table(rows, *spans, rowHeights=10)])).split("\n\n")
    assert len(blocks) > 1
    assert all(block.startswith("Part\tPieces\n\t2023\t2024\nValve ") for block in blocks)


@pytest.mark.parametrize(("second", "lines"), [(HEADER, 2), (ROWS[0], 1)])
def test_a_title_over_all_columns_is_repeated_with_the_header_below_it_if_that_is_one(
    second: list[str], lines: int
) -> None:
    rows = [["Parts in hall 1", "", ""], second, *([f"Valve {n}", f"{n} kg", f"{n} m"] for n in range(1, 90))]
    blocks = text_of(make.laid_out_pdf([table(rows, ("SPAN", (0, 0), (2, 0)), GRID, rowHeights=14)])).split("\n\n")
    header = ["Parts in hall 1", "\t".join(second)][:lines]
    assert len(blocks) > 1
    assert all(block.splitlines()[:lines] == header for block in blocks)
    assert [block.splitlines()[lines] != "\t".join(second) for block in blocks[1:]] == [True] * len(blocks[1:])


def test_a_cell_that_covers_several_rows_or_columns_is_there_once() -> None:
    rows = [["Region", "Part", "Pieces"], ["North", "Valve", "7"], ["", "Pump", "8"], ["Nothing sold there", "", ""]]
    spans = [("SPAN", (0, 1), (0, 2)), ("SPAN", (0, 3), (2, 3)), GRID]
    assert text_of(make.laid_out_pdf([table(rows, *spans)])).splitlines() == [
        "Region\tPart\tPieces",
        "North\tValve\t7",
        "\tPump\t8",
        "Nothing sold there",
    ]


@pytest.mark.parametrize(
    "style", [("INNERGRID", (0, 0), (-1, -1), 0.5, "black"), ("GRID", (0, 0), (-1, -1), 2, "grey")]
)
def test_tables_without_an_outer_line_and_with_thick_lines_are_tables(style: tuple[Any, ...]) -> None:
    assert text_of(make.laid_out_pdf([table(FEW, style)])) == FEW_AS_TEXT


def test_lines_that_are_thin_areas_make_a_table() -> None:
    """As word processors draw them, each cell's edges on their own."""

    def page(canvas: Any) -> None:
        draw_rows(canvas, FEW)
        for row in range(5):
            for column in range(3):
                canvas.rect(60 + 120 * column, 760 - 20 * row, 119.5, 0.5, stroke=0, fill=1)
        for column in range(4):
            for row in range(4):
                canvas.rect(60 + 120 * column, 740 - 20 * row, 0.5, 19.5, stroke=0, fill=1)

    assert drawn(page) == FEW_AS_TEXT


def test_a_table_in_a_form_that_is_moved_is_a_table() -> None:
    def page(canvas: Any) -> None:
        canvas.beginForm("table")
        canvas.setFont("Helvetica", 11)
        draw_table(canvas, FEW)
        canvas.endForm()
        canvas.translate(30, -200)
        canvas.scale(0.8, 0.8)
        canvas.doForm("table")

    assert drawn(page) == FEW_AS_TEXT


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_table_on_a_turned_page_is_a_table(turns: int) -> None:
    def page(canvas: Any) -> None:
        canvas.setPageRotation(90 * turns)
        canvas.translate(300, 400)
        canvas.rotate(90 * turns)
        draw_table(canvas, FEW, left=-200, top=100)

    assert drawn(page) == FEW_AS_TEXT


def test_nothing_of_a_page_with_tables_is_lost_or_doubled() -> None:
    rows = [HEADER, ["Valve and more text than the cell is wide for", "7", "Acme"], ["", "", "Bolt"], ["a", "b", "c"]]

    def page(canvas: Any) -> None:
        canvas.drawString(60, 780, "A line above the table, and")
        draw_table(canvas, rows)
        canvas.drawString(100, 744, "across")
        canvas.drawString(60, 600, "a line below it.")

    wanted = [word for row in rows for cell in row for word in cell.split()]
    wanted += ["A", "line", "above", "the", "table,", "and", "across", "a", "line", "below", "it."]
    assert Counter(drawn(page).split()) == Counter(wanted)


def test_numbers_on_both_sides_of_a_line_are_two_however_close_they_are() -> None:
    def page(canvas: Any) -> None:
        draw_lines(canvas, 3, 2)
        for row in range(3):
            canvas.drawRightString(179.25, 745 - 20 * row, f"1{row}0")
            canvas.drawString(180.75, 745 - 20 * row, f"2{row}0")

    assert drawn(page).splitlines() == ["100\t200", "110\t210", "120\t220"]


def test_a_table_that_is_read_from_the_right_begins_there() -> None:
    font = make.cyrillic_font()
    rows = [["חלק", "מספר", "ספק"], ["שסתום", "17", "אכמה"], ["משאבה", "25", "ברגים"]]

    def page(canvas: Any) -> None:
        canvas.setFont(font, 11)
        seen = [[cell if cell.isdigit() else cell[::-1] for cell in reversed(row)] for row in rows]
        draw_table(canvas, seen)

    assert drawn(page) == "\n".join("\t".join(row) for row in rows)


def test_rows_that_no_line_parts_are_rows_if_they_hold_numbers() -> None:
    def page(canvas: Any) -> None:
        draw_rows(canvas, [HEADER, *([f"Valve {number}", str(number), f"{number}.50"] for number in range(10))])
        for y in (760, 740, 640, 540):
            canvas.line(60, y, 420, y)
        for x in (60, 180, 300, 420):
            canvas.line(x, 760, x, 540)

    assert drawn(page).splitlines() == ["Part\tPieces\tSupplier", *(f"Valve {n}\t{n}\t{n}.50" for n in range(10))]


def test_a_row_of_figures_is_no_header() -> None:
    rows = [[f"Valve {number}", f"{number},000", f"$ {number}.50"] for number in range(100, 160)]
    text = text_of(make.laid_out_pdf([table(rows, rowHeights=9)]))
    assert [line for line in text.splitlines() if line] == ["\t".join(row) for row in rows]


def test_a_row_of_years_is_a_header() -> None:
    rows = [["Part", "2023", "2024"], *ROWS]
    blocks = text_of(make.laid_out_pdf([table(rows, rowHeights=9)])).split("\n\n")
    assert len(blocks) > 1
    assert all(block.startswith("Part\t2023\t2024\nValve") for block in blocks)


def test_a_table_with_lines_below_its_header_and_at_its_ends_alone_is_a_table() -> None:
    def page(canvas: Any) -> None:
        canvas.drawString(60, 790, "A line of text above.")
        draw_rows(canvas, [*FEW, ["Nothing else"], ["Pump", "7", "Bolt"]])
        for y in (762, 742, 642):
            canvas.line(60, y, 420, y)

    assert drawn(page) == f"A line of text above.\n\n{FEW_AS_TEXT}\nNothing else\nPump\t7\tBolt"


AMOUNTS = [["Valve", "17", "12 kg"], ["Pump", "25", "8 kg"], ["Ring", "40", "1 kg"]]


@pytest.mark.parametrize("beside", [0, 3])
def test_a_header_above_the_first_line_is_the_header(beside: int) -> None:
    """`beside` is how many lines are drawn between columns."""

    def page(canvas: Any) -> None:
        canvas.drawString(60, 790, "A line of text above.")
        draw_rows(canvas, [["Part", "Pieces", "Weight"], *AMOUNTS])
        for y in (740, 720, 700, 680):
            canvas.line(60, y, 420, y)
        for x in (60, 180, 300)[:beside]:
            canvas.line(x, 740, x, 680)

    rows = "\n".join("\t".join(row) for row in AMOUNTS)
    assert drawn(page) == f"A line of text above.\n\nPart\tPieces\tWeight\n{rows}"


@pytest.mark.parametrize("above", ["A line of text which is above the table of all parts", "Table 7"])
def test_a_line_of_text_above_a_table_is_no_header(above: str) -> None:
    def page(canvas: Any) -> None:
        canvas.drawString(65, 765, above)
        draw_table(canvas, AMOUNTS)

    assert drawn(page).split("\n\n")[0] == above


def test_a_table_with_a_header_takes_no_line_above_it() -> None:
    def page(canvas: Any) -> None:
        draw_rows(canvas, [["Acme", "January"]], top=780)
        draw_table(canvas, FEW)

    assert drawn(page).endswith(f"\n\n{FEW_AS_TEXT}")


def test_a_line_that_begins_outside_of_a_table_is_not_its_header() -> None:
    def page(canvas: Any) -> None:
        text = canvas.beginText(60, 765)
        for title in ("Work rule", "Hall", "Month"):
            text.textOut(title)
            text.moveCursor(140, 0)
        canvas.drawText(text)
        draw_table(canvas, [row[1:] for row in AMOUNTS], left=190)

    assert drawn(page).split("\n\n")[0] == "Work rule Hall Month"


def test_a_header_of_two_lines_above_the_first_line_is_the_header() -> None:
    def page(canvas: Any) -> None:
        draw_table(canvas, AMOUNTS, top=700)
        for column, cell in enumerate([["Part"], ["Pieces", "in hall 1"], ["Weight", "of one"]]):
            for number, line in enumerate(cell, start=1):
                canvas.drawString(65 + 120 * column, 705 + 13 * (len(cell) - number), line)

    assert drawn(page).splitlines()[:2] == ["Part\tPieces in hall 1\tWeight of one", "Valve\t17\t12 kg"]


def test_the_last_row_of_a_table_is_no_header_of_the_next_one() -> None:
    def page(canvas: Any) -> None:
        draw_table(canvas, [["Cash", "17"], ["Credit", "25"], ["Debt", "30"]])
        draw_table(canvas, [["Sold", "18"], ["Bought", "26"]], top=696)

    assert drawn(page) == "Cash\t17\nCredit\t25\nDebt\t30\n\nSold\t18\nBought\t26"


# --- tables that go on on the next page ---


def test_a_table_that_goes_on_keeps_its_header() -> None:
    parsed = parse(make.laid_out_pdf([table([HEADER, *ROWS], repeatRows=0)]), "parts.pdf")
    assert [section.page for section in parsed.sections] == [1, 2]
    assert parsed.sections[1].text.startswith("Part\tPieces\tSupplier\nValve ")


@pytest.mark.parametrize("repeated", [0, 1])
def test_the_rows_of_a_table_that_goes_on_are_there_once(repeated: int) -> None:
    rows = [HEADER, *([f"Valve {number}", str(number), "Acme"] for number in range(150))]
    parsed = parse(make.laid_out_pdf([table(rows, repeatRows=repeated)]), "parts.pdf")
    assert len(parsed.sections) > 3
    for section in parsed.sections:
        assert all(group.count("Supplier") == 1 for group in section.text.split("\n\n"))
    assert [line for line in parsed.text.splitlines() if line.startswith("Valve")] == [
        "\t".join(row) for row in rows[1:]
    ]


@pytest.mark.parametrize("pages", [2, 6])
def test_headers_and_footers_between_the_parts_of_a_table_are_no_matter(pages: int) -> None:
    def page(number: int) -> Any:
        def draw(canvas: Any) -> None:
            canvas.drawString(60, 800, "Acme parts list")
            rows = ROWS[3 * number : 3 * number + 3]
            draw_table(canvas, rows if number else [HEADER, *rows])
            canvas.drawString(60, 60, f"Page {number + 1} of {pages}")

        return draw

    parsed = parse(make.drawn_pdf(*map(page, range(pages))), "parts.pdf")
    assert all("Part\tPieces\tSupplier\nValve" in section.text for section in parsed.sections)


def title_block(page: int) -> list[list[str]]:
    return [["Acme works", "Rule 17", "Revision 3"], ["Made by Bob", "Hall 2", f"Page {page} of 3"]]


def test_a_header_that_is_a_table_is_not_the_rest_of_one() -> None:
    def page(number: int) -> Any:
        def draw(canvas: Any) -> None:
            draw_table(canvas, title_block(number), top=780)
            canvas.drawString(60, 700, f"Text {'abc'[number]}")
            if number == 1:
                draw_table(canvas, FEW, top=600)

        return draw

    assert drawn(*map(page, range(3))).count("Part\tPieces\tSupplier") == 1


def test_a_table_goes_on_over_a_footer_that_is_a_table() -> None:
    def page(number: int) -> Any:
        def draw(canvas: Any) -> None:
            draw_table(canvas, [FEW, ROWS[3:6], ROWS[6:9]][number])
            draw_table(canvas, title_block(number), top=100)

        return draw

    assert drawn(*map(page, range(3))).count("Part\tPieces\tSupplier\nValve") == 3


def test_a_table_with_other_columns_has_a_header_of_its_own() -> None:
    other = [["Colour", "Price"], ["Red", "5"], ["Blue", "7"]]
    text = drawn(lambda canvas: draw_table(canvas, FEW), lambda canvas: draw_table(canvas, other))
    assert text == f"{FEW_AS_TEXT}\n\nColour\tPrice\nRed\t5\nBlue\t7"


def test_a_table_with_words_above_its_amounts_has_a_header_of_its_own() -> None:
    other = [["Tool", "Size", "Weight"], *AMOUNTS]
    text = drawn(lambda canvas: draw_table(canvas, FEW), lambda canvas: draw_table(canvas, other))
    assert text.split("\n\n") == [FEW_AS_TEXT, "\n".join("\t".join(row) for row in other)]


def test_a_table_below_a_title_of_its_own_has_a_header_of_its_own() -> None:
    other = [["Tool", "Size", "Maker"], ["Saw", "5", "Bolt"], ["Drill", "7", "Bolt"]]

    def page(canvas: Any) -> None:
        canvas.drawString(60, 780, "Table 2: tools")
        draw_table(canvas, other)

    assert drawn(lambda canvas: draw_table(canvas, FEW), page).endswith(
        "Table 2: tools\n\nTool\tSize\tMaker\nSaw\t5\tBolt\nDrill\t7\tBolt"
    )


# --- what is no table ---

PROSE = [
    "The main valve of the pump must be serviced",
    "every eighteen months by a person who has",
    "the licence for it.",
]


def draw_prose(canvas: Any, left: float = 70, top: float = 750) -> None:
    for row, line in enumerate(PROSE):
        canvas.drawString(left, top - 14 * row, line)


def underlined(canvas: Any) -> None:
    draw_prose(canvas)
    for row in range(3):
        canvas.line(70, 747 - 14 * row, 280, 747 - 14 * row)


def in_a_box(canvas: Any) -> None:
    draw_prose(canvas)
    canvas.rect(60, 700, 300, 70)


def in_two_frames(canvas: Any) -> None:
    draw_prose(canvas)
    canvas.rect(60, 60, 480, 720)
    canvas.rect(58, 58, 484, 724)


def in_a_form(canvas: Any) -> None:
    draw_prose(canvas, top=600)
    draw_rows(
        canvas, [["Name", "", "", "Born"], ["", "Place", "", ""], ["", "", "Street", ""], ["", "Day", "Name", ""]]
    )
    draw_lines(canvas, 6, 4)


def above_a_chart(canvas: Any) -> None:
    draw_prose(canvas)
    draw_lines(canvas, 6, 4, top=650)
    for number in range(7):
        canvas.drawString(40, 645 - 20 * number, str(10 * number))
    canvas.drawString(200, 600, "peak")


def on_a_background(canvas: Any) -> None:
    for number, place in enumerate([(60, 700), (310, 700), (60, 640), (310, 640)]):
        canvas.setFillGray(0.9 - number / 50)
        canvas.rect(*place, 250, 60, stroke=0, fill=1)
    canvas.setFillGray(0)
    for left, top in ((70, 745), (320, 745), (70, 685), (320, 685)):
        draw_prose(canvas, left, top)


def between_rules_in_columns(canvas: Any) -> None:
    """Two columns, the second of which stands beside the first but is not its continuation."""
    for y in (770, 700, 630):
        canvas.line(60, y, 540, y)
    for top in (750, 680):
        draw_prose(canvas, top=top)
        draw_prose(canvas, top=top, left=320)


def with_labels_outside(canvas: Any) -> None:
    """Lines around the figures of a balance, each of which is on one line with what it stands for."""
    draw_lines(canvas, 4, 2, left=200)
    for row, label in enumerate(["Sales", "Costs", "Taxes", "Profit"]):
        text = canvas.beginText(65, 745 - 20 * row)
        for cell in (label, f"{row},100", f"{row},200"):
            text.textOut(cell)
            text.moveCursor(140, 0)
        canvas.drawText(text)
    draw_prose(canvas, top=600)


@pytest.mark.parametrize(
    "page",
    [
        between_rules_in_columns,
        with_labels_outside,
        underlined,
        in_a_box,
        in_two_frames,
        in_a_form,
        above_a_chart,
        on_a_background,
    ],
)
def test_lines_around_text_make_no_table_of_it(page: Any) -> None:
    text = drawn(page)
    assert " ".join(PROSE) in text
    assert "\t" not in text.replace(" ".join(PROSE), "").replace("\t0", "")


def written_line_by_line(canvas: Any) -> None:
    """Cells of several lines, the text of which goes from line to line and not from cell to cell."""
    for x in (60, 310, 560):
        canvas.line(x, 770, x, 650)
    for y in (770, 710, 650):
        canvas.line(60, y, 560, y)
    for top in (750, 690):
        for row, line in enumerate(PROSE):
            text = canvas.beginText(70, top - 14 * row)
            text.textOut(line)
            text.moveCursor(250, 0)
            text.textOut("and it goes on from there to the end")
            canvas.drawText(text)


def test_what_is_written_line_by_line_has_no_cells_of_several_lines() -> None:
    text = drawn(written_line_by_line)
    assert "\t" not in text
    assert text.count(f"{PROSE[0]} and it goes on") == 2


def test_articles_with_lines_between_them_keep_their_paragraphs() -> None:
    def page(canvas: Any) -> None:
        for x in (55, 300, 550):
            canvas.line(x, 780, x, 180)
        for y in (780, 480, 180):
            canvas.line(55, y, 550, y)
        for left in (60, 305):
            for top in (765, 685, 605, 465, 385, 305):
                draw_prose(canvas, left=left, top=top)

    assert drawn(page).split("\n\n") == [" ".join(PROSE)] * 12


def test_boxes_beside_each_other_are_no_table() -> None:
    def page(canvas: Any) -> None:
        draw_prose(canvas)
        draw_prose(canvas, left=330)
        canvas.rect(60, 700, 250, 70)
        canvas.rect(310, 700, 250, 70)

    assert drawn(page).count(" ".join(PROSE)) == 2


def test_a_text_in_a_frame_with_a_title_block_keeps_its_paragraphs() -> None:
    def page(canvas: Any) -> None:
        canvas.rect(60, 100, 480, 680)
        draw_lines(canvas, 2, 4, top=780)
        draw_rows(canvas, [["Acme", "works", "rule", "17"], ["Made", "by", "Bob", "2024"]], top=780)
        for number in range(3):
            draw_prose(canvas, top=720 - 80 * number)

    assert drawn(page).split("\n\n")[-3:] == [" ".join(PROSE)] * 3


# --- limits ---


def test_a_page_with_too_many_lines_is_read_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(canvas: Any) -> None:
        draw_table(canvas, FEW)
        for number in range(200):
            canvas.line(60 + number, 100, 60 + number, 300)

    assert "\t" in drawn(page)
    for limit in ("MAX_OBJECTS", "MAX_CORNERS"):
        with monkeypatch.context() as patch:
            patch.setattr(pdf_rulings, limit, 150)
            assert Counter(drawn(page).split()) == Counter(FEW_AS_TEXT.split())
            assert "Valve 1\t" not in drawn(page)


def test_a_page_with_too_many_grids_is_read_without_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(canvas: Any) -> None:
        draw_table(canvas, FEW[:2])
        draw_table(canvas, FEW[:2], left=150, top=600)

    assert drawn(page).count("\t") == 8
    monkeypatch.setattr(pdf_grids, "MAX_GRIDS", 1)
    assert "\t" not in drawn(page)


def test_a_path_of_a_million_corners_is_not_walked() -> None:
    def page(canvas: Any) -> None:
        draw_table(canvas, FEW)
        path = canvas.beginPath()
        for number in range(30_000):
            path.moveTo(60, number % 700)
            path.lineTo(500, number % 700)
        canvas.drawPath(path)

    assert Counter(drawn(page).split()) == Counter(FEW_AS_TEXT.split())
