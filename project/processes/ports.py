"""Ports that nothing listens on."""

from __future__ import annotations

import contextlib
import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
"""Below the range that outgoing connections are numbered from, so that none of them takes a port before its server."""


def free_ports(count: int) -> list[int]:
    """Return `count` distinct ports that are free on the loopback address now. Nothing reserves them."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - no secret
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
        return ports
