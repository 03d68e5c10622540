"""Assigning a verification: the verifier, the faces and their order; sometimes also an item with a known answer.

Owns the draws of the verifier and of the positions; fillers.py chooses the other faces. An item with a known answer is assigned when
another person gets an ordinary task, with as many faces and the same entry. It must never let anyone tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import SystemRandom

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from plainview.casework.examination import fillers
from plainview.casework.examination.blind import live_tasks
from plainview.casework.examination.seen import who_has_seen, withdraw_seen
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Agency,
    Examination,
    Member,
    ProficiencyItem,
    Reference,
    Verification,
    VerificationItem,
)
from plainview.casework.news.tell import tell
from plainview.casework.people.read import binding, training_facts
from plainview.casework.search.candidates import picture_of
from plainview.index.base import BadTemplate, IndexUnreachable
from plainview.policy import examination as looking
from plainview.policy.decision import Allow
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role, holds
from plainview.policy.search import trained

_random = SystemRandom()
_NOT_NOW = (IndexUnreachable, BadTemplate)  # a server that does not answer; a gallery that is being re-embedded
_LATER = (
    3600,
    86_400,
)  # seconds until an item appears for the only verifier, so that it does not come together with a task


def assign_verifier(examination: Examination) -> Verification | None:
    """Assign the task to a random trained member who has seen nothing of it; None while there is nobody, or no index."""
    agency = examination.member.agency
    taken = set(Verification.everything.filter(examination=examination).values_list("verifier_id", flat=True))
    everybody = _able(agency)
    able = [member for member in everybody if member.pk not in taken]
    seen = who_has_seen(examination.candidate.search, [member.pk for member in able])
    able = [member for member in able if member.pk not in seen]
    if not able:
        return None
    shown = compared_picture(examination)
    if not shown.template:
        return None
    try:
        faces = fillers.of_examination(examination, shown)
    except _NOT_NOW:
        return None  # every minute it is tried again; the examination itself must not be lost
    verifier = _random.choice(able)
    tasks: list[Verification] = []
    steps: list[Callable[[], None]] = [lambda: tasks.append(_of_examination(examination, verifier, shown, faces))]
    if _item_is_due(agency):
        steps.append(lambda: _give_item([other for other in everybody if other != verifier], verifier))
    _random.shuffle(steps)  # otherwise the order in the log would reveal which is which
    for step in steps:
        step()
    return tasks[0]


def assign_waiting() -> int:
    """Assign every examination of a potential candidate without a verifier; return how many were assigned.

    First, open tasks are taken from those who have seen what they are about.
    """
    again = draw_again()
    with_verifier = live_tasks().filter(examination=OuterRef("pk"))
    waiting = Examination.objects.filter(~Exists(with_verifier), conclusion=looking.POTENTIAL)
    return again + sum(1 for examination in waiting.select_related("member__agency") if _assigned(examination))


def draw_again(verifier: Member | None = None) -> int:
    """Take open tasks from those who have seen what they are about, and draw another verifier; return how many were drawn.

    Args:
        verifier: look at this member's tasks only.
    """
    drawn = [task.examination for task in withdraw_seen(verifier)]
    return sum(1 for examination in drawn if examination is not None and _assigned(examination))


def _assigned(examination: Examination) -> bool:
    with transaction.atomic():
        return assign_verifier(examination) is not None


def _able(agency: Agency) -> list[Member]:
    _, policy = binding(agency)
    today = timezone.now().date()
    return [
        member
        for member in Member.objects.filter(agency=agency, is_active=True).order_by("pk")
        if holds(member.roles, Permission.VERIFICATION_RECORD)
        and isinstance(trained(Role.VERIFIER, training_facts(member), policy, today), Allow)
    ]


def _of_examination(
    examination: Examination, verifier: Member, face: Reference, others: list[Reference]
) -> Verification:
    task = Verification(examination=examination, verifier=verifier)
    return _lay_out(task, face, others, {"examination": examination.public_id})


def compared_picture(examination: Examination) -> Reference:
    """Return the picture of the candidate that a verifier is shown: the first that the examiner opened and that is left.

    If none of these is left, the nearest of the others; one that was erased if the candidate has no other.
    """
    pictures = examination.candidate.pictures.select_related("reference")
    own = {picture.reference.public_id: picture.reference for picture in pictures}
    opened = (own.get(name) for name in examination.pictures or ())
    left = (reference for reference in opened if reference is not None and reference.template)
    return next(left, picture_of(examination.candidate, ""))


def _lay_out(task: Verification, face: Reference, others: list[Reference], about: dict[str, str]) -> Verification:
    task.save()
    shown = [*others, face]
    _random.shuffle(shown)
    pictures = min(map(fillers.pictures_of, shown))  # as many at every position: their number must not tell which it is
    items = VerificationItem.objects.bulk_create(
        VerificationItem(
            verification=task,
            position=position,
            reference=reference,
            is_candidate=reference.pk == face.pk,
            more=_more(reference, pictures - 1),
        )
        for position, reference in enumerate(shown, start=1)
    )
    write_entry(
        "verification.assigned",
        {
            "verification": task.public_id,
            "agency": task.verifier.agency.public_id,
            "verifier": task.verifier.public_id,
            "faces": len(shown),
            **({"pictures": pictures} if pictures > 1 else {}),
        },
        # Sealed: the public copy of the log must not reveal the subject of the task to the verifier.
        {"about": about},
        acting_member=None,
        rows=[task, *items],  # as they were made: rows that are loaded must be in the log already
    )
    tell("verification", task.public_id, [task.verifier], at=task.assigned_at)
    return task


def _more(reference: Reference, count: int) -> list[str]:
    """Return the ids of the best other pictures of a reference's person."""
    if not count:
        return []
    own = Reference.objects.filter(subject=reference.subject_id).exclude(template=b"").exclude(pk=reference.pk)
    return list(own.order_by("-quality", "pk").values_list("public_id", flat=True)[:count])


def _item_is_due(agency: Agency) -> bool:
    """Decide at random whether an item is due: one task in N, that is one for every N - 1 ordinary tasks."""
    _, policy = binding(agency)
    one_in = policy.proficiency_one_in
    return one_in > 0 and _random.random() < 1 / (one_in - 1)


def _give_item(others: list[Member], verifier: Member) -> None:
    """Assign another member an item that they have not had; an agency's only verifier gets it some hours later."""
    for member in _random.sample(others, len(others)) or [verifier]:
        items = usable_items(member.agency).exclude(Q(verifications__verifier=member) | Q(added_by=member))
        for item in _random.sample(list(items), items.count()):
            try:
                faces = fillers.of_item(item)
            except _NOT_NOW:
                return
            if faces:
                task = Verification(proficiency=item, verifier=member)
                if member == verifier:
                    task.assigned_at = _later()
                _lay_out(task, item.reference, faces, {"proficiency": item.public_id})
                return


def usable_items(agency: Agency) -> models.QuerySet[ProficiencyItem]:
    """Return the items in use whose two faces both still exist."""
    rows = ProficiencyItem.objects.filter(agency=agency, retired_at=None).exclude(reference__template=b"")
    return rows.exclude(probe_reference__isnull=False, probe_reference__template=b"")


def _later() -> datetime:
    return timezone.now() + timedelta(seconds=_random.uniform(*_LATER))
