"""Ten faces of a list are one picture: each in its place, an erased one as such, and no more kept than a page may keep."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from numpy.typing import NDArray
from tests.factories.browser import signed_in, text
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.erasure.expunge import expunge
from plainview.casework.models import Candidate
from plainview.casework.pictures import erased_jpeg


def pixels(jpeg: bytes) -> NDArray[np.int16]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(picture, np.int16)


def place_of(face: NDArray[np.int16], faces: NDArray[np.int16]) -> int:
    """Where a face is among ten, and it must be there."""
    side = face.shape[0]
    assert faces.shape == (10 * side, side, 3)
    away = [float(np.abs(faces[side * place :][:side] - face).mean()) for place in range(10)]
    assert min(away) < 3
    return away.index(min(away))


def test_each_face_is_in_its_place_and_an_erased_one_is_grey(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "g")
    case()
    found = search(probe(tmp_path)).search.public_id
    client = signed_in()
    url = f"/searches/{found}/"
    assert text(client.get(url)).count("candidates/tens/0/faces.jpg?side=208 208w") == 2
    for side in (208, 320):
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"{url}candidates/tens/0/faces.jpg?side={side}")
        assert [statement["sql"].split()[0] for statement in asked] == ["SELECT"] * 7
        assert "max-age" in answer["Cache-Control"]
        for rank in (1, 2):
            alone = client.get(f"{url}candidates/{rank}/face.jpg?side={side}").content
            assert place_of(pixels(alone), pixels(answer.content)) == rank - 1
    expunge(
        Candidate.objects.get(rank=1).reference.public_id,
        reason="by order of the court",
        acting_member=person("admin"),
    )
    answer = client.get(f"{url}candidates/tens/0/faces.jpg")
    assert "max-age" not in answer["Cache-Control"], "the browser keeps it"
    assert place_of(pixels(erased_jpeg(208)), pixels(answer.content)) == 0
    assert len(entries("candidates.viewed")) == 1


def test_no_other_size_is_made(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "g")
    case()
    url = f"/searches/{search(probe(tmp_path)).search.public_id}/candidates/tens/0/faces.jpg"
    client: Client = signed_in()
    sides = [pixels(client.get(f"{url}?side={side}").content).shape[1] for side in ("1", "96", "161", "960", "x")]
    assert sides == [96, 96, 208, 320, 208]
