"""Log lines carry the id of the request that they belong to, so that a reader's error id finds its trace."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def configuration(*, line_format: str, level: str) -> dict[str, Any]:
    """What `LOGGING` is set to; `line_format` is "json" or "line"."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "project.logs.RequestIdFilter"}},
        "formatters": {
            "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "{asctime}{levelname}{name}{request_id}{message}",
                "style": "{",
            },
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json" if line_format == "json" else "line",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},
            "chromadb": {"level": "WARNING"},
            "trafilatura": {"level": "CRITICAL"},  # odd pages are no errors of ours
        },
    }
