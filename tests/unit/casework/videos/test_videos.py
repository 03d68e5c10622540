"""Taking a video, looking through it: what is kept, what is recorded, what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.clips import clip, remuxed, ten_hours, variable_rate
from tests.factories.refusals import rule_of
from tests.factories.videos import received, take
from tests.factories.work import at, case, entries, person

from plainview.casework import jobs
from plainview.casework.cases.open_close import close_case
from plainview.casework.models import Job, Still, Video, VideoPart, VideoSegment, VideoTrack
from plainview.casework.videos import process as video_process
from plainview.casework.videos import upload as videos
from plainview.casework.videos.erase import erase_video
from plainview.casework.videos.process import process_video
from plainview.casework.videos.read import Filter, persons, persons_json
from plainview.casework.workspace.services import services
from plainview.recognition.errors import BadMedia

MIB = 2**20


@pytest.fixture
def open_case(workspace: Path) -> Path:
    case()
    return workspace


def test_pieces_arrive_in_order_once_and_are_hashed(open_case: Path) -> None:
    data, member = clip("mjpeg", "avi", 50, "yuvj420p").data, person("examiner")
    video = videos.begin_video("C-1", "a.avi", len(data), acting_member=member)
    half = len(data) // 2

    def add(offset: int, piece: bytes, **options: Any) -> int:
        return videos.add_part(video.public_id, offset, piece, acting_member=member, **options)

    assert rule_of(add, half, data[half:]) == "video.part"
    assert rule_of(add, 0, data[:half], sha256="0" * 64) == "video.other_bytes"
    assert add(0, data[:half], sha256=hashlib.sha256(data[:half]).hexdigest()) == half
    assert add(0, data[:half]) == half
    assert rule_of(videos.finish_video, video.public_id, acting_member=member) == "video.incomplete"
    assert add(half, data[half:]) == len(data)
    assert rule_of(videos.finish_video, video.public_id, sha256="1" * 64, acting_member=member) == "video.other_bytes"
    whole, job = videos.finish_video(video.public_id, acting_member=member)
    assert whole.sha256 == hashlib.sha256(data).hexdigest()
    assert (job.kind, job.subject, whole.state) == ("video", video.pk, Video.State.RECEIVED)
    assert rule_of(add, len(data), b"more") == "video.not_uploading"
    assert entries("video.received")[-1].subject["video"] == video.public_id
    assert whole.sha256 not in json.dumps(entries("video.received")[-1].subject)


def test_the_hash_is_right_after_the_server_was_restarted(open_case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, member = clip("mjpeg", "avi", 50, "yuvj420p").data, person("examiner")
    video = videos.begin_video("C-1", "a.avi", len(data), acting_member=member)
    videos.add_part(video.public_id, 0, data[: 70 * 1024], acting_member=member)
    monkeypatch.setattr(videos, "_hashes", videos._Hashes())
    videos.add_part(video.public_id, 70 * 1024, data[70 * 1024 :], acting_member=member)
    whole, _ = videos.finish_video(video.public_id, acting_member=member)
    assert whole.sha256 == hashlib.sha256(data).hexdigest()


def test_what_is_stored_is_not_readable(open_case: Path) -> None:
    video, _ = received(clip(frames=10).data)
    (part,) = VideoPart.objects.filter(video=video)
    stored = next((open_case / "blobs").rglob(part.blob)).read_bytes()
    assert b"ftyp" not in stored
    assert b"ftyp" in services().blobs.get(part.blob)


def test_who_may_and_under_what(open_case: Path) -> None:
    examiner = person("examiner")
    assert rule_of(videos.begin_video, "C-1", "a", 10, acting_member=person("verifier")) == "member.no_permission"
    assert rule_of(videos.begin_video, "none", "a", 10, acting_member=examiner) == "case.unknown"
    assert rule_of(videos.begin_video, "C-1", "a", 0, acting_member=examiner) == "video.size"
    assert rule_of(videos.begin_video, "C-1", "a", 9, first_s=5, last_s=5, acting_member=examiner) == "video.range"
    video = videos.begin_video("C-1", "a", 10, acting_member=examiner)
    case("C-2")
    close_case("C-2", acting_member=examiner)
    assert rule_of(videos.begin_video, "C-2", "a", 10, acting_member=examiner) == "case.closed"
    videos.discard_upload(video.public_id, acting_member=examiner)
    assert Video.objects.get(pk=video.pk).state == Video.State.ERASED
    assert entries("video.begin.refused")


def test_a_video_becomes_people_with_stills_and_the_record_says_so(open_case: Path) -> None:
    footage = clip(frames=50)
    video = take(footage.data)
    assert (video.state, video.frames, video.notes) == (Video.State.DONE, 50, [])
    people = persons(video)
    assert [person.number for person in people] == [1, 2]
    for row in persons_json(video):
        best = row["best"]
        assert best == row["stills"][0]
        assert best["time_s"] == pytest.approx(best["frame"] / 25)
        assert best["quality"] == max(still["quality"] for still in row["stills"])
    assert all(bytes(row.sealed) == b"" for row in VideoTrack.objects.all())
    (entry,) = entries("video.processed")
    assert (entry.subject["people"], entry.subject["frames"]) == (2, 50)
    assert Job.objects.get().state == Job.State.DONE
    assert persons(video, Filter(min_width=1000)) == []
    assert persons(video, Filter(min_quality=101)) == []
    late = persons(video, Filter(from_s=1.0, to_s=1.9))
    assert late
    assert all(1 <= still.time_s <= 1.9 for row in late for still in row.stills)


def test_what_is_wrong_with_a_file_is_said(open_case: Path) -> None:
    whole = clip("libx264", "matroska").data
    video = take(whole[: len(whole) * 6 // 10])
    assert video.state == Video.State.DONE
    (end,) = video.passed_over
    assert (end["frames"], "the rest is missing" in end["reason"]) == (0, True)
    assert 0 < end["from_s"] < end["to_s"] == pytest.approx(2, abs=0.05)
    assert any("frame rate varies" in note for note in take(variable_rate()[0]).notes)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda: b"a text named .mp4" * 50, "not_a_video"),
        (lambda: remuxed(clip().data, "mp4")[:30_000], "video_index_missing"),
    ],
)
def test_a_bad_file_fails_with_its_code_and_can_be_erased(
    open_case: Path, data: Callable[[], bytes], code: str
) -> None:
    video = take(data())
    assert (video.state, video.code) == (Video.State.FAILED, code)
    assert video.why.endswith(".")
    assert Job.objects.get().state == Job.State.FAILED
    erase_video(video.public_id, reason="not a video, handed in by mistake", acting_member=person("supervisor"))


def test_only_a_part_is_looked_through_and_a_part_outside_is_refused(open_case: Path) -> None:
    video = take(clip(frames=75).data, first_s=1.0, last_s=2.0)
    assert {1 <= float(still.time_s) < 2 for still in Still.objects.filter(video=video)} == {True}
    outside = take(clip(frames=50).data, first_s=100)
    assert (outside.state, outside.code) == (Video.State.FAILED, "video.range")


@pytest.mark.long
def test_ten_hours_are_refused_until_a_part_is_named(open_case: Path) -> None:
    video = take(ten_hours())
    assert (video.state, video.code) == (Video.State.FAILED, "video.too_long")
    again, job = videos.process_again(
        video.public_id, first_s=7200.0, last_s=10_800.0, acting_member=person("examiner")
    )
    jobs.run(job.pk, process_video)
    again.refresh_from_db()
    assert again.state == Video.State.DONE
    assert {7200 <= float(row.time_s) < 10_800 for row in Still.objects.filter(video=again)} == {True}


def in_short_segments(monkeypatch: pytest.MonkeyPatch) -> bytes:
    real = video_process.segments.cut_up
    monkeypatch.setattr(video_process.segments, "cut_up", lambda info, index: real(info, index, 0.5))
    return clip("mjpeg", "avi", 75, "yuvj420p").data


def stills() -> list[tuple[int, str, list[float]]]:
    return sorted((row.frame, row.frame_sha256, row.box) for row in Still.objects.all())


@pytest.mark.long
def test_a_worker_that_dies_anywhere_loses_and_repeats_nothing(
    open_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = in_short_segments(monkeypatch)
    take(data)
    wanted, people = stills(), [len(person.stills) for person in persons(Video.objects.get())]
    erase_video(Video.objects.get().public_id, reason="to begin the test anew", acting_member=person("supervisor"))

    class Killed(BaseException):
        pass

    video, job = received(data)
    died, moment = 0, timezone.now()
    for after in range(1, 60):
        left = after % 7 + 1

        def die(real: Any = video_process.progressed) -> Any:
            def step(held: Job, done: int) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    raise Killed
                real(held, done)

            return step

        moment += jobs.LEASE + timedelta(seconds=1)
        with at(moment), monkeypatch.context() as patch:
            patch.setattr(video_process, "progressed", die())
            try:
                jobs.run(job.pk, process_video)
            except Killed:
                died += 1
                Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, finished_at=None)
                continue
            break
    assert died >= 3
    video.refresh_from_db()
    assert video.state == Video.State.DONE
    assert stills() == wanted
    assert [len(row.stills) for row in persons(video)] == people


@pytest.mark.long
def test_cancelled_it_keeps_what_was_found_and_goes_on_when_asked(
    open_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, job = received(in_short_segments(monkeypatch))

    def cancel_after_one(held: Job) -> str:
        def progress(done: int, total: int) -> None:
            if VideoSegment.objects.filter(done_at__isnull=False).count() == 1 and not held.cancel_asked_at:
                held.cancel_asked_at = jobs.cancel(held.public_id, acting_member=person("examiner")).cancel_asked_at

        return process_video(held, progress)

    jobs.run(job.pk, cancel_after_one)
    video.refresh_from_db()
    job.refresh_from_db()
    assert (video.state, job.state) == (Video.State.CANCELLED, Job.State.CANCELLED)
    kept = Still.objects.count()
    assert kept > 0
    _, again = videos.process_again(video.public_id, acting_member=person("examiner"))
    jobs.run(again.pk, process_video)
    video.refresh_from_db()
    assert video.state == Video.State.DONE
    assert Still.objects.count() > kept
    assert rule_of(videos.process_again, video.public_id, acting_member=person("examiner")) == "video.not_waiting"


@pytest.mark.long
def test_it_gives_way_after_a_segment_and_goes_on(open_case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video, job = received(in_short_segments(monkeypatch))
    turns = 0
    while jobs.run(job.pk, lambda held: process_video(held, turn=0)):
        turns += 1
        assert VideoSegment.objects.filter(done_at__isnull=False).count() == turns
    video.refresh_from_db()
    assert (video.state, turns) == (Video.State.DONE, VideoSegment.objects.count())


def test_a_job_that_was_stuck_and_cancelled_settles_its_video(open_case: Path) -> None:
    video, job = received(clip(frames=10).data)
    jobs.begin(job.pk)
    Video.objects.filter(pk=video.pk).update(state=Video.State.PROCESSING)
    with at(timezone.now() + 2 * jobs.LEASE):
        jobs.cancel(job.public_id, acting_member=person("examiner"))
        assert video_process.settle() == [video.public_id]
        assert video_process.settle() == []
        video.refresh_from_db()
        assert video.state == Video.State.CANCELLED
        _, again = videos.process_again(video.public_id, acting_member=person("examiner"))
    assert again.state == Job.State.WAITING


def test_an_upload_that_nobody_finishes_is_erased(open_case: Path) -> None:
    before = set(services().blobs.digests())
    member = person("examiner")
    video = videos.begin_video("C-1", "a", 200_000, acting_member=member)
    videos.add_part(video.public_id, 0, bytes(range(256)) * 300, acting_member=member)
    assert videos.discard_stale() == []
    with at(timezone.now() + timedelta(days=8)):
        assert videos.discard_stale() == [video.public_id]
        assert videos.discard_stale() == []
    assert set(services().blobs.digests()) == before


@pytest.mark.long
def test_a_segment_that_ends_its_decoder_is_passed_over_and_said(
    open_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = in_short_segments(monkeypatch)
    real = video_process.segments.process

    def crash(reader: Any, segment: Any, engine: Any, **options: Any) -> Any:
        if segment.first > 0 and not crashed:
            crashed.append(segment)
            raise BadMedia("corrupt", "The video made its decoder fail.", "Get it again.")
        return real(reader, segment, engine, **options)

    crashed: list[Any] = []
    monkeypatch.setattr(video_process.segments, "process", crash)
    video = take(data)
    assert video.state == Video.State.DONE
    (part,) = video.passed_over
    assert (part["from_s"], part["frames"] > 10, part["reason"]) == (0.48, True, "The video made its decoder fail.")
    assert video.frames + part["frames"] == 75
    assert max(row.frame for row in Still.objects.all()) > 40
