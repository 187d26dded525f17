"""The page on which a source ends, as its chunk says; of a document that is gone nobody knows any more."""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def fill(apps, _schema_editor):
    chunks = apps.get_model("ingestion", "Chunk")._base_manager.filter(pk=OuterRef("chunk_id"))
    sources = apps.get_model("chat", "Source")._base_manager.filter(page__isnull=False)
    sources.update(last_page=Subquery(chunks.values("last_page")[:1]))


class Migration(migrations.Migration):

    dependencies = [
        ("chat", "0002_initial"),
        ("ingestion", "0004_chunk_last_page"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="last_page",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
