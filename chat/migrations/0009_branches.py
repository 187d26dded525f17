"""A conversation becomes a tree; the turns that are there become a chain in the order in which they were asked."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery


def chain(apps, _schema_editor):
    """Each turn follows the one before it. One statement, by the index over conversation and time."""
    turns = apps.get_model("chat", "Turn")._base_manager
    earlier = turns.filter(
        Q(created_at__lt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__lt=OuterRef("pk")),
        conversation=OuterRef("conversation"),
    )
    turns.update(parent=Subquery(earlier.order_by("-created_at", "-pk").values("pk")[:1]))


class Migration(migrations.Migration):
    dependencies = [("chat", "0008_folders_and_shares")]

    operations = [
        migrations.AddField(
            "conversation",
            "head",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="chat.turn"
            ),
        ),
        migrations.AddField(
            "turn",
            "parent",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="chat.turn"
            ),
        ),
        migrations.AddField(
            "turn",
            "chosen_provider",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="chat.provider"
            ),
        ),
        migrations.AddField("turn", "can_go_on", models.BooleanField(default=False)),
        migrations.AddField(
            "turn",
            "continues",
            models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="chat.turn"
            ),
        ),
        migrations.RunPython(chain, migrations.RunPython.noop, elidable=True),
    ]
