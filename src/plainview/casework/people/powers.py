"""What two members decide about a third: roles, invitations to roles with power, sign-in, locks, the only auditor's account.

Owns, for each, the check that a proposal passes twice, when it is made and when it is approved, and the change itself.
It must never change anything without an approved proposal: `casework.proposals` calls these functions and nothing else
does.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Proposal, SignInFailure, SignInReset
from plainview.casework.people.members import close_account, invite, is_only_auditor, require_active, require_invitation
from plainview.casework.people.sign_in import end_access
from plainview.casework.people.tokens import digest, new_code
from plainview.policy import joining, rules, signing_in
from plainview.policy.decision import Refused

Basis = dict[str, Value]


def concerned(proposal: Proposal) -> Member:
    """Return the member whom a proposal is about, read again and locked."""
    assert proposal.concerns_id is not None  # noqa: S101  the kinds below concern a member
    return Member.objects.select_related("agency").select_for_update(of=("self",)).get(pk=proposal.concerns_id)


def two(proposal: Proposal) -> dict[str, Value]:
    """Return the public fields of an act's entry that name its proposal, and the member who made it."""
    proposer = proposal.proposed_by.public_id if proposal.proposed_by else None
    return {"proposal": proposal.public_id, **({"proposed_by": proposer} if proposer else {})}


def check_roles(proposal: Proposal) -> Basis:
    """Return the roles that the member has now.

    Raises:
        Refused: roles that do not exist, exclude each other or belong to outsiders; or nothing would change.
    """
    member, roles = concerned(proposal), _roles(proposal)
    require_active(member)
    rules.require(joining.roles_fit(roles), joining.inside(member.roles, roles))
    if roles == sorted(member.roles) and _on_trial(proposal, member) == member.on_trial:
        raise Refused(
            "member.same_roles", "Nothing changed", "The member already has these roles.", "Nothing more is needed."
        )
    return {"roles": sorted(member.roles), "trial": member.on_trial}


def change_roles(proposal: Proposal, acting_member: Member | None) -> None:
    """Give the member other roles, or end their trial; takes effect at their next act."""
    member = concerned(proposal)
    before = list(member.roles)
    member.roles, member.on_trial = _roles(proposal), _on_trial(proposal, member)
    member.save(update_fields=["roles", "on_trial"])
    write_entry(
        "member.roles_changed",
        {
            "member": member.public_id,
            "before": before,
            "roles": member.roles,
            "trial": member.on_trial,
            **two(proposal),
        },
        acting_member=acting_member,
        rows=[member],
    )


def _roles(proposal: Proposal) -> list[str]:
    return sorted({str(role) for role in proposal.wanted["roles"]})


def _on_trial(proposal: Proposal, member: Member) -> bool:
    wanted = proposal.wanted.get("on_trial")
    return member.on_trial if wanted is None else bool(wanted)


def check_invitation(proposal: Proposal) -> Basis:
    """Check an invitation; it is based on nothing that changes.

    Raises:
        Refused: as `members.invite_member`.
    """
    wanted = proposal.wanted
    require_invitation(str(wanted["email"]), _roles(proposal), _last_day(proposal))
    return {}


def send_invitation(proposal: Proposal, acting_member: Member | None) -> str:
    """Invite the person; return the code."""
    return invite(
        proposal.agency,
        str(proposal.wanted["email"]),
        _roles(proposal),
        on_trial=bool(proposal.wanted.get("on_trial")),
        ends_on=_last_day(proposal),
        by=acting_member,
        more=two(proposal),
    ).code


def _last_day(proposal: Proposal) -> date | None:
    day = proposal.wanted.get("ends_on")
    return date.fromisoformat(str(day)) if day else None


def check_reset(proposal: Proposal) -> Basis:
    """Check that the account is active.

    Raises:
        Refused: member.inactive.
    """
    require_active(concerned(proposal))
    return {}


def reset_sign_in(proposal: Proposal, acting_member: Member | None) -> str:
    """Remove a member's password, second factors, sessions, tokens and lock; return the code for setting up new ones."""
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount

    member = concerned(proposal)
    member.set_unusable_password()
    member.locked_at = None
    member.save(update_fields=["password", "locked_at"])
    Authenticator.objects.filter(user=member).delete()
    SocialAccount.objects.filter(user=member).delete()  # the next one that their provider vouches for is linked
    end_access(member)
    now, code = timezone.now(), new_code()
    SignInReset.objects.filter(member=member, used_at=None).update(expires_at=now)
    SignInReset.objects.create(
        member=member,
        code_sha256=digest(code),
        made_by=acting_member or member,
        expires_at=now + timedelta(days=signing_in.RESET_DAYS),
    )
    write_entry("member.sign_in_reset", {"member": member.public_id, **two(proposal)}, acting_member=acting_member)
    return code


def check_release(proposal: Proposal) -> Basis:
    """Return when the account was locked.

    Raises:
        Refused: member.not_locked.
    """
    member = concerned(proposal)
    if member.locked_at is None:
        raise Refused(
            "member.not_locked",
            "Nothing changed",
            f"The account {member.email} is not locked.",
            "Nothing more is needed.",
        )
    return {"locked_at": member.locked_at.isoformat()}


def release(proposal: Proposal, acting_member: Member | None) -> None:
    """Unlock a member's account."""
    member = concerned(proposal)
    member.locked_at = None
    member.save(update_fields=["locked_at"])
    SignInFailure.objects.filter(member=member).delete()
    write_entry("member.released", {"member": member.public_id, **two(proposal)}, acting_member=acting_member)


def check_last_auditor(proposal: Proposal) -> Basis:
    """Check that the account is active and the only auditor's: any other account ends without a proposal.

    Raises:
        Refused: member.inactive or member.not_last.
    """
    member = concerned(proposal)
    require_active(member)
    if not is_only_auditor(member):
        raise Refused(
            "member.not_last",
            "Not proposed",
            "This is not the account of the only auditor.",
            "One administrator can deactivate it.",
        )
    return {}


def end_last_auditor(proposal: Proposal, acting_member: Member | None) -> None:
    """End the only auditor's account."""
    close_account(concerned(proposal), proposal.reason, acting_member=acting_member, more=two(proposal))
