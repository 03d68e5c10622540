"""Erasing an alert that has ended: its probe, its template and its texts.

Owns what is erased and what stays: that the alert existed, its dates, and the reason for the erasure. It must never
erase what the alert raised: these are searches of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from plainview.audit.record import Value
from plainview.casework.erasure.erasers import answers_go, pictures_go
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_alert
from plainview.casework.log.read import entries_naming
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Alert, LogOpening
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

ALERT_ERASED = "alert.erased"


def erase_alert(alert: Alert, why: str, *, cause: Mapping[str, Value] | None = None) -> Receipt:
    """Erase an ended alert, locked by the caller, in the running transaction; its probe is erased after the commit.

    Raises:
        Refused: hold.in_force, or the alert is still running.
    """
    if alert.closed_at is None:
        raise Refused(
            "alert.open",
            "Nothing erased",
            "This alert is still running.",
            "Close the alert first.",
            act=Permission.ALERT_CLOSE,
        )
    lock_holds(alert.case.agency)
    require_free(held_alert(alert), f"Alert {alert.public_id}")
    return blank_alert(alert, why, cause=cause)


def blank_alert(
    alert: Alert, why: str, *, cause: Mapping[str, Value] | None = None, action: str = ALERT_ERASED
) -> Receipt:
    """As `erase_alert`, without checks: for a restore."""
    entries = [seq for seq, _ in entries_naming({alert.public_id})]
    openings = LogOpening.objects.filter(entry_id__in=entries).delete()[0]
    pictures = {alert.probe_blob, *(frame["blob"] for frame in alert.further)}
    alert.purpose = alert.probe_name = alert.probe_blob = alert.closed_why = alert.muted_why = ""
    alert.box, alert.edits, alert.notes, alert.quality_detail, alert.quality, alert.provenance = [], [], [], {}, 0, {}
    alert.sealed, alert.further = b"", []
    alert.save()
    receipt = write_entry(
        action,
        {
            "alert": alert.public_id,
            "agency": alert.case.agency.public_id,
            "why": why,
            "openings": openings,
            **(cause or {}),
        },
        acting_member=None,
    )
    pictures_go(pictures)
    answers_go()
    return receipt
