"""Which web addresses the server may read. People type them, so that without this a form for documents would be a way
into the operator's own network (SSRF)."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import anyio.to_thread
import httpx
from django.utils.translation import gettext as _

from ingestion.errors import AddressUnavailable, UploadRefused

OFF, PUBLIC = "off", "public"
"""Entries of the operator's list that are no host's name: nobody, and every public host."""
WEB_PORTS = frozenset({80, 443})
PORTS = range(1, 65_536)
# What a resolver takes: no escapes, no signs that are something else to another program.
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# To the C library "2130706433", "0x7f.1" and "127.1" are 127.0.0.1; what ends in a number must be a plain address.
ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Global as Python's table has it, but not a place where documents are.
NOT_THE_WEB = (
    ipaddress.ip_network("168.63.129.16/32"),  # what Azure tells its machines about themselves
    ipaddress.ip_network("192.0.0.0/24"),  # protocol assignments
    ipaddress.ip_network("192.88.99.0/24"),  # relays of 6to4
    ipaddress.ip_network("2001::/23"),  # protocol assignments, Teredo among them: an IPv4 address inside
    ipaddress.ip_network("2002::/16"),  # 6to4: an IPv4 address inside
    ipaddress.ip_network("3fff::/20"),  # documentation
)

Lookup = Callable[..., list[tuple[Any, ...]]]
"""`socket.getaddrinfo`, or what stands in for it."""


def parse(url: str) -> httpx.URL:
    """Return the address with its host in one spelling (ASCII, lower case, no dot at the end), or raise
    `UploadRefused` for what is none of the web's."""
    try:
        address = httpx.URL(url.strip())
        host = _host(address)
        is_web = address.scheme in {"http", "https"} and port_of(address) in PORTS
        if is_web and host and not address.userinfo:
            return address.copy_with(host=host, fragment=None)
    except (httpx.InvalidURL, ValueError):
        pass
    raise UploadRefused(
        _(
            "This address cannot be read. Enter one that begins with http:// or https:// and a host's name, without a "
            "user name or password."
        ),
        code="address.refused",
    )


def is_allowed(address: httpx.URL, *, allowed: Collection[str]) -> bool:
    """Whether the operator's list admits the name and the port. Where it leads is `resolve`'s to say."""
    return is_named(address, allowed=allowed) or (PUBLIC in allowed and port_of(address) in WEB_PORTS)


def is_named(address: httpx.URL, *, allowed: Collection[str]) -> bool:
    """Whether an entry is this very host: `host` for the web's own two ports, `host:port` for another."""
    hosts = (_entry(entry) for entry in allowed if entry not in {OFF, PUBLIC})
    return any(host == host_of(address) and port_of(address) in ports for host, ports in hosts)


async def resolve(address: httpx.URL, *, allowed: Collection[str], lookup: Lookup | None = None) -> list[str]:
    """Return the IP addresses to connect to, all of them checked, in the resolver's order.

    Raises `UploadRefused` where the list does not admit the host or one of its addresses is not public (which one is
    not said: that would be a map of the operator's network), `AddressUnavailable` where the name is not found.
    """
    host = host_of(address)
    if not is_allowed(address, allowed=allowed):
        raise not_allowed(host)
    try:
        found = [str(ipaddress.ip_address(host))]
    except ValueError:
        found = await _look_up(host, port_of(address), lookup or socket.getaddrinfo)
    if not is_named(address, allowed=allowed) and not all(map(is_public, found)):
        raise not_allowed(host)
    return found


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's, whatever other address it may have inside."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)))
        if ip not in GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in NOT_THE_WEB)


def host_of(address: httpx.URL) -> str:
    return address.raw_host.decode("ascii")


def port_of(address: httpx.URL) -> int:
    return (443 if address.scheme == "https" else 80) if address.port is None else address.port


def not_allowed(host: str) -> UploadRefused:
    return UploadRefused(
        _(
            "This server may not read from %(host)s. Ask its operator to allow it (RAZGOVOR_WEB_ADDRESSES), or save "
            "the page and upload the file."
        )
        % {"host": host},
        code="address.refused",
    )


async def _look_up(host: str, port: int, lookup: Lookup) -> list[str]:
    try:
        # A resolver cannot be interrupted; its thread is left behind when the time is over.
        found = await anyio.to_thread.run_sync(
            partial(lookup, host, port, type=socket.SOCK_STREAM), abandon_on_cancel=True
        )
    except (OSError, UnicodeError) as error:
        raise AddressUnavailable(
            _("The server %(host)s was not found. Check the address, or try again later.") % {"host": host}
        ) from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_family, sockaddr in found))


def _host(address: httpx.URL) -> str:
    """The host in one spelling, or "" for what only resembles one."""
    host = address.raw_host.decode("ascii").lower().rstrip(".")
    try:
        return "" if "%" in host else str(ipaddress.ip_address(host))
    except ValueError:
        return host if HOST.fullmatch(host) and not ENDS_IN_NUMBER.fullmatch(host) else ""


def _entry(entry: str) -> tuple[str, Collection[int]]:
    """The host and ports of an entry of the operator's list; what cannot be understood names nobody."""
    bracketed = f"[{entry}]" if entry.count(":") > 1 and not entry.startswith("[") else entry
    try:
        named = httpx.URL(f"//{bracketed}")
        return _host(named), WEB_PORTS if named.port is None else {named.port}
    except (httpx.InvalidURL, ValueError):
        return "", ()
