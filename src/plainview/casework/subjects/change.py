"""Changing whose picture a reference is: to another number, to a new one, to none, or all pictures of one number to another.

Owns that a change is one transaction: the references, both subjects' templates, the rows of the gallery's ordered log and
the entry. Lists that were recorded before stay as they were. It must never join people whom an examiner told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F

from plainview.casework import find
from plainview.casework.galleries.subjects import log_changes, normal, subject_of, subject_with
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Examination, Gallery, Member, Reference, Subject
from plainview.policy import rules
from plainview.policy import subjects as policy
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

_ACT = "subject.change"


@dataclass(frozen=True, slots=True)
class Changed:
    """The result of a change: the subject's id ("" for none), the pictures that changed, all of its pictures, the entry."""

    subject: str
    changed: int
    pictures: int
    entry: int


def change(gallery_name: str, references: Sequence[str], number: str, *, reason: str, acting_member: Member) -> Changed:
    """Say whose pictures some references are; with a new number this splits a subject.

    Args:
        gallery_name: a gallery of the member's agency.
        references: ids of references in it.
        number: the source's number of the person, sealed; "" for none.
        reason: the reason in words, sealed.
        acting_member: who changes it.

    Raises:
        Refused: no permission, unknown, in another gallery, a number that cannot be one, too many pictures, no reason, or
            people who were examined as different.
    """
    with acting(_ACT, Permission.SUBJECT_CHANGE, acting_member):
        gallery = _locked(find.gallery(gallery_name, acting_member))
        rules.require(explained(reason, "The reason"))
        chosen = [_of(gallery, find.reference(reference, acting_member, lock=True)) for reference in references]
        if not chosen:
            raise Refused(
                "subject.nothing", "Nothing changed", "No reference was named.", "Name the pictures to change."
            )
        into = _into(gallery, number)
        before = {reference.subject_id for reference in chosen if reference.subject_id is not None}
        moved = [reference for reference in chosen if reference.subject_id != (into.pk if into else None)]
        if into is not None:
            _apart(into, [reference.pk for reference in moved])
        entry = _move(gallery, moved, into, before, "subject.changed", {"reason": reason.strip()}, acting_member)
    return _finished(gallery, into, len(moved), entry)


def merge(gallery_name: str, number: str, into_number: str, *, reason: str, acting_member: Member) -> Changed:
    """Make one subject of two: all pictures of a number become those of another; the old number leads there from now on.

    Raises:
        Refused: as in `change`; or a number is unknown, or both are one subject already.
    """
    with acting(_ACT, Permission.SUBJECT_CHANGE, acting_member):
        gallery = _locked(find.gallery(gallery_name, acting_member))
        rules.require(explained(reason, "The reason"))
        old, into = _known(gallery, number), _known(gallery, into_number)
        if old.pk == into.pk:
            raise Refused(
                "subject.same", "Nothing changed", "Both numbers are one subject already.", "Name two subjects."
            )
        rows = Reference.objects.select_for_update().filter(subject=old).exclude(template=b"")
        moved = list(rows.order_by("pk"))
        _apart(into, [reference.pk for reference in moved])
        rules.require(policy.few_enough(into.pictures + len(moved)))
        old.merged_into = into
        old.save(update_fields=["merged_into"])
        facts = {"reason": reason.strip(), "from": old.public_id, "into": into.public_id}
        entry = _move(gallery, moved, into, {old.pk}, "subjects.merged", facts, acting_member)
    return _finished(gallery, into, len(moved), entry)


def _locked(gallery: Gallery) -> Gallery:
    Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock
    gallery.refresh_from_db(fields=["log_head"])
    return gallery


def _of(gallery: Gallery, reference: Reference) -> Reference:
    if reference.gallery_id != gallery.pk:
        raise Refused(
            "subject.other_gallery",
            "Nothing changed",
            f"Reference {reference.public_id} is in another gallery; a subject belongs to one gallery.",
            "Change the pictures of each gallery by themselves.",
        )
    return reference


def _into(gallery: Gallery, number: str) -> Subject | None:
    if not number.strip():
        return None
    rules.require(policy.usable_number(normal(number)))
    return subject_with(gallery, number)


def _known(gallery: Gallery, number: str) -> Subject:
    rules.require(policy.usable_number(normal(number)))
    subject = subject_of(gallery, number)
    if subject is None:
        raise Refused(
            "subject.unknown",
            "Not found",
            "No picture of this gallery has this number.",
            "Check the number, and the gallery.",
        )
    return subject


def _apart(subject: Subject, references: Sequence[int]) -> None:
    """Refuse to join people of whom an examiner found one to be the person of a probe, and the other not to be.

    Raises:
        Refused: subject.examined_apart.
    """

    def conclusions(examined: Sequence[int]) -> set[tuple[int, str]]:
        own = Examination.objects.filter(candidate__reference__in=examined)
        return set(own.values_list("candidate__search_id", "conclusion"))

    there = list(Reference.objects.filter(subject=subject).values_list("pk", flat=True))
    rules.require(policy.not_told_apart(conclusions(there), conclusions(references)))


def _move(
    gallery: Gallery,
    moved: Sequence[Reference],
    into: Subject | None,
    before: set[int],
    action: str,
    sealed: dict[str, str],
    member: Member,
) -> int:
    """Write references, templates, rows of the log and the entry in the running transaction; return the entry's number."""
    for reference in moved:
        reference.subject = into
    Reference.objects.bulk_update(moved, ["subject"])
    touched = before | ({into.pk} if into else set())
    head, people = log_changes(gallery, [(reference, True) for reference in moved], touched)
    if into is not None:
        into.refresh_from_db()
        rules.require(policy.few_enough(into.pictures))
    return write_entry(
        action,
        {
            "agency": member.agency.public_id,
            "gallery": gallery.pk,
            "references": len(moved),
            "subjects": len(touched),
            "last_change": head,
        },
        {**sealed, "references": [reference.public_id for reference in moved], "to": into.public_id if into else ""},
        acting_member=member,
        rows=[*moved, *people],
    ).entry


def _finished(gallery: Gallery, into: Subject | None, changed: int, entry: int) -> Changed:
    gallery.refresh_from_db(fields=["log_head"])
    calibrate(gallery)
    return Changed(into.public_id if into else "", changed, into.pictures if into else 0, entry)
