from __future__ import annotations

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"

    def ready(self) -> None:
        # So that every process sends tasks to the broker of the settings, and refuses settings that cannot work.
        from project import celery, checks  # noqa: F401
