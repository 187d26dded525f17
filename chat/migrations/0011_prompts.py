"""Saved prompts, documents that a question is searched in, and whether further questions are suggested."""

import django.core.validators
import django.db.models.deletion
import django.db.models.manager
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0010_images'),
        ('tenants', '0002_apikey'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='answersettings',
            name='suggests',
            field=models.BooleanField(default=True, help_text='Below an answer stand questions that the documents answer as well.'),
        ),
        migrations.AddField(
            model_name='turn',
            name='document_ids',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='SavedPrompt',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.SlugField(allow_unicode=True, help_text='What is typed after the slash: letters, digits, - and _.', max_length=40, verbose_name='Name')),
                ('text', models.TextField(help_text='What stands in double braces, for example {{product}}, is filled in each time.', validators=[django.core.validators.MaxLengthValidator(4000)], verbose_name='Text')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('owner', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'ordering': ['name'],
                'abstract': False,
                'base_manager_name': 'all_tenants',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'owner', 'name'), name='prompt_name_once_per_owner'), models.UniqueConstraint(condition=models.Q(('owner', None)), fields=('tenant', 'name'), name='prompt_name_once_in_common')],
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('all_tenants', django.db.models.manager.Manager()),
            ],
        ),
    ]
