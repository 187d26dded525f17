import hashlib
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import archives
from ingestion.errors import UploadRefused
from ingestion.uploads import INVISIBLE_CATEGORIES, MAX_NAME_CHARACTERS, clean_name, inspect
from tests import data_factory as make
from tests.ingestion.outlook_message import compound_file

MEGABYTE = 1_000_000
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
OFFICE = "application/vnd.openxmlformats-officedocument."


def look(file, filename, max_bytes=MEGABYTE):
    return inspect(file, filename=filename, max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("filename", "file", "media_type"),
    [
        ("a.pdf", lambda: make.pdf([["Text."]]), "application/pdf"),
        ("a.docx", lambda: make.docx(lambda d: d.add_paragraph("Text.")), OFFICE + "wordprocessingml.document"),
        ("a.pptx", lambda: make.pptx(lambda _p: None), OFFICE + "presentationml.presentation"),
        ("a.xlsx", lambda: make.xlsx({"S": [[1]]}), OFFICE + "spreadsheetml.sheet"),
        ("a.HTML", lambda: make.text("<p>Text</p>"), "text/html"),
        ("a.md", lambda: make.text("# Title"), "text/markdown"),
        ("a.csv", lambda: make.text("a,b"), "text/csv"),
        ("a.txt", lambda: make.text("Čačak", "utf-16"), "text/plain"),
        ("a.txt", lambda: make.text("Белешка без ознаке.", "utf-16-le"), "text/plain"),
        ("a.msg", lambda: compound_file({"__properties_version1.0": bytes(32)}), "application/vnd.ms-outlook"),
        ("letter", lambda: compound_file({"WordDocument": bytes(99)}), "application/msword"),
        ("a.png", lambda: io.BytesIO(PNG), "image/png"),
        ("a.bmp", lambda: io.BytesIO(b"BM\x36\x10\0\0" + bytes(4) + b"\x36\0\0\0" + b"\xff\0" * 99), "image/bmp"),
        ("README", lambda: make.text("Read me."), "text/plain"),
        ("offer", lambda: make.pdf([["Text."]]), "application/pdf"),
    ],
)
def test_it_tells_the_type_by_name_and_content(filename, file, media_type):
    assert look(file(), filename).media_type == media_type


def test_it_gives_fingerprint_and_size_and_rewinds():
    content = b"x" * 2_500_000
    file = io.BytesIO(content)
    inspected = look(file, "a.txt", max_bytes=3 * MEGABYTE)
    assert (inspected.sha256, inspected.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("filename", "file", "sentence"),
    [
        ("a.txt", lambda: io.BytesIO(b""), "empty"),
        ("a.txt", lambda: io.BytesIO(b"x" * (MEGABYTE + 1)), r"larger than 1\.0 MB"),
        ("a.pdf", lambda: io.BytesIO(PNG), "is a file of type image/png"),
        ("a.docx", lambda: make.pdf([["Text."]]), "is a PDF file"),
        ("a.docx", lambda: make.xlsx({"S": [[1]]}), "is an Excel file"),
        ("a.docx", lambda: make.archive({"a.txt": b"x"}), "is a zip archive"),
        ("a.pdf", lambda: make.text("Just text."), "is plain text"),
        ("a.txt", lambda: io.BytesIO(bytes(range(256)) * 9), "whatever its name says"),
        ("a.exe", lambda: io.BytesIO(b"MZ" + bytes(99)), r"extension \.exe, which cannot be read\. These can: .*\.pdf"),
        ("report.pdf.exe", lambda: make.pdf([["Text."]]), r"extension \.exe"),
        ("a.docx", lambda: io.BytesIO(archives.OLE_SIGNATURE + bytes(999)), "before 2007"),
        ("a.xlsx", lambda: io.BytesIO(archives.OLE_SIGNATURE + archives.ENCRYPTED_PACKAGE), "by a password"),
        ("a.doc", lambda: compound_file({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), "by a password"),
        ("a.doc", lambda: compound_file({"Workbook": b"x"}), "is an Excel file of before 2007, whatever its name says"),
        ("a.docx", lambda: compound_file({"WordDocument": b"x"}), "is a Word file of before 2007, whatever"),
        ("a.msg", lambda: io.BytesIO(archives.OLE_SIGNATURE + bytes(999)), "before 2007"),
        ("a.jpg", lambda: io.BytesIO(PNG), "image/png, whatever its name says"),
        ("a.docx", lambda: io.BytesIO(b"PK\x03\x04" + bytes(99)), "damaged"),
    ],
)
def test_it_refuses_with_a_sentence(filename, file, sentence):
    with pytest.raises(UploadRefused, match=sentence):
        look(file(), filename)


def test_it_refuses_an_office_file_with_macros():
    document = make.docx(lambda document: document.add_paragraph("Text."))
    types = b'<Types><Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'
    with pytest.raises(UploadRefused, match="macros"):
        look(make.with_entry(document, "[Content_Types].xml", types), "a.docx")


def test_it_refuses_an_archive_that_unpacks_to_far_too_much():
    bomb = make.archive({"word/media/image.bin": bytes(20 * archives.MIB)})
    with pytest.raises(UploadRefused, match="more than 100 times its size"):
        look(bomb, "a.docx")


def test_it_refuses_an_archive_with_a_giant_part():
    bomb = make.archive({"word/document.xml": bytes(65 * archives.MIB)})
    with pytest.raises(UploadRefused, match="a part of more than 64 MiB"):
        look(bomb, "a.docx")


def test_it_refuses_an_archive_of_too_many_parts():
    bomb = make.archive({f"{number}.txt": b"" for number in range(archives.MAX_ENTRIES + 1)})
    with pytest.raises(UploadRefused, match="more than 10,000 parts"):
        look(bomb, "a.docx", max_bytes=10 * MEGABYTE)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\windows\\x.txt", "x.txt"),
        ("izveštaj šđčćž.txt", "izveštaj šđčćž.txt"),
        ("C\u030cac\u030cak.txt", "Čačak.txt"),
        ("report\u202etxt.exe", "reporttxt.exe"),
        ("name with\nnewline.txt", "name withnewline.txt"),
        ("\x00nul.txt", "nul.txt"),
        ("file.txt. ", "file.txt"),
        (".htaccess", ".htaccess"),
        ("", "document"),
        ("..", "document"),
        ("/", "document"),
        ("a" * 400 + ".txt", "a" * 251 + ".txt"),
    ],
)
def test_it_cleans_names(name, cleaned):
    assert clean_name(name) == cleaned


@given(st.text())
def test_a_clean_name_is_safe_whatever_it_was(name):
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= MAX_NAME_CHARACTERS
    assert not set(cleaned) & {"/", "\\"}
    assert cleaned not in {".", ".."}
    assert not any(unicodedata.category(character) in INVISIBLE_CATEGORIES for character in cleaned)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean_name(cleaned) == cleaned
