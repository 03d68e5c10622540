"""Answers of the API: members; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class Training(TypedDict):
    """A completed course."""

    course: str
    hours: int
    completed_on: str
    expires_on: str


class Trial(TypedDict):
    """A trial, and how much of it is used."""

    starts_on: str
    ends_on: str
    searches: int


class Member(TypedDict):
    """A member of your agency."""

    id: str
    email: str
    name: str
    roles: list[str]
    active: bool
    on_trial: bool
    locked: bool
    ends_on: str | None
    trained_until: str | None
    trainings: list[Training]
    trials: list[Trial]


class Members(TypedDict):
    """A part of the list of members."""

    items: list[Member]
    next: str | None


class Fact(TypedDict):
    """One fact of what a proposal would change."""

    name: str
    value: str


class Proposal(TypedDict):
    """A proposal: what would change, who asks for it, and who may decide."""

    id: str
    kind: str
    name: str
    does: str
    state: str
    proposed_by: str | None
    proposed_at: str
    expires_at: str
    reason: str
    about: str | None
    facts: list[Fact]
    difference: list[str]
    approvers: list[str]
    decision: str


class Ended(TypedDict):
    """A closed account, or the proposal to close it."""

    member: Member
    proposal: Proposal | None


class Invitation(TypedDict):
    """An invitation that can still be used."""

    id: str
    email: str
    roles: list[str]
    on_trial: bool
    invited_at: str
    expires_at: str
    ends_on: str | None


class Invitations(TypedDict):
    """A part of the list of invitations."""

    items: list[Invitation]
    next: str | None


class Invited(TypedDict):
    """An invitation, or the proposal of one."""

    invitation: Invitation | None
    code: str
    proposal: Proposal | None


class Proposals(TypedDict):
    """A part of the list of proposals."""

    items: list[Proposal]
    next: str | None


class Decided(TypedDict):
    """A decided proposal."""

    proposal: Proposal
    code: str


class Rule(TypedDict):
    """A rule that binds the agency."""

    id: str
    of: str
    says: str


class Policy(TypedDict):
    """The policy in force."""

    agency: str
    version: int
    changed_at: str
    text: str
    rules: list[Rule]


class Difference(TypedDict):
    """A rule that would change, in words."""

    name: str
    before: str
    after: str


class Tried(TypedDict):
    """What another policy would have meant for the searches of the last days."""

    days: int
    searches: int
    refused: int
    by_rule: dict[str, int]
    differences: list[Difference]
