"""Acts that need two people, in one line each: proposed by the acting member, approved by whoever else may.

Where nobody else of the agency may, the operator and the head do.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core import mail

from plainview.casework.models import Invitation, Member, PolicyVersion, Proposal, RetentionVersion
from plainview.casework.people import members
from plainview.casework.people.members import Invited
from plainview.casework.proposals.decide import Decided, approve
from plainview.casework.proposals.head import ask_head, decide_as_head
from plainview.casework.proposals.make import propose, propose_about
from plainview.casework.proposals.read import approvers
from plainview.policy.proposals import Kind, has_power


def agreed(proposal: Proposal) -> Decided:
    """The second person's approval."""
    able = approvers(proposal)
    decided = _by_head(proposal) if not able else approve(proposal.public_id, acting_member=able[0])
    # A test that only needs the outcome counts other letters.
    if hasattr(mail, "outbox"):  # not where a test serves pages
        mail.outbox[:] = [letter for letter in mail.outbox if proposal.public_id not in letter.body]
    return decided


def _by_head(proposal: Proposal) -> Decided:
    return decide_as_head(ask_head(proposal.public_id)[1])


def change_policy(text: str, *, reason: str, acting_member: Member) -> PolicyVersion:
    agreed(propose(Kind.POLICY, {"text": text}, reason=reason, acting_member=acting_member))
    return PolicyVersion.objects.filter(agency=acting_member.agency).latest("number")


def set_rules(text: str, *, reason: str, acting_member: Member) -> RetentionVersion:
    agreed(propose(Kind.RETENTION, {"text": text}, reason=reason, acting_member=acting_member))
    return RetentionVersion.objects.filter(agency=acting_member.agency).latest("number")


def invite_member(
    email: str, roles: list[str], *, on_trial: bool = False, ends_on: date | None = None, acting_member: Member
) -> Invited:
    if not has_power(roles):
        return members.invite_member(email, roles, on_trial=on_trial, ends_on=ends_on, acting_member=acting_member)
    wanted = {"email": email, "roles": roles, "on_trial": on_trial, "ends_on": ends_on}
    code = agreed(propose(Kind.INVITATION, wanted, reason="needed", acting_member=acting_member)).code
    return Invited(Invitation.objects.latest("pk"), code)


def set_roles(email: str, roles: list[str], *, on_trial: bool | None = None, acting_member: Member) -> Member:
    wanted: dict[str, Any] = {"roles": roles, "on_trial": on_trial}
    agreed(propose_about(Kind.ROLES, email, reason="needed", acting_member=acting_member, **wanted))
    return Member.objects.get(email=email)


def reset_sign_in(email: str, *, acting_member: Member) -> str:
    return agreed(propose_about(Kind.RESET, email, reason="lost the phone", acting_member=acting_member)).code


def release(email: str, *, acting_member: Member) -> None:
    agreed(propose_about(Kind.RELEASE, email, reason="the phone was wrong", acting_member=acting_member))
