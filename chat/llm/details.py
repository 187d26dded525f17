"""Reads what a vendor says in an error: its body in the shapes that exist, and the headers about time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MESSAGE_MAX_CHARS = 200
ISO_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})")
HTML = re.compile(r"<(!doctype|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Detail:
    """`message` is the vendor's sentence, in one line; `codes` are its names for the error, for matching only."""

    message: str = ""
    codes: str = ""

    @property
    def text(self) -> str:
        return f"{self.codes} {self.message}".strip()

    @property
    def quoted(self) -> str:
        """The sentence as the end of one of ours: `: out of memory`, or nothing."""
        return _(": %(words)s") % {"words": self.message.rstrip(".")} if self.message else ""


def read_detail(body: bytes) -> Detail:
    """Understands OpenAI's `{"error": {...}}`, problem+json (NVIDIA), `{"error": "..."}` (Ollama),
    `{"detail": ...}` (FastAPI), and plain text. An HTML page says nothing of use."""
    try:
        return detail_of(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace")
        return Detail() if HTML.search(text) else Detail(_one_line(text))


def detail_of(parsed: Any) -> Detail:
    """The same for a body, or an event in a stream, that is parsed already."""
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    if not isinstance(error, dict):
        return Detail(_one_line(str(error)))
    message = error.get("message") or error.get("detail") or error.get("title") or ""
    return Detail(_one_line(str(message)), _one_line(f"{error.get('code') or ''} {error.get('type') or ''}"))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of Retry-After: a number or an HTTP date."""
    value = headers.get("retry-after", "")
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def find_date(text: str) -> date | None:
    """The day in a `Sunset` header (RFC 8594, an HTTP date) or in a sentence with an ISO date."""
    try:
        if found := ISO_DATE.search(text):
            return date.fromisoformat(found[1])
        return parsedate_to_datetime(text).date()
    except ValueError:
        return None


def try_again_in(seconds: float) -> str:
    """The advice, with the wait as a person says it: `Try again in about 7 hours.`"""
    if seconds >= 3600:
        count = round(seconds / 3600)
        said = ngettext("Try again in about %(count)d hour.", "Try again in about %(count)d hours.", count)
    elif seconds >= 60:
        count = round(seconds / 60)
        said = ngettext("Try again in about %(count)d minute.", "Try again in about %(count)d minutes.", count)
    else:
        count = max(round(seconds), 1)
        said = ngettext("Try again in %(count)d second.", "Try again in %(count)d seconds.", count)
    return said % {"count": count}


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MESSAGE_MAX_CHARS]
