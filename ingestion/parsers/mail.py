"""E-mail messages (.eml): who wrote what to whom and when, the text, and what is attached."""

from __future__ import annotations

import codecs
import io
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from pathlib import PurePath
from typing import BinaryIO, ClassVar, cast

from ingestion.domain import Attachment, ParsedDocument
from ingestion.errors import DocumentUnreadable
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.guards import reading
from ingestion.parsers.sections import NO_TEXT, SectionWriter
from ingestion.parsers.textdecode import BOMS, decode, refuse_binary
from ingestion.parsers.web import MEANT, PAGE_CODECS, decode_page, html_text
from ingestion.ports import Report
from ingestion.sentences import sentence as _

KIND = _("e-mail message")
SHOWN = ("Subject", "From", "To", "Cc", "Date")
TELLING = frozenset({"subject", "from", "to", "date", "message-id", "received"})
"""A message without any of these headers is no message."""
ENCRYPTED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
SECRET = _("This message is encrypted. Open it in your mail program, save its text and upload that.")
SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
HEAD_BYTES = 1_024
MAX_HEADER_CHARACTERS = 5_000
"""The rules for addresses take long to apply to a long header, and nobody reads that many recipients."""
MAX_PARTS = 1_000


class MailParser:
    media_types: ClassVar[Mapping[str, tuple[str, ...]]] = {"message/rfc822": (".eml",)}

    def parse(self, file: BinaryIO, *, filename: str, report: Report) -> ParsedDocument:
        report(0, 1)
        data = _as_bytes_of_mail(file.read())
        writer = SectionWriter()
        with reading(KIND):
            message = BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
            _check(message)
            headers = {name: text for name in SHOWN if (text := header_text(message, name))}
            writer.add("\n".join(f"{name}: {text}" for name, text in headers.items()))
            for text in _texts(message):
                writer.add(text)
            attachments = tuple(_attachments(message))
            names = ", ".join(attachment.name for attachment in attachments)
            writer.add(f"Attachments: {names}" if names else "")
        report(1, 1)
        parsed = writer.finish(title=headers.get("Subject") or PurePath(filename).stem)
        return replace(parsed, attachments=attachments)


def _as_bytes_of_mail(data: bytes) -> bytes:
    """A message is bytes, each part in its own encoding; but some programs save all of it as UTF-16."""
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    elif data.startswith(tuple(mark for mark, _ in BOMS)) or b"\x00" in data[:HEAD_BYTES]:
        data = decode(data).encode(errors="replace")
    refuse_binary(data[:HEAD_BYTES])
    if not (data := data.lstrip()):
        raise DocumentUnreadable(NO_TEXT)
    return data


def _check(message: EmailMessage) -> None:
    if not TELLING & {name.lower() for name in message.keys()}:  # noqa: SIM118 - iterating gives no names
        raise DocumentUnreadable(
            _(
                "This is not an e-mail message: it says neither from whom it is nor what it is about. "
                "Save it again from your mail program and upload the new copy."
            )
        )
    if message.get_content_type() in ENCRYPTED and message.get_param("smime-type") != "signed-data":
        raise DocumentUnreadable(SECRET)
    if sum(1 for _ in message.walk()) > MAX_PARTS:
        raise DocumentUnreadable(
            _("This message has more than %(limit)s parts. Split it and upload the parts.", limit=MAX_PARTS)
        )


def header_text(message: EmailMessage, name: str) -> str:
    """The first header of this name in words. Bytes beyond ASCII are not allowed in one and often there."""
    raw = next((value for known, value in message.raw_items() if known.lower() == name.lower()), "")
    raw = _words(str(raw))[:MAX_HEADER_CHARACTERS]
    try:
        return one_line(str(policy.default.header_factory(name, raw)))
    except Exception:  # noqa: BLE001 - the standard library raises anything over a header that breaks the rules
        return one_line(raw)


def _words(raw: str) -> str:
    """The parser hides bytes beyond ASCII as surrogates."""
    return decode(raw.encode(errors="surrogateescape")) if not raw.isascii() else raw


def _parts(message: EmailMessage) -> list[EmailMessage]:
    return cast("list[EmailMessage]", list(message.iter_parts()))


def _texts(part: EmailMessage) -> Iterator[str]:
    """The text to read, in order. Of alternatives the plain one, when it says anything, else the last, as the best."""
    kind = part.get_content_type()
    if kind == "message/rfc822" or part.is_attachment():
        return
    if part.is_multipart():
        children = _parts(part)
        texts = [list(_texts(child)) for child in children]
        if kind == "multipart/alternative":
            plain = [found for child, found in zip(children, texts, strict=True) if _is_plain(child)]
            texts = next(([found] for found in (*plain, *reversed(texts)) if any(map(str.strip, found))), [])
        for found in texts:
            yield from found
    elif kind in ("text/plain", "text/html"):
        yield _text(part)


def _is_plain(part: EmailMessage) -> bool:
    return part.get_content_type() == "text/plain"


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    is_html = part.get_content_type() == "text/html"
    text = _declared(data, part.get_content_charset(""))
    if text is None:
        text = decode_page(data) if is_html else decode(data)
    return html_text(text) if is_html else text


def _declared(data: bytes, charset: str) -> str | None:
    """By the encoding that a part declares, when it can be true. "us-ascii" is what programs say that do not know."""
    if charset in ("", "us-ascii", "ascii"):
        return None
    try:
        codec = codecs.lookup(MEANT.get(charset, charset)).name
        return data.decode(codec) if codec.startswith(PAGE_CODECS) else None
    except (LookupError, UnicodeDecodeError, ValueError):
        return None


def _attachments(part: EmailMessage) -> Iterator[Attachment]:
    """What is attached; not signatures, and not the pictures that belong to the text."""
    if part.get_content_type() == "message/rfc822":
        for message in _parts_of_attached(part):
            subject = header_text(message, "Subject") or "message"
            yield Attachment(_name(part) or f"{subject}.eml", partial(_opened_message, message))
    elif part.get_content_type() in SIGNATURES:
        return
    elif part.is_attachment() or not (part.is_multipart() or part.get_content_maintype() == "text"):
        belongs_to_text = part.get_content_maintype() == "image" and "content-id" in part and not part.is_attachment()
        if not belongs_to_text:
            extension = mimetypes.guess_extension(part.get_content_type()) or ""
            yield Attachment(_name(part) or f"attachment{extension}", partial(_opened, part))
    elif part.is_multipart():
        for child in _parts(part):
            yield from _attachments(child)


def _opened(part: EmailMessage) -> BinaryIO:
    payload = part.get_payload(decode=True)
    return io.BytesIO(payload if isinstance(payload, bytes) else b"")


def _opened_message(message: EmailMessage) -> BinaryIO:
    return io.BytesIO(message.as_bytes(policy=policy.compat32))


def _parts_of_attached(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [message for message in payload if isinstance(message, EmailMessage)] if isinstance(payload, list) else []


def _name(part: EmailMessage) -> str:
    return one_line(_words(part.get_filename("") or ""))
