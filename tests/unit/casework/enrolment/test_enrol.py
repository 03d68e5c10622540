"""Enrolment inside: a batch of crowds fits one entry, every core gives the same gallery as one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.factories.models import collins, hopper, scaled
from tests.factories.work import entries

from plainview.casework.enrolment.enrol import Options, enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.enrolment.read import doubtful
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Enrolment, GalleryChange, Member, Reference
from plainview.casework.workspace.services import services


@pytest.fixture
def admin(workspace: Path) -> Member:
    member = member_by_email("admin@agency.example")
    for name in ("one", "two"):
        create_gallery(
            name,
            legal_basis="law",
            source="tests",
            owner="tests",
            expires_on=date(2999, 1, 1),
            acting_member=member,
        )
    return member


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    return list(_pictures(tmp_path))


def _pictures(folder: Path) -> Iterator[Item]:
    for i, source in enumerate((hopper(), collins(), scaled(hopper(), 0.8), scaled(collins(), 1.3))):
        path = folder / f"{i}.png"
        cv2.imwrite(str(path), source.pixels)
        yield Item(path, path.name, path.as_uri(), "", None)


class _Crowd:
    """Finds the one real face of a picture 300 times."""

    def __init__(self, engine: Any) -> None:
        self._engine, self.pack = engine, engine.pack

    def enrol_faces(self, picture: Any) -> list[Any]:
        return self._engine.enrol_faces(picture)[:1] * 300

    def reference_template(self, picture: Any, detection: Any) -> Any:
        return np.eye(1, self.pack.dimension, dtype=np.float32)[0]


def test_a_batch_of_crowds_is_recorded_by_digest(
    admin: Member, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(services().__dict__, "engine", _Crowd(services().engine))
    result = enrol("one", items, acting_member=admin)
    assert (result.enrolled, result.references) == (4, 1200)
    (entry,) = entries("references.enrolled")
    ids = "\n".join(Reference.objects.order_by("pk").values_list("public_id", flat=True))
    assert entry.subject["references"] == entry.subject["last_change"] == 1200
    assert entry.subject["references_sha256"] == hashlib.sha256(ids.encode()).hexdigest()
    assert list(GalleryChange.objects.order_by("seq").values_list("seq", flat=True)) == [*range(1, 1201)]


def test_all_cores_enrol_the_same_as_one(admin: Member, items: list[Item]) -> None:
    (items[1].path.parent / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    bad = items[1].path.parent / "broken.png"
    mixed = [*items[:2], Item(bad, "broken.png", "", "", None), *items[2:]]
    seen: list[int] = []
    one = enrol("one", mixed, acting_member=admin, cores=1)
    two = enrol("two", mixed, acting_member=admin, cores=2, progress=lambda r: seen.append(len(r.failed)))
    assert (one.enrolled, one.failed) == (two.enrolled, two.failed)
    assert [row["path"] for row in two.failed] == ["broken.png"]
    assert len(seen) == 5

    def held(name: str) -> list[tuple[str, bytes]]:
        rows = Reference.objects.filter(gallery__name=name).order_by("pk")
        return [
            (r.file_name, services().templates.open(bytes(r.template), f"template:{r.public_id}".encode()))
            for r in rows
        ]

    assert held("one") == held("two")
    assert len(held("two")) == 4


def test_a_portrait_that_is_upside_down_is_enrolled_with_advice(admin: Member, tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "inputs" / "portrait-upside-down.jpg"
    upright = tmp_path / "upright.png"
    cv2.imwrite(str(upright), hopper().pixels)
    items = [Item(path, path.name, path.as_uri()) for path in (source, upright)]
    result = enrol("one", items, acting_member=admin)
    assert (result.enrolled, result.doubtful_total) == (2, 1)
    (row,) = result.doubtful
    assert (row["path"], row["quality"]) == (source.name, Reference.objects.get(file_name=source.name).quality)
    assert "turned by 180 degrees" in row["advice"][0]
    assert row["turned"] == 180
    run = Enrolment.objects.get()
    assert run.doubtful_total == 1
    assert source.name not in str(run.doubtful)  # nothing of it is left when the reference is erased
    ((reference, advice),) = doubtful(run, 10)
    assert reference.public_id == row["reference_id"]
    assert advice == row["advice"]
    rehearsed = enrol("two", items, acting_member=admin, options=Options(rehearsal=True))
    assert [(row["path"], row["reference_id"]) for row in rehearsed.doubtful] == [(source.name, None)]
