"""Opening and closing cases."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from plainview.casework.actions.guard import refusals_recorded
from plainview.casework.actions.log import write_entry
from plainview.casework.models import Case, Member
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def open_case(number: str, offence: str, *, acting_member: Member) -> Case:
    """Open a case in the member's agency.

    Raises:
        Refused: no permission, a field is empty, or the number is taken.
    """
    number, offence = number.strip(), offence.strip()
    with refusals_recorded("case.open", acting_member), transaction.atomic():
        rules.require(rules.may(acting_member.roles, acting_member.is_active, Permission.CASE_OPEN))
        if not number or not offence:
            raise Refused(
                "case.incomplete", "Case refused", "A case has a number and an offence.", "State both."
            )
        if Case.objects.filter(agency=acting_member.agency, number=number).exists():
            raise Refused(
                "case.number_taken", "Case refused", f"Case {number!r} exists already.", "Use it as it is."
            )
        case = Case.objects.create(
            agency=acting_member.agency, number=number, offence=offence, opened_by=acting_member
        )
        write_entry(
            "case.opened",
            {"agency": acting_member.agency.public_id, "case": case.pk, "offence": offence},
            {"number": number},
            acting_member=acting_member,
        )
    return case


def close_case(number: str, *, acting_member: Member) -> Case:
    """Close a case of the member's agency; nothing can be searched under it from then on.

    Raises:
        Refused: no permission, unknown or closed already.
    """
    with refusals_recorded("case.close", acting_member), transaction.atomic():
        rules.require(rules.may(acting_member.roles, acting_member.is_active, Permission.CASE_CLOSE))
        case = Case.objects.filter(agency=acting_member.agency, number=number).first()
        rules.require(rules.case_found(number, case is not None))
        assert case is not None  # noqa: S101  require() has raised otherwise
        rules.require(rules.case_open(number, case.closed_at.date() if case.closed_at else None))
        case.closed_at = timezone.now()
        case.save(update_fields=["closed_at"])
        write_entry("case.closed", {"case": case.pk}, acting_member=acting_member)
    return case
