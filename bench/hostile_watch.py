"""What a hostile file does to the machine: the memory that the product takes, and requests to the files' address."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from bench.processes import resident

SAMPLE_S = 0.05
ADDRESS = ("127.0.0.1", 9)
"""Where the files have their links, pictures and entities: a port that nobody has a use for."""


class Memory:
    """Samples what all processes below the supervisor have in memory, in MB, from `begin` to `growth`."""

    def __init__(self, supervisor: int) -> None:
        self._supervisor = supervisor
        self._over = threading.Event()
        self._before: dict[str, float] = {}
        self._peak: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="memory")

    def __enter__(self) -> Memory:
        self.begin()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def begin(self) -> None:
        """What they have now is the idle level."""
        self._before = self._peak = resident(self._supervisor)

    def growth(self) -> tuple[float, str]:
        """Return the largest sum since `begin` above that of then, and the process that has grown most for it."""
        each = {name: value - self._before.get(name, 0.0) for name, value in self._peak.items()}
        return sum(each.values()), max(each, key=each.__getitem__)

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            now = resident(self._supervisor)
            if sum(now.values()) > sum(self._peak.values()):
                self._peak = now


class Listener:
    """Counts who connects to `ADDRESS`. `listening` is False where the port cannot be had."""

    def __init__(self) -> None:
        self.connections = 0
        self.listening = False
        self._socket = socket.socket()

    def __enter__(self) -> Listener:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            self._socket.bind(ADDRESS)
            self._socket.listen()
            self.listening = True
            threading.Thread(target=self._run, name="listener", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _run(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _address = self._socket.accept()
                self.connections += 1
                connection.close()
