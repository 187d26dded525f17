"""What can happen in the quality lab."""

from __future__ import annotations

from chat.errors import ChatError


class QualityRefused(ChatError):
    """What was asked for cannot be done as it is; the message says what to change."""

    code = "quality.refused"


class ImportRefused(QualityRefused):
    """A file of golden questions with mistakes; nothing of it was taken. `problems` are sentences, one for each row."""

    code = "quality.import_refused"

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems
