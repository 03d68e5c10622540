"""Uploads by the tus protocol, version 1.0.0: the exchanges of its text (tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from tests.factories.programs import Answer, Program, program
from tests.factories.work import case

from plainview.casework.models import Video
from plainview.casework.workspace.services import services
from plainview.policy.video import MAX_BYTES, MIN_PART_BYTES, PART_BYTES, UPLOAD_DAYS

HELLO, SHA1 = b"hello world", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="
"""The example of the extension checksum."""

PLAN = "filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential"
"""The example of the extension creation."""

PIECE = "application/offset+octet-stream"


def begun(who: Program, size: int = len(HELLO)) -> Answer:
    case = base64.b64encode(b"C-1").decode()
    return who.send("POST", "/videos", Upload_Length=str(size), Upload_Metadata=f"{PLAN},case {case}")


@pytest.fixture
def upload(workspace: Path) -> tuple[Program, str]:
    case()
    who = program()
    made = begun(who)
    assert (made.status, made.headers["Tus-Resumable"]) == (201, "1.0.0"), made.raw
    return who, made.headers["Location"].removeprefix("/api/v1")


def test_what_the_server_can(workspace: Path) -> None:
    about = program().client.options("/api/v1/videos")
    assert set(about["Tus-Extension"].split(",")) == {"creation", "termination", "expiration", "checksum"}
    assert "sha1" in about["Tus-Checksum-Algorithm"].split(","), "the text demands it"
    assert int(about["Tus-Max-Size"]) == MAX_BYTES


def test_a_piece_with_its_checksum(upload: tuple[Program, str]) -> None:
    who, path = upload
    for checksum, status in (("sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 460), ("crc32 AAAA", 400), ("sha1", 460)):
        bad = who.send("PATCH", path, HELLO, PIECE, Upload_Offset="0", Upload_Checksum=checksum)
        assert (bad.status, bad.rule) == (status, "api.checksum")
        assert bad.headers["Tus-Resumable"] == "1.0.0"
        assert who.send("HEAD", path).headers["Upload-Offset"] == "0", "nothing of it is stored"
    good = who.send("PATCH", path, HELLO, PIECE, Upload_Offset="0", Upload_Checksum=SHA1)
    assert (good.status, good.headers["Upload-Offset"]) == (204, "11"), good.raw


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_other_checksums(upload: tuple[Program, str], algorithm: str) -> None:
    who, path = upload
    checksum = f"{algorithm} {base64.b64encode(hashlib.new(algorithm, HELLO).digest()).decode()}"
    assert who.send("PATCH", path, HELLO, PIECE, Upload_Offset="0", Upload_Checksum=checksum).status == 204


def test_an_upload_says_when_it_ends_and_what_it_is(upload: tuple[Program, str]) -> None:
    who, path = upload
    head = who.send("HEAD", path)
    assert (head.headers["Upload-Length"], head.headers["Cache-Control"]) == ("11", "no-store")
    assert "filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==" in head.headers["Upload-Metadata"].split(",")
    ends = parsedate_to_datetime(head.headers["Upload-Expires"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=UPLOAD_DAYS)) < timedelta(minutes=5)
    done = who.send("PATCH", path, HELLO, PIECE, Upload_Offset="0")
    assert "Upload-Expires" not in done.headers, "complete: it no longer ends"


def test_a_client_that_can_only_post(upload: tuple[Program, str]) -> None:
    who, path = upload
    sent = who.send("POST", path, HELLO, PIECE, Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert (sent.status, sent.headers["Upload-Offset"]) == (204, "11")
    again = begun(who).headers["Location"].removeprefix("/api/v1")
    assert who.send("POST", again, X_HTTP_Method_Override="DELETE").status == 204
    assert who.send("HEAD", again).status == 404
    elsewhere = who.send("POST", "/probes/P0", {}, X_HTTP_Method_Override="DELETE")
    assert elsewhere.status == 405, "elsewhere the header says nothing"


def test_what_is_wrong_has_the_status_of_the_protocol(upload: tuple[Program, str]) -> None:
    who, path = upload
    assert begun(who, MAX_BYTES + 1).status == 413
    assert who.send("PATCH", path, HELLO, "application/json", Upload_Offset="0").status == 415
    late = who.send("PATCH", path, HELLO, PIECE, Upload_Offset="70")
    assert (late.status, late.headers["Upload-Offset"]) == (409, "0")
    other = who.send("HEAD", path, Tus_Resumable="0.2.2")
    assert (other.status, other.headers["Tus-Version"]) == (412, "1.0.0")
    assert who.send("HEAD", "/videos/V0/upload").status == 404
    assert Video.objects.get().received == 0


def test_a_piece_of_any_length_is_stored(workspace: Path) -> None:
    """A piece a little longer than a part would leave a rest that is shorter than any part may be."""
    case()
    who, first, rest = program(), b"x" * (PART_BYTES + 10), b"y" * MIN_PART_BYTES
    path = begun(who, len(first) + len(rest)).headers["Location"].removeprefix("/api/v1")
    sent = who.send("PATCH", path, first, PIECE, Upload_Offset="0")
    assert (sent.status, sent.headers["Upload-Offset"]) == (204, str(len(first))), sent.raw
    assert who.send("PATCH", path, rest, PIECE, Upload_Offset=str(len(first))).status == 204
    assert Video.objects.get().sha256 == hashlib.sha256(first + rest).hexdigest()


def test_of_two_pieces_for_one_place_one_is_refused(
    upload: tuple[Program, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both were sent for the same offset; the second one's bytes are not stored, and its sender is told."""
    who, path = upload
    put = services().blobs.put

    def meanwhile(data: bytes) -> str:
        if data == b"other bytes":
            assert who.send("PATCH", path, HELLO, PIECE, Upload_Offset="0").status == 204
        return put(data)

    monkeypatch.setattr(services().blobs, "put", meanwhile)
    late = who.send("PATCH", path, b"other bytes", PIECE, Upload_Offset="0")
    assert (late.status, late.rule) == (409, "video.other_bytes")
    assert Video.objects.get().sha256 == hashlib.sha256(HELLO).hexdigest()
