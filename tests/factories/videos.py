"""Videos of a case, uploaded and looked through by the sample examiner; `clips` makes the files."""

from __future__ import annotations

from tests.factories.stages import staged
from tests.factories.work import person

from plainview.casework import jobs
from plainview.casework.models import Job, Video
from plainview.casework.videos.process import process_video
from plainview.casework.videos.upload import add_part, begin_video, finish_video
from plainview.policy.video import PART_BYTES


def received(data: bytes, case: str = "C-1", *, name: str = "clip.mp4", **part: float) -> tuple[Video, Job]:
    """An uploaded video of the sample examiner's, and its job."""
    member = person("examiner")
    video = begin_video(case, name, len(data), acting_member=member, **part)
    for offset in range(0, len(data), PART_BYTES):
        add_part(video.public_id, offset, data[offset : offset + PART_BYTES], acting_member=member)
    return finish_video(video.public_id, acting_member=member)


@staged
def take(data: bytes, case: str = "C-1", *, name: str = "clip.mp4", **part: float) -> Video:
    """An uploaded video that was looked through."""
    video, job = received(data, case, name=name, **part)
    jobs.run(job.pk, process_video)
    return Video.objects.get(pk=video.pk)
