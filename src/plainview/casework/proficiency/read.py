"""Reads how people compare faces: agreement with others, time taken, and answers on items with a known answer.

Owns who may read which figures: members their own, up to the last Monday (policy.proficiency.told_until); supervisors
everybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.models import Member, ProficiencyItem, Verification, VerificationItem
from plainview.casework.pictures import aligned_jpeg
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import POTENTIAL
from plainview.policy.permissions import Permission
from plainview.policy.proficiency import (
    Known,
    Proficiency,
    Share,
    median_seconds,
    proficiency,
    told_until,
)
from plainview.policy.roles import holds


@dataclass(frozen=True, slots=True)
class Figures:
    """One person's figures.

    Attributes:
        verified: number of verifications answered, with or without a known answer.
        seconds: median time from the first view of a task to its answer; None if there are too few.
        agreed: ordinary verifications that agreed with the examiner.
        upheld: own examinations of a potential candidate whose first verifier agreed, of those verified.
        known: answers on items with a known answer.
        until: end of the period.
    """

    member: Member
    verified: int
    seconds: int | None
    agreed: Share
    upheld: Share
    known: Proficiency
    until: datetime


def own_figures(member: Member) -> Figures:
    """Return the member's own figures, up to the last Monday."""
    return figures_of(member, told_until(timezone.now()))


def everybodys_figures(member: Member) -> list[Figures]:
    """Return the figures of everybody in the member's agency who verifies or has verified, up to now.

    Raises:
        Refused: no permission.
    """
    rules.require(rules.may(member.roles, member.is_active, Permission.PROFICIENCY_REPORT))
    people = Member.objects.filter(agency=member.agency).annotate(done=Count("verification")).order_by("name")
    return [
        figures_of(colleague, timezone.now())
        for colleague in people
        if colleague.done or (colleague.is_active and holds(colleague.roles, Permission.VERIFICATION_RECORD))
    ]


def figures_of(member: Member, until: datetime) -> Figures:
    """Return one person's figures up to a moment; the caller checks who may read them."""
    done = Verification.objects.filter(verifier=member, answered_at__lt=until)
    faces = VerificationItem.objects.filter(verification__in=done)
    ordinary = faces.filter(is_candidate=True, verification__proficiency=None)
    moments = list(done.values_list("answered_at", "shown_at"))
    times = [(answered - shown).total_seconds() for answered, shown in moments if answered and shown]
    return Figures(
        member=member,
        verified=len(times),
        seconds=median_seconds(times),
        agreed=Share(ordinary.filter(conclusion=POTENTIAL).count(), ordinary.count()) if moments else Share(0, 0),
        upheld=_upheld(member, until),
        known=proficiency(_known(done) if moments else []),  # most people verify nothing: they cost no query more
        until=until,
    )


def _upheld(member: Member, until: datetime) -> Share:
    """Return how often first verifiers agreed: only potential candidates are verified, so agreeing is the same conclusion."""
    first: dict[int, str] = {}
    rows = VerificationItem.objects.filter(
        is_candidate=True, verification__examination__member=member, verification__answered_at__lt=until
    ).order_by("verification__answered_at")
    for examination, conclusion in rows.values_list("verification__examination_id", "conclusion"):
        first.setdefault(examination, conclusion)
    return Share(sum(word == POTENTIAL for word in first.values()), len(first))


def _known(done: QuerySet[Verification]) -> list[Known]:
    rows = done.exclude(proficiency=None).annotate(
        foils=Count("items", filter=Q(items__is_candidate=False)),
        named=Count("items", filter=Q(items__is_candidate=False, items__conclusion=POTENTIAL)),
    )
    verdicts = dict(
        VerificationItem.objects.filter(verification__in=rows.values("pk"), is_candidate=True).values_list(
            "verification_id", "conclusion"
        )
    )
    return [
        Known(mated, verdicts[pk], foils, named)
        for pk, mated, foils, named in rows.values_list("pk", "proficiency__is_mated", "foils", "named")
    ]


@dataclass(frozen=True, slots=True)
class Listed:
    """An item, with how often it was assigned and answered."""

    item: ProficiencyItem
    assigned: int
    answered: int


def items(member: Member) -> list[Listed]:
    """Return the items of the member's agency, newest first.

    Raises:
        Refused: no permission.
    """
    rules.require(rules.may(member.roles, member.is_active, Permission.PROFICIENCY_MANAGE))
    rows = ProficiencyItem.objects.filter(agency=member.agency).select_related("reference__gallery", "added_by")
    done = Count("verifications", filter=Q(verifications__answered_at__isnull=False))
    counted = rows.annotate(assigned=Count("verifications"), answered=done).order_by("-pk")
    return [Listed(item, item.assigned, item.answered) for item in counted]


def item_picture(public_id: str, which: str, member: Member) -> bytes:
    """Return the picture of an item's probe or face.

    Raises:
        Refused: no permission, unknown, or erased.
    """
    rules.require(rules.may(member.roles, member.is_active, Permission.PROFICIENCY_MANAGE))
    item = find.proficiency_item(public_id, member)
    if (which == "probe" and not item.probe_blob) or (which != "probe" and not item.reference.template):
        raise Refused(
            "reference.expunged",
            "Nothing shown",
            "This picture was erased.",
            "Retire the item.",
            act=Permission.PROFICIENCY_MANAGE,
        )
    if which == "probe":
        return aligned_jpeg(item.probe_blob, item.probe_box, item.probe_points)
    return aligned_jpeg(item.reference.blob, item.reference.box, item.reference.points)
