"""What the child answers in numbers is said in words."""

from __future__ import annotations

import pytest

from plainview.recognition.errors import CODES
from plainview.recognition.video.wire import ALL_CODECS, FAULTS, REFUSALS, UNKNOWN, Reply, Say
from plainview.recognition.video.words import changed, refusal


def said(code: str, **fields: int) -> str:
    refused = refusal(Reply(0, Say.REFUSED, kind=REFUSALS.index(code), **fields), 9_437_184)
    assert refused.code == code if code != "fault" else refused.code in CODES
    return str(refused)


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_of_the_child_has_words(code: str) -> None:
    assert len(said(code, width=8, height=9, detail=3)) > 40


def test_a_codec_is_named_or_called_what_it_calls_itself() -> None:
    for number in (0, len(ALL_CODECS) - 1):
        assert f"here: {ALL_CODECS[number]}." in said("video_codec", codec=number)
    tag = int.from_bytes(b"a\x00Z9", "little")
    assert "here: one that calls itself aZ9." in said("video_codec", codec=UNKNOWN, detail=tag)
    assert "calls itself aZ9" in said("video_codec", codec=len(ALL_CODECS), detail=tag)
    assert "one that FFmpeg has no decoder for" in said("video_codec", codec=UNKNOWN, detail=0xFF0000FF)


@pytest.mark.parametrize(("number", "named"), [(0, 0), (len(FAULTS) - 1, len(FAULTS) - 1), (len(FAULTS), 0)])
def test_the_servers_log_names_the_error_of_a_fault_and_its_line(
    number: int, named: int, caplog: pytest.LogCaptureFixture
) -> None:
    said("fault", codec=number, detail=17)
    assert f"{FAULTS[named]} at line 17 in its child process" in caplog.text


def test_streams_are_counted() -> None:
    assert "The file has one stream" in said("no_such_stream", detail=1)
    assert "The file has 2 streams" in said("no_such_stream", detail=2)


def test_a_size_is_said_with_its_limit() -> None:
    assert "5,000 x 4,000 pixels; the limit is 9,437,184 in all" in said("too_many_pixels", width=5000, height=4000)
    assert "15 x 9 pixels, too few" in said("too_small", width=15, height=9)


def test_a_frame_that_changed_is_named() -> None:
    assert changed(12).code == "frame_changed"
    assert "Frame 12 no longer decodes" in str(changed(12))
