"""Delivering messages: signed by the Standard Webhooks specification, tried again with growing waits, given up at last.

Owns an attempt and its outcome. It must never send to an address that the guard refuses (casework.outgoing), nor wait
long for a host that does not answer.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from plainview import __version__
from plainview.casework.log.state import is_sample
from plainview.casework.log.write import write_entry
from plainview.casework.models import Delivery, Webhook, WebhookSecret
from plainview.casework.outgoing import Connection, Host, Limits, Unanswered
from plainview.casework.workspace.services import services

TRIES = 13
"""Attempts before a message is given up: with waits that double from one minute, the last comes after 68 hours, so that
a receiver that is down over a weekend misses nothing."""

HISTORY = timedelta(days=365)
"""How long deliveries stay in the list: chosen, a year."""

_LIMITS = Limits(connect_s=3, read_s=5, whole_s=10, max_bytes=64 << 10)
_AT_ONCE = 200  # messages per run, so that a run ends
_LONGEST_WAIT = timedelta(days=1)  # that a receiver may ask for


def deliver_due(connection: Connection | None = None) -> int:
    """Send the messages that are due; return how many arrived.

    A webhook that fails has no other attempt in the same run, so that it does not delay the others.
    """
    due = Delivery.objects.filter(
        sent_at=None, given_up_at=None, due_at__lte=timezone.now(), webhook__removed_at=None
    ).select_related("webhook")
    failed: set[int] = set()
    sent = 0
    for delivery in due.order_by("due_at", "pk")[:_AT_ONCE]:
        if delivery.webhook_id not in failed:
            if attempt(delivery, connection):
                sent += 1
            else:
                failed.add(delivery.webhook_id)
    return sent


def attempt(delivery: Delivery, connection: Connection | None = None) -> bool:
    """Try one delivery; return whether it arrived.

    Claimed first: a crash may send a message twice, which its id shows, but never skips one.
    """
    tries, now = delivery.tries, timezone.now()
    later = now + timedelta(minutes=2 ** min(tries, 12))
    mine = Delivery.objects.filter(pk=delivery.pk, sent_at=None, given_up_at=None, tries=tries)
    if not mine.update(tries=F("tries") + 1, tried_at=now, due_at=later):
        return False
    stored = Delivery.objects.filter(pk=delivery.pk)
    try:
        status, wait = _post(delivery, connection)
    except Unanswered as error:
        status, wait = 0, None
        stored.update(answer=error.why[:200])
    else:
        stored.update(answer=f"status {status}")
        if wait is not None:
            stored.update(due_at=max(later, now + min(timedelta(seconds=wait), _LONGEST_WAIT)))
    if 200 <= status < 300:
        stored.update(sent_at=timezone.now())
        return True
    # 410: the receiver says that it wants no more of it (Standard Webhooks, "Delivery and retries").
    if tries + 1 >= TRIES or status == 410:
        _give_up(delivery, tries + 1)
    return False


def _give_up(delivery: Delivery, tries: int) -> None:
    with transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(given_up_at=timezone.now())
        write_entry(
            "webhook.given_up",
            {
                "agency": delivery.webhook.agency.public_id,
                "webhook": delivery.webhook.public_id,
                "delivery": delivery.public_id,
                "type": delivery.type,
                "tries": tries,
            },
            acting_member=None,
        )


def _post(delivery: Delivery, connection: Connection | None) -> tuple[int, float | None]:
    """POST one message; return the status of the answer and the seconds that it asks to wait.

    Raises:
        Unanswered: it did not arrive, or the address is refused.
    """
    hook, now = delivery.webhook, timezone.now()
    body = json.dumps(
        {"type": delivery.type, "timestamp": delivery.happened_at, "data": delivery.data}, separators=(",", ":")
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"plainview-webhook/{__version__}",
        "webhook-id": delivery.message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(delivery.message, now, body) for secret in secrets_of(hook)),
    }
    parts = urlsplit(hook.url)
    if parts.username is not None:
        plain = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(plain).decode()
    host = Host(hook.url, connection or connection_to(hook.url))
    try:
        reply = host.exchange("POST", hook.url, headers=headers, body=body.encode(), limits=_LIMITS)
    finally:
        host.close()
    return reply.status, reply.retry_after if reply.status in (429, 503) else None


def connection_to(url: str) -> Connection:
    """Return how webhooks are reached: as workspace.toml says; this machine too, from a sample workspace, by http."""
    stated = Connection.of_workspace("webhooks")
    local = is_sample() and urlsplit(url).scheme == "http"
    return Connection(True, stated.ca_file) if local else stated


def secrets_of(hook: Webhook) -> list[bytes]:
    """Return the secrets that sign, the newest first."""
    name = f"webhook:{hook.public_id}".encode()
    earlier = hook.earlier.filter(ends_at__gt=timezone.now()).order_by("-pk")
    return [
        services().openings.open(bytes(sealed), name)
        for sealed in (hook.sealed, *(secret.sealed for secret in earlier))
    ]


def sweep() -> int:
    """Delete old deliveries and secrets that ended; return the number of deliveries."""
    old = timezone.now() - HISTORY
    with transaction.atomic():
        WebhookSecret.objects.filter(ends_at__lte=timezone.now()).delete()
        return Delivery.objects.filter(made_at__lt=old).exclude(sent_at=None, given_up_at=None).delete()[0]
