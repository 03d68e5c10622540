"""Reads members, their training and trials, the agency's policy, invitations and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import Count, Q
from django.utils import timezone

from plainview.casework.models import Agency, Invitation, Member, PolicyVersion, Search, Token, Training, Trial
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.agency import AgencyPolicy, complete, parse
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.search import TrainingFacts, TrialFacts


def members(member: Member) -> list[Member]:
    """Return every member of the acting member's agency, by address."""
    return list(Member.objects.filter(agency=member.agency).prefetch_related("trainings", "trials").order_by("email"))


def invitations(member: Member) -> list[Invitation]:
    """Return the usable invitations of the acting member's agency, newest first."""
    rows = Invitation.objects.filter(agency=member.agency, member=None, expires_at__gt=timezone.now())
    return list(rows.select_related("invited_by").order_by("-pk"))


_FACTS = ("course", "hours", "expires_on")
_TRAININGS = Prepared(lambda member: Training.objects.filter(member=member).values_list(*_FACTS), int)
_TRAININGS_KNOWN = Prepared(
    lambda member, known_at: Training.objects.filter(member=member, recorded_at__lte=known_at).values_list(*_FACTS),
    int,
    datetime,
)


def training_facts(member: Member, *, known_at: datetime | None = None) -> tuple[TrainingFacts, ...]:
    """Return the member's completed courses; with `known_at` only those on record at that time."""
    rows = _TRAININGS(member.pk) if known_at is None else _TRAININGS_KNOWN(member.pk, known_at)
    return tuple(TrainingFacts(*training) for training in rows)


def trial_facts(member: Member) -> TrialFacts | None:
    """Return the member's newest trial with the searches used in it, None if no supervisor has approved one."""
    trial = Trial.objects.filter(member=member).order_by("-pk").first()
    if trial is None:
        return None
    used = Search.objects.filter(member=member, requested_at__gte=trial.approved_at).count()
    return TrialFacts(trial.starts_on, trial.ends_on, trial.search_limit, used)


def agencies() -> list[tuple[Agency, int]]:
    """Return every agency with the number of its active members, for the operator."""
    counted = Agency.objects.annotate(active=Count("member", filter=Q(member__is_active=True))).order_by("name")
    return [(agency, agency.active) for agency in counted]


def tokens(member: Member) -> list[Token]:
    """Return the acting member's own tokens, newest first."""
    return list(Token.objects.filter(member=member).order_by("-pk"))


def binding(agency: Agency) -> tuple[PolicyVersion, AgencyPolicy]:
    """Return the newest version of the agency's policy; every agency has one from its first day.

    A field that this version of Plainview added has its strictest value until the agency decides; `policy_text`
    returns the text to decide about.

    Raises:
        Refused: policy.invalid, when another version of Plainview stored it with fields that are gone.
    """
    version = newest_version(agency)
    try:
        return version, _parsed(version.text)
    except Refused as refused:
        raise Refused(
            "policy.invalid",
            "Policy refused",
            f"The policy in force does not fit this version of Plainview. {refused.why}",
            "An agency administrator must set a policy with the fields of this version.",
            act=Permission.POLICY_CHANGE,
        ) from refused


@lru_cache(maxsize=64)
def _parsed(text: str) -> AgencyPolicy:
    return parse(complete(text)[0])


_POLICIES = Prepared(lambda agency: PolicyVersion.objects.filter(agency=agency).order_by("-number")[:1], int)


def newest_version(agency: Agency) -> PolicyVersion:
    """Return the newest version of the agency's policy, as it was stored."""
    version: PolicyVersion = next(iter(_POLICIES(agency.pk)))
    return version


def policy_text(agency: Agency) -> tuple[str, dict[str, str]]:
    """Return the text of the policy in force, completed, and each field that was completed with its value."""
    return complete(newest_version(agency).text)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A policy that an older version stored: the agency's name, and each missing field with the value that holds."""

    agency: str
    fields: dict[str, str]


def incomplete_policies() -> list[Incomplete]:
    """Return the agencies whose policy lacks fields of this version."""
    rows = ((agency.name, policy_text(agency)[1]) for agency in Agency.objects.order_by("name") if _has_one(agency))
    return [Incomplete(name, missing) for name, missing in rows if missing]


def _has_one(agency: Agency) -> bool:
    return PolicyVersion.objects.filter(agency=agency).exists()


def history(member: Member) -> list[PolicyVersion]:
    """Return every version of the agency's policy, newest first."""
    versions = PolicyVersion.objects.filter(agency=member.agency).select_related("changed_by", "approved_by")
    return list(versions.order_by("-number"))
