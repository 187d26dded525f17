"""`manage.py prepare`: tables, static files and the first account. Doing it twice changes nothing."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from project import static_files
from project.checks import CONFIGURATION
from project.errors import AppError
from project.first_run import first_run


class Command(BaseCommand):
    help = "Bring the database and the static files up to date, and make the first account. Its last line is JSON."
    requires_system_checks = ()  # made below, to be told in one sentence

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="leave static files alone, as in an image")

    def handle(self, *_args: Any, no_static: bool, **_options: Any) -> None:
        require_configuration()
        try:
            if migrations_wait():
                call_command("migrate", interactive=False)
            if not no_static:
                static_files.collect()
            outcome = first_run(password=settings.ADMIN_PASSWORD)
        except CommandError as error:
            raise CommandError(" ".join(str(error).split())) from error  # on the one line that `up` shows
        except (DatabaseError, OSError, AppError) as error:
            raise CommandError(f"Could not prepare {settings.VAR} or its database: {error}") from error
        self.stdout.write(json.dumps({"email": outcome.email, "created": outcome.created}))


def require_configuration() -> None:
    for issue in checks.run_checks(tags=[CONFIGURATION]):
        if issue.is_serious():
            raise CommandError(f"{issue.msg} {issue.hint or ''}".strip())


def migrations_wait() -> bool:
    """Whether there is a migration to apply; asking is quicker than `migrate`, which always ends with its signals."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
