"""Pictures for pages: what enrolment cut is what is shown, and equally long files stay the pictures that they were."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.work import entries, gallery, person

from plainview.casework.enrolment.cut_faces import cut_missing
from plainview.casework.erasure.expunge import expunge
from plainview.casework.models import Reference
from plainview.casework.pictures import (
    CUT,
    SIDES,
    THUMBNAIL,
    face_jpeg,
    forget_pictures,
    jpeg,
    of_one_length,
    reference_jpeg,
)
from plainview.casework.workspace.services import services


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


@pytest.fixture
def two(workspace: Path, tmp_path: Path) -> list[Reference]:
    gallery(tmp_path / "pictures")
    forget_pictures()
    return list(Reference.objects.order_by("pk"))


def from_the_picture(reference: Reference) -> list[bytes]:
    return [face_jpeg(reference.blob, reference.box, side) for side in CUT]


def shown(reference: Reference) -> list[bytes]:
    return [reference_jpeg(reference, side) for side in CUT]


def test_a_face_in_a_list_is_the_one_cut_at_enrolment_and_no_picture_is_decoded_for_it(
    two: list[Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [from_the_picture(reference) for reference in two]
    assert len({face for faces in expected for face in faces}) == 2 * len(two)
    forget_pictures()
    monkeypatch.setattr(services().decoder, "decode", None)
    assert [shown(reference) for reference in two] == expected
    sides = [side for side in SIDES if side <= max(CUT)]  # those between the two are made from the larger one
    assert [pixels(reference_jpeg(two[0], side)).shape for side in sides] == [(side, side, 3) for side in sides]
    assert sorted(sizes := [len(reference_jpeg(two[0], side)) for side in sides]) == sizes


def test_a_face_whose_file_is_gone_damaged_or_of_another_face_is_cut_from_its_own_picture(two: list[Reference]) -> None:
    first, second = two
    own = shown(first)
    first.face_file = second.face_file
    assert shown(first) == own
    first.face_file = first.blob  # a picture, no file of a face
    assert shown(first) == own
    services().blobs.delete(str(second.face_file))
    assert shown(second) == from_the_picture(second)


def test_the_file_of_an_earlier_version_has_other_sides(two: list[Reference], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 160 and 320 pixels, and does not say so."""
    first = two[0]
    thumbnail, large = (face_jpeg(first.blob, first.box, side) for side in (THUMBNAIL, 320))
    head = {"of": first.blob, "box": first.box, "bytes": [len(thumbnail), len(large)]}
    first.face_file = services().blobs.put(json.dumps(head).encode() + b"\n" + thumbnail + large)
    forget_pictures()
    monkeypatch.setattr(services().decoder, "decode", None)
    assert [reference_jpeg(first, side) for side in (THUMBNAIL, 320)] == [thumbnail, large]
    assert [pixels(reference_jpeg(first, side)).shape[0] for side in (96, 208)] == [96, 208]


def test_references_of_an_earlier_version_get_their_files_and_erased_ones_do_not(two: list[Reference]) -> None:
    before = [reference.face_file for reference in two]
    expunge(two[0].public_id, reason="by order of the court", acting_member=person("admin"))
    Reference.objects.update(face_file=None)
    services().blobs.delete(str(before[1]))
    assert cut_missing() == 1
    assert [reference.face_file for reference in Reference.objects.order_by("pk")] == ["", before[1]]
    assert services().blobs.exists(str(before[1]))
    assert [entry.subject["files"] for entry in entries("references.cut")] == [1]
    assert cut_missing() == 0
