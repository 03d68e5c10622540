"""Damaged videos: whatever the bytes, the answer is stills or a refusal, and the child is gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.models import engine
from tests.factories.videos import clip

from plainview.evaluation.video import run
from plainview.recognition.errors import BadMedia
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.types import BytesSource

SEEDS = [("libx264", "mp4"), ("libx264", "matroska"), ("libx264", "mpegts"), ("mpeg4", "avi")]


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.sampled_from(SEEDS),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=40),
    keep=st.floats(0.05, 1),
)
def test_a_damaged_video_gives_stills_or_a_refusal(
    seed: tuple[str, str], places: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(clip(*seed, 10).data)
    for place, value in places:
        data[int(place * (len(data) - 1))] = value
    told = None
    try:
        run(bytes(data[: int(len(data) * keep)]), engine())
    except BadMedia as bad:
        told = bad
    assert told is None or (told.why and told.next_step)


def test_the_child_is_gone_when_the_reader_is() -> None:
    with VideoReader(BytesSource(clip(frames=10).data)) as reader:
        assert reader._process is not None
        pid = reader._process.pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()
