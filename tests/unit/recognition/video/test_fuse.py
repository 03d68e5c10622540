"""One template of several frames."""

from __future__ import annotations

import numpy as np
import pytest

from plainview.recognition.video.fuse import MAX_FRAMES, fused


def unit(*values: float) -> np.ndarray:
    row = np.array(values, np.float32)
    return row / np.linalg.norm(row)


def test_one_frame_stays_as_it_is() -> None:
    only = unit(1, 2, 3)
    assert fused([only], [0]) is only


def test_better_frames_count_more_and_the_mean_has_length_one() -> None:
    a, b = unit(1, 0), unit(0, 1)
    mean = fused([a, b], [90, 30])
    assert mean.dtype == np.float32
    assert float(np.linalg.norm(mean)) == pytest.approx(1)
    assert mean[0] / mean[1] == pytest.approx(3, rel=1e-5)
    assert fused([a, b], [0, 0])[0] == pytest.approx(np.sqrt(0.5))


def test_what_cancels_out_is_no_template() -> None:
    with pytest.raises(ValueError, match="cancel"):
        fused([unit(1, 0), unit(-1, 0)], [50, 50])


def test_a_quality_weighs_as_it_is_and_none_as_one() -> None:
    across, up = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    for qualities, ratio in (([30, 90], 3), ([0, 2], 2), ([1, 2], 2), ([0, 1], 1)):
        x, y = fused([across, up], qualities)
        assert y / x == pytest.approx(ratio)
        assert np.hypot(x, y) == pytest.approx(1)


def test_four_frames_are_the_most() -> None:
    assert MAX_FRAMES == 4
