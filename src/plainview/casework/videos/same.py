"""Stating that two people of one video are one, and taking it back. Each is an entry of its own.

Owns the statements: nothing compares, and no still changes. It must never remove a statement; an undo is recorded too.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, SamePerson, Video
from plainview.casework.videos.read import persons
from plainview.policy import rules
from plainview.policy import video as video_rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def join_persons(public_id: str, numbers: Sequence[int], *, acting_member: Member) -> SamePerson:
    """State that two people of a video are one person.

    Args:
        public_id: the video.
        numbers: their two numbers in it, as the page shows them.
        acting_member: the member who states it.

    Raises:
        Refused: no permission, unknown, the case is closed, the video is not processed to its end, or not two people.
    """
    with acting("video.join_persons", Permission.VIDEO_UPLOAD, acting_member):
        video = _open(public_id, acting_member)
        people = [person.number for person in persons(video)]
        rules.require(video_rules.same_person(numbers, people, done=video.state == Video.State.DONE))
        first, second = sorted(set(numbers))
        same = SamePerson.objects.create(video=video, first=first, second=second, member=acting_member)
        _write("video.persons_joined", same, acting_member)
    return same


def part_persons(public_id: str, number: int, *, acting_member: Member) -> int:
    """Take back every statement about one person of a video; return how many there were.

    Raises:
        Refused: no permission, unknown, the case is closed, or nothing was stated about this person.
    """
    with acting("video.part_persons", Permission.VIDEO_UPLOAD, acting_member):
        video = _open(public_id, acting_member)
        person = next((person for person in persons(video) if person.number == number), None)
        if person is None or not person.same:
            raise Refused(
                "video.nothing_to_undo",
                "Nothing changed",
                f"Nobody stated that person {number} and another are one.",
                "Nothing more is needed.",
            )
        for same in person.same:
            same.undone_at, same.undone_by = timezone.now(), acting_member
            same.save(update_fields=["undone_at", "undone_by"])
            _write("video.persons_parted", same, acting_member)
    return len(person.same)


def _open(public_id: str, member: Member) -> Video:
    video = find.video(public_id, member)
    case = video.case
    rules.require(rules.case_open(case.number, case.closed_at.date() if case.closed_at else None))
    return video


def _write(action: str, same: SamePerson, member: Member) -> None:
    write_entry(
        action,
        {
            "agency": member.agency.public_id,
            "video": same.video.public_id,
            "first": same.first,
            "second": same.second,
        },
        acting_member=member,
    )
