"""Ends of alerts: expiry, closing, and the end of their case; also renewal by a supervisor, and muting.

Owns the entry `alert.ended`, which says how many candidates the alert raised and how many nobody viewed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Alert, Case, Member
from plainview.casework.people.read import binding
from plainview.policy import joining, rules
from plainview.policy.alerts import UNSOLVED_DAYS, alert_days
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

_UNSOLVED = timedelta(days=UNSOLVED_DAYS)


def close_alert(public_id: str, *, reason: str, acting_member: Member) -> Alert:
    """End an alert now.

    Raises:
        Refused: no permission, unknown, over, or no reason in words.
    """
    with acting("alert.close", Permission.ALERT_CLOSE, acting_member):
        alert = _open_one(public_id, acting_member)
        rules.require(explained(reason, "The reason"))
        _end(alert, reason.strip(), acting_member)
    return alert


def renew_alert(public_id: str, *, days: int, reason: str, acting_member: Member) -> Alert:
    """Extend an open alert from now; nobody renews their own.

    Raises:
        Refused: no permission, unknown, over, the member's own, longer than policy allows, or no reason in words.
    """
    with acting("alert.renew", Permission.ALERT_RENEW, acting_member):
        alert = _open_one(public_id, acting_member)
        _, policy = binding(acting_member.agency)
        rules.require(
            joining.another_person(acting_member.public_id, alert.member.public_id, "Renewal"),
            alert_days(days, UNSOLVED_DAYS if alert.unsolved else policy.alert_days),
            explained(reason, "The reason"),
        )
        alert.expires_at = timezone.now() + timedelta(days=days)
        alert.save(update_fields=["expires_at", "changed_at"])
        write_entry(
            "alert.renewed",
            {"alert": alert.public_id, "expires_at": _text(alert.expires_at)},
            {"reason": reason.strip()},
            acting_member=acting_member,
        )
    return alert


def mute_alert(public_id: str, *, reason: str, acting_member: Member) -> Alert:
    """Stop the messages about the member's own alert; the alert continues, and the page shows what it raises.

    An empty reason ends the muting.

    Raises:
        Refused: no permission, unknown, over or another member's.
    """
    with acting("alert.mute", Permission.ALERT_OWN, acting_member):
        alert = _open_one(public_id, acting_member)
        if alert.member_id != acting_member.pk:
            raise Refused(
                "alert.not_yours",
                "Alert not muted",
                "The alert belongs to a colleague.",
                "Ask the member who opened the alert to mute it.",
            )
        alert.muted_at, alert.muted_why = (timezone.now() if reason.strip() else None), reason.strip()
        alert.save(update_fields=["muted_at", "muted_why", "changed_at"])
        write_entry(
            "alert.muted" if alert.muted_at else "alert.unmuted",
            {"alert": alert.public_id},
            {"reason": alert.muted_why} if alert.muted_at else {},
            acting_member=acting_member,
        )
    return alert


def sweep_alerts() -> int:
    """End every expired alert; return how many. Comparisons check the time themselves and do not depend on this."""
    ended = 0
    for alert in Alert.objects.filter(closed_at=None, expires_at__lte=timezone.now()):
        with transaction.atomic():
            locked = Alert.objects.select_for_update().filter(pk=alert.pk, closed_at=None).first()
            if locked is not None and locked.expires_at <= timezone.now():
                _end(locked, "expired", None)
                ended += 1
    return ended


def end_with_case(case: Case, *, unsolved: bool, acting_member: Member) -> None:
    """End the alerts of a case that is being closed, or keep them if the case is unsolved.

    Raises:
        Refused: alert.unsolved.
    """
    _, policy = binding(acting_member.agency)
    if unsolved and not policy.unsolved_alerts:
        raise Refused(
            "alert.unsolved",
            "Case not closed",
            "Your agency's policy does not keep alerts after their case is closed.",
            "Close the case without keeping its alerts, or ask an administrator to change the policy.",
            act=Permission.POLICY_CHANGE,
        )
    for alert in Alert.objects.select_for_update().filter(case=case, closed_at=None):
        if not unsolved:
            _end(alert, "its case was closed", acting_member)
            continue
        alert.unsolved, alert.expires_at = True, timezone.now() + _UNSOLVED
        alert.save(update_fields=["unsolved", "expires_at", "changed_at"])
        write_entry(
            "alert.kept_unsolved",
            {"alert": alert.public_id, "review_by": _text(alert.expires_at)},
            acting_member=acting_member,
        )


def _open_one(public_id: str, member: Member) -> Alert:
    alert = find.alert(public_id, member, lock=True)
    if alert.closed_at is not None or alert.expires_at <= timezone.now():
        raise Refused(
            "alert.over",
            "Nothing changed",
            "This alert has ended.",
            "Open a new alert if the case needs it.",
            act=Permission.ALERT_CREATE,
        )
    return alert


def _end(alert: Alert, why: str, member: Member | None) -> None:
    alert.closed_at, alert.closed_why = timezone.now(), why
    alert.save(update_fields=["closed_at", "closed_why", "changed_at"])
    raised = alert.raised.count()
    write_entry(
        "alert.ended",
        {
            "alert": alert.public_id,
            "raised": raised,
            "not_looked_at": raised - alert.raised.filter(seen__isnull=False).count(),
        },
        {"why": why},
        acting_member=member,
    )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
