import io

import pytest

from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import clean
from ingestion.parsers.delimited import sniff_delimiter
from ingestion.parsers.textdecode import decode
from ingestion.parsers.web import decode_page
from tests import data_factory as make
from tests.ingestion.parsing import parse

LATIN = "Naša škola šalje đake u Čačak, gde će učiti žonglerske veštine i držati nastavu o životinjama."
CYRILLIC = "Наша школа шаље ђаке у Чачак, где ће учити жонглерске вештине и држати наставу о животињама."
GERMAN = "Die Prüfung der Räder führt die Werkstatt jährlich durch; über größere Mängel wird gesondert berichtet."


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [LATIN, CYRILLIC, GERMAN])
def test_it_reads_unicode_with_and_without_a_mark(text, encoding):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *((LATIN, encoding) for encoding in ("cp1250", "iso8859_2", "cp852")),
        *((CYRILLIC, encoding) for encoding in ("cp1251", "iso8859_5", "cp855")),
        *((GERMAN, encoding) for encoding in ("cp1252", "iso8859_1", "cp850")),
    ],
)
def test_it_tells_the_encodings_of_before_unicode_apart(text, encoding):
    assert decode(text.encode(encoding)) == text


def test_a_damaged_byte_does_not_make_utf8_something_else():
    assert decode(CYRILLIC.encode() + b" \xff " + LATIN.encode()) == f"{CYRILLIC} \ufffd {LATIN}"


def test_a_few_stray_bytes_in_english_are_replaced():
    assert decode(b"valid start \xff\xfe\xfa\xc3( valid end").endswith("( valid end")


def test_a_binary_file_with_a_text_name_is_refused():
    with pytest.raises(DocumentUnreadable, match="binary"):
        parse(io.BytesIO(bytes(range(256)) * 40), "notes.txt")


# Cleaning


def test_it_removes_what_nobody_can_see():
    assert clean("a\x00b\u200bc\u202ed\u2066e\ufefff\x1bg\u00adh\U000e0041i") == "abcdefghi"


def test_it_keeps_the_joiners_that_persian_is_spelt_with():
    assert clean("می\u200cروم") == "می\u200cروم"


def test_it_unifies_line_ends_and_spaces():
    assert clean("one\r\ntwo\rthree\u2028four\u00a0five   \n\n\n\nsix") == "one\ntwo\nthree\nfour five\n\nsix"


def test_it_writes_ligatures_as_letters():
    assert clean("ﬁrst ﬂag ﻼ") == "first flag لا"


def test_it_composes_letters_and_their_accents():
    assert clean("Cˇ c\u030c") == "Cˇ č"


def test_a_million_spaces_take_no_time():
    assert clean("a" + " " * 1_000_000 + "b").endswith("b")


# Plain text


def test_text_keeps_its_paragraphs_and_has_no_pages():
    parsed = parse(make.text("One.\n\nTwo.\n"), "notes.txt")
    assert (parsed.text, parsed.page_count, parsed.title) == ("One.\n\nTwo.", None, "notes")


@pytest.mark.parametrize("content", ["", "\ufeff", " \n\n\t ", "\u200b\u200b"])
@pytest.mark.parametrize("name", ["x.txt", "x.md", "x.csv", "x.html"])
def test_a_text_without_text_is_refused(content, name):
    with pytest.raises(DocumentUnreadable, match="no text"):
        parse(make.text(content), name)


# CSV


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("name;price\nplum;1,5\npear;2,5\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("id\n1\n2\n", ","),
    ],
)
def test_it_finds_the_delimiter(text, delimiter):
    assert sniff_delimiter(text) == delimiter


def test_rows_keep_the_notation_of_the_file():
    assert parse(make.text('name;note\nplum;"a; b"\n\npear;c\n'), "x.csv").text == 'name;note\nplum;"a; b"\npear;c'


def test_the_header_stands_above_every_group_of_rows():
    rows = "\n".join(f"{number},{'x' * 80}" for number in range(100))
    blocks = parse(make.text(f"id,note\n{rows}\n"), "x.csv").text.split("\n\n")
    assert len(blocks) > 5
    assert all(block.startswith("id,note\n") for block in blocks)
    assert [line for block in blocks for line in block.split("\n")[1:]] == rows.split("\n")


# Markdown

MARKDOWN = """---
title: Handbook
---
# Leave

Ask [Ana](mailto:ana@example.org) **first**. <!-- hidden -->

<!-- also
hidden -->

## Days

- twenty `days`
  - see [the *law*](https://example.org)

| Year | Days |
|------|------|
| 2024 | [21](x) |

```python
# no heading
print("[not a link](x)")
```

[reset](javascript:alert(1))

Travel
======

By ![train](train.png).
"""


def test_markdown_sections_follow_the_headings():
    sections = parse(make.text(MARKDOWN), "x.md").sections
    assert [section.heading for section in sections] == [("Leave",), ("Leave", "Days"), ("Travel",)]


def test_markdown_keeps_its_words_and_loses_its_addresses():
    parsed = parse(make.text(MARKDOWN), "x.md")
    assert parsed.title == "Handbook"
    assert parsed.sections[0].text == "Leave\n\nAsk Ana first."
    assert "- twenty `days`\n  - see the law" in parsed.text
    assert "| 2024 | 21 |" in parsed.text
    assert '```python\n# no heading\nprint("[not a link](x)")\n```' in parsed.text
    assert parsed.sections[-1].text == "Travel\n\nBy train."
    assert not any(word in parsed.text for word in ("hidden", "title:", "example.org", "javascript"))


def test_the_header_of_a_markdown_table_stands_above_every_group_of_rows():
    rows = "".join(f"| Pump {number} | {number}.50 | {'a remark ' * 5}|\n" for number in range(60))
    text = parse(make.text(f"Prices:\n\n| Article | Price | Remark |\n|---|--:|---|\n{rows}\nEnd."), "a.md").text
    first, *groups, last = text.split("\n\n")
    assert (first, last) == ("Prices:", "End.")
    assert len(groups) > 3
    assert all(group.startswith("| Article | Price | Remark |\n|---|--:|---|\n| Pump") for group in groups)
    assert text.count("Pump") == 60


def test_html_inside_markdown_is_read_as_html():
    text = parse(
        make.text("Before.\n\n<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>\n"), "x.md"
    ).text
    assert text == "Before.\n\nA\tB\n1\t2"


def test_markdown_of_nothing_but_backticks_ends_soon():
    assert parse(make.text("".join("`" * (n % 300) + " " for n in range(3_000))), "x.md").text


# HTML

PAGE = """<!doctype html><html><head><title>Pumps &amp; valves</title><style>p {color: red}</style></head><body>
<nav>Menu</nav><h1>Pumps</h1><p>The main <b>pump</b><br>is red.</p><script>alert(1)</script>
<div style="display: none">hidden</div><p hidden>hidden</p><!-- hidden -->
<h2>Parts</h2><ul><li>Valve</li><li><p>Hose</p></li></ul>
<table><tr><th>Part</th><th>Price</th></tr><tr><td>Valve</td><td>45</td></tr></table><pre>a  b
c</pre></body></html>"""


def test_html_gives_what_a_reader_sees():
    parsed = parse(make.text(PAGE), "x.html")
    assert parsed.title == "Pumps & valves"
    assert [(section.heading, section.text) for section in parsed.sections] == [
        (("Pumps",), "Pumps\n\nThe main pump\nis red."),
        (("Pumps", "Parts"), "Parts\n\n- Valve\n- Hose\n\nPart\tPrice\nValve\t45\n\na  b\nc"),
    ]


def test_a_table_that_only_arranges_the_page_is_text():
    html = "<table><tr><td>Left</td><td><table><tr><td>In</td><td>ner</td></tr></table></td></tr></table>"
    assert parse(make.text(html), "x.html").text == "Left\n\nIn\tner"


def test_html_nested_deeper_than_any_stack_is_read():
    assert parse(make.text("<div><span>" * 4_000 + "nested text"), "x.html").text == "nested text"


def test_html_nested_beyond_reason_is_refused():
    with pytest.raises(DocumentUnreadable, match="nests more than 5,000 blocks"):
        parse(make.text("<div>" * 200_000 + "nested text"), "x.html")


def test_a_page_says_in_which_encoding_it_is():
    page = f'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><p>{CYRILLIC}</p>'
    assert parse(make.text(page, "cp1251"), "x.html").text == CYRILLIC


def test_a_page_that_lies_about_its_encoding_is_read_all_the_same():
    assert CYRILLIC in decode_page(f'<meta charset="ascii-7"><p>{CYRILLIC}</p>'.encode())


def test_latin_1_means_windows_1252_as_in_browsers():
    assert decode_page(b'<meta charset="iso-8859-1"><p>\x93quoted\x94</p>').endswith("<p>“quoted”</p>")
