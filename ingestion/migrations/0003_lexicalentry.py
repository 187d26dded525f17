"""The lexical index. On PostgreSQL its terms are a column of the table; on SQLite each tenant has an FTS5 table, which
is made when its first passage comes."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

TABLE = "ingestion_lexicalentry"


def add_terms(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} ADD COLUMN terms tsvector NOT NULL")
        schema_editor.execute(f"CREATE INDEX lexical_entry_terms ON {TABLE} USING gin (terms)")


class Migration(migrations.Migration):

    dependencies = [
        ("tenants", "0001_initial"),
        ("ingestion", "0002_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LexicalEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chunk_id", models.UUIDField()),
                ("document_id", models.UUIDField()),
                ("collection_id", models.UUIDField()),
                ("language", models.CharField(blank=True, max_length=12)),
                ("length", models.PositiveIntegerField(help_text="terms")),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "db_table": TABLE,
                "abstract": False,
                "base_manager_name": "all_tenants",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_tenants", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddConstraint(
            model_name="lexicalentry",
            constraint=models.UniqueConstraint(fields=("tenant", "chunk_id"), name="lexical_entry_once_per_chunk"),
        ),
        migrations.AddIndex(
            model_name="lexicalentry",
            index=models.Index(fields=["tenant", "document_id"], name="lexical_entry_document"),
        ),
        migrations.AddIndex(
            model_name="lexicalentry",
            index=models.Index(fields=["tenant", "language"], name="lexical_entry_language"),
        ),
        migrations.RunPython(add_terms, migrations.RunPython.noop),
    ]
