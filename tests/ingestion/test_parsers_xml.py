import io

import pytest

from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse

ARTICLE = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "http://example.org/never-fetched.dtd">
<article><front><journal-meta><journal-id>JJ</journal-id></journal-meta><article-meta>
<title-group><article-title>Cows and <italic>milk</italic></article-title></title-group>
<contrib-group><contrib><name><surname>Anić</surname><given-names>Ana</given-names></name></contrib></contrib-group>
<abstract><p>In short.</p></abstract><kwd-group><kwd>cow</kwd><kwd>milk</kwd></kwd-group></article-meta></front>
<body><sec><label>1</label><title>Methods</title><p>CH<sub>4</sub> was&nbsp;measured [<xref>1</xref>].</p>
<sec><title>Herd</title><table-wrap><label>Table 1</label><caption><title>The herd.</title></caption>
<table><thead><tr><th>Item</th><th>Average</th></tr></thead><tbody><tr><td>Cows</td><td>165</td></tr></tbody></table>
</table-wrap></sec></sec></body>
<back><ref-list><ref><label>1</label><mixed-citation><name><surname>Bo</surname><given-names>B</given-names></name>,
2020.</mixed-citation></ref></ref-list></back></article>"""

DOCBOOK = """<book xmlns="http://docbook.org/ns/docbook"><title>Guide</title><chapter><title>Start</title>
<para>Press the button.</para><itemizedlist><listitem><para>One</para></listitem><listitem><para>Two</para></listitem>
</itemizedlist><programlisting>if x:
    y()</programlisting></chapter></book>"""

STAFF = """<staff year="2024"><person code="7"><name>Ana</name><age>41</age><address><city>Čačak</city></address>
</person><person code="8"><name>Bob</name><active/></person><note>Checked.</note></staff>"""


def read(text, name="x.xml", encoding="utf-8"):
    return parse(make.text(text, encoding), name)


def test_an_article_is_read_by_its_parts():
    parsed = read(ARTICLE, "x.nxml")
    title = "Cows and milk"
    assert parsed.title == title
    assert [section.heading for section in parsed.sections] == [
        (title,),
        (title, "Abstract"),
        (title, "1 Methods"),
        (title, "1 Methods", "Herd"),
        (title, "References"),
    ]
    assert "Ana Anić" in parsed.text
    assert "Keywords: cow, milk" in parsed.text
    assert "CH4 was measured [1]." in parsed.text
    assert "Table 1. The herd\n\nItem\tAverage\nCows\t165" in parsed.text
    assert "1 Bo B, 2020." in parsed.text
    assert "JJ" not in parsed.text


def test_prose_is_read_by_its_titles_and_paragraphs():
    parsed = read(DOCBOOK)
    assert [section.heading for section in parsed.sections] == [("Guide",), ("Guide", "Start")]
    assert parsed.sections[1].text == "Start\n\nPress the button.\n\n- One\n- Two\n\nif x:\n    y()"
    assert parsed.title == "Guide"


def test_data_is_read_by_its_records():
    parsed = read(STAFF)
    assert [section.heading for section in parsed.sections] == [
        (),
        ("person: Ana",),
        ("person: Ana", "address"),
        ("person: Bob",),
    ]
    assert parsed.sections[0].text == "year: 2024\nnote: Checked."
    assert parsed.sections[1].text == "person: Ana\n\ncode: 7\nname: Ana\nage: 41"
    assert parsed.sections[2].text == "address\n\ncity: Čačak"


def test_what_is_deep_in_data_has_its_path_in_front():
    text = read("<a><b><c><d><e><f unit='m'>1</f></e><g>2</g></d></c></b></a>").text
    assert text.endswith("d\n\ne.f: 1 (unit: m)\ng: 2")


def test_text_in_a_root_alone_is_text():
    assert read("<note>Call Ana &amp; Bob &#x10d;.</note>").text == "note: Call Ana & Bob č."


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("windows-1250", "cp1250"), ("utf-16", "utf-16"), ("nonsense", "utf-8"), ("idna", "utf-8")],
)
def test_it_believes_a_declaration_that_can_be_true(declared, encoding):
    assert (
        read(f'<?xml version="1.0" encoding="{declared}"?><a>Čačak šđž</a>', encoding=encoding).text == "a: Čačak šđž"
    )


def test_no_entity_and_no_file_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for declaration in (
        f'<!ENTITY x SYSTEM "file://{secret}">',
        '<!ENTITY x "much">',
        f'<!ENTITY % x SYSTEM "file://{secret}"> %x;',
    ):
        with pytest.raises(DocumentUnreadable, match="declares entities"):
            read(f"<!DOCTYPE r [{declaration}]><r><p>text</p></r>")
    included = (
        f'<r xmlns:xi="http://www.w3.org/2001/XInclude"><p>text</p><xi:include parse="text" href="{secret}"/></r>'
    )
    assert "secret" not in read(included).text.replace(str(secret), "")


@pytest.mark.parametrize("content", ["", "\ufeff \n", "<a/>", "<a><b> </b></a>", "<a><p/></a>"])
def test_a_file_without_text_is_refused(content):
    with pytest.raises(DocumentUnreadable, match="no text"):
        read(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<a><b></a>", "damaged or not what its name says"),
        ("just text", "damaged or not what its name says"),
        ("<a>", "damaged or not what its name says"),
        ("<a>" * 100_000, "nests more than 200 elements"),
        pytest.param("<a>" + "<b/>" * 2_000_000 + "</a>", "more than 2,000,000 elements", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_or_giant_file_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(DocumentUnreadable, match=sentence):
        read(content)


@pytest.mark.parametrize("inner", ["<p>x</p>", "<q>x</q>", "<title>t</title><p>x</p>"])
def test_the_deepest_that_is_allowed_is_read(inner):
    assert "x" in read("<a>" * 199 + inner + "</a>" * 199).text


@pytest.mark.parametrize("name", ["x.xml", "x.nxml"])
def test_an_upload_is_taken_by_its_name_and_a_binary_refused(name):
    assert inspect(make.text("<a/>"), filename=name, max_bytes=9_999).media_type == "application/xml"
    with pytest.raises(UploadRefused, match="whatever its name says"):
        inspect(io.BytesIO(bytes(range(256)) * 9), filename=name, max_bytes=9_999)
