"""The hash of a whole picture: copies are near, other pictures of the same person are not, plain ones have none."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.models import collins, hopper, scaled

from plainview.recognition.near import HASH_BYTES, MAX_DISTANCE, MIN_QUALITY, Hashes, distance, picture_hash


def test_recompressed_and_resized_copies_are_near_and_others_are_not() -> None:
    original = picture_hash(collins().pixels)
    assert len(original) == HASH_BYTES
    for factor in (0.25, 0.5, 2.0):
        copy = cv2.imencode(".jpg", scaled(collins(), factor).pixels, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
        assert distance(original, picture_hash(cv2.imdecode(copy, cv2.IMREAD_COLOR))) <= MAX_DISTANCE
    assert distance(original, picture_hash(hopper().pixels)) > 2 * MAX_DISTANCE
    assert distance(original, picture_hash(collins().pixels[:, ::-1])) > MAX_DISTANCE


def test_a_plain_picture_has_no_hash() -> None:
    assert picture_hash(np.full((300, 200, 3), 200, np.uint8)) == b""


def test_all_near_hashes_are_found_up_to_the_limit_and_none_beyond() -> None:
    random = np.random.default_rng(1)
    held = [random.bytes(HASH_BYTES) for _ in range(5000)]
    hashes = Hashes()
    assert hashes.near(held[:1]) == [[]]
    hashes.add(held[:3000])
    hashes.add(held[3000:])
    assert len(hashes) == 5000
    asked, places = [], []
    for bits in (0, 1, 16, MAX_DISTANCE, MAX_DISTANCE + 1):
        place = int(random.integers(5000))
        flipped = np.unpackbits(np.frombuffer(held[place], np.uint8)).copy()
        flipped[random.choice(256, bits, replace=False)] ^= 1
        asked.append(np.packbits(flipped).tobytes())
        places.append((place, bits))
    assert hashes.near(asked) == [[row] if row[1] <= MAX_DISTANCE else [] for row in places]


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_distance_counts_bits(one: bytes, other: bytes) -> None:
    bits = sum(bin(a ^ b).count("1") for a, b in zip(one, other, strict=True))
    assert distance(one, other) == distance(other, one) == bits


def test_four_copies_are_named_at_most_the_nearest_first() -> None:
    hashes, copy = Hashes(), bytes(HASH_BYTES)
    hashes.add([b"\x03" + copy[1:], *[copy] * 3, b"\x01" + copy[1:]])
    assert [bits for _, bits in hashes.near([copy])[0]] == [0, 0, 0, 1]


def test_the_limits_are_those_of_the_paper() -> None:
    assert (HASH_BYTES, MAX_DISTANCE, MIN_QUALITY) == (32, 31, 50)
