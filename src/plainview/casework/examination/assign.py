"""Giving a verification to a person: who looks, at which faces, in which order; and now and then one with a known answer.

Owns the three draws, all random: the verifier, the foils, the places. An item with a known answer is given at the
moment at which somebody else gets an ordinary task, with as many faces and the same entry; nobody can tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import SystemRandom

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from plainview.casework.examination.blind import live_tasks
from plainview.casework.galleries.read import open_template
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Agency,
    Candidate,
    Examination,
    Member,
    ProficiencyItem,
    Reference,
    Verification,
    VerificationItem,
)
from plainview.casework.people.read import binding, training_facts
from plainview.policy import examination as looking
from plainview.policy.decision import Allow
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role, holds
from plainview.policy.search import trained
from plainview.scores.same_face import SAME_FACE

_random = SystemRandom()
_POOL = 10_000  # references among which foils are drawn: bounds the query in a large gallery
_TRIED = 40  # of them, whose templates are compared with the face of an item
_LATER = (
    3600,
    86_400,
)  # seconds: when an item shows for whoever is the only verifier, so that it does not come in a pair


def assign_verifier(examination: Examination) -> Verification | None:
    """Give the task to a random trained member who has not worked on it; None when there is nobody (yet)."""
    agency = examination.member.agency
    taken = set(examination.verifications.values_list("verifier_id", flat=True))
    taken |= {examination.member_id, examination.candidate.search.member_id}
    everybody = _able(agency)
    able = [member for member in everybody if member.pk not in taken]
    if not able:
        return None
    verifier = _random.choice(able)
    tasks: list[Verification] = []
    steps: list[Callable[[], None]] = [lambda: tasks.append(_of_examination(examination, verifier))]
    if _item_is_due(agency):
        steps.append(lambda: _give_item([other for other in everybody if other != verifier], verifier))
    _random.shuffle(steps)  # else the order in the log would tell which is which
    for step in steps:
        step()
    return tasks[0]


def assign_waiting() -> int:
    """Assign every examination of a potential candidate that has no verifier (any more); return how many were."""
    with_verifier = live_tasks().filter(examination=OuterRef("pk"))
    waiting = Examination.objects.filter(~Exists(with_verifier), conclusion=looking.POTENTIAL)
    waiting = waiting.exclude(candidate__reference__template=b"")
    return sum(1 for examination in waiting.select_related("member__agency") if _assigned(examination))


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


def _of_examination(examination: Examination, verifier: Member) -> Verification:
    task = Verification(examination=examination, verifier=verifier)
    about = {"examination": examination.public_id}
    return _lay_out(task, examination.candidate.reference, _foils(examination), about)


def _lay_out(task: Verification, face: Reference, foils: list[Reference], about: dict[str, str]) -> Verification:
    task.save()
    shown = [*foils, face]
    _random.shuffle(shown)
    VerificationItem.objects.bulk_create(
        VerificationItem(
            verification=task, position=position, reference=reference, is_candidate=reference.pk == face.pk
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
        },
        # Sealed: the public copy of the log must not tell the verifier what the task is about.
        {"about": about},
        acting_member=None,
    )
    return task


def _foils(examination: Examination) -> list[Reference]:
    """Random references of the same gallery: off the list where there are enough, else from its far half."""
    search = examination.candidate.search
    listed = Candidate.objects.filter(search=search)
    gallery = Reference.objects.filter(gallery_id=search.gallery_id).exclude(template=b"")
    others = gallery.exclude(Q(pk__in=listed.values("reference_id")) | Q(blob=examination.candidate.reference.blob))
    keys = list(others.order_by("pk").values_list("pk", flat=True)[:_POOL])
    # The near half of a list may hold the person twice: a foil from there would not be one.
    far = listed.filter(rank__gt=listed.count() // 2).exclude(pk=examination.candidate_id)
    pool = keys if len(keys) >= looking.FOILS else [*keys, *far.values_list("reference_id", flat=True)]
    chosen = _random.sample(pool, min(looking.FOILS, len(pool)))
    return list(Reference.objects.filter(pk__in=chosen))


def _item_is_due(agency: Agency) -> bool:
    """Of N tasks one is an item: for N - 1 ordinary ones one more is drawn."""
    _, policy = binding(agency)
    one_in = policy.proficiency_one_in
    return one_in > 0 and _random.random() < 1 / (one_in - 1)


def _give_item(others: list[Member], verifier: Member) -> None:
    """Give somebody else an item they have not had; whoever is the only verifier gets it at some later hour."""
    for member in _random.sample(others, len(others)) or [verifier]:
        items = usable_items(member.agency).exclude(Q(verifications__verifier=member) | Q(added_by=member))
        for item in _random.sample(list(items), items.count()):
            foils = _foils_of(item)
            if foils:
                task = Verification(proficiency=item, verifier=member)
                if member == verifier:
                    task.assigned_at = _later()
                _lay_out(task, item.reference, foils, {"proficiency": item.public_id})
                return


def usable_items(agency: Agency) -> models.QuerySet[ProficiencyItem]:
    """Items in use, both of whose faces are still there."""
    rows = ProficiencyItem.objects.filter(agency=agency, retired_at=None).exclude(reference__template=b"")
    return rows.exclude(probe_reference__isnull=False, probe_reference__template=b"")


def _later() -> datetime:
    return timezone.now() + timedelta(seconds=_random.uniform(*_LATER))


def _foils_of(item: ProficiencyItem) -> list[Reference]:
    """Random references of the same gallery that are, by their templates, of other people."""
    gallery = Reference.objects.filter(gallery_id=item.reference.gallery_id, pack=item.reference.pack)
    others = gallery.exclude(template=b"").exclude(Q(blob=item.reference.blob) | Q(blob=item.probe_blob))
    keys = list(others.order_by("pk").values_list("pk", flat=True)[:_POOL])
    face = open_template(item.reference.public_id, item.reference.template)
    foils: list[Reference] = []
    for reference in Reference.objects.filter(pk__in=_random.sample(keys, min(_TRIED, len(keys)))).order_by("?"):
        if (
            len(foils) < looking.FOILS
            and float(open_template(reference.public_id, reference.template) @ face) < SAME_FACE
        ):
            foils.append(reference)
    return foils
