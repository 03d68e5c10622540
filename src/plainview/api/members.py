"""Members of the agency: who they are, invitations, training, and what only another person may change.

Owns their fields on the API. Roles, resets and locks are proposed here and approved by another member.
"""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body
from pydantic import Field

from plainview.api import proposals
from plainview.api.common import Because, Cut, Day, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.casework import find
from plainview.casework.models import Invitation, Member, Training
from plainview.casework.people import members as acts
from plainview.casework.people import read
from plainview.casework.people.trials import approve_trial
from plainview.casework.proposals.make import propose, propose_about
from plainview.policy.proposals import Kind, has_power
from plainview.policy.roles import Role


class TrainingOut(Out):
    """A completed course."""

    course: str
    hours: int
    completed_on: date
    expires_on: date


class TrialOut(Out):
    """A trial, and how much of it is used."""

    starts_on: date
    ends_on: date
    searches: int = Field(description="Searches that the trial allows.")


class MemberOut(Out):
    """A member of your agency."""

    id: str
    email: str
    name: str
    roles: list[str]
    active: bool
    on_trial: bool
    locked: bool
    ends_on: date | None = Field(description="Last day of the account of somebody from outside.")
    trained_until: date | None = Field(description="Last day of the longest valid course.")
    trainings: list[TrainingOut]
    trials: list[TrialOut]


class MembersOut(Out):
    """A part of the list of members."""

    items: list[MemberOut]
    next: str | None


class InvitationOut(Out):
    """An invitation that can still be used."""

    id: str
    email: str
    roles: list[str]
    on_trial: bool
    invited_at: Moment
    expires_at: Moment
    ends_on: date | None


class InvitationsOut(Out):
    """A part of the list of invitations."""

    items: list[InvitationOut]
    next: str | None


class Inviting(In):
    """Whom to invite."""

    email: Short
    roles: list[Short] = Field(min_length=1, max_length=9, description=f"Of: {', '.join(Role)}.")
    on_trial: bool = False
    ends_on: Day | None = Field(default=None, description="Last day; only for an outside auditor.")
    reason: Text = Field(default="", description="For roles that need a second person, who decides by it.")


class InvitedOut(Out):
    """An invitation, or the proposal of one."""

    invitation: InvitationOut | None
    code: str = Field(description="To be handed to the person; it is shown here only.")
    proposal: proposals.ProposalOut | None = Field(description="For roles that another member has to approve.")


class RolesIn(In):
    """Other roles of a member."""

    roles: list[Short] = Field(max_length=9)
    on_trial: bool = False
    reason: Text


class TrainingIn(In):
    """A completed course."""

    course: Short = Field(max_length=200)
    hours: int = Field(ge=1, le=1000)
    completed_on: Day
    expires_on: Day


class TrialIn(In):
    """The length of a trial."""

    days: int = Field(ge=1, le=9_999)
    searches: int = Field(ge=1, le=9_999)


class EndedOut(Out):
    """A closed account, or the proposal to close it."""

    member: MemberOut
    proposal: proposals.ProposalOut | None = Field(description="For the only auditor's account.")


def _training(training: Training) -> TrainingOut:
    return TrainingOut.model_validate(training)


def _shown(member: Member) -> MemberOut:
    trainings = sorted(member.trainings.all(), key=lambda training: training.expires_on, reverse=True)
    today = timezone.now().date()
    return MemberOut(
        id=member.public_id,
        email=member.email,
        name=member.name,
        roles=list(member.roles),
        active=member.is_active,
        on_trial=member.on_trial,
        locked=member.locked_at is not None,
        ends_on=member.ends_on,
        trained_until=trainings[0].expires_on if trainings and trainings[0].expires_on >= today else None,
        trainings=[_training(training) for training in trainings],
        trials=[
            TrialOut(starts_on=trial.starts_on, ends_on=trial.ends_on, searches=trial.search_limit)
            for trial in sorted(member.trials.all(), key=lambda trial: -trial.pk)
        ],
    )


def _invitation(invitation: Invitation) -> InvitationOut:
    return InvitationOut(
        id=invitation.public_id,
        email=invitation.email,
        roles=list(invitation.roles),
        on_trial=invitation.on_trial,
        invited_at=invitation.invited_at,
        expires_at=invitation.expires_at,
        ends_on=invitation.ends_on,
    )


def _email(public_id: str, request: HttpRequest) -> str:
    return find.member_by_id(public_id, member_of(request)).email


def member_list(request: HttpRequest, page: Cut) -> object:
    """List the members of your agency, by address."""
    return slice_of(read.members(member_of(request)), page, _shown)


def member_show(request: HttpRequest, id: str) -> MemberOut:  # noqa: A002  the name in the path
    """Return a member of your agency."""
    return _shown(find.member_by_id(id, member_of(request)))


def invitation_list(request: HttpRequest, page: Cut) -> object:
    """List the invitations that can still be used, the newest first; their codes are not stored."""
    return slice_of(read.invitations(member_of(request)), page, _invitation)


def member_invite(request: HttpRequest, wanted: Body[Inviting]) -> InvitedOut:
    """Invite a person. Roles that approve, administer or check are proposed, and another member approves them."""
    member, roles = member_of(request), [str(role) for role in wanted.roles]
    if has_power(roles):
        proposed = propose(
            Kind.INVITATION,
            {"email": wanted.email, "roles": roles, "on_trial": wanted.on_trial, "ends_on": wanted.ends_on},
            reason=wanted.reason,
            acting_member=member,
        )
        return InvitedOut(invitation=None, code="", proposal=proposals.shown(proposed))
    invited = acts.invite_member(
        wanted.email, roles, on_trial=wanted.on_trial, ends_on=wanted.ends_on, acting_member=member
    )
    return InvitedOut(invitation=_invitation(invited.invitation), code=invited.code, proposal=None)


def member_roles(request: HttpRequest, id: str, wanted: Body[RolesIn]) -> proposals.ProposalOut:  # noqa: A002
    """Propose other roles for a colleague."""
    proposed = propose_about(
        Kind.ROLES,
        _email(id, request),
        roles=wanted.roles,
        on_trial=wanted.on_trial,
        reason=wanted.reason,
        acting_member=member_of(request),
    )
    return proposals.shown(proposed)


def member_release(request: HttpRequest, id: str, because: Body[Because]) -> proposals.ProposalOut:  # noqa: A002
    """Propose to unlock a colleague's account."""
    return _proposed(Kind.RELEASE, id, because.reason, request)


def member_reset(request: HttpRequest, id: str, because: Body[Because]) -> proposals.ProposalOut:  # noqa: A002
    """Propose to remove a colleague's password and second factors."""
    return _proposed(Kind.RESET, id, because.reason, request)


def _proposed(kind: Kind, public_id: str, reason: str, request: HttpRequest) -> proposals.ProposalOut:
    email = _email(public_id, request)
    return proposals.shown(propose_about(kind, email, reason=reason, acting_member=member_of(request)))


def member_training(request: HttpRequest, id: str, course: Body[TrainingIn]) -> TrainingOut:  # noqa: A002
    """Record a course that a colleague completed."""
    recorded = acts.record_training(
        _email(id, request),
        course.course,
        course.hours,
        course.completed_on,
        course.expires_on,
        acting_member=member_of(request),
    )
    return _training(recorded)


def member_trial(request: HttpRequest, id: str, wanted: Body[TrialIn]) -> TrialOut:  # noqa: A002
    """Approve a colleague's trial, from today on."""
    trial = approve_trial(
        _email(id, request), days=wanted.days, searches=wanted.searches, acting_member=member_of(request)
    )
    return TrialOut(starts_on=trial.starts_on, ends_on=trial.ends_on, searches=trial.search_limit)


def member_deactivate(request: HttpRequest, id: str, because: Body[Because]) -> EndedOut:  # noqa: A002
    """Close a colleague's account, with its sessions and tokens; the only auditor's is proposed."""
    member = member_of(request)
    colleague = find.member_by_id(id, member)
    if acts.is_only_auditor(colleague):
        proposed = propose_about(Kind.LAST_AUDITOR, colleague.email, reason=because.reason, acting_member=member)
        return EndedOut(member=_shown(colleague), proposal=proposals.shown(proposed))
    acts.deactivate(colleague.email, reason=because.reason, acting_member=member)
    return EndedOut(member=_shown(find.member_by_id(id, member)), proposal=None)
