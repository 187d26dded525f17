"""The root of every error that a person may see.

AppError
├── tenants.errors.TenancyError      who may do what
├── ingestion.errors.IngestionError  what happened to a document
└── chat.errors.ChatError            what happened to a question

An `AppError` carries a stable `code` for programs, a sentence for people that says what happened and what to do,
and whether trying again can help. Anything else that is raised is a bug: the reader gets a generic sentence with an
id, the log gets the trace.
"""

from __future__ import annotations


class AppError(Exception):
    """An expected failure.

    `message` is safe to show to the person who caused it; the vendor's exception is chained as `__cause__` for the log.
    """

    code = "error"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable
