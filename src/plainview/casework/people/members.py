"""Members: invitation, joining, roles, training and the end of an account.

Owns these changes of an account. It must never create an account without an invitation, nor let members change their
own roles, training or status.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Invitation, Member, Token, Training
from plainview.casework.people.sign_in import end_sessions
from plainview.casework.people.tokens import digest, new_code
from plainview.policy import joining, rules
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
        Refused: no permission, no valid address, roles that exclude each other, an outsider without a last day or a member with one,
            or the person is already a member.
    """
    with acting("member.invite", Permission.MEMBER_INVITE, acting_member):
        rules.require(joining.outsider_terms(roles, ends_on, timezone.now().date()))
        return _invite(acting_member.agency, email, roles, on_trial=on_trial, ends_on=ends_on, by=acting_member)


def invite_outsider(email: str, role: Role, ends_on: date, *, acting_member: Member) -> Invited:
    """Invite an outsider to the search granted to them, in the running transaction of the grant."""
    rules.require(joining.outsider_terms([role.value], ends_on, timezone.now().date(), granted=True))
    return _invite(acting_member.agency, email, [role.value], on_trial=False, ends_on=ends_on, by=acting_member)


def invite_first_administrator(agency: Agency, email: str) -> Invited:
    """Invite the first administrator of an opened agency, in the operator's running transaction."""
    return _invite(agency, email, [Role.ADMINISTRATOR.value], on_trial=False, ends_on=None, by=None)


def _invite(
    agency: Agency, email: str, roles: list[str], *, on_trial: bool, ends_on: date | None, by: Member | None
) -> Invited:
    email = email.strip().lower()
    rules.require(joining.address(email), joining.roles_fit(roles))
    if Member.objects.filter(email=email).exists():
        raise Refused(
            "member.exists",
            "Not invited",
            "A member with this address already exists: one person has one account.",
            "Change the roles of that member.",
            act=Permission.MEMBER_ROLES,
        )
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


def set_roles(email: str, roles: list[str], *, on_trial: bool | None = None, acting_member: Member) -> Member:
    """Change a colleague's roles, or end their trial; takes effect at their next act.

    Raises:
        Refused: no permission, the member's own roles, roles that exclude each other, or the last administrator.
    """
    with acting("member.roles", Permission.MEMBER_ROLES, acting_member):
        member = find.colleague(email, acting_member)
        rules.require(
            joining.another_person(acting_member.public_id, member.public_id, "Change of roles"),
            joining.roles_fit(roles),
            joining.inside(member.roles, roles),
        )
        before = list(member.roles)
        member.roles = sorted(set(roles))
        member.on_trial = member.on_trial if on_trial is None else on_trial
        member.save(update_fields=["roles", "on_trial"])
        write_entry(
            "member.roles_changed",
            {"member": member.public_id, "before": before, "roles": member.roles, "trial": member.on_trial},
            acting_member=acting_member,
            rows=[member],
        )
    return member


def deactivate(email: str, *, reason: str, acting_member: Member) -> Member:
    """End a colleague's account and its tokens; the records of their acts stay.

    Raises:
        Refused: no permission, the member's own account, already inactive, or no reason.
    """
    with acting("member.deactivate", Permission.MEMBER_DEACTIVATE, acting_member):
        member = find.colleague(email, acting_member)
        rules.require(joining.another_person(acting_member.public_id, member.public_id, "Deactivation"))
        if not member.is_active:
            raise Refused(
                "member.inactive", "Nothing changed", "This account is not active.", "Nothing more is needed."
            )
        if not reason.strip():
            raise Refused("member.why", "Nothing changed", "The reason is missing.", "State the reason.")
        member.is_active = False
        member.save(update_fields=["is_active"])
        Token.objects.filter(member=member, revoked_at=None).update(revoked_at=timezone.now())
        end_sessions(member)
        write_entry(
            "member.deactivated",
            {"member": member.public_id},
            {"why": reason.strip()},
            acting_member=acting_member,
            rows=[member],
        )
    return member


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
