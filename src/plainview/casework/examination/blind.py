"""Reads a verifier's own tasks and their pictures, and nothing else about them.

Owns what a verifier sees: an id, positions, pictures. It must never add a score, rank, name, source or first verdict.
The pictures of a task have the same length and are made in the same way, so that none reveals the candidate.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.models import Draft, Member, Reference, Verification, VerificationItem
from plainview.casework.pictures import EXAMINED, aligned_jpeg, of_one_length
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task in the verifier's list: its id, the time of its assignment, and how many faces it has."""

    public_id: str
    assigned_at: datetime
    begun: bool
    faces: int


def live_tasks() -> QuerySet[Verification]:
    """Return answered tasks, and open ones without an erased face; the others are void."""
    gone = VerificationItem.objects.filter(verification=OuterRef("pk"), reference__template=b"")
    probe_gone = Q(proficiency__probe_reference__isnull=False, proficiency__probe_reference__template=b"")
    return Verification.objects.filter(Q(answered_at__isnull=False) | (~Exists(gone) & ~probe_gone))


def _open_tasks(member: Member | int, now: datetime | None = None) -> QuerySet[Verification]:
    rows = live_tasks().filter(verifier=member, answered_at=None, assigned_at__lte=now or timezone.now())
    over = Q(examination__candidate__search__erased_at__isnull=False)
    return rows.exclude(over | Q(examination__candidate__search__sealed_at__isnull=False))


def waiting(member: Member) -> list[Waiting]:
    """Return the member's own unanswered tasks, oldest first."""
    return [
        Waiting(task.public_id, task.assigned_at, task.shown_at is not None, task.faces)
        for task in _WAITING(member.pk, timezone.now())
    ]


_WAITING = Prepared(
    lambda member, now: _open_tasks(member, now).annotate(faces=Count("items")).order_by("assigned_at", "pk"),
    int,
    datetime,
)


def own_task(public_id: str, member: Member) -> Verification:
    """Return an unanswered task of the member's own.

    Raises:
        Refused: verification.withdrawn, verification.unknown.
    """
    if Verification.everything.filter(
        public_id=public_id.strip(), verifier=member, withdrawn_at__isnull=False
    ).exists():
        raise Refused(
            "verification.withdrawn",
            "Verification withdrawn",
            "You have seen the search that this task is about, so you cannot verify it blind.",
            "You need not do anything: another member verifies it.",
        )
    return find.verification(public_id, member, among=_open_tasks(member))


def blind_pictures(task: Verification, side: int = EXAMINED) -> tuple[bytes, dict[int, list[bytes]]]:
    """Return the probe's face and the pictures at each position, as many at each: JPEG of the same size, scale and length.

    All are made whichever is requested, so that not even the response time differs.

    Args:
        task: the verifier's own.
        side: of every picture, pixels; one of `pictures.ALIGNED`.

    Raises:
        BadMedia, StorageError: a stored picture cannot be read.
    """
    items = list(task.items.select_related("reference").order_by("position"))
    with _MAKING:  # a page requests all at once: the first request makes them, the others use them
        shown = shown_references(items)
        faces = [aligned_jpeg(r.blob, r.box, r.points, side=side) for references in shown for r in references]
        probe, *faces = of_one_length([_probe(task, side), *faces])
    left = iter(faces)
    return probe, {
        item.position: [next(left) for _ in references] for item, references in zip(items, shown, strict=True)
    }


def shown_references(items: list[VerificationItem]) -> list[list[Reference]]:
    """Return the references at each position, by date; where one was erased since, fewer are shown at every position."""
    named = Reference.objects.filter(public_id__in=[name for item in items for name in item.more])
    known = {reference.public_id: reference for reference in named.exclude(template=b"")}
    more = [[known[name] for name in item.more if name in known] for item in items]
    count = min(map(len, more), default=0)
    return [
        sorted([item.reference, *others[:count]], key=lambda shown: (shown.captured_on or date.max, shown.pk))
        for item, others in zip(items, more, strict=True)
    ]


def _probe(task: Verification, side: int) -> bytes:
    if task.proficiency is not None:
        item = task.proficiency
        return aligned_jpeg(item.probe_blob, item.probe_box, item.probe_points, side=side)
    assert task.examination is not None  # noqa: S101  a constraint of the table
    search = task.examination.candidate.search
    return aligned_jpeg(search.probe_blob, search.box, edits=search.edits, side=side)


def blind_picture(public_id: str, position: int, member: Member, *, number: int = 1, side: int = EXAMINED) -> bytes:
    """Return a picture at a position of a task that the member has opened (an entry); position 0 is the probe.

    Args:
        public_id: the task.
        position: of the face; 0 is the probe.
        member: the verifier.
        number: of the picture of this face, from 1.
        side: of the picture, pixels.

    Raises:
        Refused: not theirs, not opened, no such position, or as `blind_pictures`.
    """
    task = own_task(public_id, member)
    if not Draft.objects.filter(member=member, verification=task).exists():
        raise Refused(
            "verification.not_shown",
            "Nothing shown",
            "The page of this picture was not opened.",
            "Open the page first.",
            act=Permission.VERIFICATION_RECORD,
        )
    probe, faces = blind_pictures(task, side)
    if position and not 1 <= number <= len(faces.get(position, ())):
        raise Refused(
            "verification.unknown",
            "Not found",
            "This task has no such face.",
            "Choose a face of your task.",
            act=Permission.VERIFICATION_RECORD,
        )
    return faces[position][number - 1] if position else probe
