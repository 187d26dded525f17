"""Questions may come with pictures, and providers may say whether their model takes any."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tenants", "0002_apikey"),
        ("chat", "0009_branches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "provider",
            "sees",
            models.CharField(
                choices=[
                    ("auto", "Automatic: by what Ollama says of it, or by its name"),
                    ("yes", "It can"),
                    ("no", "It cannot"),
                ],
                default="auto",
                max_length=4,
            ),
        ),
        migrations.AddField("turn", "image_count", models.PositiveSmallIntegerField(default=0)),
        migrations.CreateModel(
            "QuestionImage",
            [
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("name", models.CharField(max_length=255)),
                ("file", models.FileField(max_length=200, upload_to="")),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("text", models.TextField(blank=True)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "turn",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="chat.turn"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["position", "created_at"],
                "abstract": False,
                "base_manager_name": "all_tenants",
                "indexes": [
                    models.Index(
                        condition=models.Q(("turn", None)), fields=["created_at"], name="chat_image_unasked"
                    )
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_tenants", django.db.models.manager.Manager()),
            ],
        ),
    ]
