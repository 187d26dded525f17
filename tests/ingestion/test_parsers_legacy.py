import datetime as dt
import io
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

from ingestion.errors import DocumentUnreadable, IngestionCancelled, UploadRefused
from ingestion.parsers import legacy_office, programs
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.outlook_message import compound_file
from tests.ingestion.parsing import parse
from tests.support import require

ENCRYPTED_WORD = compound_file({"WordDocument": bytes(10) + b"\x00\x01" + bytes(5_000), "1Table": b"x"}).read()
ENCRYPTED_SLIDES = compound_file(
    {"PowerPoint Document": b"x", "Current User": bytes(12) + legacy_office.SLIDES_ENCRYPTED}
)


def office():
    require(shutil.which("soffice"), "There is no LibreOffice; install libreoffice-{writer,calc,impress}-nogui.")


@pytest.fixture
def old(tmp_path):
    """Makes a file of before 2007 of one of today."""
    office()

    def convert(file, extension, target):
        source = tmp_path / f"source.{extension}"
        source.write_bytes(file.read())
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        command = ["soffice", profile, "--headless", "--convert-to", target, "--outdir", str(tmp_path), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=100)
        return io.BytesIO((tmp_path / f"source.{target.partition(':')[0]}").read_bytes())

    return convert


def word():
    def build(document):
        document.add_heading("Одмор", 1)
        document.add_paragraph("Twenty days. Đačić šalje čaršav.")
        table = document.add_table(2, 2, style="Table Grid")
        cells = [cell for row in table.rows for cell in row.cells]
        for cell, text in zip(cells, ["Fruit", "Price", "Plum", "120"], strict=True):
            cell.text = text
        document.add_paragraph("After the table.")

    return make.docx(build)


def test_word_gives_headings_text_and_tables(old):
    parsed = parse(old(word(), "docx", "doc"), "rules.doc")
    assert parsed.text == "Одмор\n\nTwenty days. Đačić šalje čaršav.\n\nFruit\tPrice\nPlum\t120\n\nAfter the table."
    assert parsed.sections[0].heading == ("Одмор",)
    assert parsed.title == "rules"


def test_slides_are_pages(old):
    def build(presentation):
        for title in ("Pumps", "Вентили"):
            slide = presentation.slides.add_slide(presentation.slide_layouts[5])
            slide.shapes.title.text = title

    parsed = parse(old(make.pptx(build), "pptx", "ppt"), "talk.ppt")
    assert [(section.page, section.text) for section in parsed.sections] == [(1, "Pumps"), (2, "Вентили")]


def test_a_workbook_gives_the_same_text_as_one_of_today(old):
    rows: list[list[object]] = [["Назив", "Цена", "Удео", "Дан", "Када", "Има"]]
    moment = dt.datetime.fromisoformat("2024-03-05 14:30")
    rows += [[f"Шљива {n}", 120.5 * n, 0.25, dt.date(2024, 3, 5), moment, n > 1] for n in range(1, 40)]
    sheets: dict[str, list[list[object]]] = {
        "Цене": [*rows, [], ["Note", "Text"], ["a", "b"]],
        "Empty": [],
        "Second": [["x", 1]],
    }
    formats = {f"C{row}": "0.0%" for row in range(2, 41)}
    today = parse(make.xlsx(sheets, formats), "prices.xlsx")
    before = parse(old(make.xlsx(sheets, formats), "xlsx", "xls"), "prices.xls")
    assert before.text == today.text
    assert [(s.page, s.heading) for s in before.sections] == [(s.page, s.heading) for s in today.sections]
    assert "2024-03-05 14:30:00\tTRUE" in before.text


def test_types_are_told_by_what_is_inside(old):
    for file, extension, target, media_type in (
        (word(), "docx", "doc", "application/msword"),
        (make.xlsx({"S": [[1]]}), "xlsx", "xls", "application/vnd.ms-excel"),
        (make.pptx(lambda _p: None), "pptx", "ppt", "application/vnd.ms-powerpoint"),
    ):
        content = old(file, extension, target)
        assert inspect(content, filename=f"a.{target}", max_bytes=10**7).media_type == media_type
        other = "xls" if target == "doc" else "doc"
        with pytest.raises(UploadRefused, match="of before 2007, whatever its name says"):
            inspect(content, filename=f"a.{other}", max_bytes=10**7)


@pytest.mark.parametrize(("name", "content"), [("a.doc", ENCRYPTED_WORD), ("a.ppt", ENCRYPTED_SLIDES.read())])
def test_a_password_is_named_as_the_reason(name, content):
    with pytest.raises(DocumentUnreadable, match="protected by a password"):
        parse(io.BytesIO(content), name)


def test_a_workbook_with_a_password_is_named_so():
    beginning = b"\x09\x08\x10\x00\x00\x06\x05\x00\xbb\x0d\xcc\x07\x00\x00\x00\x00\x06\x00\x00\x00"  # BOF
    password = b"\x2f\x00\x06\x00\x00\x00\x01\x02\x03\x04"  # FILEPASS
    workbook = compound_file({"Workbook": (beginning + password + b"\x0a\x00\x00\x00").ljust(5_000, b"\0")})
    with pytest.raises(DocumentUnreadable, match="protected by a password"):
        parse(workbook, "a.xls")


@pytest.mark.parametrize(
    ("name", "stream"), [("a.doc", "WordDocument"), ("a.xls", "Workbook"), ("a.ppt", "Current User")]
)
def test_a_damaged_file_is_refused_with_a_sentence(name, stream):
    office()
    with pytest.raises(DocumentUnreadable, match=r"damaged|cannot convert"):
        parse(compound_file({stream: b"nothing of the kind" * 400}), name)


def test_without_libreoffice_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    plain = compound_file({"WordDocument": bytes(5_000)})
    with pytest.raises(DocumentUnreadable, match=r"save|Save the file as \.docx.*libreoffice-writer-nogui"):
        parse(plain, "a.doc")


def test_cancelling_ends_the_conversion_and_leaves_nothing(old, monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "LOOK_EVERY_S", 0.05)
    file = old(word(), "docx", "doc")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def cancel(_done, _total):
        raise IngestionCancelled("Stopped.")

    with pytest.raises(IngestionCancelled):
        parse(file, "a.doc", cancel)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_program_that_takes_too_long_is_ended_with_what_it_started(tmp_path):
    late = tmp_path / "late"
    child = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(late)!r}).touch()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(DocumentUnreadable, match="Too slow"):
        programs.run([sys.executable, "-c", parent], wall_s=0.3, too_slow="Too slow.", waiting=lambda: None)
    time.sleep(2)
    assert not late.exists()


def test_a_program_sees_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("RAZGOVOR_SECRET_KEY", "hunter2")
    script = "import os; print(sorted(os.environ))"
    output = programs.run([sys.executable, "-c", script], wall_s=20, too_slow="", waiting=lambda: None)
    assert b"PATH" in output
    assert b"RAZGOVOR" not in output
