import datetime as dt
import io
import zipfile

import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import PROG_ID
from pptx.util import Cm

from ingestion import archives
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.sheets import cell_text
from tests import data_factory as make
from tests.ingestion.parsing import parse

DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]><a>&b;</a>'
TEXT_BOX = (
    '<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:r><w:pict>'
    "<w:txbxContent><w:p><w:r><w:t>Text in a box.</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p>"
)
DELETED = (
    '<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:r><w:t>Kept</w:t></w:r>'
    '<w:del w:id="1" w:author="A"><w:r><w:delText> removed</w:delText><w:t> gone</w:t></w:r></w:del>'
    '<w:ins w:id="2" w:author="A"><w:r><w:t> and added.</w:t></w:r></w:ins></w:p>'
)


def fill(table, rows):
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value


# Word


def test_word_headings_become_the_outline():
    def build(document):
        document.add_heading("Leave", 1)
        document.add_paragraph("Twenty days.")
        document.add_heading("Sick leave", 2)
        document.add_paragraph("With a doctor's note.")
        document.add_heading("Travel", 1)
        document.add_paragraph("By train.")

    sections = parse(make.docx(build), "rules.docx").sections
    assert [section.heading for section in sections] == [("Leave",), ("Leave", "Sick leave"), ("Travel",)]
    assert sections[1].text == "Sick leave\n\nWith a doctor's note."


def test_word_tables_stand_where_they_stand_in_the_document():
    def build(document):
        document.add_paragraph("Before.")
        fill(document.add_table(2, 2), [["Fruit", "Price"], ["Plum", "120"]])
        document.add_paragraph("After.")

    assert parse(make.docx(build), "x.docx").text == "Before.\n\nFruit\tPrice\nPlum\t120\n\nAfter."


def test_word_long_tables_repeat_their_header():
    rows = [["Name", "Note"], *([f"Item {number}", "n" * 60] for number in range(60))]

    def build(document):
        fill(document.add_table(len(rows), 2), rows)

    blocks = parse(make.docx(build), "x.docx").text.split("\n\n")
    assert len(blocks) > 3
    assert all(block.startswith("Name\tNote\nItem ") and len(block) <= 1_100 for block in blocks)


def test_word_lists_text_boxes_and_changes():
    def build(document):
        document.add_paragraph("First", style="List Bullet")
        document.add_paragraph("Second", style="List Bullet")
        document.element.body.insert(2, parse_xml(TEXT_BOX))
        document.element.body.insert(3, parse_xml(DELETED))

    assert parse(make.docx(build), "x.docx").text == "- First\n- Second\n\nText in a box.\n\nKept and added."


def test_word_comments_stand_behind_the_paragraph_they_are_about():
    def build(document):
        paragraph = document.add_paragraph("The price is 120.")
        document.add_comment(paragraph.runs, text="Still true?", author="Ana")
        document.add_paragraph("Next.")

    assert parse(make.docx(build), "x.docx").text == "The price is 120.\n\nComment by Ana: Still true?\n\nNext."


def test_word_styles_inherit_their_level():
    def build(document):
        style = document.styles.add_style("Our heading", WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Heading 1"]
        document.add_paragraph("Warranty", style=style)
        document.add_paragraph("Two years.")

    assert parse(make.docx(build), "x.docx").sections[0].heading == ("Warranty",)


def test_word_files_without_text_are_refused():
    with pytest.raises(DocumentUnreadable, match="no text in this Word file"):
        parse(make.docx(lambda _document: None), "empty.docx")


OBJECT = """<w:r xmlns:w="{w}" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:r="{r}"><w:object>
<o:OLEObject Type="{kind}" ProgID="{program}" r:id="{reference}"/></w:object></w:r>"""
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def ole_object(paragraph, kind, program, reference):
    namespaces = {"w": paragraph._p.nsmap["w"], "r": RELATIONS}
    paragraph._p.append(parse_xml(OBJECT.format(kind=kind, program=program, reference=reference, **namespaces)))


def test_what_a_word_file_links_to_is_text_by_its_address_in_its_place():
    def build(document):
        def link(paragraph, program, address):
            relation = document.part.relate_to(address, f"{RELATIONS}/oleObject", is_external=True)
            ole_object(paragraph, "Link", program, relation)

        cells = document.add_table(1, 2).rows[0].cells
        link(cells[0].paragraphs[0], "Excel.Sheet.12", "file:///C:/b.xlsx")
        cells[1].text = "Prices"
        link(document.add_paragraph("See "), "Word.Document.8", "https://elsewhere.example/a.doc")

    parsed = parse(make.docx(build), "x.docx")
    assert parsed.text == (
        "[Linked object: file:///C:/b.xlsx]\tPrices\n\nSee [Linked object: https://elsewhere.example/a.doc]"
    )
    assert parsed.attachments == ()


def test_files_inside_a_word_file_are_named_in_their_place_and_become_documents():
    sheet = make.xlsx({"Prices": [["Pump", 120]]}).read()

    def embed(document, paragraph, program, name):
        uri = PackURI(f"/word/embeddings/{name}")
        part = Part(uri, "application/octet-stream", sheet, document.part.package)
        ole_object(paragraph, "Embed", program, document.part.relate_to(part, f"{RELATIONS}/package"))

    def build(document):
        embed(document, document.add_paragraph("Prices: "), "Excel.Sheet.12", "Sheet1.xlsx")
        embed(document, document.add_paragraph("Formula: "), "Equation.3", "oleObject1.bin")

    parsed = parse(make.docx(build), "x.docx")
    assert parsed.text == "Prices: [Embedded file: Sheet1.xlsx]\n\nFormula:"
    assert [(each.name, each.open().read() == sheet) for each in parsed.attachments] == [("Sheet1.xlsx", True)]


# PowerPoint


def test_a_slide_is_a_page_with_its_title_as_heading():
    def build(presentation):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = "Results"
        slide.placeholders[1].text = "Sales grew."
        slide.notes_slide.notes_text_frame.text = "Thank the team."
        table = slide.shapes.add_table(2, 2, Cm(1), Cm(1), Cm(5), Cm(5)).table
        fill(table, [["Year", "Sales"], ["2023", "7"]])
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(Cm(1), Cm(1), Cm(5), Cm(1)).text_frame.text = "In a group."

    parsed = parse(make.pptx(build), "talk.pptx")
    assert parsed.page_count == 2
    assert [(section.page, section.heading) for section in parsed.sections] == [(1, ("Results",)), (2, ())]
    assert parsed.sections[0].text == "Results\n\nSales grew.\n\nYear\tSales\n2023\t7\n\nThank the team."
    assert parsed.sections[1].text == "In a group."


def test_files_inside_a_presentation_are_named_on_their_slide_and_become_documents():
    sheet = make.xlsx({"Prices": [["Pump", 120]]}).read()
    place = (Cm(1), Cm(1), Cm(5), Cm(5))

    def build(presentation):
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        slide.shapes.add_textbox(*place).text_frame.text = "Prices:"
        slide.shapes.add_ole_object(io.BytesIO(sheet), PROG_ID.XLSX, *place)
        slide.shapes.add_ole_object(io.BytesIO(b"x"), "Equation.3", *place)
        chart = CategoryChartData()
        chart.categories = ["2023"]
        chart.add_series("Sales", [7])
        slide.shapes.add_chart(XL_CHART_TYPE.LINE, *place, chart)

    parsed = parse(make.pptx(build), "talk.pptx")
    (attachment,) = parsed.attachments
    assert f"Prices:\n\n[Embedded file: {attachment.name}]\n\n" in parsed.text
    assert attachment.name.endswith(".xlsx")
    assert attachment.open().read() == sheet


def test_a_file_that_a_slide_holds_only_by_name_costs_nothing_else():
    def build(presentation):
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        slide.shapes.add_textbox(Cm(1), Cm(1), Cm(5), Cm(1)).text_frame.text = "All there is."
        shape = slide.shapes.add_ole_object(io.BytesIO(b"x"), PROG_ID.XLSX, Cm(1), Cm(1), Cm(5), Cm(5))
        slide.part.drop_rel(shape._element.graphicData.blob_rId)

    parsed = parse(make.pptx(build), "talk.pptx")
    assert (parsed.text, parsed.attachments) == ("All there is.", ())


# Excel


def test_a_sheet_is_a_page_with_its_name_as_heading():
    parsed = parse(make.xlsx({"Prices": [["Fruit", "Price"], ["Plum", 120]], "Stock": [["Plum", 7]]}), "x.xlsx")
    assert [(section.page, section.heading, section.text) for section in parsed.sections] == [
        (1, ("Prices",), "Prices\n\nFruit\tPrice\nPlum\t120"),
        (2, ("Stock",), "Stock\n\nPlum\t7"),
    ]


def test_files_inside_a_workbook_become_documents():
    workbook = make.xlsx({"Prices": [["Pump", 120]]})
    with zipfile.ZipFile(workbook, "a") as archive:
        archive.writestr("xl/embeddings/Handbook.docx", b"all of it")
    parsed = parse(workbook, "x.xlsx")
    (attachment,) = parsed.attachments
    assert (attachment.name, attachment.open().read()) == ("Handbook.docx", b"all of it")
    assert parsed.text.endswith("Pump\t120\n\n[Embedded file: Handbook.docx]")


def test_a_workbook_of_nothing_but_a_file_is_not_refused():
    workbook = make.xlsx({"Prices": []})
    with zipfile.ZipFile(workbook, "a") as archive:
        archive.writestr("xl/embeddings/Handbook.docx", b"all of it")
    assert [each.name for each in parse(workbook, "x.xlsx").attachments] == ["Handbook.docx"]


def test_tables_of_one_sheet_have_a_header_each():
    fruits: list[list[object]] = [[f"Plum {number}", "x" * 90] for number in range(20)]
    rows: list[list[object]] = [["Fruit", "Price"], *fruits, [], ["Town", "People"], ["Šabac", 51_163]]
    blocks = parse(make.xlsx({"S": rows}), "x.xlsx").text.split("\n\n")[1:]
    assert [block.split("\n")[0] for block in blocks] == ["Fruit\tPrice", "Fruit\tPrice", "Town\tPeople"]


def test_cells_are_written_as_a_reader_sees_them():
    sheet: dict[str, list[list[object]]] = {"S": [["Share", dt.datetime(2024, 3, 1)], [0.125, 0.1 + 0.2]]}  # noqa: DTZ001 a sheet has no time zones
    text = parse(make.xlsx(sheet, formats={"A2": "0.0%"}), "x.xlsx").text
    assert text == "S\n\nShare\t2024-03-01\n12.5%\t0.3"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "TRUE"),
        (3, "3"),
        (2.5, "2.5"),
        (dt.datetime(2024, 3, 1, 9, 30), "2024-03-01 09:30:00"),  # noqa: DTZ001
        (dt.time(9, 30), "09:30:00"),
        ("two\nlines", "two lines"),
    ],
)
def test_values_of_cells(value, shown):
    assert cell_text(value) == shown


def test_a_lie_about_the_size_of_a_sheet_costs_nothing():
    book = make.xlsx({"S": [["first cell"]]})
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>first cell</t></is></c></row>'
        b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>last cell</t></is></c></row></sheetData></worksheet>'
    )
    text = parse(make.with_entry(book, "xl/worksheets/sheet1.xml", sheet), "x.xlsx").text
    assert text.split() == ["S", "first", "cell", "last", "cell"]
    assert len(text) < 100


# All of them


@pytest.mark.parametrize(
    ("name", "part", "package"),
    [
        ("x.docx", "word/document.xml", lambda: make.docx(lambda document: document.add_paragraph("Text."))),
        ("x.pptx", "ppt/presentation.xml", lambda: make.pptx(lambda _presentation: None)),
        ("x.xlsx", "xl/workbook.xml", lambda: make.xlsx({"S": [["Text."]]})),
    ],
)
def test_entities_are_refused(name, part, package):
    with pytest.raises(DocumentUnreadable, match="declares XML entities"):
        parse(make.with_entry(package(), part, DOCTYPE), name)


@pytest.mark.parametrize("name", ["x.docx", "x.pptx", "x.xlsx"])
def test_a_password_is_named_as_the_reason(name):
    encrypted = archives.OLE_SIGNATURE + bytes(600) + archives.ENCRYPTED_PACKAGE + bytes(600)
    with pytest.raises(DocumentUnreadable, match="protected by a password"):
        parse(io.BytesIO(encrypted), name)


@pytest.mark.parametrize("name", ["x.docx", "x.pptx", "x.xlsx"])
def test_a_zip_of_something_else_is_refused(name):
    with pytest.raises(DocumentUnreadable, match="damaged or not what its name says"):
        parse(make.archive({"readme.txt": b"Hello."}), name)


@pytest.mark.parametrize("name", ["x.docx", "x.pptx", "x.xlsx"])
def test_half_a_file_is_refused(name):
    whole = make.docx(lambda document: document.add_paragraph("Text.")).read()
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(io.BytesIO(whole[: len(whole) // 2]), name)
