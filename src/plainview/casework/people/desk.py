"""Reads a member's desk: their tasks, and what stops them from working, in their own agency only.

Owns the choice of what is shown first. It must never name a score or a verdict: a verifier may see this page.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from plainview.casework.models import Case, Gallery, Member, Search, Training
from plainview.casework.people.read import binding, training_facts
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused
from plainview.policy.roles import Role
from plainview.policy.search import trained

SOON = timedelta(days=30)
"""Time before the end of a training or a passport at which the desk shows it: chosen, time to book a course."""

_FRESH = timedelta(days=60)  # older searches without an examination are only in their case
_SEARCHES = 60  # searches that may still be under review
_MOST = 12  # rows per section; the rest is behind its link


def to_examine(member: Member) -> list[Search]:
    """Return the member's own answered searches in open cases that have a candidate, newest first.

    Which of them is reviewed to its end is for `triage.read.progress` to say.
    """
    return list(_TO_EXAMINE(member.pk, timezone.now() - _FRESH))


_TO_EXAMINE = Prepared(
    lambda member, since: (
        Search.objects.filter(
            member=member,
            answered_at__isnull=False,
            erased_at=None,
            sealed_at=None,
            alert=None,
            case__closed_at=None,
            requested_at__gte=since,
            candidate__rank=1,
        )
        .select_related("case", "gallery")
        .order_by("-pk")[:_SEARCHES]
    ),
    int,
    datetime,
)


def own_cases(member: Member) -> list[Case]:
    """Return open cases that the member opened or searched under, most recent work first."""
    mine = Case.objects.filter(agency=member.agency, closed_at=None)
    searched = Search.objects.filter(case=OuterRef("pk"), member=member)
    rows = mine.filter(opened_by=member) | mine.filter(Exists(searched))
    return list(rows.distinct().annotate(last=Max("search__requested_at")).order_by("-last", "-pk")[:_MOST])


def in_the_way(member: Member) -> list[str]:
    """Return what stops the member from working, now or soon, in plain words with the next step."""
    obstacles = []
    today = timezone.now().date()
    _, policy = binding(member.agency)
    if not member.agency.is_open:
        obstacles.append("Your agency is not open, so no search can be run. Ask its head.")
    for role in (Role.EXAMINER, Role.VERIFIER):
        if role.value not in member.roles:
            continue
        answer = trained(role, training_facts(member), policy, today)
        if isinstance(answer, Refused):
            obstacles.append(f"{answer.why} You cannot work as {role.value} until this is resolved. {answer.next_step}")
        elif (ends := _ends(member)) is not None and ends - today <= SOON:
            obstacles.append(f"Your training expires on {ends:%-d %b %Y}. Book the next course.")
    return list(dict.fromkeys(obstacles))


def _ends(member: Member) -> date | None:
    newest = Training.objects.filter(member=member).aggregate(Max("expires_on"))
    last: date | None = newest["expires_on__max"]
    return last


def ending_galleries(member: Member) -> list[Gallery]:
    """Return galleries of the agency whose legal basis has ended or ends soon, earliest first."""
    rows = Gallery.objects.filter(agency=member.agency, expires_on__lte=timezone.now().date() + SOON)
    return list(rows.order_by("expires_on")[:_MOST])


def untrained(member: Member) -> list[Member]:
    """Return examiners and verifiers of the agency who may not work because their training is missing or expired."""
    _, policy = binding(member.agency)
    today = timezone.now().date()
    return [
        other
        for other in Member.objects.filter(agency=member.agency, is_active=True).order_by("name")
        if any(
            role.value in other.roles and isinstance(trained(role, training_facts(other), policy, today), Refused)
            for role in (Role.EXAMINER, Role.VERIFIER)
        )
    ][:_MOST]
