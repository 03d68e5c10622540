"""The rules of joining: an e-mail address admits nobody, and nobody admits themselves.

Pure functions on plain values, as in rules.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Allow, Decision, OperatorAct, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import OUTSIDERS, Role
from plainview.policy.wording import counted

INVITATION_DAYS = 7
"""How long an invitation can be accepted: chosen, a working week and its weekend."""

MAX_OUTSIDER_DAYS = 366
"""Longest time for which an outsider's account is opened: chosen, a year; the person can be invited again."""

_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")

TOGETHER = (
    frozenset({Role.EXAMINER, Role.VERIFIER}),
    frozenset({Role.EXAMINER, Role.VERIFIER, Role.SUPERVISOR}),
)
"""Sets of roles that one person may combine; any other role is held alone: a person who checks does not act."""


def address(email: str) -> Decision:
    """Allow a text that has the form of an e-mail address."""
    if not _EMAIL.fullmatch(email.strip()):
        return Refused("member.address", "Not invited", f"{email!r} is not an e-mail address.", "Correct the address.")
    return Allow()


def roles_fit(names: Iterable[str]) -> Decision:
    """Allow roles that exist, are not the operator's, and may be held by one person."""
    wanted = list(names)
    known = {role.value: role for role in Role if role is not Role.OPERATOR}
    strange = [name for name in wanted if name not in known]
    if strange or not wanted:
        return Refused(
            "member.role_unknown",
            "Roles refused",
            f"There is no role {', '.join(map(repr, strange))}." if strange else "No role was named.",
            f"Choose from these roles: {', '.join(known)}.",
        )
    roles = {known[name] for name in wanted}
    if len(roles) > 1 and not any(roles <= allowed for allowed in TOGETHER):
        return Refused(
            "member.roles_conflict",
            "Roles refused",
            "One person cannot hold these roles together.",
            "Give administrators and auditors no other role: a person who checks must not act.",
        )
    return Allow()


def another_person(acting: str, subject: str, act: str) -> Decision:
    """Allow a decision about another person: `acting` and `subject` are ids of members, `act` names the act."""
    if acting == subject:
        return Refused(
            "member.own_act",
            f"{act} refused",
            "You would decide about yourself.",
            "Ask another member with that role.",
        )
    return Allow()


def invitation_valid(exists: bool, used: bool, expires_at: datetime | None, now: datetime) -> Decision:
    """Allow an invitation that exists, is unused and has not expired; the refusal does not say which of these failed."""
    if not exists or used or expires_at is None or expires_at <= now:
        return Refused(
            "invitation.invalid",
            "Not joined",
            "This invitation is unknown, used or expired.",
            "Ask your agency administrator for a new invitation.",
        )
    return Allow()


def trial_terms(starts_on: date, ends_on: date, searches: int, policy: AgencyPolicy) -> Decision:
    """Allow a trial within the policy's limits of days and searches."""
    days = (ends_on - starts_on) / timedelta(days=1)
    if not 0 <= days <= policy.trial_days:
        return Refused(
            "trial.length",
            "Trial refused",
            f"The trial would last {counted(round(days), 'day')}.",
            f"End the trial within {policy.trial_days} days of its start.",
        )
    if not 1 <= searches <= policy.trial_searches:
        return Refused(
            "trial.searches",
            "Trial refused",
            f"The trial would allow {counted(searches, 'search', 'searches')}.",
            f"Allow 1 to {policy.trial_searches} searches.",
        )
    return Allow()


def terms_accepted(accepted: bool) -> Decision:
    """Allow opening an agency whose head has accepted the terms."""
    if not accepted:
        return Refused(
            "agency.terms",
            "Agency not opened",
            "The agency's head has not accepted the terms.",
            "Ask the head to accept the terms with the code that they received.",
            act=OperatorAct.AGENCY_ACCEPT,
        )
    return Allow()


def first_people(roles: Sequence[Role], *, has_administrator: bool) -> Decision:
    """Allow the operator to invite people with the opening of an agency that has no administrator, one of them among them."""
    if has_administrator and roles:
        return Refused(
            "agency.administrator",
            "Agency not opened",
            "The agency has an administrator, so the operator invites nobody.",
            "Open it without naming people. Its own members invite others.",
        )
    if not has_administrator and Role.ADMINISTRATOR not in roles:
        return Refused(
            "agency.no_administrator",
            "Agency not opened",
            "The agency has no administrator yet, and none is named.",
            "Name its first administrator.",
        )
    return Allow()


def outsider_terms(names: Iterable[str], ends_on: date | None, today: date, *, granted: bool = False) -> Decision:
    """Allow a last day for outsiders only, and the defence only through a disclosure.

    Args:
        names: roles that fit (`roles_fit`).
        ends_on: last day of the account.
        today: the day, UTC.
        granted: the invitation belongs to a disclosure of a named search.
    """
    outsider = any(role.value in set(names) for role in OUTSIDERS)
    if Role.DEFENCE.value in set(names) and not granted:
        return Refused(
            "member.defence",
            "Not invited",
            "The defence is invited only to the disclosure of a named search.",
            "Ask a supervisor to grant the disclosure of that search to the defence.",
            act=Permission.DISCLOSURE_GRANT,
        )
    if not outsider and ends_on is None:
        return Allow()
    if not outsider or ends_on is None or not timedelta() <= ends_on - today <= _LONGEST:
        return Refused(
            "member.last_day",
            "Not invited",
            f"An outsider's account has a last day within {MAX_OUTSIDER_DAYS} days; other accounts have none.",
            "State a last day for an outsider, and none for anyone else.",
        )
    return Allow()


def inside(before: Iterable[str], after: Iterable[str]) -> Decision:
    """Allow a change of roles that neither makes nor ends an outsider: the account's last day would no longer fit."""
    if any(role.value in {*before, *after} for role in OUTSIDERS):
        return Refused(
            "member.outsider",
            "Roles not changed",
            "An outsider's role comes with the invitation and ends with the account.",
            "End that account and invite the person again.",
            act=Permission.MEMBER_INVITE,
        )
    return Allow()


_LONGEST = timedelta(days=MAX_OUTSIDER_DAYS)


def joining_rules(policy: AgencyPolicy) -> list[tuple[str, str, str]]:
    """Return the rows of the rulebook about joining: rule id, what it is about, what it says."""
    return [
        ("agency.terms", "joining", "An agency is opened only after its head has accepted the terms."),
        ("agency.no_administrator", "joining", "An agency opens with an administrator."),
        (
            "agency.administrator",
            "joining",
            "The operator invites people only at the opening of an agency that has no administrator.",
        ),
        ("member.address", "joining", "An invitation goes to one valid e-mail address."),
        ("member.role_unknown", "joining", "Only the roles that Plainview defines can be given."),
        ("member.roles_conflict", "joining", "Administrators and auditors hold no other role."),
        (
            "member.last_day",
            "joining",
            f"The account of an outsider (defence, outside auditor) has a last day within {MAX_OUTSIDER_DAYS} days; no other account has one.",
        ),
        ("member.defence", "joining", "The defence is invited only to the disclosure of a named search."),
        ("member.outsider", "joining", "A change of roles cannot make a member an outsider, or an outsider a member."),
        ("member.own_act", "joining", "Nobody decides about themselves: roles, training, trial, approval."),
        ("invitation.invalid", "joining", f"An invitation can be used once, within {INVITATION_DAYS} days."),
        ("trial.length", "joining", f"A trial lasts at most {counted(policy.trial_days, 'day')}."),
        (
            "trial.searches",
            "joining",
            f"A trial allows at most {counted(policy.trial_searches, 'search', 'searches')}.",
        ),
    ]
