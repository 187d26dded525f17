from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.network_guard import NetworkForbidden


def test_it_forbids_addresses_of_other_machines() -> None:
    with socket.socket() as outgoing, pytest.raises(NetworkForbidden):
        outgoing.connect(("192.0.2.1", 80))


def test_it_forbids_them_to_callers_that_want_a_code_instead_of_an_exception() -> None:
    with socket.socket() as outgoing, pytest.raises(NetworkForbidden):
        outgoing.connect_ex(("192.0.2.1", 80))


def test_it_forbids_looking_up_names() -> None:
    with pytest.raises(NetworkForbidden):
        socket.getaddrinfo("example.org", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_allows_this_machine(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(
            server.getsockname()[:2] if host != "localhost" else (host, server.getsockname()[1])
        ).close()


def test_it_allows_unix_sockets(tmp_path: Path) -> None:
    path = f"{tmp_path}/s"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        assert client.getpeername() == path
