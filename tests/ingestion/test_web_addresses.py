from __future__ import annotations

import codecs
import datetime as dt
import gzip
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.addresses.fetching import Fetched, fetch
from ingestion.addresses.readable import in_utf8, readable
from ingestion.addresses.targets import is_allowed, is_public, parse
from ingestion.domain import ParsedDocument
from ingestion.errors import AddressUnavailable, IngestionError, UploadRefused
from ingestion.parsers import parser_for
from ingestion.uploads import inspect
from tests.contracts.http import ContractServer, Reply, Request, Step, eventually
from tests.network_guard import NetworkForbidden

PAGE = b"<title>Bees</title><p>Bees live in hives.</p>"
PUBLIC_IP = "93.184.215.14"
MEGABYTE = 1_000_000


class Site(ContractServer):
    """Answers with its script, else with a page. Its URL has a name, which `Names` leads here."""

    async def handle(self, request: Request, reply: Reply) -> None:
        step = self.next_step() or page()
        await step(request, reply)


class Names:
    """A resolver. Each name has a list of answers, the last of which holds from then on."""

    def __init__(self, **names: str | list[list[str]]) -> None:
        self.asked: list[str] = []
        self._names = {
            name.replace("_", "."): [[found]] if isinstance(found, str) else found for name, found in names.items()
        }

    def __call__(self, host: str, port: int, **kwargs: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self._names[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        yield server


def page(body: bytes = PAGE, content_type: str = "text/html; charset=utf-8", **headers: str) -> Step:
    async def step(request: Request, reply: Reply) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply.send(200, body, {"Content-Type": content_type, **named})

    return step


def status(code: int, **headers: str) -> Step:
    async def step(request: Request, reply: Reply) -> None:
        reply.send(code, b"", headers)

    return step


def get(site: Site, path: str = "/bees", *, max_bytes: int = MEGABYTE, **more: Any) -> Fetched:
    """Fetch from the site by the name wiki.test, which the operator has listed."""
    names = more.pop("lookup", Names(wiki_test="127.0.0.1"))
    allowed = [f"wiki.test:{site.port}", *more.pop("allowed", [])]
    return fetch(f"http://wiki.test:{site.port}{path}", max_bytes=max_bytes, allowed=allowed, lookup=names, **more)


def content(fetched: Fetched) -> bytes:
    with closing(fetched.content) as file:
        return file.read()


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UploadRefused) as error:
        call()
    return error.value.message


# --- what is fetched ---------------------------------------------------------------------------------------------


def test_it_brings_a_page_with_its_name_and_type(site: Site) -> None:
    fetched = get(site, "/wiki/Bees")
    assert content(fetched) == PAGE
    assert (fetched.name, fetched.media_type, fetched.charset) == ("Bees.html", "text/html", "utf-8")
    assert (fetched.size, fetched.final_url) == (len(PAGE), f"http://wiki.test:{site.port}/wiki/Bees")
    assert site.requests[0].headers["host"] == f"wiki.test:{site.port}"
    assert site.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("path", "content_type", "disposition", "name", "media_type"),
    [
        ("/", "text/html", "", "wiki.test.html", "text/html"),
        ("/guide/?page=2", "text/html", "", "guide.html", "text/html"),
        ("/index.php", "text/html", "", "index.php.html", "text/html"),
        ("/%D0%9F%D1%87%D0%B5%D0%BB%D0%B0", "text/html", "", "Пчела.html", "text/html"),
        ("/..%2f..%2fetc%2fpasswd", "text/plain", "", "passwd.txt", "text/plain"),
        ("/README.md", "text/plain; charset=utf-8", "", "README.md", "text/markdown"),
        ("/data.csv", "application/octet-stream", "", "data.csv", "text/csv"),
        ("/feed", "application/atom+xml", "", "feed.xml", "application/xml"),
        ("/get", "application/pdf", 'attachment; filename="Year 2025.pdf"', "Year 2025.pdf", "application/pdf"),
        ("/get", "application/pdf", "attachment; filename*=UTF-8''%C3%9Cber.pdf", "Über.pdf", "application/pdf"),
        ("/get", "application/pdf", 'attachment; filename="../../run.exe"', "run.exe.pdf", "application/pdf"),
        ("/get", "application/pdf", "filename=;;=" * 500, "get.pdf", "application/pdf"),
    ],
)  # fmt: skip
def test_a_name_fits_its_type(
    site: Site, *, path: str, content_type: str, disposition: str, name: str, media_type: str
) -> None:
    site.script(page(b"x", content_type, **({"Content_Disposition": disposition} if disposition else {})))
    fetched = get(site, path)
    fetched.content.close()
    assert (fetched.name, fetched.media_type) == (name, media_type)


def test_what_was_fetched_can_be_taken_like_an_upload(site: Site) -> None:
    fetched = get(site)
    with closing(fetched.content) as file:
        taken = inspect(file, filename=fetched.name, max_bytes=MEGABYTE)
    assert (taken.name, taken.media_type, taken.size) == ("bees.html", "text/html", len(PAGE))


@pytest.mark.parametrize("content_type", ["video/mp4", "application/x-msdownload", "application/octet-stream", ""])
def test_a_type_that_cannot_be_read_is_refused_before_it_is_sent(site: Site, content_type: str) -> None:
    site.script(page(b"\x7fELF", content_type))
    with pytest.raises(UploadRefused, match="cannot be read") as error:
        get(site)
    assert error.value.code == "upload.type"


@pytest.mark.parametrize("code", [401, 403, 404, 410, 304])
def test_a_page_that_is_not_there_is_refused(site: Site, code: int) -> None:
    site.script(status(code))
    assert f"(status {code})" in refused(lambda: get(site))


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_cannot_now_may_be_asked_again(site: Site, code: int) -> None:
    site.script(status(code))
    with pytest.raises(AddressUnavailable, match="Try again later") as error:
        get(site)
    assert error.value.retryable


# --- limits ------------------------------------------------------------------------------------------------------


def test_it_stops_at_the_limit_of_a_document_that_does_not_say_its_size(site: Site) -> None:
    async def endless(request: Request, reply: Reply) -> None:
        reply.start(200, {"Content-Type": "text/plain"})
        while not reply.gone.is_set():
            reply.write(b"x" * 10_000)
            await reply.drained()
            await reply.pause(0.001)

    site.script(endless)
    with pytest.raises(UploadRefused, match=r"larger than 0\.1 MB") as error:
        get(site, max_bytes=100_000)
    assert error.value.code == "upload.too_large"


async def test_the_connection_is_closed_after_a_refusal(site: Site) -> None:
    async def waits(request: Request, reply: Reply) -> None:
        reply.start(200, {"Content-Type": "video/mp4"})
        await reply.pause(10)

    site.script(waits)
    asking = threading.Thread(target=lambda: refused(lambda: get(site)))
    asking.start()
    assert await eventually(lambda: bool(site.requests) and site.requests[0].disconnected)
    asking.join()


def test_a_document_of_exactly_the_limit_is_taken(site: Site) -> None:
    site.script(page(b"x" * 1000, "text/plain"))
    assert len(content(get(site, max_bytes=1000))) == 1000


def test_a_compressed_answer_is_not_unpacked(site: Site) -> None:
    site.script(page(gzip.compress(b"x" * 50 * MEGABYTE), "text/plain", Content_Encoding="gzip"))
    assert "compressed" in refused(lambda: get(site))


async def drip_body(request: Request, reply: Reply) -> None:
    reply.start(200, {"Content-Type": "text/plain"})
    while await reply.pause(0.02):
        reply.write(b"x")


async def drip_headers(request: Request, reply: Reply) -> None:
    reply.transport.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while await reply.pause(0.02):
        reply.transport.write(b"x")


async def no_final_answer(request: Request, reply: Reply) -> None:
    while await reply.pause(0.02):
        reply.transport.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize("step", [drip_body, drip_headers, no_final_answer])
def test_a_server_that_sends_drop_by_drop_is_left_after_the_time_limit(site: Site, step: Step) -> None:
    site.script(step)
    began = time.monotonic()
    with pytest.raises(AddressUnavailable, match="too long"):
        get(site, seconds=0.4)
    assert time.monotonic() - began < 2


def test_looking_a_name_up_counts_for_the_time_limit(site: Site) -> None:
    done = threading.Event()

    def slow(host: str, port: int, **kwargs: Any) -> list[tuple[Any, ...]]:
        done.wait(10)
        return []

    with pytest.raises(AddressUnavailable, match="too long"):
        get(site, lookup=slow, seconds=0.2)
    done.set()


def test_endless_headers_are_not_kept(site: Site) -> None:
    async def headers(request: Request, reply: Reply) -> None:
        reply.transport.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000)

    site.script(headers)
    with pytest.raises(AddressUnavailable, match="failed"):
        get(site)


# --- which addresses ---------------------------------------------------------------------------------------------

HIDDEN = [
    "127.0.0.1", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
    "0.0.0.0",  # noqa: S104  # the one that means every address
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.0.0.8",
    "192.88.99.1", "168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::", "2001:0:4136:e378::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
    "3fff::1",
]  # fmt: skip


@pytest.mark.parametrize("address", HIDDEN)
def test_an_address_that_is_not_the_public_internets(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC_IP, "2606:2800:21f:cb07::1", "64:ff9b::808:808"])
def test_an_address_that_is(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_nothing_hides_an_address_that_is_not_public_by_itself(address: ipaddress.IPv4Address) -> None:
    inside = int(address)
    within = [
        (0xFFFF << 32) | inside,
        inside,
        (0x64FF9B << 96) | inside,
        (0x2002 << 112) | (inside << 80),
        (0x20010000 << 96) | (inside ^ 0xFFFF_FFFF),
    ]
    if not is_public(str(address)):
        assert not any(is_public(str(ipaddress.IPv6Address(number))) for number in within)


@given(st.ip_addresses(v=4), st.sampled_from(["{:d}", "{:#x}", "0{:o}", "0x{:X}"]))
def test_no_number_is_taken_for_a_host(address: ipaddress.IPv4Address, spelling: str) -> None:
    with pytest.raises(UploadRefused):
        parse(f"http://{spelling.format(int(address))}/")


SPELLINGS = [
    "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://0x7f.1/", "http://127.1/",
    "http://0177.0.0.1/", "http://127.0.0.0x1/", "http://127.0.0.1.:80/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:7f00:1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/", "http://①②⑦.⓪.⓪.①/", "http://１２７.０.０.１/", "http://127%2e0%2e0%2e1/",
    "http://localhost/", "http://LOCALHOST./", "http://169.254.169.254/latest/meta-data", "http://0/", "http://0.0.0.0/",
]  # fmt: skip


@pytest.mark.parametrize("url", SPELLINGS)
def test_no_spelling_of_an_own_address_is_called(url: str) -> None:
    """With the machine's own resolver, which knows all of these; the tests' guard would report a connection."""
    with pytest.raises(UploadRefused) as error:
        fetch(url, max_bytes=MEGABYTE, allowed=["public"])
    assert error.value.code == "address.refused"


@pytest.mark.parametrize(
    "url",
    [
        "", "wiki.test", "//wiki.test/", "file:///etc/passwd", "ftp://wiki.test/", "gopher://wiki.test/", "http://",
        "http:///bees", "http://bob@wiki.test/", "http://bob:secret@wiki.test/", "http://public.test\\@127.0.0.1/",
        "http://wiki.test:99999999/", "http://a b/", "http://wiki.test:0/", "http://wiki..test/", "http://[v1.a]/",
        "http://wiki.test\r\nX: y/", f"http://{'a' * 64}.test/", f"http://{'a.' * 150}test/", "http://wiki,test/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    names = Names(wiki_test="127.0.0.1")
    assert "http" in refused(lambda: fetch(url, max_bytes=1, allowed=["public", "wiki.test"], lookup=names))
    assert not names.asked


@pytest.mark.parametrize(
    ("url", "allowed", "expected"),
    [
        ("https://example.org/", ["public"], True),
        ("http://example.org:443/", ["public"], True),
        ("http://example.org:6379/", ["public"], False),
        ("https://example.org/", ["off"], False),
        ("https://example.org/", [], False),
        ("http://off/", ["off"], False),
        ("http://public:80/", ["public", "off"], True),  # by its name only: what it resolves to is still looked at
        ("https://example.org/", ["EXAMPLE.org"], True),
        ("https://example.org./", ["example.org"], True),
        ("https://example.org:8443/", ["example.org"], False),
        ("https://example.org:8443/", ["example.org:8443"], True),
        ("https://example.org/", ["example.org:8443"], False),
        ("https://example.org/", ["example.org:443"], True),
        ("http://example.org/", ["example.org:443"], False),
        ("https://www.example.org/", ["example.org"], False),
        ("https://example.org.evil.test/", ["example.org"], False),
        ("https://müller.test/", ["xn--mller-kva.test"], True),
        ("https://xn--mller-kva.test/", ["Müller.test"], True),
        ("http://[::1]:8000/", ["[0::1]:8000"], True),
        ("http://[::1]/", ["::1"], True),
        ("http://wiki/", ["wi ki", "wiki:many", "http://wiki/"], False),
    ],
)
def test_the_operators_list(url: str, allowed: list[str], expected: bool) -> None:
    assert is_allowed(parse(url), allowed=allowed) is expected


def test_a_host_called_public_is_not_named_by_the_word() -> None:
    names = Names(public="127.0.0.1")
    assert "may not read" in refused(lambda: fetch("http://public/", max_bytes=1, allowed=["public"], lookup=names))


def test_nothing_is_even_looked_up_where_the_operator_allows_nothing() -> None:
    names = Names(example_org=PUBLIC_IP)
    message = refused(lambda: fetch("http://example.org/", max_bytes=1, allowed=["off"], lookup=names))
    assert "RAZGOVOR_WEB_ADDRESSES" in message
    assert not names.asked


@pytest.mark.parametrize(
    "addresses", [["10.1.2.3"], [PUBLIC_IP, "10.1.2.3"], ["10.1.2.3", PUBLIC_IP], ["::ffff:10.1.2.3"]]
)
def test_every_address_of_a_name_must_be_public_and_none_is_told(addresses: list[str]) -> None:  # fmt: skip
    names = Names(rebound_test=[addresses])
    message = refused(lambda: fetch("http://rebound.test/", max_bytes=1, allowed=["public"], lookup=names))
    assert "rebound.test" in message
    assert "10." not in message


def test_a_name_that_nobody_has_may_be_tried_again() -> None:
    with pytest.raises(AddressUnavailable, match=r"missing\.test was not found"):
        fetch("http://missing.test/", max_bytes=1, allowed=["public"], lookup=Names())


def test_the_connection_goes_to_the_address_that_was_checked(site: Site) -> None:
    names = Names(wiki_test=[["127.0.0.1"], ["127.0.0.2"]])
    get(site, lookup=names).content.close()
    assert names.asked == ["wiki.test"]
    assert len(site.requests) == 1


def test_a_name_that_leads_home_the_second_time_is_connected_to_where_it_led_first() -> None:
    names = Names(rebound_test=[[PUBLIC_IP], ["127.0.0.1"]])
    with pytest.raises((NetworkForbidden, ExceptionGroup)) as attempt:
        fetch("http://rebound.test/", max_bytes=1, allowed=["public"], lookup=names)
    forbidden = attempt.value
    while isinstance(forbidden, ExceptionGroup):
        (forbidden,) = forbidden.exceptions
    assert isinstance(forbidden, NetworkForbidden)
    assert PUBLIC_IP in str(forbidden)
    assert names.asked == ["rebound.test"]


def test_the_next_address_is_tried_where_the_first_takes_no_connection(site: Site) -> None:
    get(site, lookup=Names(wiki_test=[["127.0.0.9", "127.0.0.1"]])).content.close()
    assert len(site.requests) == 1


def test_proxies_of_the_environment_are_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with Site() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.root)
        get(site).content.close()
        assert proxy.requests == []
    assert len(site.requests) == 1


# --- redirects ---------------------------------------------------------------------------------------------------


def test_a_redirect_is_followed_to_its_end(site: Site) -> None:
    site.script(status(302, Location="../hives?all=1#top"), status(308, Location=f"http://WIKI.test:{site.port}/end"))
    fetched = get(site, "/a/b")
    fetched.content.close()
    assert [request.path for request in site.requests] == ["/a/b", "/hives?all=1", "/end"]
    assert (fetched.name, fetched.final_url) == ("end.html", f"http://wiki.test:{site.port}/end")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "//[::1]/", "http://2130706433/",
        "http://inner.test/", "file:///etc/passwd", "http://bob:secret@wiki.test/", "http://[", "gopher://wiki.test/",
    ],
)  # fmt: skip
def test_a_redirect_into_the_own_network_is_refused(site: Site, location: str) -> None:
    site.script(status(302, Location=location))
    names = Names(wiki_test="127.0.0.1", inner_test="10.0.0.7")
    with pytest.raises(UploadRefused) as error:
        get(site, allowed=["public"], lookup=names)
    assert error.value.code == "address.refused"
    assert len(site.requests) == 1


def test_a_redirect_is_looked_up_and_checked_again(site: Site) -> None:
    """The name has moved to a private address in between."""
    site.script(status(302, Location=f"http://127.0.0.1:{site.port}/"))
    assert "may not read from 127.0.0.1" in refused(lambda: get(site))


def test_redirects_that_do_not_end_are_given_up(site: Site) -> None:
    site.script(*[status(302, Location="/again")] * 10)
    assert "more than 5 times" in refused(lambda: get(site))
    assert len(site.requests) == 6


def test_a_cookie_is_not_carried_to_another_name_at_the_same_address(site: Site) -> None:
    other = f"http://other.test:{site.port}/"
    site.script(status(302, Location=other, **{"Set-Cookie": "session=secret"}))
    names = Names(wiki_test="127.0.0.1", other_test="127.0.0.1")
    get(site, allowed=[f"other.test:{site.port}"], lookup=names).content.close()
    first, second = site.requests
    assert second.headers["host"] == f"other.test:{site.port}"
    assert "cookie" not in second.headers
    assert first.client != second.client  # nor is the connection, whose certificate is the first name's


# --- TLS ---------------------------------------------------------------------------------------------------------


class SecureSite:
    """Shows a certificate for one name and answers each connection with the page; `asked_for` is what clients named."""

    def __init__(self, certificate: Path) -> None:
        self.asked_for: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _socket, name, _context: self.asked_for.append(name)
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> SecureSite:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                with client, self._context.wrap_socket(client, server_side=True) as secure:
                    secure.recv(65_536)
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PAGE)
                    secure.sendall(head + PAGE)
            except OSError:
                continue  # the client did not like the certificate


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of wiki.test, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "wiki.test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("wiki.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "wiki.test.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def get_secure(site: SecureSite, name: str) -> Fetched:
    host = f"{name}:{site.port}"
    names = Names(wiki_test="127.0.0.1", other_test="127.0.0.1")
    return fetch(f"https://{host}/", max_bytes=MEGABYTE, allowed=[host], lookup=names)


def test_the_certificate_is_checked_against_the_name_though_the_connection_goes_to_an_address(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with SecureSite(certificate) as site:
        assert content(get_secure(site, "wiki.test")) == PAGE
        assert site.asked_for == ["wiki.test"]


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with SecureSite(certificate) as site:
        assert "certificate is not valid" in refused(lambda: get_secure(site, name))


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with SecureSite(certificate) as site:
        assert "certificate is not valid" in refused(lambda: get_secure(site, "wiki.test"))


# --- readable text -----------------------------------------------------------------------------------------------

ARTICLE = """<html><head><title>Guide to bees - Beekeepers &amp; friends</title></head><body>
<nav><a href="/">Home</a><a href="/shop">Our shop</a></nav>
<article><h1>Guide to bees</h1>
<p>Bees are insects that live in hives; a hive has about 40,000 of them in summer and far fewer in winter.</p>
<h2>Kinds of bees</h2><p>There are three kinds of bees in each hive, and each has its own work through the year.</p>
<ul><li>the queen</li><li>the drones</li><li>the workers</li></ul>
<h3>Numbers</h3><table><tr><th>Kind</th><th>Count</th></tr><tr><td>Queen</td><td>1</td></tr>
<tr><td>Workers</td><td>40 &lt; 50</td></tr></table></article>
<footer>We use cookies. Accept all</footer></body></html>"""


def parsed(page: bytes, *, charset: str = "") -> ParsedDocument:
    """As it is read: in the encoding that the server has said, and without what is around the text."""
    made = readable(in_utf8(io.BytesIO(page), charset).read(), url="https://bees.test/guide")
    return parser_for("text/html").parse(io.BytesIO(made), filename="guide.html", report=lambda _done, _all: None)


def test_the_text_of_a_page_keeps_its_headings_lists_and_tables_and_loses_the_rest() -> None:
    document = parsed(ARTICLE.encode())
    assert document.title == "Guide to bees - Beekeepers & friends"
    headings = {section.heading[-1] for section in document.sections if section.heading}
    assert headings >= {"Kinds of bees", "Numbers"}
    assert "40,000 of them" in document.text
    assert "- the drones" in document.text
    assert "40 < 50" in document.text
    assert "shop" not in document.text
    assert "cookies" not in document.text


def test_a_manual_of_which_too_much_would_be_left_out_stays_whole() -> None:
    entries = "".join(
        f"<dt>Key {n}</dt><dd>Moves the frame of the hive number {n} a little up.</dd>" for n in range(40)
    )
    told = "".join(
        f"<p>In year {n} the bees of the old hive lived through the winter, and flew in spring.</p>" for n in range(30)
    )
    page = ARTICLE.replace(
        "</article>", f'{told}<section id="menus"><h2>Menus</h2><dl>{entries}</dl></section></article>'
    )
    text = parsed(page.encode()).text
    assert "hive number 39" in text
    assert "40,000 of them" in text


def test_the_charset_of_the_server_goes_before_the_pages_own() -> None:
    page = ARTICLE.replace("Bees are insects", "Пчеле су инсекти").replace("<head>", '<head><meta charset="latin1">')
    document = parsed(page.encode("koi8-r", "replace"), charset="koi8-r")
    assert "Пчеле су инсекти" in document.sections[0].text


def test_a_page_that_stays_as_it_is_keeps_the_charset_of_the_server() -> None:
    page = '<meta charset="latin1"><p>Пчеле.</p>'.encode("koi8-r")
    assert parsed(page, charset="koi8-r").text == "Пчеле."


@pytest.mark.parametrize("page", [b"", b"<p>Short.</p>", b"<title>Bees</title>", b"\x00\xff\xfe", b"<" * 1000])
def test_a_page_without_an_article_stays_as_it_is(page: bytes) -> None:
    made = readable(page, url="https://bees.test/guide")
    assert made in (page, codecs.BOM_UTF8 + page)


def test_a_title_cannot_bring_markup_along() -> None:
    page = ARTICLE.replace("Guide to bees", "&lt;/title&gt;&lt;h1&gt;Owned")
    made = readable(page.encode(), url="https://bees.test/guide")
    assert b"&lt;/title&gt;" in made
    assert made.lower().count(b"</title>") == 1


@settings(deadline=None)  # the first page loads the library
@given(st.binary(max_size=300))
def test_no_bytes_of_a_page_make_it_fail(page: bytes) -> None:
    try:
        readable(b"<html><body><p>" + page, url="https://bees.test/")
    except IngestionError as error:
        pytest.fail(error.message)


def test_a_page_that_nests_very_deep_comes_back_in_time() -> None:
    began = time.monotonic()
    readable(b"<div>" * 50_000 + b"deep", url="https://bees.test/")
    assert time.monotonic() - began < 20
