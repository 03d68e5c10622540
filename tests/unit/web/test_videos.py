"""The pages of videos: uploading by script, what a page shows and when it asks again, files to take along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.test import Client
from tests.factories.browser import signed_in
from tests.factories.clips import clip
from tests.factories.strange_videos import INPUTS, muxed, with_gap
from tests.factories.videos import take
from tests.factories.work import case, entries

from plainview.casework import jobs
from plainview.casework.models import Job, Still, Video
from plainview.casework.videos.play import media_type
from plainview.casework.videos.process import process_video
from plainview.casework.videos.read import persons
from plainview.web.timeline import clock


@pytest.fixture
def client(workspace: Path) -> Client:
    case()
    return signed_in("examiner")


def begun(client: Client, **asked: Any) -> Any:
    fields = {"case": "C-1", "name": "a.mp4", "size": 10} | asked
    return client.post("/videos/begin/", json.dumps(fields), content_type="application/json")


@pytest.mark.long
def test_a_script_uploads_in_pieces_and_is_told_where_to_go_on(client: Client) -> None:
    data = clip("mjpeg", "avi", 50, "yuvj420p").data
    video = begun(client, size=len(data)).json()["video"]
    half = len(data) // 2

    def part(offset: int, piece: bytes) -> Any:
        url = f"/videos/{video}/part/?offset={offset}"
        return client.post(url, piece, content_type="application/octet-stream")

    assert part(0, data[:half]).json() == {"received": half}
    refused = part(0, data + data)
    assert (refused.status_code, refused.json()["rule"]) == (403, "video.part")
    assert client.get(f"/videos/{video}/received/").json()["received"] == half
    assert client.post(f"/videos/{video}/finish/").json()["rule"] == "video.incomplete"
    assert part(half, data[half:]).json() == {"received": len(data)}
    assert client.post(f"/videos/{video}/finish/").json() == {"url": f"/videos/{video}/"}
    assert Job.objects.get().state == Job.State.WAITING
    page = client.get(f"/videos/{video}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "Faces will appear here as they are found." in page
    jobs.run(Job.objects.get().pk, process_video)
    page = client.get(f"/videos/{video}/").content.decode()
    assert "2 people" in page
    assert 'hx-trigger="every 2s"' not in page


def test_nonsense_is_a_bad_request_and_a_refusal_is_told(client: Client) -> None:
    for body in (
        "[1]",
        "{",
        json.dumps({"case": "C-1"}),
        json.dumps({"case": "C-1", "name": "a", "size": "x"}),
    ):
        assert client.post("/videos/begin/", body, content_type="application/json").status_code == 400
    assert begun(client, size=0).json()["rule"] == "video.size"
    assert begun(client, case="none").status_code == 404
    video = begun(client).json()["video"]
    assert client.post(f"/videos/{video}/part/?offset=x", b"1", content_type="a/b").status_code == 400
    assert client.post(f"/videos/{video}/discard/").status_code == 302
    assert Video.objects.get().state == Video.State.ERASED


@pytest.mark.long
def test_a_page_that_has_everything_is_told_nothing_new(client: Client) -> None:
    video = take(clip(frames=50).data).public_id
    page = client.get(f"/videos/{video}/faces/")
    assert page.status_code == 200
    stills = Still.objects.count()
    seen = f"done-{stills}-1"
    assert client.get(f"/videos/{video}/faces/?seen={seen}").status_code == 204
    filtered = client.get(f"/videos/{video}/faces/?min_width=5000").content.decode()
    assert "No face matches the filter" in filtered
    assert client.get(f"/videos/{video}/faces/?min_width=x&from_s=-3").status_code == 200


@pytest.mark.long
def test_pictures_files_and_the_pick(client: Client) -> None:
    video = take(clip(frames=50).data)
    still = persons(video)[0].best
    for name in ("thumbnail.jpg", "frame.jpg"):
        answer = client.get(f"/stills/{still.public_id}/{name}")
        assert (answer["Content-Type"], answer.content[:2]) == ("image/jpeg", b"\xff\xd8")
        assert answer["Cache-Control"] == "private, max-age=1800"
    assert still.frame_sha256 in client.get(f"/stills/{still.public_id}/").content.decode()
    for kind, begins in (("csv", b"person,"), ("json", b"{"), ("pdf", b"%PDF")):
        answer = client.get(f"/videos/{video.public_id}/stills/{kind}/")
        assert answer.content.startswith(begins)
        assert "attachment" in answer["Content-Disposition"]
    assert client.get(f"/videos/{video.public_id}/stills/exe/").status_code == 403
    picked = client.post(f"/stills/{still.public_id}/pick/")
    assert picked["Location"].startswith("/prepare/D")
    assert entries("still.picked")[-1].subject["still"] == still.public_id
    assert client.post(f"/videos/{video.public_id}/erase/", {"reason": "no longer needed"}).status_code == 403


@pytest.mark.long
def test_a_supervisor_sees_and_erases_but_does_not_pick(client: Client) -> None:
    video = take(clip(frames=50).data)
    still = persons(video)[0].best
    supervisor = signed_in("supervisor")
    assert "Erase for good" in supervisor.get(f"/videos/{video.public_id}/").content.decode()
    assert "Use as probe" not in supervisor.get(f"/stills/{still.public_id}/").content.decode()
    assert supervisor.post(f"/stills/{still.public_id}/pick/").status_code == 403
    done = supervisor.post(f"/videos/{video.public_id}/erase/", {"reason": "ordered by the court"})
    assert done["Location"] == "/videos/"
    assert supervisor.get(f"/videos/{video.public_id}/").status_code == 404


def test_times_read_as_people_read_them() -> None:
    assert [clock(value) for value in (0, 59.94, 60, 3599, 3661.5)] == [
        "0.0 s",
        "59.9 s",
        "1:00.0",
        "59:59.0",
        "1:01:01",
    ]


def test_the_page_offers_other_cameras_the_clock_and_says_what_was_joined_or_passed_over(client: Client) -> None:
    two = take(muxed("mp4", [clip(frames=30).data, clip(frames=20).data]))
    page = client.get(f"/videos/{two.public_id}/").content.decode()
    assert "Cameras in this file" in page
    answer = client.post(f"/videos/{two.public_id}/streams/2/")
    other = Video.objects.latest("pk")
    assert (answer["Location"], other.stream, other.state) == (f"/videos/{other.public_id}/", 2, "received")
    assert "Its stills" in client.get(f"/videos/{two.public_id}/").content.decode()
    assert client.post(f"/videos/{two.public_id}/streams/9/").status_code == 403
    client.post(f"/videos/{two.public_id}/clock/", {"offset_s": "-12.5", "starts": "2026-11-29T22:14"})
    page = client.get(f"/videos/{two.public_id}/").content.decode()
    assert "stated to be 12.5 s behind true time" in page
    assert "True time 29 Nov 2026, 22:14:1" in page  # of the best still
    still = Still.objects.filter(video=two)[0]
    assert "true time 29 Nov 2026, 22:14:1" in client.get(f"/stills/{still.public_id}/").content.decode()
    assert client.post(f"/videos/{two.public_id}/clock/", {"offset_s": "much"}).status_code == 400


@pytest.mark.long
def test_the_timeline_has_joins_and_gaps(client: Client) -> None:
    joined = take((INPUTS / "two-exports-glued.ts").read_bytes())
    page = client.get(f"/videos/{joined.public_id}/").content.decode()
    assert page.count('class="join"') == 1
    assert "Part 2 begins at 3.0 s" in page
    gap = take(with_gap(60))
    page = client.get(f"/videos/{gap.public_id}/").content.decode()
    assert page.count('class="gap"') == 1
    assert "1.0 s to 1:01.0: The file has no frames for this time." in page


def test_a_video_is_played_in_pieces_and_its_play_is_in_the_log(client: Client) -> None:
    data = clip(frames=50).data
    video = take(data)
    assert f'src="/videos/{video.public_id}/file"' in client.get(f"/videos/{video.public_id}/").content.decode()
    file = f"/videos/{video.public_id}/file"

    def piece(asked: str) -> Any:
        return client.get(file, headers={"Range": f"bytes={asked}"})

    assert piece("100-").status_code == 404  # nobody has begun to play it
    assert not entries("video.played")
    begin = piece("0-99")
    assert (begin.status_code, begin.content, begin["Content-Type"]) == (206, data[:100], "video/mp4")
    assert begin["Content-Range"] == f"bytes 0-99/{len(data)}"
    rest = piece("100-")
    assert (rest.content, rest["Content-Range"]) == (data[100:], f"bytes 100-{len(data) - 1}/{len(data)}")
    assert piece(f"{len(data)}-").status_code == 416
    assert client.get(file).content == data
    assert len(entries("video.played")) == 2
    assert signed_in("verifier").get(file).status_code == 403


def test_a_file_whose_time_line_a_browser_does_not_know_is_not_offered_to_it(client: Client) -> None:
    video = take(clip("mjpeg", "avi", 50, "yuvj420p").data)
    page = client.get(f"/videos/{video.public_id}/").content.decode()
    assert "<video" not in page
    assert "?marked=1" in page  # its frames are shown instead
    assert client.get(f"/videos/{video.public_id}/file").status_code == 404
    video.container, video.joined = "mov,mp4", [[0, 0], [10, 3]]
    assert media_type(video) == ""
    video.joined = []
    assert media_type(video) == "video/mp4"


def test_the_face_of_a_still_is_marked_in_its_frame_and_the_frame_stays(client: Client) -> None:
    still = persons(take(clip(frames=50).data))[0].best
    plain, marked = (
        cv2.imdecode(np.frombuffer(client.get(f"/stills/{still.public_id}/frame.jpg{how}").content, np.uint8), 1)
        for how in ("", "?marked=1")
    )
    x, y, width, height = (round(value) for value in still.box)
    inside = np.s_[y + 4 : y + height - 4, x + 4 : x + width - 4]
    assert plain.shape == marked.shape
    assert np.abs(plain[inside].astype(int) - marked[inside]).max() < 40
    assert marked[y + height // 2, x - 4].min() > 200
    page = client.get(f"/stills/{still.public_id}/").content.decode()
    assert "frame.jpg?marked=1" in page


def test_two_people_are_joined_on_the_page_and_parted_there(client: Client) -> None:
    video = take(clip(frames=50).data)
    page, act = f"/videos/{video.public_id}/", f"/videos/{video.public_id}/persons/"
    assert "1 person of this video was chosen" in client.post(act, {"person": "1"}, follow=True).content.decode()
    shown = client.post(act, {"person": ["1", "2"]}, follow=True).content.decode()
    assert "Persons 1 and 2 are stated to be one person by Sample examiner." in shown
    assert "1 person" in shown
    assert 'name="part" value="1"' in shown
    client.post(act, {"part": "1"})
    assert "2 people" in client.get(page).content.decode()
    assert signed_in("supervisor").post(act, {"person": ["1", "2"]}).status_code == 403
