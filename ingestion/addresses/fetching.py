"""Brings a document from a web address here.

The name is looked up once, every address it has is checked, and the connection goes to the one that was checked: a name
that leads elsewhere a moment later (DNS rebinding) has nobody to mislead. TLS still proves the *name*. No proxy, cookie
or password of the machine's takes part, and every redirect is a new address that is checked like the first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

import anyio
import httpx
from django.utils.translation import gettext as _

from ingestion.addresses.asking import answer, check_status, failed
from ingestion.addresses.naming import file_name, media_type_of, raw_name
from ingestion.addresses.targets import Lookup, host_of, parse, resolve
from ingestion.errors import AddressUnavailable, UploadRefused

TIME_LIMIT_SECONDS = 30.0
"""For everything: looking the name up, all redirects, and the last byte."""
MAX_REDIRECTS = 5
IN_MEMORY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    name: str
    """Safe to show and to store, with an extension of `media_type`."""
    content: BinaryIO
    """A temporary file at its beginning; whoever asked for it closes it."""
    size: int
    """In bytes."""
    media_type: str
    """One that `ingestion.parsers` can read. It is what the server says; `uploads.inspect` looks at the content."""
    charset: str
    """As the server says, or ""."""
    final_url: str
    """Where the redirects ended."""


def fetch(
    url: str,
    *,
    max_bytes: int,
    allowed: Collection[str],
    seconds: float = TIME_LIMIT_SECONDS,
    lookup: Lookup | None = None,
) -> Fetched:
    """Return the document at `url`. Blocks for at most `seconds`; not for a thread that runs an event loop.

    `allowed` is `settings.WEB_ADDRESSES`. Raises `UploadRefused` for an address, type or size that is not taken, and
    `AddressUnavailable`, which is retryable, where the other side fails.
    """
    return anyio.run(partial(_in_time, parse(url), max_bytes, allowed, seconds, lookup))


async def _in_time(
    address: httpx.URL, max_bytes: int, allowed: Collection[str], seconds: float, lookup: Lookup | None
) -> Fetched:
    host = host_of(address)
    try:
        with anyio.fail_after(seconds):
            return await _follow(address, max_bytes, allowed, lookup)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise AddressUnavailable(
            _("%(host)s takes too long to answer. Try again later, or save the page and upload the file.")
            % {"host": host}
        ) from error
    except httpx.RequestError as error:
        raise failed(host, error) from error


async def _follow(address: httpx.URL, max_bytes: int, allowed: Collection[str], lookup: Lookup | None) -> Fetched:
    for _hop in range(MAX_REDIRECTS + 1):
        ips = await resolve(address, allowed=allowed, lookup=lookup)
        async with answer(address, ips) as response:
            if not response.has_redirect_location:
                return await _take(address, response, max_bytes)
            address = _next(address, response)
    raise UploadRefused(
        _("This address redirects more than %(limit)d times. Enter the one where it ends.") % {"limit": MAX_REDIRECTS},
        code="address.refused",
    )


def _next(address: httpx.URL, response: httpx.Response) -> httpx.URL:
    try:
        return parse(str(address.join(response.headers["Location"])))
    except (httpx.InvalidURL, ValueError):
        return parse("")


async def _take(address: httpx.URL, response: httpx.Response, max_bytes: int) -> Fetched:
    check_status(address, response.status_code)
    called = raw_name(address, disposition=response.headers.get("Content-Disposition", ""))
    declared = response.headers.get("Content-Type", "")
    media_type = media_type_of(declared, raw_name=called)
    if not media_type:
        kind = declared.partition(";")[0].strip()[:100] or _("a type that it does not name")
        raise UploadRefused(
            _("This address leads to %(kind)s, which cannot be read.") % {"kind": kind}, code="upload.type"
        )
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise UploadRefused(
            _("%(host)s sends its pages compressed only. Save the page and upload the file.")
            % {"host": host_of(address)},
            code="address.refused",
        )
    content, size = await _save(response, max_bytes)
    return Fetched(
        name=file_name(called, media_type=media_type),
        content=content,
        size=size,
        media_type=media_type,
        charset=response.charset_encoding or "",
        final_url=str(address),
    )


async def _save(response: httpx.Response, max_bytes: int) -> tuple[BinaryIO, int]:
    size = 0
    content = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))  # noqa: SIM115  # handed on
    try:
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > max_bytes:
                raise UploadRefused(
                    _("The document at this address is larger than %(limit)s, which is the limit.")
                    % {"limit": f"{max_bytes / 1_000_000:,.1f} MB"},
                    code="upload.too_large",
                )
            content.write(piece)
    except BaseException:
        content.close()
        raise
    content.seek(0)
    return content, size
