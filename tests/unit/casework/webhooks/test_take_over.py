"""What an earlier version still owed to a webhook is taken over by the migration, and nothing before it is told."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from django.apps import apps
from tests.factories.alerts import alert, arrive, her
from tests.factories.work import case, gallery, person

from plainview.casework.models import Delivery, LogEntry, Notice, WebhookMark
from plainview.casework.webhooks.gather import gather
from plainview.casework.webhooks.manage import add_webhook


def test_messages_due_before_the_upgrade_are_delivered_after_it(workspace: Path, tmp_path: Path) -> None:
    take_over = import_module("plainview.casework.migrations.0005_notices").take_over
    gallery(tmp_path / "g")
    case()
    raised = alert(tmp_path)
    arrive(tmp_path, "her.png", her())
    take_over(apps, None)
    assert not WebhookMark.objects.exists()  # no webhook: messages begin with the first one
    hook, _ = add_webhook("https://agency.example/hook", acting_member=person("admin"))
    WebhookMark.objects.all().delete()
    letter = Notice.objects.get()
    owed = Notice.objects.create(search=letter.search, webhook=hook, due_at=letter.due_at)
    take_over(apps, None)
    (row,) = Delivery.objects.all()
    assert (row.type, row.message, row.webhook) == ("alert.raised", f"notice_{owed.pk}", hook)
    assert row.data == {"alert": raised.public_id, "search": letter.search.public_id}
    assert WebhookMark.objects.get().seq == LogEntry.objects.count()
    owed.refresh_from_db()
    assert owed.given_up_at is not None
    assert gather() == 0
