"""Asks whether a worker is there, through the broker, as `celery inspect ping` does."""

from __future__ import annotations

from celery import Celery
from kombu.exceptions import OperationalError

from project.probes import ProbeFailed


def probe_worker(broker_url: str) -> None:
    """Raise `ProbeFailed` unless some worker answers within half a second."""
    with Celery("probe", broker=broker_url, set_as_current=False) as app, app.connection() as connection:
        # A broker that dies in the middle of the question raises what its own client raises.
        away = (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors)
        try:
            answers = app.control.ping(timeout=0.5, limit=1, connection=connection)
        except away as error:
            raise ProbeFailed(type(error).__name__) from error
    if not answers:
        raise ProbeFailed("no answer")
