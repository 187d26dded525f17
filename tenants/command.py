"""The base of every management command that works on one tenant."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from project.errors import AppError
from tenants.access import Access, operator_access


class TenantCommand(BaseCommand):
    """Adds `--tenant SLUG` and `--json`. Subclasses return plain data from `run`, and say it in words in `say`."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", required=True, metavar="SLUG", help="the organisation to work on")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            failed = self._handle(options)
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever read this has seen enough, as in `… | head -1`. What Python would still flush goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(128 + signal.SIGPIPE)
        if failed:
            sys.exit(1)

    def _handle(self, options: dict[str, Any]) -> bool:
        """Work and tell; return whether the exit code is 1."""
        try:
            result = self.run(operator_access(options["tenant"]), options)
        except AppError as error:
            if not options["json"]:
                raise CommandError(error.message) from error
            body = {"code": error.code, "message": error.message, "retryable": error.retryable}
            self.stdout.write(json.dumps({"error": body}, ensure_ascii=False))
            return True
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2, default=str))
        else:
            self.say(result)
        return self.failed(result)

    def run(self, access: Access, options: dict[str, Any]) -> dict[str, Any]:
        """Do the work. Raise `AppError` when it cannot be done."""
        raise NotImplementedError

    def say(self, result: dict[str, Any]) -> None:
        raise NotImplementedError

    def failed(self, _result: dict[str, Any]) -> bool:
        """Whether the command's exit code is 1."""
        return False
