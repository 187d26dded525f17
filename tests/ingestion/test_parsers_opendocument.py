import io
import zipfile

import pytest

from ingestion import archives
from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse

OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
PREFIXES = "".join(
    f' xmlns:{prefix}="{NAMES}{name}:1.0"'
    for prefix, name in {
        "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style",
        "presentation": "presentation", "manifest": "manifest",
    }.items()
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip
KINDS = {"text": "x.odt", "spreadsheet": "x.ods", "presentation": "x.odp"}
ENTITY = '<!DOCTYPE a [<!ENTITY b "bbb">]>'


def package(kind, body, *, styles="", title="", doctype="", manifest=""):
    content = (
        f"<office:document-content{PREFIXES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    meta = f"<office:document-meta{PREFIXES}><office:meta><dc:title>{title}</dc:title></office:meta>"
    entries = {
        "mimetype": OPEN_DOCUMENT + kind,
        "content.xml": doctype + content,
        "meta.xml": f"{meta}</office:document-meta>",
        "META-INF/manifest.xml": f"<manifest:manifest{PREFIXES}>{manifest}</manifest:manifest>",
    }
    return make.archive({name: text.encode() for name, text in entries.items()})


def read(kind, body, **options):
    return parse(package(kind, body, **options), KINDS[kind])


def cell(text, attributes=""):
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def row(*texts, attributes=""):
    return f"<table:table-row {attributes}>{''.join(map(cell, texts))}</table:table-row>"


# Texts


def test_headings_become_the_outline():
    sections = read(
        "text",
        '<text:h text:outline-level="1">Leave</text:h><text:p>Twenty days.</text:p>'
        '<text:h text:outline-level="2">Sick <text:span>leave</text:span></text:h><text:p>With a note.</text:p>'
        '<text:h text:outline-level="1">Travel</text:h><text:p>By train.</text:p>',
    ).sections
    assert [section.heading for section in sections] == [("Leave",), ("Leave", "Sick leave"), ("Travel",)]
    assert sections[1].text == "Sick leave\n\nWith a note."


def test_lists_and_lists_in_lists():
    item = "<text:list-item><text:p>{}</text:p>{}</text:list-item>".format
    inner = f"<text:list>{item('Inner', '')}</text:list>"
    body = f"<text:p>Before.</text:p><text:list>{item('One', inner)}{item('Two', '<text:p>More.</text:p>')}</text:list>"
    assert read("text", body).text == "Before.\n\n- One\n- Inner\n- Two\nMore."


def test_long_tables_repeat_their_header():
    rows = "".join(row(f"Item {number}", "n" * 60) for number in range(60))
    header = f"<table:table-header-rows>{row('Name', 'Note')}</table:table-header-rows>"
    blocks = read("text", f"<table:table>{header}{rows}</table:table>").text.split("\n\n")
    assert len(blocks) > 3
    assert all(block.startswith("Name\tNote\nItem ") and len(block) <= 1_100 for block in blocks)


def test_a_table_of_one_column_is_a_frame():
    body = f"<table:table>{row('In a frame.')}</table:table><text:p>After.</text:p>"
    assert read("text", body).text == "In a frame.\n\nAfter."


def test_notes_comments_and_boxes_stand_behind_their_paragraph():
    note = (
        '<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>Without tax.</text:p></text:note-body></text:note>"
    )
    comment = "<office:annotation><dc:creator>Ana</dc:creator><text:p>Still true?</text:p></office:annotation>"
    box = "<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>"
    text = read("text", f"<text:p>The price{note}{comment}{box} is 120.</text:p><text:p>Next.</text:p>").text
    assert text == "The price is 120.\n\nFootnote: Without tax.\n\nComment by Ana: Still true?\n\nIn a box.\n\nNext."


def test_spaces_tabs_and_line_ends():
    body = '<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d\n   e<text:s text:c="999999999"/>f</text:p>'
    text = read("text", body).text
    assert text.startswith("a   b\tc\nd e  ")
    assert len(text) < 200


def test_what_was_deleted_is_gone():
    deleted = "<text:tracked-changes><text:changed-region><text:deletion><text:p>Gone.</text:p></text:deletion>"
    body = f"{deleted}</text:changed-region></text:tracked-changes><text:p>Kept.</text:p>"
    assert read("text", body).text == "Kept."


def test_the_title_is_in_the_properties_or_in_its_style_or_the_name():
    style = '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    body = '<text:p text:style-name="P1">The rules</text:p>'
    assert read("text", body, styles=style, title="Properties").title == "Properties"
    assert read("text", body, styles=style).title == "The rules"
    assert read("text", "<text:p>Text.</text:p>").title == "x"


# Spreadsheets


def test_a_sheet_is_a_page_with_its_name_as_heading():
    sheets = (
        f'<table:table table:name="Prices">{row("Fruit", "Price")}{row("Plum", "120")}</table:table>'
        '<table:table table:name="Nothing"/>'
        f'<table:table table:name="Stock">{row("Plum", "7")}</table:table>'
    )
    parsed = read("spreadsheet", sheets)
    assert parsed.page_count == 3
    assert [(section.page, section.heading, section.text) for section in parsed.sections] == [
        (1, ("Prices",), "Prices\n\nFruit\tPrice\nPlum\t120"),
        (3, ("Stock",), "Stock\n\nPlum\t7"),
    ]


def test_values_of_cells():
    value = 'office:value-type="{}" office:{}="{}"'.format
    cells = [
        cell("1.234,50", value("float", "value", "1234.5")),
        cell("12,5 %", value("percentage", "value", "0.125")),
        cell("01.03.24", value("date", "date-value", "2024-03-01T00:00:00")),
        cell("1.3. 9:30", value("date", "date-value", "2024-03-01T09:30:00")),
        cell("WAHR", value("boolean", "boolean-value", "true")),
        cell("120,00 €", value("currency", "value", "120")),
        cell("two</text:p><text:p>lines", value("string", "string-value", "")),
    ]
    text = read("spreadsheet", f'<table:table table:name="S"><table:table-row>{"".join(cells)}</table:table-row>'
                               "</table:table>").text  # fmt: skip
    assert text == "S\n\n1234.5\t12.5%\t2024-03-01\t2024-03-01 09:30:00\tTRUE\t120,00 €\ttwo lines"


def test_tables_of_one_sheet_have_a_header_each():
    gap = '<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    fruits = "".join(row(f"Plum {number}", "x" * 90) for number in range(20))
    body = f"{row('Fruit', 'Note')}{fruits}{gap}{row('Town', 'People')}{row('Šabac', '51163')}"
    blocks = read("spreadsheet", f'<table:table table:name="S">{body}</table:table>').text.split("\n\n")[1:]
    assert [block.split("\n")[0] for block in blocks] == ["Fruit\tNote", "Fruit\tNote", "Town\tPeople"]


def test_repeated_rows_and_cells_are_there_as_often_as_they_say():
    cells = cell("a", 'table:number-columns-repeated="2"') + "<table:table-cell/>" + cell("b")
    twice = f'<table:table-row table:number-rows-repeated="2">{cells}</table:table-row>'
    body = f'<table:table table:name="S">{twice}</table:table>'
    assert read("spreadsheet", body).text == "S\n\na\ta\t\tb\na\ta\t\tb"


def test_emptiness_costs_nothing():
    empty = '<table:table-cell table:number-columns-repeated="999999999"/>'
    body = (
        f'<table:table-row table:number-rows-repeated="999999999">{empty}</table:table-row>'
        f"<table:table-row>{empty}{cell('far away')}{empty}</table:table-row>"
    )
    assert read("spreadsheet", f'<table:table table:name="S">{body}</table:table>').text == "S\n\n\tfar away"


@pytest.mark.parametrize(
    ("attributes", "text", "sentence"),
    [
        ('table:number-rows-repeated="999999999"', "x", "more than 20,000,000 characters"),
        ('table:number-rows-repeated="3000001"', "x", "more than 3,000,000 rows"),
        ('table:number-rows-repeated="300000"', "x" * 100, "more than 20,000,000 characters"),
    ],
)
def test_a_row_that_stands_for_millions_is_refused(attributes, text, sentence):
    with pytest.raises(DocumentUnreadable, match=sentence):
        read("spreadsheet", f'<table:table table:name="S">{row(text, attributes=attributes)}</table:table>')


def test_a_cell_that_stands_for_millions_is_refused():
    wide = cell("x" * 10_000, 'table:number-columns-repeated="999999999"')
    with pytest.raises(DocumentUnreadable, match="more than 20,000,000 characters"):
        read("spreadsheet", f"<table:table><table:table-row>{wide}</table:table-row></table:table>")


# Presentations


def test_a_slide_is_a_page_with_its_title_as_heading():
    frame = '<draw:frame presentation:class="{}"><draw:text-box>{}</draw:text-box></draw:frame>'.format
    table = f"<draw:frame><table:table>{row('Year', 'Sales')}{row('2023', '7')}</table:table></draw:frame>"
    first = (
        frame("outline", "<text:list><text:list-item><text:p>Sales grew.</text:p></text:list-item></text:list>")
        + frame("title", "<text:p>Results</text:p>")
        + table
        + frame("page-number", "<text:p>1</text:p>")
        + f"<presentation:notes><draw:page-thumbnail/>{frame('notes', '<text:p>Thank the team.</text:p>')}"
        + f"{frame('page-number', '<text:p>1</text:p>')}</presentation:notes>"
    )
    second = "<draw:g><draw:custom-shape><text:p>In a group.</text:p></draw:custom-shape></draw:g>"
    parsed = read("presentation", f"<draw:page>{first}</draw:page><draw:page>{second}</draw:page>")
    assert parsed.page_count == 2
    assert [(section.page, section.heading) for section in parsed.sections] == [(1, ("Results",)), (2, ())]
    assert parsed.sections[0].text == "Results\n\n- Sales grew.\n\nYear\tSales\n2023\t7\n\nThank the team."
    assert parsed.sections[1].text == "In a group."


# All of them


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_known_by_its_content(kind):
    file = package(kind, "")
    assert inspect(file, filename=KINDS[kind].upper(), max_bytes=10_000).media_type == OPEN_DOCUMENT + kind
    assert inspect(file, filename="without extension", max_bytes=10_000).media_type == OPEN_DOCUMENT + kind


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("a.odt", lambda: package("spreadsheet", ""), "is an OpenDocument spreadsheet, whatever its name says"),
        ("a.docx", lambda: package("text", ""), "is an OpenDocument text, whatever its name says"),
        ("a.ods", lambda: make.xlsx({"S": [[1]]}), "is an Excel file, whatever its name says"),
        ("a.odp", lambda: make.archive({"mimetype": b"text/plain"}), "is a zip archive, whatever its name says"),
        ("a.txt", lambda: make.archive({"mimetype": b"text/plain"}), "is a zip archive, whatever its name says"),
        ("a.odt", lambda: make.text("Text."), "is plain text, whatever its name says"),
        ("a.odt", lambda: io.BytesIO(b"PK\x03\x04" + bytes(99)), "damaged"),
    ],
)
def test_content_of_another_kind_is_refused(name, file, sentence):
    with pytest.raises(UploadRefused, match=sentence):
        inspect(file(), filename=name, max_bytes=100_000)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_text_is_refused(kind):
    with pytest.raises(DocumentUnreadable, match="There is no"):
        read(kind, "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_password_is_named_as_the_reason(kind):
    encrypted = (
        '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    )
    file = make.with_entry(package(kind, "", manifest=encrypted), "content.xml", bytes(range(256)))
    with pytest.raises(DocumentUnreadable, match="protected by a password"):
        parse(file, KINDS[kind])


def test_a_password_of_the_archive_is_named_as_the_reason():
    data = bytearray(package("text", "<text:p>Text.</text:p>").read())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := data.find(signature, start + 1)) >= 0:
            data[start + place] |= 1
    with pytest.raises(DocumentUnreadable, match="protected by a password"):
        parse(io.BytesIO(bytes(data)), "x.odt")


@pytest.mark.parametrize("kind", KINDS)
def test_entities_are_refused(kind):
    with pytest.raises(DocumentUnreadable, match="declares XML entities"):
        read(kind, "<text:p>&b;</text:p>", doctype=ENTITY)


def test_a_document_type_alone_is_let_through():
    doctype = '<!DOCTYPE document PUBLIC "-//OpenOffice.org//DTD" "http://example.org/none.dtd">'
    assert read("text", "<text:p>Text.</text:p>", doctype=doctype).text == "Text."


@pytest.mark.parametrize("name", KINDS.values())
@pytest.mark.parametrize(
    "file",
    [
        lambda: make.archive({"readme.txt": b"Hello."}),
        lambda: make.archive({"content.xml": b"<broken"}),
        lambda: make.archive({"content.xml": b"<other/>"}),
        lambda: io.BytesIO(package("text", "<text:p>Text.</text:p>").read()[:300]),
        lambda: io.BytesIO(b"no archive"),
        lambda: package("text", "<text:section>" * 300 + "<text:p>Deep.</text:p>" + "</text:section>" * 300),
    ],
)
def test_a_damaged_file_is_refused(name, file):
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(file(), name)


def test_an_archive_that_unpacks_to_too_much_is_refused():
    bomb = make.with_entry(package("text", ""), "content.xml", bytes(20 * archives.MIB))
    with pytest.raises(DocumentUnreadable, match="more than 100 times its size"):
        parse(bomb, "x.odt")


def test_a_part_that_is_too_large_is_not_unpacked():
    with zipfile.ZipFile(make.archive({"part": b"12345"})) as archive:
        with pytest.raises(DocumentUnreadable, match="a part of more than"):
            archives.read_part(archive, "part", max_bytes=4)
        assert archives.read_part(archive, "part", max_bytes=5) == b"12345"
