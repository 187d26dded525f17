"""The database's connections, of which a server has room for some hundred."""

from __future__ import annotations

from django.db import connection


def let_go() -> None:
    """Give this thread's connection back before it waits for something else; the next query takes a new one."""
    if not connection.in_atomic_block:
        connection.close()
