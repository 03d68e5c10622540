"""The other streams of pictures of a file, as of a second camera: each is a video of its own with its own stills.

Owns making that video from the pieces that are stored already. It must never store a piece a second time.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from plainview.casework import find, jobs
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Job, Member, Video, VideoPart
from plainview.casework.videos.read import siblings
from plainview.casework.videos.upload import KIND
from plainview.policy import rules
from plainview.policy import video as video_rules
from plainview.policy.permissions import Permission


def take_stream(public_id: str, number: int, *, acting_member: Member) -> tuple[Video, Job]:
    """Begin to process another stream of the same file; the caller enqueues or runs the job.

    Args:
        public_id: a video of the file that has been opened.
        number: the stream, from 1; one that has a video already is returned as it is.
        acting_member: the member who asks.

    Raises:
        Refused: no permission, unknown, the case is closed, or no such stream.
    """
    with acting("video.stream", Permission.VIDEO_UPLOAD, acting_member), transaction.atomic():
        video = find.video(public_id, acting_member)
        case = video.case
        rules.require(
            rules.case_open(case.number, case.closed_at.date() if case.closed_at else None),
            video_rules.stream(number, len(video.streams)),
        )
        other = video if number == video.stream else siblings(video).get(number)
        if other is None:
            other = Video.objects.create(
                case=case,
                member=acting_member,
                name=video.name,
                size=video.size,
                received=video.received,
                sha256=video.sha256,
                state=Video.State.RECEIVED,
                received_at=timezone.now(),
                stream=number,
                first_s=video.first_s,
                last_s=video.last_s,
                clock_offset_s=video.clock_offset_s,
                clock_starts=video.clock_starts,
            )
            VideoPart.objects.bulk_create(
                VideoPart(video=other, offset=part.offset, length=part.length, blob=part.blob)
                for part in video.parts.order_by("offset")
            )
            write_entry(
                "video.stream_begun",
                {
                    "agency": acting_member.agency.public_id,
                    "case": case.pk,
                    "video": other.public_id,
                    "of": video.public_id,
                    "stream": number,
                },
                acting_member=acting_member,
            )
        job = jobs.job_of(KIND, other.pk) or jobs.ask_again(KIND, other.pk, acting_member=acting_member)
    return other, job
