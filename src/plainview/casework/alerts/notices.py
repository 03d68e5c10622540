"""Messages about raised alerts: letters with a link and nothing else, and signed webhooks.

Owns which messages are due and when one is tried again. It must never put a picture, name, score or case in a message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import smtplib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby

import requests
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from plainview.casework import find
from plainview.casework.alerts.read import preference_of
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Member, Notice, Search, Webhook
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.alerts import next_moment, webhook_address
from plainview.policy.permissions import Permission

TRIES = 10
"""Attempts before a message is given up: with doubling waits from one minute, the last comes after 17 hours."""

_CONNECT, _READ = 3, 5  # seconds: the most that a webhook that hangs costs at each try
_AT_ONCE = 50  # messages per run, so that a run ends


def owe_notices(search: Search) -> None:
    """Record in the running transaction who gets a message about a raised alert, and when."""
    alert, now = search.alert, timezone.now()
    assert alert is not None  # noqa: S101  only an alert's search has notices
    if alert.muted_at is None:
        how = preference_of(alert.member)
        due = next_moment(now, digest_hours=how.digest_hours, quiet_from=how.quiet_from, quiet_until=how.quiet_until)
        Notice.objects.create(search=search, member=alert.member, due_at=due)
    for hook in Webhook.objects.filter(agency=alert.case.agency, removed_at=None):
        Notice.objects.create(search=search, webhook=hook, due_at=now)


def send_due() -> int:
    """Send the messages that are due; return how many. A message that fails is tried later, then given up and recorded."""
    now = timezone.now()
    due = Notice.objects.filter(sent_at=None, given_up_at=None, due_at__lte=now)
    rows = list(
        due.select_related("member", "webhook", "search__alert").order_by("member_id", "webhook_id", "pk")[:_AT_ONCE]
    )
    sent = 0
    for member, group in groupby(rows, key=lambda notice: notice.member):
        if member is not None:
            sent += _attempt(list(group), _letter)
        else:
            sent += sum(_attempt([notice], _post) for notice in group)
    return sent


def _attempt(rows: list[Notice], send: Callable[[list[Notice]], None]) -> int:
    """Claim the messages, send them, record the outcome. Claimed first: a crash may send twice but never skips."""
    keys = [notice.pk for notice in rows]
    later = timezone.now() + timedelta(minutes=2 ** rows[0].tries)
    taken = Notice.objects.filter(pk__in=keys, sent_at=None, tries=rows[0].tries)
    if not taken.update(tries=F("tries") + 1, due_at=later):
        return 0
    try:
        send(rows)
    except (OSError, smtplib.SMTPException, requests.RequestException) as error:
        Notice.objects.filter(pk__in=keys).update(trouble=type(error).__name__)
        if rows[0].tries + 1 >= TRIES:
            _note(rows, "notice.given_up", given_up_at=timezone.now())
        return 0
    _note(rows, "notice.sent", sent_at=timezone.now())
    return len(rows)


def _note(rows: list[Notice], action: str, **changed: datetime) -> None:
    with transaction.atomic():
        Notice.objects.filter(pk__in=[notice.pk for notice in rows]).update(**changed)
        write_entry(
            action,
            {
                "searches": [notice.search.public_id for notice in rows],
                "to": rows[0].member.public_id if rows[0].member else rows[0].webhook.public_id,  # type: ignore[union-attr]
                "tries": rows[0].tries + 1,
            },
            acting_member=None,
        )


def _letter(rows: list[Notice]) -> None:
    member, count = rows[0].member, len(rows)
    assert member is not None  # noqa: S101
    subject = (
        "One of your alerts has raised a candidate"
        if count == 1
        else f"Your alerts have raised candidates {count} times"
    )
    write_letters(
        "alert.notice",
        [member.email],
        "Plainview: a new candidate for your alert",
        f"{subject}. Sign in to see the alerts:\n\n{address()}/alerts/\n\n"
        "For confidentiality, this letter contains no details. You can change your notifications on the same page.\n",
    )


def _post(rows: list[Notice]) -> None:
    """POST one signed message, by the Standard Webhooks specification; any answer but 2xx is a failure.

    Raises:
        OSError, requests.RequestException: the message did not arrive.
    """
    (notice,) = rows
    hook, search = notice.webhook, notice.search
    assert hook is not None  # noqa: S101
    assert search.alert is not None  # noqa: S101
    stamp = str(int(timezone.now().timestamp()))
    message = f"notice_{notice.pk}"
    body = json.dumps(
        {
            "type": "alert.raised",
            "timestamp": timezone.now().isoformat(),
            "data": {
                "alert": search.alert.public_id,
                "search": search.public_id,
                "url": f"{address()}/alerts/",
            },
        }
    ).encode()
    secret = services().openings.open(bytes(hook.sealed), f"webhook:{hook.public_id}".encode())
    mark = hmac.new(secret, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    answer = requests.post(
        hook.url,
        data=body,
        timeout=(_CONNECT, _READ),
        allow_redirects=False,
        stream=True,
        headers={
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mark).decode(),
        },
    )
    with answer:
        if not 200 <= answer.status_code < 300:
            raise requests.HTTPError(f"status {answer.status_code}")


def add_webhook(url: str, *, acting_member: Member) -> tuple[Webhook, str]:
    """Add a webhook of the agency; return it with the secret for checking its signatures, which is shown once.

    Raises:
        Refused: no permission, or an address that is not https (http only to this machine, in a sample workspace).
    """
    with acting("webhook.add", Permission.WEBHOOK_SET, acting_member):
        rules.require(webhook_address(url, sample=services().workspace.is_sample))
        secret = secrets.token_bytes(32)
        hook = Webhook(agency=acting_member.agency, url=url.strip(), made_by=acting_member)
        hook.sealed = services().openings.seal(secret, f"webhook:{hook.public_id}".encode())
        hook.save()
        write_entry("webhook.added", {"webhook": hook.public_id}, {"url": hook.url}, acting_member=acting_member)
    return hook, "whsec_" + base64.b64encode(secret).decode()


def remove_webhook(public_id: str, *, acting_member: Member) -> Webhook:
    """Remove a webhook of the agency, with the messages still due to it.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("webhook.remove", Permission.WEBHOOK_SET, acting_member):
        hook = find.webhook(public_id, acting_member, lock=True)
        hook.removed_at = timezone.now()
        hook.save(update_fields=["removed_at"])
        waiting: Iterable[Notice] = Notice.objects.filter(webhook=hook, sent_at=None, given_up_at=None)
        for notice in waiting:
            notice.given_up_at = hook.removed_at
            notice.save(update_fields=["given_up_at"])
        write_entry("webhook.removed", {"webhook": hook.public_id}, acting_member=acting_member)
    return hook
