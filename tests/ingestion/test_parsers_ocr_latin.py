"""Text recognition without Tesseract, by the models that come with a package: real ones, on pictures of text."""

import pytest
from PIL import Image

from ingestion import confinement
from ingestion.errors import DocumentUnreadable, IngestionCancelled
from ingestion.parsers import ocr, ocr_rapid, programs
from ingestion.parsers.ocr_lines import SeenLine, in_reading_order
from ingestion.parsers.pdf_layout import SOFT_HYPHEN, page_text
from tests.ingestion.parsing import parse
from tests.ingestion.test_parsers_ocr import ENGLISH, GERMAN, LATIN, SERBIAN, page, saved, scan

pytestmark = pytest.mark.slow
MARK = "[…]"


@pytest.fixture(autouse=True)
def without_tesseract(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def only(monkeypatch):
    """Sets the languages that text may be in."""
    tokens = []
    yield lambda *languages: tokens.append(ocr.LANGUAGES.set(languages))
    for token in tokens:
        ocr.LANGUAGES.reset(token)


def test_it_reads_latin_letters_with_all_that_is_on_them():
    file = saved(page(ENGLISH), "TIFF", save_all=True, append_images=[page(LATIN), page(GERMAN)])
    parsed = parse(file, "scan.tif")
    assert [section.text for section in parsed.sections] == [" ".join(lines) for lines in (ENGLISH, LATIN, GERMAN)]
    assert parsed.left_out == ()


def test_a_cyrillic_page_is_refused_with_what_to_install():
    with pytest.raises(DocumentUnreadable, match=r"only Latin ones can\. .*: tesseract-ocr tesseract-ocr-srp\)"):
        parse(saved(page(SERBIAN), "PNG"), "scan.png")


def test_a_cyrillic_page_is_refused_where_nobody_has_thought_of_cyrillic(only):
    only("eng")
    with pytest.raises(DocumentUnreadable, match="Choose the languages of its text in the settings"):
        parse(saved(page(SERBIAN), "PNG"), "scan.png")


def test_of_a_document_in_both_scripts_the_latin_pages_are_read_and_the_others_named():
    parsed = parse(scan([page(ENGLISH), page(SERBIAN), page(GERMAN)]), "scan.pdf")
    assert [(section.page, section.text) for section in parsed.sections] == [
        (1, " ".join(ENGLISH)),
        (3, " ".join(GERMAN)),
    ]
    assert [each.name for each in parsed.left_out] == ["Page 2"]
    assert "This page is in letters that cannot be recognised here" in parsed.left_out[0].message


def test_a_cyrillic_line_among_others_is_marked_and_never_read_wrong():
    lines = [*ENGLISH, "Order 4711: главни вентил, art. RX-20", *GERMAN, *LATIN]
    parsed = parse(saved(page(lines), "PNG"), "scan.png")
    assert "4711" not in parsed.text
    assert MARK in parsed.text
    assert parsed.text.index("licensed person") < parsed.text.index(MARK) < parsed.text.index("Das Hauptventil")
    assert "Some lines of this page" in parsed.left_out[0].message


def test_letters_that_both_scripts_have_are_read_only_where_the_other_is_out_of_the_question(only):
    file = saved(page(["МОСКВА", "ТАКСИ".replace("И", "I")]), "PNG")
    with pytest.raises(DocumentUnreadable, match="only Latin ones can"):
        parse(file, "sign.png")
    only("eng", "deu")
    assert parse(file, "sign.png").text.split() == ["MOCKBA", "TAKCI"]


@pytest.mark.parametrize("turn", [90, 180])
def test_a_page_that_lies_on_its_side_is_turned(turn):
    lines = ENGLISH * 4
    text = parse(saved(page(lines).rotate(turn, expand=True, fillcolor=255), "PNG"), "a.png").text
    assert text.split()[:8] == " ".join(lines).split()[:8]


def test_a_picture_without_text_is_refused():
    with pytest.raises(DocumentUnreadable, match="No text can be recognised"):
        parse(saved(Image.new("L", (1200, 1200), 200), "PNG"), "a.png")


def test_what_breaks_off_is_told_with_what_may_be_done(monkeypatch, tmp_path):
    broken = tmp_path / "program.py"
    broken.write_text("raise MemoryError")
    monkeypatch.setattr(ocr_rapid, "PROGRAM", broken)
    with pytest.raises(DocumentUnreadable, match="may need more memory"):
        parse(saved(page(ENGLISH), "PNG"), "a.png")


def test_cancelling_stops_it_in_the_middle_of_a_page(monkeypatch):
    monkeypatch.setattr(programs, "LOOK_EVERY_S", 0.01)
    calls = []

    def cancel(done, total):
        calls.append((done, total))
        if len(calls) > 2:
            raise IngestionCancelled("Stopped.")

    with pytest.raises(IngestionCancelled):
        parse(saved(page(ENGLISH * 10), "PNG"), "a.png", cancel)
    assert set(calls) == {(0, 1)}


def test_a_dense_page_fits_into_the_limits_of_a_reader(tmp_path):
    """With the default ones, in a process of its own, and in a language that Tesseract has on hardly any machine."""
    path, work = tmp_path / "page.png", tmp_path / "work"
    work.mkdir()
    page(LATIN * 30, size=(2480, 3508), points=36).save(path)
    request = {"path": str(path), "media_type": "image/png", "name": "page.png", "source_url": "", "languages": ["fry"]}
    messages = list(
        confinement.run("ingestion.confined.parse", {**request, "directory": str(work)}, check=lambda: None)
    )
    text = "".join(section[0] for message in messages for section in message.get("sections", ()))
    assert text.count("Đačić šalje čaršav") >= 28


# Lines to reading order


def seen(text, left, top, *, unread=0.0, height=20, wide=10, confidence=0.99):
    return SeenLine(text, confidence, unread, left, top, left + wide * len(text), top + height)


def read(*lines):
    return page_text(in_reading_order(lines, mark=MARK))


def test_columns_are_read_one_after_the_other_below_what_runs_across_them():
    left = [seen(f"left column line {n}", 0, 60 + 25 * n) for n in range(5)]
    right = [seen(f"right column line {n}", 400, 60 + 25 * n) for n in range(5)]
    title, end = seen("A title that runs across both of the columns of the page", 0, 0), seen("The end " * 9, 0, 300)
    both = [line for pair in zip(left, right, strict=True) for line in pair]
    text = read(title, *both, end).split("\n")
    numbers = [f"{side} column line {n}" for side in ("left", "right") for n in range(5)]
    assert " ".join(text).split() == [*title.text.split(), *" ".join(numbers).split(), *end.text.split()]


def test_cells_of_a_table_stay_in_their_row():
    words = ("Pump", "120", "EUR")
    rows = [seen(word, 200 * column, 30 * row) for row in range(4) for column, word in enumerate(words)]
    assert read(*reversed(rows)) == "\n\n".join(["Pump\t120\tEUR"] * 4)


def test_lines_without_ascenders_are_of_the_same_paragraph():
    lines = [seen("The main valve of the pump is", 0, 0, height=26), seen("never as near as one", 0, 30, height=18)]
    assert read(*lines) == "The main valve of the pump is never as near as one"


def test_what_stands_in_the_margin_comes_last():
    margin = SeenLine("arXiv:2103.15348", 0.9, 0.0, 0, 0, 20, 400)
    assert read(margin, seen("The text", 60, 0)) == "The text\n\narXiv:2103.15348"


def test_unread_lines_and_greek_words_are_one_mark_for_each_stretch():
    greek, symbol = seen("βαλβ τη αντλα", 0, 60), seen("where α = 3", 0, 90)
    lines = [seen("One", 0, 0), seen("xxxx", 0, 30, unread=0.9), greek, symbol]
    assert [line.text for line in in_reading_order(lines, mark=MARK)] == ["One", MARK, "where α = 3"]


def test_words_divided_at_the_end_of_a_line_are_marked():
    lines = in_reading_order([seen("kokend wa-", 0, 0), seen("ter en zout-", 0, 25), seen("Next", 0, 50)], mark=MARK)
    assert [line.text for line in lines] == [f"kokend wa{SOFT_HYPHEN}", "ter en zout-", "Next"]
