"""Turns and links know what was imported, and conversations how large their file was."""

from datetime import datetime, timedelta

from django.db import migrations, models
from django.db.models import F

AFTERWARDS = timedelta(seconds=1)
"""What a file said to be of the future was written some microseconds after the import; the next question came later."""


def mark(apps, _schema_editor):
    """Also in the links that there are. Those for anyone that show something imported end."""
    turns = apps.get_model("chat", "Turn")._base_manager
    before = turns.filter(created_at__lte=F("conversation__imported_at") + AFTERWARDS)
    turns.filter(pk__in=before.values("pk")).update(imported=True)
    shares = apps.get_model("chat", "Share")._base_manager.exclude(conversation__imported_at=None)
    for pk in list(shares.values_list("pk", flat=True)):
        share = shares.select_related("conversation").get(pk=pk)
        until = share.conversation.imported_at + AFTERWARDS
        for turn in share.snapshot["turns"]:
            turn["imported"] = datetime.fromisoformat(turn["asked_at"]) <= until
        if not any(turn["imported"] for turn in share.snapshot["turns"]):
            continue
        if share.audience == "public":
            share.delete()
        else:
            share.save(update_fields=["snapshot"])


class Migration(migrations.Migration):

    dependencies = [
        ("chat", "0013_rating_reason"),
    ]

    operations = [
        migrations.AddField("conversation", "imported_bytes", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField("turn", "imported", models.BooleanField(default=False, editable=False)),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
    ]
