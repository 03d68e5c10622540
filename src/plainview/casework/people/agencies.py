"""How an agency starts: the operator registers it, its head accepts the terms, the operator opens it.

Owns these acts of the operator, the owner of the workspace: they have no acting member, and the entry names the
operating-system user. It must never open an agency whose head has not accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from plainview.casework.find import agency_named
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Member, PolicyVersion
from plainview.casework.people.members import Invited, invite, require_invitation
from plainview.casework.people.tokens import digest, new_code
from plainview.policy import joining, rules
from plainview.policy.agency import NEW_AGENCY
from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.terms import TERMS_SHA256


@dataclass(frozen=True, slots=True)
class Opened:
    """The people who were invited with the opening of an agency, its first administrator first."""

    invited: tuple[Invited, ...]

    @property
    def code(self) -> str:
        """Return the code of the first administrator, "" if nobody was invited."""
        return self.invited[0].code if self.invited else ""


def propose_agency(name: str, *, jurisdiction: str, head_name: str, head_email: str) -> str:
    """Register an agency that is still closed; return the code with which its head accepts the terms.

    Raises:
        Refused: a field is empty, the e-mail address is not valid, or the name is taken.
    """
    fields = {
        "name": name.strip(),
        "jurisdiction": jurisdiction.strip(),
        "head_name": head_name.strip(),
        "head_email": head_email.strip().lower(),
    }
    missing = [label.replace("_", " ") for label, text in fields.items() if not text]
    if missing:
        raise Refused(
            "agency.incomplete", "Agency refused", f"These are missing: {', '.join(missing)}.", "State all of them."
        )
    rules.require(joining.address(head_email))
    code = new_code()
    with transaction.atomic():
        if Agency.objects.filter(name=fields["name"]).exists():
            raise Refused(
                "agency.name_taken",
                "Agency refused",
                f"An agency named {name!r} already exists.",
                "Use another name.",
                act=OperatorAct.AGENCY_LIST,
            )
        agency = Agency.objects.create(**fields, terms_code_sha256=digest(code))
        policy = PolicyVersion.objects.create(
            agency=agency, number=1, text=NEW_AGENCY, why="the policy that every agency begins with"
        )
        write_entry(
            "agency.proposed",
            {"agency": agency.public_id, "name": agency.name, "jurisdiction": agency.jurisdiction},
            {"head_name": agency.head_name, "head_email": agency.head_email},
            acting_member=None,
            rows=[policy],
        )
    return code


def accept_terms(code: str) -> Agency:
    """Record that the head, who has the code, accepts the present terms.

    Raises:
        Refused: agency.code.
    """
    with transaction.atomic():
        agency = Agency.objects.filter(terms_code_sha256=digest(code)).first()
        if agency is None or agency.terms_accepted_at is not None:
            raise Refused(
                "agency.code",
                "Terms not accepted",
                "This code is unknown or has been used.",
                "Ask the operator for the code of your agency.",
            )
        agency.terms_accepted_at, agency.terms_sha256 = timezone.now(), TERMS_SHA256
        agency.save(update_fields=["terms_accepted_at", "terms_sha256"])
        write_entry(
            "agency.terms_accepted",
            {"agency": agency.public_id, "terms_sha256": TERMS_SHA256},
            acting_member=None,
        )
    return agency


def open_agency(name: str, *, administrator_email: str = "", others: Sequence[tuple[str, Role]] = ()) -> Opened:
    """Open an agency, and invite its first administrator and the others whom its head names.

    Args:
        name: the agency's.
        administrator_email: its first administrator; none when the agency opens again and has one.
        others: further addresses and roles, so that two people can decide from the first day.

    Raises:
        Refused: unknown, already open, terms not accepted, no administrator, an address is not valid; or people are
            named although the agency has an administrator: then two of its members invite them.
    """
    with transaction.atomic():
        agency = agency_named(name)
        rules.require(joining.terms_accepted(agency.terms_accepted_at is not None))
        if agency.is_open:
            raise Refused(
                "agency.open",
                "Nothing changed",
                f"{agency.name} is already open.",
                "Its administrator can invite members.",
                act=Permission.MEMBER_INVITE,
            )
        people = [(administrator_email, Role.ADMINISTRATOR)] if administrator_email else []
        people += others
        has_administrator = any(
            Role.ADMINISTRATOR.value in member.roles for member in Member.objects.filter(agency=agency, is_active=True)
        )
        rules.require(joining.first_people([role for _, role in people], has_administrator=has_administrator))
        agency.opened_at, agency.suspended_at = timezone.now(), None
        agency.save(update_fields=["opened_at", "suspended_at"])
        write_entry("agency.opened", {"agency": agency.public_id, "sample": False}, acting_member=None)
        invited = []
        for email, role in people:
            require_invitation(email, [role.value])
            invited.append(invite(agency, email, [role.value], by=None))
        return Opened(tuple(invited))


def suspend_agency(name: str, *, reason: str) -> Agency:
    """Suspend an agency: its members may do nothing until the operator opens it again.

    Raises:
        Refused: unknown, not open, or no reason.
    """
    if not reason.strip():
        raise Refused("agency.why", "Nothing changed", "The reason is missing.", "State the reason.")
    with transaction.atomic():
        agency = agency_named(name)
        rules.require(rules.agency_open(agency.is_open))
        agency.suspended_at = timezone.now()
        agency.save(update_fields=["suspended_at"])
        write_entry("agency.suspended", {"agency": agency.public_id}, {"why": reason.strip()}, acting_member=None)
    return agency
