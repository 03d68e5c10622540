# What the workspace knows of itself: keys, served, backups, a clock that was wrong.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0006_serving'),
    ]

    operations = [
        migrations.CreateModel(
            name='BackupRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('backup', models.CharField(max_length=32, unique=True)),
                ('failure', models.TextField(blank=True)),
                ('path', models.TextField()),
                ('scheduled', models.BooleanField(default=False)),
                ('made_at', models.DateTimeField()),
                ('entries', models.BigIntegerField(default=0)),
                ('pictures', models.BigIntegerField(default=0)),
                ('size', models.BigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('rehearsed_at', models.DateTimeField(null=True)),
                ('rehearsal_ok', models.BooleanField(null=True)),
                ('rehearsal', models.TextField(blank=True)),
                ('removed_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'backup_record',
            },
        ),
        migrations.CreateModel(
            name='WorkspaceState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('keys', models.JSONField()),
                ('served_entry', models.BigIntegerField(null=True)),
                ('version', models.CharField(max_length=80)),
            ],
            options={
                'db_table': 'workspace_state',
            },
        ),
        migrations.CreateModel(
            name='ClockFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.BigIntegerField(unique=True)),
                ('ahead', models.CharField(max_length=23)),
                ('clock', models.CharField(max_length=23)),
                ('noticed_at', models.DateTimeField(auto_now_add=True)),
                ('told_at', models.DateTimeField(null=True)),
                ('explanation', models.TextField(blank=True)),
                ('wrong', models.CharField(blank=True, max_length=12)),
                ('closed_entry', models.BigIntegerField(null=True)),
                ('explained_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'clock_fault',
            },
        ),
    ]
