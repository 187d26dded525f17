"""Outlook messages (.msg): what e-mail messages give, and the attachments as files."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import HeaderParser
from email.utils import format_datetime
from functools import partial
from pathlib import PurePath
from typing import BinaryIO, ClassVar

from ingestion.domain import Attachment, ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.mail import MAX_HEADER_CHARACTERS, MAX_PARTS, SECRET, SHOWN, header_text
from ingestion.parsers.outlook_store import INTERNET_CODE_PAGE, Store, decoded, open_store
from ingestion.parsers.rtf import RtfParser
from ingestion.parsers.sections import SectionWriter
from ingestion.parsers.web import decode_page, html_text
from ingestion.ports import Report
from ingestion.sentences import sentence as _

# Numbers of properties, from [MS-OXPROPS].
MESSAGE_CLASS, SUBJECT, TRANSPORT_HEADERS = 0x001A, 0x0037, 0x007D
SENT, RECEIVED = 0x0039, 0x0E06
SENDER, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
BODY, RTF_BODY, HTML_BODY = 0x1000, 0x1009, 0x1013
NAME, ADDRESS, SMTP_ADDRESS, RECIPIENT_KIND = 0x3001, 0x3003, 0x39FE, 0x0C15
ATTACHED, FILE_NAME, LONG_FILE_NAME, CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x3712
IS_HIDDEN, MEDIA_TYPE = 0x7FFE, 0x370E
RECIPIENT_KINDS = {1: "To", 2: "Cc"}

ENCRYPTED_CLASS = "ipm.note.smime"
"""A signed one is "ipm.note.smime.multipartsigned" and has its text."""
MAX_RTF_BYTES = 2 * 1024 * 1024
"""Packed. Unpacking takes seconds from there on, and few messages have no other text."""
MAX_DEPTH = 5
"""Messages in messages in messages."""


class OutlookParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"application/vnd.ms-outlook": (".msg",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        report(0, 1)
        with reading(_("Outlook message")):
            message = open_store(file)
            if message.text(MESSAGE_CLASS).lower() == ENCRYPTED_CLASS:
                raise DocumentUnreadable(SECRET)
            writer = SectionWriter()
            headers = _headers(message)
            writer.add("\n".join(f"{name}: {text}" for name, text in headers.items()))
            writer.add(_body(message))
            attachments = tuple(_attachments(message))
            names = ", ".join(attachment.name for attachment in attachments)
            writer.add(f"Attachments: {names}" if names else "")
            parsed = writer.finish(title=headers.get("Subject") or PurePath(filename).stem)
        report(1, 1)
        return replace(parsed, attachments=attachments)


def _headers(message: Store) -> dict[str, str]:
    """As they came over the wire, where Outlook has kept them; else what it has written down about them."""
    kept = HeaderParser(EmailMessage, policy=policy.default).parsestr(message.text(TRANSPORT_HEADERS))
    noted = {"Subject": message.text(SUBJECT), "From": _sender(message), **_recipients(message), "Date": _date(message)}
    texts = {name: one_line(noted.get(name, ""))[:MAX_HEADER_CHARACTERS] for name in SHOWN}
    return {name: text for name in SHOWN if (text := header_text(kept, name) or texts[name])}


def _sender(message: Store) -> str:
    return _person(message.text(SENDER), message.text(SENDER_SMTP) or message.text(SENDER_ADDRESS))


def _recipients(message: Store) -> dict[str, str]:
    people: dict[str, list[str]] = {}
    for recipient in message.folders("__recip_version1.0_"):
        if kind := RECIPIENT_KINDS.get(recipient.integer(RECIPIENT_KIND)):
            address = recipient.text(SMTP_ADDRESS) or recipient.text(ADDRESS)
            people.setdefault(kind, []).append(_person(recipient.text(NAME), address))
    return {kind: ", ".join(filter(None, names)) for kind, names in people.items()}


def _person(name: str, address: str) -> str:
    """An Exchange server knows people by a path ("/o=...") that says nothing to anybody."""
    name, address = one_line(name).strip("'"), address.strip()
    if "@" not in address:
        return name
    return f"{name} <{address}>" if name and name != address else address


def _date(message: Store) -> str:
    sent = message.time(SENT) or message.time(RECEIVED)
    return format_datetime(sent) if sent else ""


def _body(message: Store) -> str:
    """The plain text where it says anything, as in mail; else the HTML; else the rich text."""
    for read in (_plain, _html, _rich):
        if (text := read(message)).strip():
            return text
    return ""


def _plain(message: Store) -> str:
    return message.text(BODY)


def _html(message: Store) -> str:
    if data := message.binary(HTML_BODY):
        code_page = message.integer(INTERNET_CODE_PAGE)
        return html_text(decoded(data, code_page) if code_page else decode_page(data))
    return html_text(message.text(HTML_BODY))


def _rich(message: Store) -> str:
    packed = message.binary(RTF_BODY)
    if not packed:
        return ""
    if len(packed) > MAX_RTF_BYTES:
        raise DocumentUnreadable(_("The text of this message is too long. Save it as a text file and upload that."))
    from compressed_rtf import decompress  # type: ignore[import-untyped]

    source = io.BytesIO(decompress(packed))
    try:
        return RtfParser().parse(source, filename="", report=lambda _done, _total: None).text
    except DocumentUnreadable:
        return ""  # no text in it, or damaged: the rest of the message can be read


def _attachments(message: Store, depth: int = 0) -> Iterator[Attachment]:
    """What is attached; not pictures that belong to the text."""
    for number, part in enumerate(message.folders("__attach_version1.0_")):
        if number >= MAX_PARTS:
            raise DocumentUnreadable(
                _("This message has more than %(limit)s parts. Split it and upload the parts.", limit=MAX_PARTS)
            )
        if (inner := part.message(ATTACHED)) is not None:
            if depth < MAX_DEPTH:
                subject = one_line(inner.text(SUBJECT)) or "message"
                yield Attachment(f"{subject}.eml", partial(_as_mail, inner, depth + 1))
        elif not _belongs_to_text(part) and (opener := part.opener(ATTACHED)):
            name = one_line(part.text(LONG_FILE_NAME) or part.text(FILE_NAME) or part.text(NAME))
            yield Attachment(name or "attachment", opener)


def _belongs_to_text(part: Store) -> bool:
    return (
        bool(part.text(CONTENT_ID)) and part.text(MEDIA_TYPE).lower().startswith("image/") and part.is_true(IS_HIDDEN)
    )


def _as_mail(message: Store, depth: int) -> BinaryIO:
    """An attached message as a mail program would send it, for it has no file of its own."""
    mail = EmailMessage(policy=policy.default.clone(utf8=True))
    for name, text in _headers(message).items():
        # The standard library raises anything over a header that breaks the rules.
        with suppress(Exception):
            mail[name] = text
    mail.set_content(_body(message))
    for attachment in _attachments(message, depth):
        with attachment.open() as file:
            mail.add_attachment(file.read(), maintype="application", subtype="octet-stream", filename=attachment.name)
    return io.BytesIO(mail.as_bytes())
