"""Asks one server for one page: the connection goes to an IP address that was checked, TLS proves the name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from django.utils.translation import gettext as _

from ingestion.addresses.targets import host_of
from ingestion.errors import AddressUnavailable, UploadRefused

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 15.0
MAX_ADDRESSES = 4
"""How many of a host's addresses are tried, in the resolver's order; IPv6 often leads nowhere inside a container."""
# A compressed answer would need a limit of its own, since a gzip bomb grows by 1,000, so none is asked for or taken.
HEADERS = {"User-Agent": "Razgovor (document reader)", "Accept": "*/*", "Accept-Encoding": "identity"}


@asynccontextmanager
async def answer(address: httpx.URL, ips: list[str]) -> AsyncIterator[httpx.Response]:
    """The answer of the first of `ips` that takes a connection. A client for each address, since connections and
    cookies are kept by IP, and two names may share one."""
    # Certificates come from where SSL_CERT_FILE says, as everywhere; the rest of the environment is kept out.
    async with httpx.AsyncClient(
        verify=httpx.create_ssl_context(),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
        headers=HEADERS,
    ) as client:
        response = await _send(client, address, ips)
        try:
            yield response
        finally:
            await response.aclose()


async def _send(client: httpx.AsyncClient, address: httpx.URL, ips: list[str]) -> httpx.Response:
    failure: httpx.TransportError = httpx.ConnectError("The name has no address.")
    for ip in ips[:MAX_ADDRESSES]:
        request = client.build_request(
            "GET",
            address.copy_with(host=ip),
            headers={"Host": address.netloc.decode("ascii")},
            extensions={"sni_hostname": host_of(address)},  # the certificate is checked against this, too
        )
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            failure = error
    raise failure


def check_status(address: httpx.URL, status: int) -> None:
    if 200 <= status < 300:
        return
    what = {"host": host_of(address), "status": status}
    if status >= 500 or status in {408, 425, 429}:
        raise AddressUnavailable(_("%(host)s cannot answer now (status %(status)d). Try again later.") % what)
    if status in {401, 403, 407}:
        sentence = _(
            "%(host)s shows this page only to those it knows (status %(status)d). Save it and upload the file."
        )
    else:
        sentence = _("%(host)s has no document at this address (status %(status)d). Check it in a browser.")
    raise UploadRefused(sentence % what, code="address.refused")


def failed(host: str, error: httpx.RequestError) -> AddressUnavailable | UploadRefused:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return UploadRefused(
            _("%(host)s does not prove that it is who it says: its certificate is not valid here.") % {"host": host},
            code="address.refused",
        )
    return AddressUnavailable(
        _("The connection to %(host)s failed. Check the address, or try again later.") % {"host": host}
    )
