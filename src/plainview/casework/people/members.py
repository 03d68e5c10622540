"""Members: invitation, joining, roles, training and the end of an account.

Owns these changes of an account. What two members decide is in `people.powers`. It must never create an account without
an invitation, nor let one member invite somebody to a role with power or end the only auditor's account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Invitation, Member, Training
from plainview.casework.people.sign_in import end_access
from plainview.casework.people.tokens import digest, new_code
from plainview.policy import joining, proposals, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role

_MAX_NAME = 200  # characters, as in the column


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation and its code, which is shown once and never stored."""

    invitation: Invitation
    code: str


def invite_member(
    email: str,
    roles: list[str],
    *,
    on_trial: bool = False,
    ends_on: date | None = None,
    acting_member: Member,
) -> Invited:
    """Invite a person into the acting member's agency.

    Args:
        email: the person's address.
        roles: the person's roles.
        on_trial: the person searches only in a trial that a supervisor approves.
        ends_on: the last day of an outside auditor's account.
        acting_member: an agency administrator.

    Raises:
        Refused: no permission, a role with power, which two people give, or as `require_invitation`.
    """
    with acting("member.invite", Permission.MEMBER_INVITE, acting_member):
        require_invitation(email, roles, ends_on)
        rules.require(proposals.one_may_invite(roles))
        return invite(acting_member.agency, email, roles, on_trial=on_trial, ends_on=ends_on, by=acting_member)


def invite_outsider(email: str, role: Role, ends_on: date, *, acting_member: Member) -> Invited:
    """Invite an outsider to the search granted to them, in the running transaction of the grant."""
    require_invitation(email, [role.value], ends_on, granted=True)
    return invite(acting_member.agency, email, [role.value], ends_on=ends_on, by=acting_member)


def require_invitation(email: str, roles: list[str], ends_on: date | None = None, *, granted: bool = False) -> None:
    """Check that this person can be invited to these roles.

    Raises:
        Refused: no valid address, roles that exclude each other, an outsider without a last day or a member with one,
            or the person is already a member.
    """
    rules.require(
        joining.outsider_terms(roles, ends_on, timezone.now().date(), granted=granted),
        joining.address(email),
        joining.roles_fit(roles),
    )
    if Member.objects.filter(email=email.strip().lower()).exists():
        raise Refused(
            "member.exists",
            "Not invited",
            "A member with this address already exists: one person has one account.",
            "Change the roles of that member.",
            act=Permission.MEMBER_ROLES,
        )


def invite(
    agency: Agency,
    email: str,
    roles: list[str],
    *,
    on_trial: bool = False,
    ends_on: date | None = None,
    by: Member | None,
    more: Mapping[str, Value] | None = None,
) -> Invited:
    """Write an invitation that was checked, in the running transaction; `more` are further public fields of its entry."""
    email = email.strip().lower()
    now, code = timezone.now(), new_code()
    # A new invitation replaces the older ones, so that a code sent to the wrong place can be withdrawn.
    Invitation.objects.filter(email=email, agency=agency, member=None, expires_at__gt=now).update(expires_at=now)
    invitation = Invitation.objects.create(
        agency=agency,
        email=email,
        roles=sorted(set(roles)),
        on_trial=on_trial,
        invited_by=by,
        ends_on=ends_on,
        code_sha256=digest(code),
        expires_at=now + timedelta(days=joining.INVITATION_DAYS),
    )
    write_entry(
        "member.invited",
        {
            "agency": agency.public_id,
            "invitation": invitation.public_id,
            "roles": invitation.roles,
            "trial": on_trial,
            **({"ends_on": ends_on.isoformat()} if ends_on else {}),
            **(more or {}),
        },
        {"email": email},
        acting_member=by,
    )
    return Invited(invitation, code)


def join(code: str, name: str) -> Member:
    """Create the invited member; the person still needs a password and a second factor to sign in.

    Raises:
        Refused: invitation.invalid, member.name, member.exists or agency.not_open.
    """
    name = " ".join(name.split())
    with transaction.atomic():
        locked = Invitation.objects.select_for_update().select_related("agency")
        invitation = locked.filter(code_sha256=digest(code)).first()
        rules.require(
            joining.invitation_valid(
                invitation is not None,
                invitation is not None and invitation.member_id is not None,
                invitation.expires_at if invitation else None,
                timezone.now(),
            )
        )
        assert invitation is not None  # noqa: S101  require() raises otherwise
        rules.require(rules.agency_open(invitation.agency.is_open))
        if not name or len(name) > _MAX_NAME:
            raise Refused(
                "member.name", "Not joined", f"The name does not have 1 to {_MAX_NAME} characters.", "Enter your name."
            )
        if Member.objects.filter(email=invitation.email).exists():
            raise Refused("member.exists", "Not joined", "You are already a member.", "Sign in.")
        member = Member(
            agency=invitation.agency,
            email=invitation.email,
            name=name,
            roles=invitation.roles,
            on_trial=invitation.on_trial,
            ends_on=invitation.ends_on,
        )
        member.set_unusable_password()
        member.save()
        invitation.member = member
        invitation.save(update_fields=["member"])
        write_entry(
            "member.joined",
            {
                "agency": member.agency.public_id,
                "member": member.public_id,
                "roles": member.roles,
                "invitation": invitation.public_id,
                "trial": member.on_trial,
                "sample": False,
            },
            {"email": member.email, "name": name},
            acting_member=member,
            rows=[member],
        )
    return member


def deactivate(email: str, *, reason: str, acting_member: Member) -> Member:
    """End a colleague's account and its tokens; the records of their acts stay.

    Raises:
        Refused: no permission, the member's own account, already inactive, no reason, or the only auditor's account,
            which two people end.
    """
    with acting("member.deactivate", Permission.MEMBER_DEACTIVATE, acting_member):
        member = find.colleague(email, acting_member)
        rules.require(joining.another_person(acting_member.public_id, member.public_id, "Deactivation"))
        require_active(member)
        if not reason.strip():
            raise Refused("member.why", "Nothing changed", "The reason is missing.", "State the reason.")
        rules.require(proposals.one_may_end(is_only_auditor=is_only_auditor(member)))
        close_account(member, reason, acting_member=acting_member)
    return member


def close_account(
    member: Member, reason: str, *, acting_member: Member | None, more: Mapping[str, Value] | None = None
) -> None:
    """End an account, in the running transaction; `more` are further public fields of the entry."""
    member.is_active = False
    member.save(update_fields=["is_active"])
    end_access(member)
    write_entry(
        "member.deactivated",
        {"member": member.public_id, **(more or {})},
        {"why": reason.strip()},
        acting_member=acting_member,
        rows=[member],
    )


def require_active(member: Member) -> None:
    """Check that an account can still be changed.

    Raises:
        Refused: member.inactive.
    """
    if not member.is_active:
        raise Refused("member.inactive", "Nothing changed", "This account is not active.", "Nothing more is needed.")


def is_only_auditor(member: Member) -> bool:
    """Say whether the member is an auditor of the agency, and no other active one is."""
    if Role.AUDITOR.value not in member.roles:
        return False
    others = Member.objects.filter(agency=member.agency_id, is_active=True).exclude(pk=member.pk)
    return not any(Role.AUDITOR.value in other.roles for other in others)


def record_training(
    email: str, course: str, hours: int, completed_on: date, expires_on: date, *, acting_member: Member
) -> Training:
    """Record a course that a colleague completed.

    Raises:
        Refused: no permission, the member's own training, or impossible values.
    """
    with acting("training.record", Permission.TRAINING_RECORD, acting_member):
        member = find.colleague(email, acting_member)
        rules.require(joining.another_person(acting_member.public_id, member.public_id, "Training"))
        if not course.strip() or not 1 <= hours <= 1000:
            raise Refused(
                "training.values",
                "Training not recorded",
                "The course name is missing, or the hours are not 1 to 1000.",
                "Correct them.",
            )
        if completed_on > timezone.now().date() or expires_on < completed_on:
            raise Refused(
                "training.dates",
                "Training not recorded",
                "The training must be completed in the past and expire after its completion.",
                "Correct the dates.",
            )
        training = Training.objects.create(
            member=member,
            course=course.strip(),
            hours=hours,
            completed_on=completed_on,
            expires_on=expires_on,
            recorded_by=acting_member,
        )
        write_entry(
            "training.recorded",
            {
                "member": member.public_id,
                "course": training.course,
                "hours": hours,
                "completed_on": completed_on.isoformat(),
                "expires_on": expires_on.isoformat(),
            },
            acting_member=acting_member,
        )
    return training
