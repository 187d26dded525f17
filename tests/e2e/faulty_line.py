"""A line to the product that is slow, and breaks when a test says so."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE_BYTES = 16 * 1024


class FaultyLine:
    """Listens on `port` and carries every connection to `target`; `sent` counts the bytes that the product was sent."""

    def __init__(self, target: int, *, bytes_per_second: int) -> None:
        self.target, self.bytes_per_second = target, bytes_per_second
        self.sent = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        """End every connection, and refuse new ones: what a browser sees of a server that is started again."""
        _shut(self._listener)
        with self._lock:
            for each in self._open:
                _shut(each)
            self._open.clear()

    def mend(self) -> None:
        self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _address = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                with self._lock:
                    self._open |= {near, far}
                for source, sink, is_upwards in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._carry, args=[source, sink, is_upwards], daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_upwards: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                sink.sendall(piece)
                if is_upwards:
                    self.sent += len(piece)
                    time.sleep(len(piece) / self.bytes_per_second)
        for each in (source, sink):
            _shut(each)


@contextmanager
def faulty_line(target: int, *, bytes_per_second: int) -> Iterator[FaultyLine]:
    line = FaultyLine(target, bytes_per_second=bytes_per_second)
    try:
        yield line
    finally:
        line.cut()


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for it, which closing does not
    each.close()
