"""What an auditor reads before a review: how often what happened, in the member's own agency."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from plainview.audit.record import SYSTEM, parse_line
from plainview.casework.models import LogEntry, LogReview, Member
from plainview.policy import rules
from plainview.policy.permissions import Permission


@dataclass(frozen=True, slots=True)
class Summary:
    """The entries since the last review.

    Attributes:
        first: number of the first entry that is not reviewed.
        up_to: number of the newest entry; smaller than `first` when there is none.
        counts: action -> how often, by name; the agency's own entries and those of the system itself.
        last_review: day of the last review, None before the first.
    """

    first: int
    up_to: int
    counts: dict[str, int]
    last_review: str | None


def summary(member: Member) -> Summary:
    """Count what happened since the agency's last review.

    Raises:
        Refused: no permission.
    """
    rules.require(rules.may(member.roles, member.is_active, Permission.AUDIT_REVIEW))
    review = LogReview.objects.filter(agency=member.agency).order_by("-up_to").first()
    first = review.up_to + 1 if review else 0
    own = set(Member.objects.filter(agency=member.agency).values_list("public_id", flat=True))
    counts: Counter[str] = Counter()
    up_to = first - 1
    rows = LogEntry.objects.filter(seq__gte=first).order_by("seq").values_list("canonical", flat=True)
    for canonical in rows.iterator():
        entry = parse_line(bytes(canonical))
        up_to = entry.seq
        of_system = entry.actor == SYSTEM and entry.subject.get("agency", member.agency.public_id)
        if entry.actor in own or of_system == member.agency.public_id:
            counts[entry.action] += 1
    return Summary(first, up_to, dict(sorted(counts.items())), str(review.at.date()) if review else None)
