"""Showing the source's numbers of a gallery's subjects; the view is recorded, because the numbers are sealed."""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member
from plainview.casework.subjects.read import Known, subjects_of
from plainview.policy.permissions import Permission


def view_subjects(gallery_name: str, *, limit: int, acting_member: Member) -> list[Known]:
    """Return the subjects of a gallery with their numbers, those with most pictures first.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("subject.view", Permission.SUBJECT_CHANGE, acting_member):
        gallery = find.gallery(gallery_name, acting_member)
        subjects = subjects_of(gallery, limit=limit)
        write_entry(
            "subjects.viewed",
            {"agency": acting_member.agency.public_id, "gallery": gallery.pk, "subjects": len(subjects)},
            acting_member=acting_member,
        )
    return subjects
