"""The page on which a chunk ends, which the sections know of chunks that are there already."""

from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps, _schema_editor):
    begun_inside = (
        apps.get_model("ingestion", "DocumentSection")
        ._base_manager.filter(
            document_id=OuterRef("document_id"),
            start__gt=OuterRef("start"),
            start__lt=OuterRef("end"),
            page__isnull=False,
        )
        .order_by("-start")
    )
    chunks = apps.get_model("ingestion", "Chunk")._base_manager.filter(page__isnull=False)
    chunks.update(last_page=Coalesce(Subquery(begun_inside.values("page")[:1]), F("page")))


class Migration(migrations.Migration):

    dependencies = [
        ("ingestion", "0003_lexicalentry"),
    ]

    operations = [
        migrations.AddField(
            model_name="chunk",
            name="last_page",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
