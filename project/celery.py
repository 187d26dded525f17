"""The Celery application: `celery -A project worker -B`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("razgovor")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="pull")  # downloads of models, in a module of their own
app.autodiscover_tasks(related_name="resumable_tasks")
