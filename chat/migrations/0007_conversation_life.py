"""Conversations are pinned, archived, imported and deleted for a while; turns have their words to search for."""

from django.db import migrations, models

BATCH = 500


def fold(apps, _schema_editor):
    """Give the turns that are there their words, without reading their traces."""
    from chat.conversations.searching import folded_text

    turns = apps.get_model("chat", "Turn")._base_manager
    ids = list(turns.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        batch = list(turns.filter(pk__in=ids[start : start + BATCH]).only("question", "answer", "draft"))
        for turn in batch:
            turn.folded = folded_text(turn.question, turn.answer, turn.draft)
        turns.bulk_update(batch, ["folded"])


class Migration(migrations.Migration):

    dependencies = [
        ("chat", "0006_checked_answers"),
    ]

    operations = [
        migrations.AddField("conversation", "pinned_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("conversation", "archived_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("conversation", "imported_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("conversation", "deleted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("turn", "folded", models.TextField(blank=True, default="", editable=False)),
        migrations.AddIndex(
            "conversation",
            models.Index(fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False), name="chat_deleted_at"),
        ),
        migrations.RunPython(fold, migrations.RunPython.noop, elidable=True),
    ]
