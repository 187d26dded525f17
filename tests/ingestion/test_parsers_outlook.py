import datetime as dt
import io

import pytest
from compressed_rtf import compress  # type: ignore[import-untyped]

from ingestion.errors import DocumentUnreadable
from ingestion.parsers import outlook as props
from ingestion.parsers.outlook_store import CODE_PAGE, INTERNET_CODE_PAGE
from tests.ingestion.outlook_message import Latin, Moment, attachment, compound_file, message, recipient
from tests.ingestion.parsing import parse

SENT = dt.datetime(2022, 12, 16, 17, 4, 16, tzinfo=dt.UTC)
EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)
TICKS = Moment((SENT - EPOCH) // dt.timedelta(microseconds=1) * 10)
BY_VALUE = {props.LONG_FILE_NAME: "plan.txt", props.ATTACHED: b"Twenty days."}


def note(*parts, **more):
    named = {getattr(props, name): value for name, value in more.items()}
    return message({props.MESSAGE_CLASS: "IPM.Note", props.SUBJECT: "Leave", **named}, *parts)


def read(tree):
    return parse(compound_file(tree), "saved.msg")


def test_the_first_lines_say_who_wrote_what_to_whom_and_when():
    bob = recipient({props.NAME: "Bob", props.SMTP_ADDRESS: "bob@example.org", props.RECIPIENT_KIND: 1})
    eve = recipient({props.NAME: "Eve", props.ADDRESS: "/o=Acme/cn=eve", props.RECIPIENT_KIND: 2})
    hidden = recipient({props.NAME: "Hidden", props.RECIPIENT_KIND: 3})
    parsed = read(note(bob, eve, hidden, SENDER="Ana", SENDER_SMTP="ana@example.org", SENT=TICKS, BODY="Twenty days."))
    assert parsed.text == (
        "Subject: Leave\nFrom: Ana <ana@example.org>\nTo: Bob <bob@example.org>\nCc: Eve\n"
        "Date: Fri, 16 Dec 2022 17:04:16 +0000\n\nTwenty days."
    )
    assert parsed.title == "Leave"


def test_the_headers_that_came_with_it_go_before_what_outlook_noted():
    headers = "From: Ana <ana@example.org>\r\nSubject: =?utf-8?b?0J7QtNC80L7RgA==?=\r\n\r\n"
    text = read(note(TRANSPORT_HEADERS=headers, SENDER="ANA", BODY="Text.")).text
    assert text == "Subject: Одмор\nFrom: Ana <ana@example.org>\n\nText."


def test_plain_text_goes_before_html():
    assert read(note(BODY="Plain.", HTML_BODY=b"<p>Marked up.</p>")).text == "Subject: Leave\n\nPlain."


def test_html_is_read_in_its_encoding_when_there_is_no_plain_text():
    body = "<h1>Одмор</h1><p>Двадесет дана.</p>".encode("cp1251")
    tree = message({props.HTML_BODY: body, INTERNET_CODE_PAGE: 1251, props.BODY: " \r\n"})
    assert read(tree).text == "Одмор\n\nДвадесет дана."


def test_rich_text_is_read_when_there_is_nothing_else():
    packed = compress(b"{\\rtf1\\ansi\\ansicpg1250 Twenty \\b days\\b0.\\par Bob\\par}")
    assert read(note(RTF_BODY=packed)).text == "Subject: Leave\n\nTwenty days.\n\nBob"


@pytest.mark.parametrize("code_page", [1250, 28_592, 99_999])
def test_text_in_eight_bits_is_read_by_its_code_page_or_its_letters(code_page):
    encoding = "iso8859-2" if code_page == 28_592 else "cp1250"
    body = Latin("Žućkasti čaršav i đačić, šest ćebadi.".encode(encoding))
    assert read(message({props.BODY: body, CODE_PAGE: code_page})).text == "Žućkasti čaršav i đačić, šest ćebadi."


def test_attachments_are_named_and_can_be_opened():
    large = {props.FILE_NAME: "DATA.BIN", props.ATTACHED: bytes(range(256)) * 50}
    parsed = read(note(attachment(BY_VALUE), attachment(large), BODY="See below."))
    assert parsed.text.endswith("Attachments: plan.txt, DATA.BIN")
    assert [each.name for each in parsed.attachments] == ["plan.txt", "DATA.BIN"]


def test_an_attachment_gives_its_bytes_while_the_message_is_open():
    data = bytes(range(256)) * 50
    file = compound_file(note(attachment({props.LONG_FILE_NAME: "a.bin", props.ATTACHED: data}), BODY="Text."))
    (only,) = parse(file, "x.msg").attachments
    with only.open() as opened:
        assert opened.read() == data


def test_a_picture_that_belongs_to_the_text_is_no_attachment():
    logo = {props.LONG_FILE_NAME: "logo.png", props.ATTACHED: b"x", props.CONTENT_ID: "a@b"}
    hidden = attachment({**logo, props.MEDIA_TYPE: "image/png", props.IS_HIDDEN: True})
    assert read(note(hidden, BODY="Text.")).attachments == ()


def test_an_attached_message_is_a_message_again():
    inner = message({props.SUBJECT: "Plan", props.BODY: "Вода.", props.SENT: TICKS}, attachment(BY_VALUE), header=24)
    (only,) = read(note(attachment({props.ATTACHED: inner}), BODY="See below.")).attachments
    assert only.name == "Plan.eml"
    text = parse(only.open(), only.name).text
    assert text == "Subject: Plan\nDate: Fri, 16 Dec 2022 17:04:16 +0000\n\nВода.\n\nAttachments: plan.txt"


def test_an_encrypted_message_is_refused():
    with pytest.raises(DocumentUnreadable, match="This message is encrypted"):
        read(note(attachment(BY_VALUE), MESSAGE_CLASS="IPM.Note.SMIME"))


def test_a_compound_file_of_something_else_is_refused():
    with pytest.raises(DocumentUnreadable, match="not an Outlook message"):
        read({"WordDocument": b"x" * 5000})


def test_half_a_message_is_refused():
    whole = compound_file(note(attachment({**BY_VALUE, props.ATTACHED: b"x" * 50_000}), BODY="Text.")).read()
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(io.BytesIO(whole[: len(whole) // 2]), "x.msg")


def test_a_directory_that_promises_more_than_there_is_is_refused():
    whole = compound_file(note(BODY="x" * 5_000)).read()
    before, size, after = whole.rpartition((10_000).to_bytes(8, "little"))
    assert size
    with pytest.raises(DocumentUnreadable, match="damaged"):
        parse(io.BytesIO(before + (10**9).to_bytes(8, "little") + after), "x.msg")
