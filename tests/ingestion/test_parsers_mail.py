import io
from email.message import EmailMessage

import pytest

from ingestion.errors import DocumentUnreadable, UploadRefused
from ingestion.uploads import inspect
from tests import data_factory as make
from tests.ingestion.parsing import parse

HEAD = "Subject: Leave\nFrom: Ana <ana@example.org>\nTo: Bob <bob@example.org>\nDate: Fri, 16 Dec 2022 17:04:16 -0500"


def mail(subject="Leave", **more):
    message = EmailMessage()
    message["Date"] = "Fri, 16 Dec 2022 17:04:16 -0500"
    message["From"] = "Ana <ana@example.org>"
    message["To"] = "Bob <bob@example.org>"
    message["Subject"] = subject
    for name, value in more.items():
        message[name] = value
    return message


def read(message):
    return parse(io.BytesIO(message if isinstance(message, bytes) else message.as_bytes()), "x.eml")


def raw(headers, body=b""):
    return b"From: ana@example.org\r\nSubject: s\r\n" + headers + b"\r\n\r\n" + body


def test_the_first_lines_say_who_wrote_what_to_whom_and_when():
    message = mail()
    message.set_content("Twenty days.\n\nBob\n")
    parsed = read(message)
    assert parsed.text == f"{HEAD}\n\nTwenty days.\n\nBob"
    assert parsed.title == "Leave"


def test_plain_text_goes_before_html():
    message = mail()
    message.set_content("Plain.")
    message.add_alternative("<p>Marked up.</p>", subtype="html")
    assert read(message).text == f"{HEAD}\n\nPlain."


def test_html_is_read_as_pages_are():
    message = mail()
    message.set_content("<h1>Leave</h1><script>x()</script><ul><li>one<li>two</ul>", subtype="html")
    assert read(message).text == f"{HEAD}\n\nLeave\n\n- one\n- two"


def test_html_is_read_when_the_plain_text_is_empty():
    message = mail()
    message.set_content(" \n")
    message.add_alternative("<p>Marked up.</p>", subtype="html")
    assert read(message).text == f"{HEAD}\n\nMarked up."


def test_attachments_are_named_and_not_read():
    message = mail()
    message.set_content("See there.")
    message.add_attachment("secret", filename="šifra.txt")
    message.add_attachment(b"%PDF-1.4 secret", maintype="application", subtype="pdf", filename="a.pdf")
    attached = mail("Forwarded")
    attached.set_content("secret")
    message.add_attachment(attached)
    assert read(message).text == f"{HEAD}\n\nSee there.\n\nAttachments: šifra.txt, a.pdf, Forwarded.eml"


def test_pictures_of_the_text_are_not_named():
    message = mail()
    message.set_content("<p>Look: <img src='cid:x'></p>", subtype="html")
    message.add_related(b"png", maintype="image", subtype="png", cid="<x>", disposition="inline", filename="logo.png")
    assert read(message).text == f"{HEAD}\n\nLook:"


def test_a_signed_message_is_read_and_its_signature_left_out():
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nSigned.\r\n"
    body += b"--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n"
    text = read(raw(b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b", body + b"--b--")).text
    assert text.endswith("Signed.")


@pytest.mark.parametrize("charset", ["windows-1250", "iso-8859-2", "utf-8", "windows-1252"])
@pytest.mark.parametrize("transfer", ["8bit", "quoted-printable", "base64"])
def test_encodings_are_those_that_are_declared(charset, transfer):
    words = "Räder für Gäste" if charset == "windows-1252" else "Đaci uče u Čačku"
    message = mail(subject="Čačak šđž")
    message.set_content(words, charset=charset, cte=transfer)
    parsed = read(message)
    assert parsed.title == "Čačak šđž"
    assert parsed.text.endswith(words)


@pytest.mark.parametrize("charset", ["us-ascii", "nonsense", "idna", "utf-8"])
def test_a_wrong_declaration_is_not_believed(charset):
    body = "Đaci uče žonglerske veštine i šalju čestitke.".encode("cp1250")
    headers = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit".encode()
    assert read(raw(headers, body)).text.endswith("Đaci uče žonglerske veštine i šalju čestitke.")


@pytest.mark.parametrize("encoded", ["=?windows-1250?Q?=C8a=E8ak?=", "=?utf-8?B?xIxhxI1haw==?=", "Čačak"])
def test_headers_are_decoded(encoded):
    assert read(f"Subject: {encoded}\nFrom: ana@example.org\n\nText.".encode()).title == "Čačak"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_message_saved_as_unicode_is_read(encoding):
    assert parse(make.text(f"{HEAD}\n\nČačak.", encoding), "x.eml").text == f"{HEAD}\n\nČačak."


@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(content):
    with pytest.raises(DocumentUnreadable, match="no text"):
        read(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"Just a text.\n\nNothing else.", "not an e-mail message"),
        (bytes(range(256)) * 9, "binary"),
        (raw(b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data", b"x"), "encrypted"),
        (raw(b"Content-Type: multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * 1_001 + b"--b--"), "1,000 parts"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(DocumentUnreadable, match=sentence):
        read(content)


def test_messages_deep_in_each_other_end():
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 3_000
    with pytest.raises(DocumentUnreadable):
        read(b"Subject: deep\r\n" + nested + b"text")


@pytest.mark.parametrize(
    "headers",
    [
        b"To: " + b"(" * 50_000,
        b"To: " + b"<" * 5_000 + b'"',
        b"Date: " + b"9" * 5_000,
        b"Cc: =?utf-8?B?!!!?=",
        b"Content-Type: multipart/mixed",
        b"Content-Type: ;;;=",
        b"Content-Disposition: attachment; filename*=utf-8''%ff%fe",
    ],
)
def test_broken_headers_do_no_harm(headers):
    assert read(raw(headers, b"Text.")).title == "s"


def test_an_upload_is_taken_by_its_name_and_a_binary_refused():
    assert inspect(make.text(HEAD), filename="x.eml", max_bytes=9_999).media_type == "message/rfc822"
    with pytest.raises(UploadRefused, match="whatever its name says"):
        inspect(io.BytesIO(bytes(range(256)) * 9), filename="x.eml", max_bytes=9_999)
