"""Opening and closing cases."""

from __future__ import annotations

from django.utils import timezone

from plainview.casework import find
from plainview.casework.alerts.ends import end_with_case
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Case, Member
from plainview.casework.people.read import binding
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.search import no_refused_ground, offence_listed


def open_case(number: str, offence: str, *, jurisdiction: str = "", acting_member: Member) -> Case:
    """Open a case in the member's agency, with the agency's jurisdiction if none is named.

    Raises:
        Refused: no permission, a field is empty, the offence is not on the agency's list or never allowed,
            or the number is taken.
    """
    number, offence = number.strip(), " ".join(offence.split())
    with acting("case.open", Permission.CASE_OPEN, acting_member):
        if not number or not offence:
            raise Refused("case.incomplete", "Case refused", "The number or the offence is missing.", "State both.")
        _, policy = binding(acting_member.agency)
        rules.require(no_refused_ground("offence", offence), offence_listed(offence, policy))
        if Case.objects.filter(agency=acting_member.agency, number=number).exists():
            raise Refused(
                "case.number_taken",
                "Case refused",
                f"Case {number!r} already exists.",
                "Use the existing case, or choose another number.",
                act=Permission.CASE_READ,
            )
        case = Case.objects.create(
            agency=acting_member.agency,
            number=number,
            offence=offence,
            jurisdiction=jurisdiction.strip() or acting_member.agency.jurisdiction,
            opened_by=acting_member,
        )
        write_entry(
            "case.opened",
            {"agency": acting_member.agency.public_id, "case": case.pk, "offence": offence},
            {"number": number},
            acting_member=acting_member,
        )
    return case


def close_case(number: str, *, reason: str = "", unsolved: bool = False, acting_member: Member) -> Case:
    """Close a case of the member's agency: nothing can be searched under it from now on, and its alerts end.

    Args:
        number: the case.
        reason: stored with the case, and sealed in the log.
        unsolved: keep its alerts, if policy allows this: the agency reviews them every year.
        acting_member: an examiner or a supervisor.

    Raises:
        Refused: no permission, unknown or already closed, or policy keeps no alerts.
    """
    with acting("case.close", Permission.CASE_CLOSE, acting_member):
        case = find.case(number, acting_member)
        rules.require(rules.case_open(number, case.closed_at.date() if case.closed_at else None))
        case.closed_at, case.close_reason = timezone.now(), reason.strip()
        case.save(update_fields=["closed_at", "close_reason"])
        write_entry(
            "case.closed",
            {"case": case.pk, "unsolved": unsolved},
            {"reason": case.close_reason} if case.close_reason else {},
            acting_member=acting_member,
        )
        end_with_case(case, unsolved=unsolved, acting_member=acting_member)
    return case
