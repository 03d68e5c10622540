"""Adding, testing and removing webhooks, changing their secret, and sending a message again.

Owns what an administrator does. A secret is shown once, when it is made, and is sealed from then on.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.state import is_sample
from plainview.casework.log.write import write_entry
from plainview.casework.models import Delivery, Member, Webhook, WebhookSecret
from plainview.casework.outgoing import Connection
from plainview.casework.webhooks.deliver import attempt
from plainview.casework.webhooks.gather import begin
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.webhooks import webhook_address, webhook_events, webhook_rotation

ROTATION_HOURS = 24
"""Hours for which an earlier secret still signs beside the new one, unless stated: chosen, a day."""


def add_webhook(url: str, events: Sequence[str] = (), *, acting_member: Member) -> tuple[Webhook, str]:
    """Add a webhook of the agency; return it with the secret for checking its signatures, which is shown once.

    Args:
        url: https address (http to this machine in a sample workspace).
        events: the types of messages that it receives; none: all.
        acting_member: the member who adds it.

    Raises:
        Refused: no permission, an address that is not allowed, or an unknown event.
    """
    with acting("webhook.add", Permission.WEBHOOK_SET, acting_member):
        private = Connection.of_workspace("webhooks").private
        rules.require(webhook_address(url, sample=is_sample(), private=private), webhook_events(events))
        begin()
        hook = Webhook(
            agency=acting_member.agency, url=url.strip(), made_by=acting_member, events=sorted(set(events)) or None
        )
        secret = _seal_new(hook)
        hook.save()
        write_entry(
            "webhook.added",
            {"agency": acting_member.agency.public_id, "webhook": hook.public_id, "events": list(hook.events or [])},
            {"url": hook.url},
            acting_member=acting_member,
        )
    return hook, secret


def _seal_new(hook: Webhook) -> str:
    secret = secrets.token_bytes(32)
    hook.sealed = services().openings.seal(secret, f"webhook:{hook.public_id}".encode())
    return "whsec_" + base64.b64encode(secret).decode()


def rotate_secret(public_id: str, *, hours: int = ROTATION_HOURS, acting_member: Member) -> tuple[Webhook, str]:
    """Make a new secret; the earlier ones sign beside it for some hours, so that the receiver can change over.

    Raises:
        Refused: no permission, unknown, or too many hours.
    """
    with acting("webhook.rotate", Permission.WEBHOOK_SET, acting_member):
        hook = find.webhook(public_id, acting_member, lock=True)
        rules.require(webhook_rotation(hours))
        ends = timezone.now() + timedelta(hours=hours)
        hook.earlier.filter(ends_at__gt=ends).update(ends_at=ends)
        if hours:
            WebhookSecret.objects.create(webhook=hook, sealed=hook.sealed, ends_at=ends)
        secret = _seal_new(hook)
        hook.save(update_fields=["sealed"])
        write_entry(
            "webhook.secret_changed",
            {"agency": acting_member.agency.public_id, "webhook": hook.public_id, "earlier_until": ends.isoformat()},
            acting_member=acting_member,
        )
    return hook, secret


def remove_webhook(public_id: str, *, acting_member: Member) -> Webhook:
    """Remove a webhook of the agency, with the messages still due to it.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("webhook.remove", Permission.WEBHOOK_SET, acting_member):
        hook = find.webhook(public_id, acting_member, lock=True)
        hook.removed_at = timezone.now()
        hook.save(update_fields=["removed_at"])
        hook.earlier.all().delete()
        hook.deliveries.filter(sent_at=None, given_up_at=None).update(given_up_at=hook.removed_at)
        write_entry("webhook.removed", {"webhook": hook.public_id}, acting_member=acting_member)
    return hook


def try_webhook(public_id: str, *, acting_member: Member, connection: Connection | None = None) -> Delivery:
    """Send a message of the type webhook.test now, and return it with its outcome.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("webhook.test", Permission.WEBHOOK_SET, acting_member):
        hook = find.webhook(public_id, acting_member)
        now = timezone.now()
        delivery = Delivery.objects.create(
            webhook=hook,
            message=f"test_{secrets.token_hex(8)}",
            type="webhook.test",
            data={"webhook": hook.public_id, "agency": acting_member.agency.public_id},
            happened_at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            due_at=now,
            tries=0,
        )
        write_entry(
            "webhook.tested",
            {"agency": acting_member.agency.public_id, "webhook": hook.public_id, "delivery": delivery.public_id},
            acting_member=acting_member,
        )
    if not attempt(delivery, connection):  # a test is not tried again by itself
        Delivery.objects.filter(pk=delivery.pk, given_up_at=None).update(given_up_at=timezone.now())
    delivery.refresh_from_db()
    return delivery


def send_again(public_id: str, *, acting_member: Member) -> Delivery:
    """Make a delivery due again, with its id and all its attempts; the worker sends it within a minute.

    Raises:
        Refused: no permission, unknown (also its webhook, when that was removed), or waiting already.
    """
    with acting("webhook.send_again", Permission.WEBHOOK_SET, acting_member), transaction.atomic():
        delivery = find.delivery(public_id, acting_member, lock=True)
        find.webhook(delivery.webhook.public_id, acting_member)
        if delivery.sent_at is None and delivery.given_up_at is None:
            raise Refused(
                "webhook.waiting",
                "Message not sent again",
                "The message is already waiting for its next attempt.",
                "Wait for the next attempt.",
            )
        delivery.sent_at = delivery.given_up_at = None
        delivery.tries, delivery.due_at = 0, timezone.now()
        delivery.save(update_fields=["sent_at", "given_up_at", "tries", "due_at"])
        write_entry(
            "webhook.sent_again",
            {
                "agency": acting_member.agency.public_id,
                "webhook": delivery.webhook.public_id,
                "delivery": delivery.public_id,
            },
            acting_member=acting_member,
        )
    return delivery
