"""Which addresses the server may call. Tenants type provider addresses, so nothing is called that the operator did
not allow: otherwise a settings page would be a way into the operator's own network (SSRF)."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from django.utils.translation import gettext as _

from chat.errors import ProviderError

ANY_PUBLIC_HOST = "*"
NOT_ALLOWED = "provider.not_allowed"

Trace = Callable[[str, dict[str, Any]], Awaitable[None]]


def outbound_allowed(url: str, *, allowed: Sequence[str]) -> None:
    """Return when the operator's list admits `url`, else raise `ProviderError` with the code `provider.not_allowed`.

    An entry is `host`, `host:port`, or `*`, which means every *public* host: loopback, private and single-label
    addresses have to be named, since they are the operator's own machines.
    """
    address = _address(url)
    if not _named(address, allowed) and not (ANY_PUBLIC_HOST in allowed and _looks_public(address.host)):
        raise _not_allowed(_origin(address))


class OutboundGuard:
    """An httpx request hook that holds every request of a client, an SDK's included, to the operator's list."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)

    async def __call__(self, request: httpx.Request) -> None:
        outbound_allowed(str(request.url), allowed=self.allowed)
        if not _named(request.url, self.allowed):
            request.extensions["trace"] = _refuse_private_peers(request.url)


def _refuse_private_peers(url: httpx.URL) -> Trace:
    """Look at the address that a public-looking name led to, before a byte is sent there: a name that anybody may
    register can point at 127.0.0.1. A connection to the operator's own HTTP proxy is left alone."""
    connecting_to = ""

    async def trace(event: str, info: dict[str, Any]) -> None:
        nonlocal connecting_to
        if event == "connection.connect_tcp.started":
            connecting_to = str(info["host"])
        elif event == "connection.connect_tcp.complete" and connecting_to == url.raw_host.decode("ascii"):
            peer = info["return_value"].get_extra_info("server_addr")
            if not _is_public(ipaddress.ip_address(peer[0])):
                await info["return_value"].aclose()
                raise _not_allowed(_origin(url))

    return trace


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        address = httpx.URL("")
    if address.scheme not in {"http", "https"} or not address.host or address.userinfo:
        raise ProviderError(
            _(
                "The provider's address cannot be read. Enter it as http://host:port or https://host, without a "
                "user name or password."
            ),
            code="provider.bad_address",
        )
    return address


def _named(address: httpx.URL, allowed: Sequence[str]) -> bool:
    host = _host(address)
    port = address.port or (443 if address.scheme == "https" else 80)
    for entry in allowed:
        if entry == ANY_PUBLIC_HOST:
            continue
        named = httpx.URL(f"{address.scheme}://{_bracketed(entry)}")
        # httpx drops a port that is the scheme's own, so the entry itself is asked whether it names one.
        any_port = named.port is None and not entry.endswith((":80", ":443"))
        if _host(named) == host and (any_port or (named.port or _port_of(entry)) == port):
            return True
    return False


def _bracketed(entry: str) -> str:
    """A bare IPv6 address in the brackets that a URL needs."""
    return f"[{entry}]" if entry.count(":") > 1 and not entry.startswith("[") else entry


def _port_of(entry: str) -> int:
    return int(entry.rpartition(":")[2])


def _host(address: httpx.URL) -> str:
    return address.host.lower().rstrip(".")


def _looks_public(host: str) -> bool:
    host = host.lower().rstrip(".")
    try:
        return _is_public(ipaddress.ip_address(host))
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_global)


def _origin(url: httpx.URL) -> str:
    return f"{_bracketed(url.host)}:{url.port}" if url.port else url.host


def _not_allowed(origin: str) -> ProviderError:
    return ProviderError(
        _("This server may not call %(host)s. Ask its operator to add the host to RAZGOVOR_OUTBOUND_HOSTS.")
        % {"host": origin},
        code=NOT_ALLOWED,
    )
