"""Pictures for pages: equally long files stay the pictures that they were."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plainview.casework.pictures import jpeg, of_one_length


def made(size: int, seed: int) -> bytes:
    return jpeg(np.random.default_rng(seed).integers(0, 255, (size, size, 3)).astype(np.uint8))


def pixels(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_a_short_and_a_long_file_become_equally_long_and_keep_their_pixels() -> None:
    held = [made(8, 1), made(400, 2), made(90, 3)]  # the longest needs several comments of 64 KiB
    padded = of_one_length(held)
    assert len(held[1]) > 2 * 65_537
    assert len({len(data) for data in padded}) == 1
    for before, after in zip(held, padded, strict=True):
        assert np.array_equal(pixels(before), pixels(after))


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=4))
def test_every_difference_of_length_can_be_filled(lengths: list[int]) -> None:
    files = [b"\xff\xd8" + b"x" * length for length in lengths]
    padded = of_one_length(files)
    assert len({len(data) for data in padded}) == 1
    for before, after in zip(files, padded, strict=True):
        assert after.startswith(b"\xff\xd8\xff\xfe")
        assert after.endswith(before[2:])
