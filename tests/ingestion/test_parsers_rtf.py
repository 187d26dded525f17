import contextlib
import io
import time

import pytest

from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.parsers import rtf
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse

LATIN = "Čačak, đak, šećer, žito"
CYRILLIC = "Чачак, ђак, шећер, жито"


def rich(body, *, head=r"\ansi\ansicpg1252\deff0", encoding="ascii"):
    return io.BytesIO(rf"{{\rtf1{head} {body}}}".encode(encoding))


def read(body, **options):
    return parse(rich(body, **options), "x.rtf")


def escaped(text, encoding):
    return "".join(chr(byte) if byte < 128 else rf"\'{byte:02x}" for byte in text.encode(encoding))


def test_headings_become_the_outline():
    sections = read(
        r"{\pard\outlinelevel0 Leave\par}\pard Twenty {\b days}.\par"
        r"\pard\outlinelevel1 Sick leave\par\pard With a note.\par\pard\outlinelevel0 Travel\par\pard By train."
    ).sections
    assert [section.heading for section in sections] == [("Leave",), ("Leave", "Sick leave"), ("Travel",)]
    assert sections[0].text == "Leave\n\nTwenty days."
    assert sections[2].text == "Travel\n\nBy train."


@pytest.mark.parametrize(
    ("text", "encoding", "head"),
    [
        (LATIN, "cp1250", r"\ansi\ansicpg1250"),
        (CYRILLIC, "cp1251", r"\ansi\ansicpg1251"),
        (LATIN, "cp1250", r"\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset238 Arial CE;}}"),
        (CYRILLIC, "cp1251", r"\ansi\ansicpg1252\deff3{\fonttbl{\f0 A;}{\f3\fcharset204{\*\fname Arial;}Arial Cyr;}}"),
        (CYRILLIC, "cp1251", r"\ansi\ansicpg1251\deff0{\fonttbl{\f0\fcharset1 Arial;}}"),
        ("漢字", "cp932", r"\ansi\deff0{\fonttbl{\f0\fcharset128 MS Mincho;}}"),
        ("é", "mac_roman", r"\mac"),
        (CYRILLIC, "utf-8", r"\ansi\ansicpg65001"),
    ],
)
def test_code_pages_come_out_as_the_right_letters(text, encoding, head):
    assert read(escaped(text, encoding), head=head).text == text


def test_bytes_that_are_not_escaped_are_in_the_code_page_too():
    assert read(LATIN, head=r"\ansi\ansicpg1250", encoding="cp1250").text == LATIN


def test_a_font_holds_until_its_group_ends():
    fonts = r"\ansi\ansicpg1250\deff0{\fonttbl{\f0\fcharset238 A;}{\f1\fcharset204 B;}}"
    body = rf"{escaped('č', 'cp1250')}{{\f1 {escaped('ч', 'cp1251')}}}{escaped('č', 'cp1250')}"
    assert read(body, head=fonts).text == "čчč"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\u268\'c8a\u-10179?\u-8704? b", "Ča😀 b"),
        (r"\uc2\u1063??a\uc0\u1063 b", "ЧaЧb"),
        (r"a\emdash b\~c\_d\tab e\line f", "a—b c\u2011d\te\nf"),
        (r"\{a\\b\}", r"{a\b}"),
        ("one\r\n word", "one word"),
        (r"\u8217\rquote s", "’s"),
    ],
)
def test_signs(body, text):
    assert read(body).text == text


def test_tables_stand_where_they_stand_in_the_document():
    row = r"\trowd\cellx3000\cellx6000\pard\intbl {}\cell {}\par more\cell\row ".format
    body = rf"\pard Before.\par{row('Fruit', 'Price')}{row('Plum', '120')}\pard After.\par"
    assert read(body).text == "Before.\n\nFruit\tPrice more\nPlum\t120 more\n\nAfter."


def test_long_tables_repeat_their_header():
    row = r"\trowd\pard\intbl {}\cell {}\cell\row ".format
    rows = "".join(row(f"Item {number}", "n" * 60) for number in range(60))
    blocks = read(row("Name", "Note") + rows).text.split("\n\n")
    assert len(blocks) > 3
    assert all(block.startswith("Name\tNote\nItem ") and len(block) <= 1_100 for block in blocks)


def test_list_items_have_one_mark_whatever_it_looked_like():
    item = r"{{\listtext\'b7\tab}}{}\par ".format
    assert read(item("First") + item("Second") + r"\pard After.\par").text == "- First\n- Second\n\nAfter."


def test_notes_comments_and_boxes_stand_behind_their_paragraph():
    body = (
        r"The price{\footnote {\chftn} Without tax.\par}{\*\atnauthor Ana}{\*\annotation Still true?}"
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt In a box.\par}}} is 120.\par Next.\par"
    )
    text = "The price is 120.\n\nFootnote: Without tax.\n\nComment: Still true?\n\nIn a box.\n\nNext."
    assert read(body).text == text


def test_what_is_no_text_is_left_out():
    body = (
        r"{\header Top}{\*\generator X;}{\colortbl;\red1;}{\stylesheet{\s1 heading 1;}}{\pict\pngblip 89504e47}"
        r'{\field{\*\fldinst HYPERLINK "http://example.org/"}{\fldrslt A link}}{\v hidden}{\*\unknown x}.'
    )
    assert read(body).text == "A link."


def test_bytes_of_pictures_are_skipped_whatever_they_are():
    assert read(r"One{\pict\bin6 }}}{{\}two.").text == "Onetwo."


def test_the_title_is_in_the_properties_or_the_name():
    assert read(r"{\info{\title Na\'9aa pravila}{\author A}}Text.", head=r"\ansi\ansicpg1250").title == "Naša pravila"
    assert read("Text.").title == "x"


def test_a_file_without_text_is_refused():
    with pytest.raises(DocumentUnreadable, match="no text in this file"):
        read(r"{\pict 89504e47}\par")


def test_half_a_file_is_refused():
    with pytest.raises(DocumentUnreadable, match="breaks off before its end"):
        parse(io.BytesIO(rb"{\rtf1\ansi Text.\par And {\b mo"), "x.rtf")


def test_something_else_is_refused():
    with pytest.raises(DocumentUnreadable, match="damaged or not what its name says"):
        parse(make.text("Text."), "x.rtf")


def test_groups_in_groups_end_somewhere():
    with pytest.raises(DocumentUnreadable, match="too deeply nested"):
        read("{" * 100_000 + "Text." + "}" * 100_000)


def test_a_file_of_nothing_but_formatting_ends_somewhere(monkeypatch):
    monkeypatch.setattr(rtf, "MAX_TOKENS", 1_000)
    with pytest.raises(DocumentUnreadable, match="too large"):
        read(r"\b" * 1_001)


@pytest.mark.parametrize("part", [r"{\field{\*\fldinst{HYPERLINK ", r"\f1", r"\u9?", "{}", "\\", r"\cell", r"\'"])
def test_repetition_takes_no_more_than_linear_time(part):
    started = time.monotonic()
    with contextlib.suppress(DocumentUnreadable):
        read(f"Text.{part * 9_000}")
    assert time.monotonic() - started < 2


def test_it_is_known_by_its_content():
    assert inspect(rich("Text."), filename="a.rtf", max_bytes=1_000).media_type == "application/rtf"
    assert inspect(rich("Text."), filename="a", max_bytes=1_000).media_type == "application/rtf"
    with pytest.raises(UploadRefused, match="is a rich text file, whatever its name says"):
        inspect(rich("Text."), filename="a.txt", max_bytes=1_000)
    with pytest.raises(UploadRefused, match="is plain text, whatever its name says"):
        inspect(make.text("Text."), filename="a.rtf", max_bytes=1_000)
