# Written by `makemigrations` of Django 5.2.19 on 2026-11-30 10:25

import django.db.models.deletion
import plainview.casework.models.webhooks
from django.db import migrations, models
from django.utils import timezone

from plainview.casework.migrations._at_once import AtOnce


def take_over(apps, schema_editor):
    """Let messages begin with the next entry where a webhook exists, and take over those still due about alerts."""
    model = {name: apps.get_model("casework", name) for name in ("Webhook", "WebhookMark", "LogEntry", "Notice", "Delivery")}
    if not model["Webhook"].objects.filter(removed_at=None).exists():
        return
    newest = model["LogEntry"].objects.order_by("-seq").values_list("seq", flat=True).first()
    model["WebhookMark"].objects.create(pk=1, seq=0 if newest is None else newest + 1)
    now = timezone.now()
    due = model["Notice"].objects.filter(webhook__isnull=False, sent_at=None, given_up_at=None)
    for notice in due.select_related("search__alert", "webhook"):
        model["Delivery"].objects.create(
            webhook=notice.webhook,
            message=f"notice_{notice.pk}",
            type="alert.raised",
            data={"alert": notice.search.alert.public_id, "search": notice.search.public_id},
            happened_at=notice.search.requested_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            due_at=now,
        )
        notice.given_up_at = now
        notice.save()


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0004_pictures'),
    ]

    operations = [
        AtOnce([
            migrations.AddField(
                model_name='feed',
                name='every_hours',
                field=models.PositiveSmallIntegerField(db_default=0),
            ),
            migrations.AddField(
                model_name='feed',
                name='grace_days',
                field=models.PositiveSmallIntegerField(null=True),
            ),
            migrations.AddField(
                model_name='feed',
                name='hosts',
                field=models.JSONField(null=True),
            ),
            migrations.AddField(
                model_name='feed',
                name='last_note',
                field=models.TextField(db_default=''),
            ),
            migrations.AddField(
                model_name='feed',
                name='last_run_at',
                field=models.DateTimeField(null=True),
            ),
            migrations.AddField(
                model_name='feed',
                name='listed',
                field=models.PositiveIntegerField(db_default=0),
            ),
            migrations.AddField(
                model_name='feed',
                name='listed_at',
                field=models.DateTimeField(null=True),
            ),
            migrations.AddField(
                model_name='feed',
                name='mapping',
                field=models.JSONField(null=True),
            ),
            migrations.AddField(
                model_name='feed',
                name='preset',
                field=models.CharField(db_default='', max_length=40),
            ),
            migrations.AddField(
                model_name='feed',
                name='purpose',
                field=models.TextField(db_default=''),
            ),
            migrations.AddField(
                model_name='feed',
                name='terms',
                field=models.TextField(db_default=''),
            ),
            migrations.AddField(
                model_name='feed',
                name='tried_at',
                field=models.DateTimeField(null=True),
            ),
            migrations.AddField(
                model_name='feed',
                name='validators',
                field=models.JSONField(null=True),
            ),
            migrations.AddField(
                model_name='feedlink',
                name='notice',
                field=models.CharField(db_default='', max_length=64),
            ),
            migrations.AddField(
                model_name='webhook',
                name='events',
                field=models.JSONField(null=True),
            ),
            migrations.CreateModel(
                name='WebhookMark',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('seq', models.BigIntegerField(default=0)),
                ],
                options={
                    'db_table': 'webhook_mark',
                },
            ),
            migrations.CreateModel(
                name='WebhookSecret',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('sealed', models.BinaryField()),
                    ('ends_at', models.DateTimeField()),
                    ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='earlier', to='casework.webhook')),
                ],
                options={
                    'db_table': 'webhook_secret',
                },
            ),
            migrations.CreateModel(
                name='Delivery',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('public_id', models.CharField(default=plainview.casework.models.webhooks._delivery_id, max_length=16, unique=True)),
                    ('message', models.CharField(max_length=60)),
                    ('type', models.CharField(max_length=60)),
                    ('data', models.JSONField()),
                    ('happened_at', models.CharField(max_length=30)),
                    ('made_at', models.DateTimeField(auto_now_add=True)),
                    ('due_at', models.DateTimeField()),
                    ('tries', models.PositiveSmallIntegerField(default=0)),
                    ('tried_at', models.DateTimeField(null=True)),
                    ('sent_at', models.DateTimeField(null=True)),
                    ('given_up_at', models.DateTimeField(null=True)),
                    ('answer', models.CharField(default='', max_length=200)),
                    ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='casework.webhook')),
                ],
                options={
                    'db_table': 'webhook_delivery',
                    'indexes': [models.Index(condition=models.Q(('given_up_at__isnull', True), ('sent_at__isnull', True)), fields=['due_at'], name='webhook_delivery_due')],
                    'constraints': [models.UniqueConstraint(fields=('webhook', 'message'), name='webhook_message_once')],
                },
            ),
            migrations.CreateModel(
                name='FeedWithdrawal',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('mark', models.CharField(max_length=64)),
                    ('why', models.CharField(max_length=20)),
                    ('since', models.DateTimeField()),
                    ('entry', models.BigIntegerField()),
                    ('erased_at', models.DateTimeField(null=True)),
                    ('erased_entries', models.JSONField(default=list)),
                    ('feed', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='withdrawals', to='casework.feed')),
                ],
                options={
                    'db_table': 'feed_withdrawal',
                    'constraints': [models.UniqueConstraint(condition=models.Q(('erased_at__isnull', True)), fields=('feed', 'mark'), name='feed_withdrawal_once')],
                },
            ),
        ]),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
