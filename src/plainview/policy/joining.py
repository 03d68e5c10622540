"""The rules of joining: nobody gets in by an e-mail address, and nobody lets themself in.

Pure functions on plain values, as in rules.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.roles import OUTSIDERS, Role

INVITATION_DAYS = 7
"""How long an invitation can be accepted: chosen, a working week and its weekend."""

MAX_OUTSIDER_DAYS = 366
"""Longest time that an outsider's account is given at once: chosen, a year; it can be given anew."""

_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")

TOGETHER = (
    frozenset({Role.EXAMINER, Role.VERIFIER}),
    frozenset({Role.EXAMINER, Role.VERIFIER, Role.SUPERVISOR}),
)
"""Sets of roles of which one person may hold several; any other role is held alone: whoever checks does not act."""


def address(email: str) -> Decision:
    """The address has the form of one."""
    if not _EMAIL.fullmatch(email.strip()):
        return Refused("member.address", "Refused", f"{email!r} is not an e-mail address.", "Correct it.")
    return Allow()


def roles_fit(names: Iterable[str]) -> Decision:
    """The roles exist, are not the operator's, and may be held by one person."""
    wanted = list(names)
    known = {role.value: role for role in Role if role is not Role.OPERATOR}
    strange = [name for name in wanted if name not in known]
    if strange or not wanted:
        return Refused(
            "member.role_unknown",
            "Refused",
            f"There is no role {', '.join(map(repr, strange))}." if strange else "No role was named.",
            f"The roles are: {', '.join(known)}.",
        )
    held = {known[name] for name in wanted}
    if len(held) > 1 and not any(held <= allowed for allowed in TOGETHER):
        return Refused(
            "member.roles_conflict",
            "Refused",
            "One person cannot hold these roles together.",
            "An administrator and an auditor hold no other role: whoever checks does not act.",
        )
    return Allow()


def another_person(acting: str, subject: str, act: str) -> Decision:
    """Nobody decides about themself. `acting` and `subject` are ids of members, `act` names what was tried."""
    if acting == subject:
        return Refused(
            "member.own_act",
            f"{act} refused",
            "It concerns yourself.",
            "Ask another member with that role to do it.",
        )
    return Allow()


def invitation_valid(found: bool, used: bool, expires_at: datetime | None, now: datetime) -> Decision:
    """The invitation exists, was not used, and has not run out; the answer does not tell which to a guesser."""
    if not found or used or expires_at is None or expires_at <= now:
        return Refused(
            "invitation.invalid",
            "Not joined",
            "This invitation is unknown, used or run out.",
            "Ask your agency administrator for a new one.",
        )
    return Allow()


def trial_terms(starts_on: date, ends_on: date, searches: int, policy: AgencyPolicy) -> Decision:
    """A trial has an end within the policy's days, and a number of searches within its limit."""
    days = (ends_on - starts_on) / timedelta(days=1)
    if not 0 <= days <= policy.trial_days:
        return Refused(
            "trial.length",
            "Trial refused",
            f"It would last {days:.0f} days.",
            f"A trial ends within {policy.trial_days} days of its start.",
        )
    if not 1 <= searches <= policy.trial_searches:
        return Refused(
            "trial.searches",
            "Trial refused",
            f"It would allow {searches} searches.",
            f"Allow 1 to {policy.trial_searches}.",
        )
    return Allow()


def terms_accepted(accepted: bool) -> Decision:
    """The head of the agency has accepted the terms before the operator opens it."""
    if not accepted:
        return Refused(
            "agency.terms",
            "Agency not opened",
            "Its head has not accepted the terms.",
            "The head accepts them with `plainview agency accept CODE`.",
        )
    return Allow()


def outsider_terms(names: Iterable[str], ends_on: date | None, today: date, *, granted: bool = False) -> Decision:
    """An outsider's account has a last day; the defence comes by a disclosure; nobody else's account has a last day.

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
            "The defence is invited to the disclosure of a named search.",
            "A supervisor does it: `plainview disclosure grant SEARCH --email ADDRESS --name NAME --until DAY`.",
        )
    if not outsider and ends_on is None:
        return Allow()
    if not outsider or ends_on is None or not timedelta() <= ends_on - today <= _LONGEST:
        return Refused(
            "member.last_day",
            "Not invited",
            f"An outsider's account has a last day within {MAX_OUTSIDER_DAYS} days, and only theirs has one.",
            "State the day with --until for an outsider, and for nobody else.",
        )
    return Allow()


def inside(before: Iterable[str], after: Iterable[str]) -> Decision:
    """Nobody becomes or ceases to be an outsider by a change of roles: it would outlast or lose its last day."""
    if any(role.value in {*before, *after} for role in OUTSIDERS):
        return Refused(
            "member.outsider",
            "Roles not changed",
            "An outsider's role is given by an invitation and ends with it.",
            "End that account and invite the person anew.",
        )
    return Allow()


_LONGEST = timedelta(days=MAX_OUTSIDER_DAYS)
