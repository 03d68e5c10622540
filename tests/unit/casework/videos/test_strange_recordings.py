"""Recordings of strangers through the whole act: joined, with two cameras, on their side, with a stated clock."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.factories.clips import clip
from tests.factories.refusals import rule_of
from tests.factories.strange_videos import INPUTS, dav, glued, muxed, with_gap
from tests.factories.videos import take
from tests.factories.work import case, entries, person

from plainview.casework import jobs
from plainview.casework.cases.open_close import close_case
from plainview.casework.models import Still, Video, VideoPart
from plainview.casework.videos import process as video_process
from plainview.casework.videos.clock import state_clock
from plainview.casework.videos.export import export_stills
from plainview.casework.videos.passed import DAMAGED, FAILED, HIDDEN, NO_WHOLE_PICTURE, NOT_DECODED, passed_over
from plainview.casework.videos.process import process_video
from plainview.casework.videos.read import persons, still_frame, video_json
from plainview.casework.videos.stills import pick_still
from plainview.casework.videos.streams import take_stream
from plainview.recognition.video.types import FrameIndex, Part


@pytest.fixture(autouse=True)
def open_case(workspace: Path) -> Path:
    case()
    return workspace


@pytest.mark.parametrize("name", ["video-with-aac-sound.mp4", "video-with-subtitles.mkv"])
def test_sound_and_subtitles_are_no_hindrance(name: str) -> None:
    video = take((INPUTS / name).read_bytes(), name=name)
    assert (video.state, video.frames, len(persons(video)), video.passed_over) == ("done", 30, 1, [])


@pytest.mark.long
def test_joined_exports_keep_every_frame_and_say_where_they_were_joined() -> None:
    video = take((INPUTS / "two-exports-glued.ts").read_bytes())
    assert (video.state, video.frames, len(video.joined)) == ("done", 60, 2)
    assert any("start again 1 time" in note and "3.0 s" in note for note in video.notes)
    assert not any("damaged" in note or "could not be read" in note for note in video.notes)
    rows = [row for person in video_json(video)["persons"] for row in person["stills"]]
    late = [row for row in rows if row["part"] == 2]
    assert late
    for row in late:
        assert row["time_s"] - row["part_time_s"] == pytest.approx(3)
        assert row["frame"] == round(row["time_s"] * 10)
        assert still_frame(Still.objects.get(public_id=row["id"]))
    (entry,) = entries("video.processed")
    assert (entry.subject["joined"], entry.subject["frames"], entry.subject["passed_over"]) == (1, 60, 0)


@pytest.mark.long
def test_each_camera_has_its_own_stills_and_the_file_is_stored_once() -> None:
    video = take(muxed("mp4", [clip(frames=30).data, clip(frames=20).data], sound="aac"))
    assert (video.stream, len(video.streams), video.frames) == (1, 2, 30)
    assert any("2 streams of pictures" in note for note in video.notes)
    member = person("examiner")
    blobs = set(VideoPart.objects.values_list("blob", flat=True))
    other, job = take_stream(video.public_id, 2, acting_member=member)
    jobs.run(job.pk, process_video)
    other.refresh_from_db()
    assert (other.state, other.stream, other.frames, other.sha256) == ("done", 2, 20, video.sha256)
    assert set(VideoPart.objects.values_list("blob", flat=True)) == blobs
    assert [row["video_id"] for row in video_json(video)["streams"]] == [video.public_id, other.public_id]
    assert take_stream(video.public_id, 2, acting_member=member)[0] == other
    assert rule_of(take_stream, video.public_id, 3, acting_member=member) == "video.stream"
    assert rule_of(take_stream, video.public_id, 2, acting_member=person("supervisor")) == "member.no_permission"
    assert entries("video.stream_begun")[0].subject["of"] == video.public_id


def test_a_wanted_stream_that_is_not_there_is_refused() -> None:
    video = take(clip(frames=10).data, stream=2)
    assert (video.state, video.code) == ("failed", "no_such_stream")


@pytest.mark.long
@pytest.mark.parametrize("turns", [1, 2])
def test_a_recording_on_its_side_or_upside_down_is_turned_and_says_so(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plainview.recognition.video import reader

    real = reader._upright

    def sideways(stored: Any, reply: Any) -> Any:
        frame = real(stored, reply)
        return reader.replace(frame, pixels=np.ascontiguousarray(np.rot90(frame.pixels, turns)))

    monkeypatch.setattr(reader, "_upright", sideways)
    video = take(clip(frames=50).data)
    degrees = 360 - 90 * turns
    assert len(persons(video)) == 2
    assert set(Still.objects.values_list("turned", flat=True)) == {degrees}
    assert any(f"turned by {degrees}°" in note for note in video.notes)
    picked = pick_still(Still.objects.all()[0].public_id, acting_member=person("examiner"))
    assert picked.provenance["turned"] == degrees


def test_a_stated_clock_is_beside_every_still_and_in_every_export() -> None:
    video, member = take(clip(frames=30).data), person("examiner")
    assert "clock" not in video_json(video)["persons"][0]["best"]
    state_clock(video.public_id, offset_s=200, starts="2026-11-29T22:14:05", acting_member=member)
    video.refresh_from_db()
    for row in (still for someone in video_json(video)["persons"] for still in someone["stills"]):
        seconds = 5 + row["time_s"]
        assert row["clock"]["offset_s"] == 200
        assert row["clock"]["recorder"] == f"2026-11-29T22:14:{seconds:06.3f}"
        assert row["clock"]["true"] == f"2026-11-29T22:10:{seconds + 40:06.3f}"
    table = list(csv.DictReader(io.StringIO(export_stills(video.public_id, "csv", acting_member=member).decode())))
    assert {row["clock_offset_s"] for row in table} == {"200.0"}
    assert all(row["true_time"].startswith("2026-11-29T22:10:4") for row in table)
    exported = json.loads(export_stills(video.public_id, "json", acting_member=member))
    assert exported["clock"] == {"offset_s": 200, "starts": "2026-11-29T22:14:05"}
    assert export_stills(video.public_id, "pdf", acting_member=member).startswith(b"%PDF")
    picked = pick_still(table[0]["still"], acting_member=member)
    assert picked.provenance["clock"]["offset_s"] == "200.0"
    assert rule_of(state_clock, video.public_id, offset_s=float("nan"), acting_member=member) == "video.clock"
    assert rule_of(state_clock, video.public_id, offset_s=1, starts="22:14", acting_member=member) == "video.clock"
    close_case("C-1", acting_member=member)
    assert rule_of(state_clock, video.public_id, offset_s=1, acting_member=member) == "case.closed"
    subject = entries("video.clock_stated")[0].subject
    assert set(subject) == {"agency", "video", "via"}
    assert subject["video"] == video.public_id


@pytest.mark.long
def test_a_recorders_own_format_brings_its_clock() -> None:
    video = take(glued(dav(begins=20), dav()), name="ch1.dav")
    assert (video.state, video.frames, video.container, len(video.joined)) == ("done", 60, "dhav", 2)
    assert video.clock_starts == "2026-11-29T22:14:25"
    assert video.clock_offset_s is None
    assert len(persons(video)) == 2


@pytest.mark.long
def test_the_recorders_time_is_known_in_every_part_only_where_the_file_states_it() -> None:
    member = person("examiner")
    own_clock = take(glued(dav(begins=20), dav()), name="ch1.dav")
    state_clock(own_clock.public_id, offset_s=5, acting_member=member)
    rows = [row for someone in video_json(Video.objects.get())["persons"] for row in someone["stills"]]
    assert {row["clock"]["recorder"][:18] for row in rows if row["part"] == 2} == {"2026-11-29T22:14:0"}
    assert {row["clock"]["recorder"][:18] for row in rows if row["part"] == 1} == {"2026-11-29T22:14:2"}
    glued_ts = take((INPUTS / "two-exports-glued.ts").read_bytes())
    state_clock(glued_ts.public_id, offset_s=5, starts="2026-11-29T22:14:05", acting_member=member)
    glued_ts.refresh_from_db()
    rows = [row for someone in video_json(glued_ts)["persons"] for row in someone["stills"]]
    assert {"recorder" in row["clock"] for row in rows if row["part"] == 1} == {True}
    assert {"recorder" in row["clock"] for row in rows if row["part"] == 2} == {False}


def test_a_gap_is_said_with_its_seconds() -> None:
    video = take(with_gap(60))
    (gap,) = video.passed_over
    assert (gap["frames"], round(gap["to_s"] - gap["from_s"], 2)) == (0, 60.04)


def test_a_failure_of_our_own_has_a_reference_and_blames_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise TypeError("an argument too many")

    monkeypatch.setattr(video_process.segments, "process", broken)
    video = take(clip(frames=10).data)
    assert (video.state, video.code) == (Video.State.FAILED, "fault")
    assert "harm" not in video.why
    reference = video.why.partition("Reference ")[2][:9]
    assert f"Reference {reference}: video processing failed: TypeError at test_strange_recordings.py" in caplog.text
    assert "an argument too many" not in caplog.text


def test_what_was_not_decoded_is_listed_by_its_place_and_reason() -> None:
    stamps = np.arange(0, 1000, 40)
    index = FrameIndex(stamps, stamps[:1], 0, (Part(0, 0),))
    lost = [{HIDDEN: [0, 40, 200]}, {FAILED: [400, 440, 480, 800], DAMAGED: [520]}]
    entries_, none = passed_over(index, Fraction(1, 1000), lost, {}, 0)
    assert [(row["from_s"], row["to_s"], row["frames"], row["reason"]) for row in entries_] == [
        (0, 0.08, 2, NO_WHOLE_PICTURE),
        (0.4, 0.52, 3, NOT_DECODED),
        (0.8, 0.84, 1, NOT_DECODED),
    ]
    assert none.tolist() == [0, 40, 200, 400, 440, 480, 800]
