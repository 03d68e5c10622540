"""Assigning a verification: the verifier, the faces and their order; sometimes also an item with a known answer.

Owns the three draws, all random: the verifier, the foils, the positions. An item with a known answer is assigned when
another person gets an ordinary task, with as many faces and the same entry. It must never let anyone tell them apart.
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
_POOL = 10_000  # references from which foils are drawn: bounds the query in a large gallery
_TRIED = 40  # of these, references whose templates are compared with the face of an item
_LATER = (
    3600,
    86_400,
)  # seconds until an item appears for the only verifier, so that it does not come together with a task


def assign_verifier(examination: Examination) -> Verification | None:
    """Assign the task to a random trained member who has not worked on it; None while there is nobody."""
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
    _random.shuffle(steps)  # otherwise the order in the log would reveal which is which
    for step in steps:
        step()
    return tasks[0]


def assign_waiting() -> int:
    """Assign every examination of a potential candidate without a verifier; return how many were assigned."""
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
        # Sealed: the public copy of the log must not reveal the subject of the task to the verifier.
        {"about": about},
        acting_member=None,
    )
    return task


def _foils(examination: Examination) -> list[Reference]:
    """Return random references of the same gallery that are not on the list, or else from its lower half."""
    search = examination.candidate.search
    listed = Candidate.objects.filter(search=search)
    gallery = Reference.objects.filter(gallery_id=search.gallery_id).exclude(template=b"")
    others = gallery.exclude(Q(pk__in=listed.values("reference_id")) | Q(blob=examination.candidate.reference.blob))
    keys = list(others.order_by("pk").values_list("pk", flat=True)[:_POOL])
    # The upper half of a list may show the person twice, and a foil must be another person.
    far = listed.filter(rank__gt=listed.count() // 2).exclude(pk=examination.candidate_id)
    pool = keys if len(keys) >= looking.FOILS else [*keys, *far.values_list("reference_id", flat=True)]
    chosen = _random.sample(pool, min(looking.FOILS, len(pool)))
    return list(Reference.objects.filter(pk__in=chosen))


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
            foils = _foils_of(item)
            if foils:
                task = Verification(proficiency=item, verifier=member)
                if member == verifier:
                    task.assigned_at = _later()
                _lay_out(task, item.reference, foils, {"proficiency": item.public_id})
                return


def usable_items(agency: Agency) -> models.QuerySet[ProficiencyItem]:
    """Return the items in use whose two faces both still exist."""
    rows = ProficiencyItem.objects.filter(agency=agency, retired_at=None).exclude(reference__template=b"")
    return rows.exclude(probe_reference__isnull=False, probe_reference__template=b"")


def _later() -> datetime:
    return timezone.now() + timedelta(seconds=_random.uniform(*_LATER))


def _foils_of(item: ProficiencyItem) -> list[Reference]:
    """Return random references of the same gallery that, by their templates, show other people."""
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
