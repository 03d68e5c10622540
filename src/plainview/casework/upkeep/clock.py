"""A clock that was wrong: who is told that the log is ahead of it, and how two people settle what happened.

Owns the life of a `ClockFault`, which `log.write` begins. It must never change an entry: what was written while the clock
was wrong stays, and the entries about it say so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import CLOCK, MAX_INTEGER, parse_line
from plainview.casework.canaries.read import alarm_recipients
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Agency, ClockFault, Invitation, LogEntry, Member, SignInReset, Token
from plainview.policy import clock, rules
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.joining import INVITATION_DAYS
from plainview.policy.permissions import Permission
from plainview.policy.signing_in import RESET_DAYS


def work_may_go_on() -> Decision:
    """Say whether scheduled work, which erases and ends things by time, may go on at this clock."""
    newest = LogEntry.objects.order_by("-seq").values_list("at", flat=True).first()
    return clock.work_by_clock(datetime.fromisoformat(newest), timezone.now()) if newest else Allow()


def faults(*, all_of_them: bool = False) -> list[ClockFault]:
    """Return the faults that are not settled, or all, oldest first."""
    rows = ClockFault.objects.select_related("explained_by").order_by("first")
    return list(rows if all_of_them else rows.filter(closed_entry=None))


def states_clock() -> bool:
    """Say whether the newest entry states the clock: the log is still ahead of it."""
    newest = LogEntry.objects.order_by("-seq").values_list("canonical", flat=True).first()
    return newest is not None and CLOCK in parse_line(bytes(newest)).subject


def tell() -> int:
    """Write to the administrators and auditors of every agency about faults not reported yet; return how many faults."""
    reported = 0
    for fault in ClockFault.objects.filter(told_at=None):
        people = [member for agency in Agency.objects.exclude(opened_at=None) for member in alarm_recipients(agency)]
        with transaction.atomic():
            if not ClockFault.objects.filter(pk=fault.pk, told_at=None).update(told_at=timezone.now()):
                continue
            addresses = sorted({member.email for member in people})
            write_letters(
                "clock.ahead", addresses, "The log is ahead of the clock", _letter(fault), about=str(fault.first)
            )
        reported += 1
    return reported


def _letter(fault: ClockFault) -> str:
    return (
        f"The newest entry of the log was of {fault.ahead}, and the clock said {fault.clock}.\n"
        "Either the clock ran ahead before, or it is behind now. Ask the operator to compare it with another clock.\n"
        f"Nothing was stopped. From entry {fault.first} on, each entry also states the clock.\n\n"
        "One administrator or auditor explains what happened, and another one confirms it:\n"
        f'plainview clock explain {fault.first} --wrong ahead --reason "the reason, in a sentence"\n'
        f"plainview clock confirm {fault.first}\n"
    )


def explain(first: int, wrong: str, explanation: str, *, acting_member: Member) -> ClockFault:
    """Record what was wrong with the clock, in words.

    Args:
        first: the entry that began the fault.
        wrong: a word of `policy.clock.WRONG`.
        explanation: stored sealed in the log.
        acting_member: an administrator or auditor of any agency: the clock is everybody's.

    Raises:
        Refused: no permission, unknown, settled, or no explanation.
    """
    with acting("clock.explain", Permission.CLOCK_SETTLE, acting_member):
        fault = _fault(first)
        rules.require(clock.explanation_fits(wrong, explanation, fault.closed_entry is not None))
        fault.explained_by, fault.explanation, fault.wrong = acting_member, explanation.strip(), wrong
        fault.save(update_fields=["explained_by", "explanation", "wrong"])
        write_entry(
            "clock.explained",
            {"fault": first, "wrong": wrong},
            {"explanation": fault.explanation},
            acting_member=acting_member,
        )
    return fault


def confirm(first: int, *, acting_member: Member) -> ClockFault:
    """Confirm another member's explanation, which settles the fault; what was valid too long by a wrong clock ends.

    Raises:
        Refused: no permission, unknown, settled, not explained, or the member's own explanation.
    """
    with acting("clock.confirm", Permission.CLOCK_SETTLE, acting_member):
        fault = _fault(first)
        author = fault.explained_by.public_id if fault.explained_by else None
        rules.require(clock.may_confirm(author, acting_member.public_id, fault.closed_entry is not None))
        ended = _end_too_long() if fault.wrong == clock.AHEAD else 0
        receipt = write_entry(
            "clock.settled",
            {"fault": first, "wrong": fault.wrong, "until": _last_ahead(fault), "secrets_ended": ended},
            acting_member=acting_member,
        )
        fault.closed_entry = receipt.entry
        fault.save(update_fields=["closed_entry"])
    return fault


def _fault(first: int) -> ClockFault:
    first = first if 0 <= first <= MAX_INTEGER else -1  # what no entry has, the database may not even take
    fault = (
        ClockFault.objects.select_for_update(of=("self",)).select_related("explained_by").filter(first=first).first()
    )
    if fault is None:
        raise Refused(
            "clock.unknown",
            "Not recorded",
            f"No fault of the clock begins at entry {first}.",
            "List the faults and choose one.",
            act=Permission.CLOCK_SETTLE,
        )
    return fault


def _last_ahead(fault: ClockFault) -> int:
    """Return the newest entry before the fault: the last one that the wrong clock may have written."""
    return fault.first - 1


def _end_too_long() -> int:
    """End what a clock that ran ahead made valid for longer than it may be; return how many."""
    now = timezone.now()
    ended = Token.objects.filter(revoked_at=None, made_at__gt=now).update(revoked_at=now)
    longest = now + timedelta(days=max(RESET_DAYS, INVITATION_DAYS))
    ended += Invitation.objects.filter(member=None, expires_at__gt=longest).update(expires_at=now)
    ended += SignInReset.objects.filter(used_at=None, expires_at__gt=longest).update(expires_at=now)
    return ended
