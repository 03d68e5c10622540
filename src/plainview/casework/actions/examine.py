"""Examining a candidate, and finding the person who verifies it without knowing what was concluded.

Owns the choice of the verifier and of the faces that are shown beside the candidate; both are random and neither
can be chosen by the examiner.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import SystemRandom

from django.db.models import Q
from django.utils import timezone

from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.models import (
    Candidate,
    Examination,
    Member,
    Reference,
    Verification,
    VerificationItem,
)
from plainview.casework.queries.cases import search_numbered
from plainview.casework.queries.people import training_facts
from plainview.casework.queries.policy import binding
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy.decision import Allow, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role, holds
from plainview.policy.search import trained

_random = SystemRandom()


def examine(
    search_id: str,
    rank: int,
    *,
    components: Mapping[str, str],
    conclusion: str,
    notes: str = "",
    acting_member: Member,
) -> Examination:
    """Record one person's comparison of a candidate with the probe; a potential candidate goes to a verifier.

    Raises:
        Refused: no permission or training, unknown or erased, examined by this member already, or an answer is
            missing.
    """
    with acting("examination.record", Permission.EXAMINATION_RECORD, acting_member):
        search = search_numbered(search_id, acting_member)
        candidate = _candidate(search.pk, rank)
        _, policy = binding(acting_member.agency)
        rules.require(
            trained(Role.EXAMINER, training_facts(acting_member), policy, timezone.now().date()),
            looking.components_answered(components),
            looking.conclusion_known(conclusion),
            looking.conclusion_fits(conclusion, components),
        )
        if Examination.objects.filter(candidate=candidate, member=acting_member).exists():
            raise Refused(
                "examination.twice", "Examination refused", "You have examined this candidate.",
                "What was concluded stays; another examiner may look again.",
            )  # fmt: skip
        row = Examination.objects.create(
            candidate=candidate, member=acting_member, components=dict(components), conclusion=conclusion,
            notes=notes.strip(),
        )  # fmt: skip
        write_entry(
            "examination.recorded",
            {
                "examination": row.public_id, "agency": acting_member.agency.public_id,
                "search": search.public_id, "rank": rank, "conclusion": conclusion,
            },
            {"notes": row.notes} if row.notes else {},
            acting_member=acting_member,
        )  # fmt: skip
        if conclusion == looking.POTENTIAL:
            assign_verifier(row)
    return row


def _candidate(search: int, rank: int) -> Candidate:
    row = Candidate.objects.select_related("search__member").filter(search_id=search, rank=rank).first()
    if row is None:
        raise Refused(
            "candidate.unknown",
            "Refused",
            f"The list has no rank {rank}.",
            "See `plainview candidates SEARCH`.",
        )
    return row


def assign_verifier(examination: Examination) -> Verification | None:
    """Give the task to a random trained member who has not worked on it; None when there is nobody (yet)."""
    taken = set(examination.verifications.values_list("verifier_id", flat=True))
    taken |= {examination.member_id, examination.candidate.search.member_id}
    able = [member for member in _able(examination.member) if member.pk not in taken]
    if not able:
        return None
    task = Verification.objects.create(examination=examination, verifier=_random.choice(able))
    shown = [*_foils(examination), examination.candidate.reference]
    _random.shuffle(shown)
    VerificationItem.objects.bulk_create(
        VerificationItem(
            verification=task, position=position, reference=reference,
            is_candidate=reference.pk == examination.candidate.reference_id,
        )
        for position, reference in enumerate(shown, start=1)
    )  # fmt: skip
    write_entry(
        "verification.assigned",
        {
            "verification": task.public_id, "examination": examination.public_id,
            "verifier": task.verifier.public_id, "faces": len(shown),
        },
        acting_member=None,
    )  # fmt: skip
    return task


def _able(examiner: Member) -> list[Member]:
    _, policy = binding(examiner.agency)
    today = timezone.now().date()
    return [
        member
        for member in Member.objects.filter(agency=examiner.agency, is_active=True)
        if holds(member.roles, Permission.VERIFICATION_RECORD)
        and isinstance(trained(Role.VERIFIER, training_facts(member), policy, today), Allow)
    ]


def _foils(examination: Examination) -> list[Reference]:
    """Random references of the same gallery: off the list where there are enough, else from its far half."""
    search = examination.candidate.search
    listed = Candidate.objects.filter(search=search)
    gallery = Reference.objects.filter(gallery_id=search.gallery_id).exclude(template=b"")
    others = gallery.exclude(
        Q(pk__in=listed.values("reference_id")) | Q(blob=examination.candidate.reference.blob)
    )
    keys = list(others.order_by("pk").values_list("pk", flat=True)[:_POOL])
    # The near half of a list may hold the person twice: a foil from there would not be one.
    far = listed.filter(rank__gt=listed.count() // 2).exclude(pk=examination.candidate_id)
    pool = keys if len(keys) >= looking.FOILS else [*keys, *far.values_list("reference_id", flat=True)]
    chosen = _random.sample(pool, min(looking.FOILS, len(pool)))
    return list(Reference.objects.filter(pk__in=chosen))


_POOL = 10_000  # references among which foils are drawn: bounds the query in a large gallery


def assign_waiting() -> int:
    """Assign every examination of a potential candidate that has no verifier yet; return how many were."""
    waiting = Examination.objects.filter(conclusion=looking.POTENTIAL, verifications=None)
    return sum(1 for row in waiting.select_related("member__agency") if _assigned(row))


def _assigned(row: Examination) -> bool:
    from django.db import transaction

    with transaction.atomic():
        return assign_verifier(row) is not None
