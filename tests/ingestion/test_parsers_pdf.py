import io
import zlib

import pytest

from ingestion.errors import DocumentUnreadable, IngestionCancelled
from ingestion.parsers import guards
from ingestion.parsers.pdf_layout import SOFT_HYPHEN, Line, mend_hyphens
from ingestion.parsers.pdf_running import without_running_lines
from tests import data_factory as make
from tests.ingestion.parsing import parse

PARAGRAPH = [
    "The main valve of the pump must be serviced every eighteen months by",
    "a person who has the licence for it, and the service must be noted in",
    "the book of the machine.",
]


def test_it_counts_pages_from_one_as_a_reader_does():
    parsed = parse(make.pdf([["First page."], ["Second page."]]), "manual.pdf")
    assert [(section.page, section.text) for section in parsed.sections] == [(1, "First page."), (2, "Second page.")]
    assert parsed.page_count == 2


def test_it_joins_the_lines_of_a_paragraph():
    parsed = parse(make.pdf([[*PARAGRAPH, "", "", "Another paragraph."]]), "manual.pdf")
    assert parsed.text == " ".join(PARAGRAPH) + "\n\nAnother paragraph."


def test_it_leaves_the_rows_of_a_table_apart():
    parsed = parse(make.pdf([["Alabama 18,870 23,022 22,650", "Alaska 209 3,062 3,209"]]), "table.pdf")
    assert parsed.text.splitlines() == ["Alabama 18,870 23,022 22,650", "Alaska 209 3,062 3,209"]


def test_it_leaves_the_items_of_a_list_apart():
    parsed = parse(make.pdf([["1. Open the valve that is on the left", "2. Close the valve on the right"]]), "list.pdf")
    assert parsed.text.splitlines()[1] == "2. Close the valve on the right"


def test_it_reads_two_columns_one_after_the_other():
    left = ["The left column has a sentence", "that goes on below itself."]
    right = ["The right column has another", "one that does the same."]
    text = parse(make.two_column_pdf(left, right), "columns.pdf").text
    assert " ".join(left) in text
    assert text.index("goes on below") < text.index("The right column")


def test_it_reads_serbian_in_both_scripts():
    lines = ["Главни вентил се сервисира на 18 месеци.", "Đačić šalje žućkasti čaršav."]
    text = parse(make.pdf([lines], font=make.cyrillic_font()), "uputstvo.pdf").text
    assert all(line in text for line in lines)


def test_it_takes_title_and_outline_from_the_file():
    pages = [["Preface."], ["About pumps."], ["More about pumps."]]
    parsed = parse(make.pdf(pages, title="Pump manual", bookmarks={2: "Pumps"}), "x.pdf")
    assert parsed.title == "Pump manual"
    assert [section.heading for section in parsed.sections] == [(), ("Pumps",), ("Pumps",)]


@pytest.mark.parametrize("junk", ["", "Microsoft Word - offer.docx", "untitled", "offer_v2.indd"])
def test_a_title_that_says_nothing_gives_way_to_the_file_name(junk):
    assert parse(make.pdf([["Text."]], title=junk), "Offer 2024.pdf").title == "Offer 2024"


def test_it_refuses_a_password_protected_file():
    with pytest.raises(DocumentUnreadable, match="protected by a password"):
        parse(make.pdf([["Secret."]], password="hunter2"), "secret.pdf")


def test_it_says_that_a_scan_needs_text_recognition():
    with pytest.raises(DocumentUnreadable, match="OCR"):
        parse(make.scanned_pdf(), "scan.pdf")


def test_it_refuses_a_damaged_file_with_a_sentence():
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(io.BytesIO(b"%PDF-1.7\nnothing of a PDF"), "broken.pdf")


def test_it_refuses_more_pages_than_the_limit(monkeypatch):
    monkeypatch.setattr(guards, "MAX_PAGES", 2)
    with pytest.raises(DocumentUnreadable, match="3 pages"):
        parse(make.pdf([["One."], ["Two."], ["Three."]]), "long.pdf")


def test_it_refuses_more_text_than_the_limit(monkeypatch):
    monkeypatch.setattr(guards, "MAX_CHARACTERS", 20)
    with pytest.raises(DocumentUnreadable, match="more than 20 characters"):
        parse(make.pdf([["Twelve chars"], ["and twelve more"]]), "long.pdf")


def test_it_refuses_a_page_that_unpacks_to_far_too_much():
    packed = zlib.compress(b" " * (70 * 1024 * 1024), 9)
    head = b"%%PDF-1.4\n1 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n" % len(packed)
    with pytest.raises(DocumentUnreadable, match="unpacks to more than 64 MiB"):
        parse(io.BytesIO(head + packed + b"\nendstream\nendobj\n%%EOF"), "bomb.pdf")


def test_it_reports_every_page():
    calls = []
    parse(make.pdf([["One."], ["Two."]]), "x.pdf", lambda done, total: calls.append((done, total)))
    assert calls == [(0, 2), (1, 2), (2, 2)]


def test_cancelling_is_not_taken_for_damage():
    def cancel(_done, _total):
        raise IngestionCancelled("Reading was cancelled.")

    with pytest.raises(IngestionCancelled):
        parse(make.pdf([["One."]]), "x.pdf", cancel)


def test_a_word_divided_at_the_end_of_a_line_is_joined():
    assert mend_hyphens([f"consec{SOFT_HYPHEN}tetuer"]) == ["consectetuer"]


def test_a_hyphen_stays_where_the_document_has_the_word_with_it():
    texts = ["The free-software movement.", f"It is the free{SOFT_HYPHEN}software movement."]
    assert mend_hyphens(texts)[1] == "It is the free-software movement."


def test_a_footer_stays_on_its_first_page_only():
    pages = [
        [Line(f"Text of page {name}."), Line(f"Acme handbook, page {number}")] for number, name in enumerate("abcde")
    ]
    kept = without_running_lines(pages)
    assert [len(lines) for lines in kept] == [2, 1, 1, 1, 1]
    assert [lines[0].text for lines in kept] == [f"Text of page {name}." for name in "abcde"]


BODY = [
    "The crew opens the valve and waits.",
    "Nobody stands below the lifted arm.",
    "The pressure is noted in the book.",
    "Oil is wiped away before it dries.",
    "The cover is closed with four screws.",
]
"""One for each page, so that no two pages begin alike."""


def last_lines(pages: list[list[str]]) -> list[str]:
    """The last line of each page as it was read."""
    parsed = parse(make.pdf(pages), "manual.pdf")
    return [section.text.splitlines()[-1] for section in parsed.sections]


@pytest.mark.parametrize(
    "last",
    [
        "Step {page}",
        "{page}. Tighten the screw and check it",
        "Repair of the pump {page}",
        "Total 1{page},250 3{page} 8{page}",
        "4{page}{page},50",
        "Table {page}",
    ],
)
def test_a_last_line_of_the_text_that_differs_in_its_numbers_stays(last):
    pages = [[text, last.format(page=page)] for page, text in enumerate(BODY, start=1)]
    wanted = [last.format(page=page) for page in range(1, len(BODY) + 1)]
    assert [line[-len(kept) :] for line, kept in zip(last_lines(pages), wanted, strict=True)] == wanted


@pytest.mark.parametrize("first", ["Step {page}", "Exercise {page}"])
def test_a_heading_with_a_number_stays_however_far_it_is_from_the_text(first):
    pages = [[first.format(page=page), "", "", text] for page, text in enumerate(BODY, start=1)]
    sections = parse(make.pdf(pages), "manual.pdf").sections
    assert [section.text.splitlines()[0] for section in sections] == [first.format(page=page) for page in range(1, 6)]


@pytest.mark.parametrize(
    "footer",
    ["Page {page} of 12", "{page}", "– {page} –", "{page} / 12", "Acme handbook, p. {page}", "Seite {page}"],
)
def test_a_line_that_counts_the_pages_goes_though_it_stands_right_below_the_text(footer):
    pages = [[text, footer.format(page=page)] for page, text in enumerate(BODY, start=3)]
    read = last_lines(pages)
    assert read[0].endswith(footer.format(page=3))
    assert read[1:] == BODY[1:]


@pytest.mark.parametrize(
    "footer", ["Acme pump handbook {page}", "7-{page}", "Strana {page}-2", "Printed 1{page}:0{page} by Acme"]
)
def test_a_line_with_numbers_goes_where_it_stands_apart_from_the_text(footer):
    pages = [
        [text, *["More of the same."] * page, *[""] * (9 - page), footer.format(page=page)]
        for page, text in enumerate(BODY, start=1)
    ]
    assert last_lines(pages)[1:] == ["More of the same."] * 4


def test_the_cells_of_a_tables_last_row_stay_though_a_page_number_is_below():
    pages = [
        ["Part Pieces", f"{BODY[page - 1][:9]} 2{page}", f"Bolts {page}", "", "", f"Page {page} of 5"]
        for page in range(1, 6)
    ]
    text = parse(make.pdf(pages), "table.pdf").text
    assert [f"Bolts {page}" in text for page in range(1, 6)] == [True] * 5
    assert text.count(" of 5") == 1


def test_bare_numbers_that_do_not_count_the_pages_are_no_page_numbers():
    numbers = [1990, 3, 12, 1871, 40]
    pages = [
        [Line(str(year)), Line(text), Line(str(page))]
        for page, (year, text) in enumerate(zip(numbers, BODY, strict=True))
    ]
    kept = without_running_lines(pages)
    assert [lines[0].text for lines in kept] == [str(number) for number in numbers]
    assert [lines[-1].text for lines in kept] == ["0", *BODY[1:]]


def _vertical_pdf(columns: list[tuple[int, int, str]]) -> io.BytesIO:
    """Each column begins at x, y and goes down; the font is not in the file."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3", isVertical=True))
    canvas = Canvas(file := io.BytesIO())
    canvas.setFont("HeiseiMin-W3", 12)
    for x, y, text in columns:
        canvas.drawString(x, y, text)
    canvas.save()
    return file


def test_it_reads_vertical_columns_from_right_to_left():
    file = _vertical_pdf([(460, 700, "あめがふる"), (480, 700, "いぬがなく"), (500, 700, "はなさく")])
    assert parse(file, "poem.pdf").text.splitlines() == ["はなさく", "いぬがなくあめがふる"]


def test_the_upper_columns_of_a_vertical_page_come_before_the_lower_ones():
    upper = [(500, 700, "はなさく"), (480, 700, "いぬがなく")]
    lower = [(500, 300, "かぜふく"), (480, 300, "あめがふる")]
    text = parse(_vertical_pdf([*lower, *upper]), "poem.pdf").text
    assert text.splitlines() == ["はなさく", "いぬがなく", "かぜふく", "あめがふる"]


def test_horizontal_japanese_stays_as_it_is():
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5"))
    text = parse(make.pdf([["ポンプは毎年点検します。"]], font="HeiseiKakuGo-W5"), "pump.pdf").text
    assert text == "ポンプは毎年点検します。"


def _arabic_pdf(codes: str, unicode_of: dict[str, str]) -> io.BytesIO:
    """A line of signs in the order of the page, from left to right, each with the letters that it stands for."""
    mapped = "\n".join(f"<{ord(code):02X}> <{letters}>" for code, letters in unicode_of.items())
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Arabic def /CMapType 2 def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{len(unicode_of)} beginbfchar\n{mapped}\nendbfchar\nendcmap end end"
    )
    content = f"BT /F1 12 Tf 72 700 Td ({codes}) Tj ET"
    page = "/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< {page} /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R >>",
        f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream",
    ]
    body = "".join(f"{number} 0 obj\n{each}\nendobj\n" for number, each in enumerate(objects, start=1))
    return io.BytesIO(f"%PDF-1.4\n{body}trailer << /Root 1 0 R >>\n%%EOF".encode())


def test_lam_and_alef_in_one_sign_keep_their_order():
    letters = {"a": "0645", "b": "06440627", "c": "0633", "d": "0644", "e": "0627"}
    assert parse(_arabic_pdf("abcde", letters), "peace.pdf").text == "السلام"


def test_alef_and_lam_in_two_signs_keep_theirs():
    letters = {"a": "0645", "b": "0627", "c": "0644", "d": "0633"}
    assert parse(_arabic_pdf("dcba", letters), "name.pdf").text == "مالس"
