"""Versions of documents, files inside files, a document's history, and how an organisation wants its files read."""

import django.db.models.deletion
import django.db.models.manager
import uuid
from django.conf import settings
from django.db import migrations, models
from django.db.models import F


def fill(apps, _schema_editor):
    """What is there is the first version of itself, and is searched as it was."""
    documents = apps.get_model("ingestion", "Document")._base_manager
    documents.update(series=F("id"))
    documents.filter(status__in=["ready", "running"]).update(searchable=True)
    documents.filter(status="ready").update(ready_at=F("updated_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('ingestion', '0004_chunk_last_page'),
        ('tenants', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='document',
            name='seconds_left',
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(fields=['status', 'tenant', 'created_at'], name='document_queue'),
        ),
        migrations.CreateModel(
            name='DocumentEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('kind', models.CharField(choices=[('uploaded', 'Uploaded'), ('started', 'Reading began'), ('ready', 'Ready'), ('failed', 'Failed'), ('postponed', 'To be tried again'), ('taken_over', 'The process that read it ended; another one goes on'), ('cancelled', 'Cancelled'), ('retried', 'Tried again by hand'), ('reread', 'To be read from the beginning'), ('restored', 'Restored as the newest version'), ('superseded', 'Replaced by a newer version'), ('moved', 'Moved to another collection')], max_length=12)),
                ('actor_name', models.CharField(blank=True, max_length=254)),
                ('detail', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['at', 'pk'],
                'abstract': False,
                'base_manager_name': 'all_tenants',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('all_tenants', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='IngestionSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ocr_languages', models.JSONField(blank=True, default=list)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'all_tenants',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('all_tenants', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='document',
            name='folder',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='document',
            name='left_out',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='document',
            name='not_before',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='document',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', related_query_name='child', to='ingestion.document'),
        ),
        migrations.AddField(
            model_name='document',
            name='ready_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='document',
            name='searchable',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='document',
            name='series',
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name='document',
            name='source_url',
            field=models.CharField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='document',
            name='started_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='document',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name='document',
            name='status',
            field=models.CharField(choices=[('queued', 'Waiting'), ('running', 'Being read'), ('ready', 'Ready'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('superseded', 'Older version'), ('deleting', 'Being deleted')], default='queued', max_length=10),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(fields=['tenant', 'series', '-version'], name='document_versions'),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(fields=['tenant', '-started_at'], name='document_last_served'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.UniqueConstraint(fields=('tenant', 'series', 'version'), name='version_once_per_series'),
        ),
        migrations.AddField(
            model_name='documentevent',
            name='document',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ingestion.document'),
        ),
        migrations.AddField(
            model_name='documentevent',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='ingestionsettings',
            name='tenant',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant'),
        ),
        migrations.AddIndex(
            model_name='documentevent',
            index=models.Index(fields=['document', 'at'], name='document_history'),
        ),
        migrations.AddConstraint(
            model_name='ingestionsettings',
            constraint=models.UniqueConstraint(fields=('tenant',), name='ingestion_settings_once_per_tenant'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('searchable', False), ('status__in', ['queued', 'running', 'ready']), _connector='OR'), name='what_has_ended_otherwise_is_not_searched'),
        ),
    ]
