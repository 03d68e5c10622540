"""Administrators and an enrolment that asks what a gallery has: it names what it names in the log, and little a day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.factories.models import collins, scaled
from tests.factories.verification import told
from tests.factories.work import entries, gallery, person, write

from plainview.casework.enrolment import batches
from plainview.casework.enrolment.batches import EnrolmentResult, Options
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.misuse.tripwires import add_tripwire
from plainview.casework.models import Enrolment, Flag, Reference
from plainview.policy import misuse

SKIP = Options(skip_near_duplicates=True)


def asked(folder: Path, name: str, factor: float = 0.9) -> EnrolmentResult:
    """An enrolment of one picture that is nearly the same as one of the gallery, and is not kept."""
    item = Item(write(scaled(collins(), factor), folder / name), name, "https://source.example/x", "", None)
    return enrol("g", [item], acting_member=person("admin"), options=SKIP)


@pytest.fixture
def pictures(workspace: Path, tmp_path: Path) -> Path:
    gallery(tmp_path / "pictures")
    return tmp_path


def test_what_was_named_is_in_the_log_and_only_there(pictures: Path) -> None:
    result = asked(pictures, "ex.png")
    mine = Reference.objects.get(file_name="collins.png")
    assert [pair["near"] for pair in result.near] == [mine.public_id]
    (entry,) = entries("enrolment.near_duplicates")
    assert (entry.actor, entry.subject["pictures"], entry.subject["not_enrolled"]) == (person("admin").public_id, 1, 1)
    assert mine.public_id.encode() not in entry.canonical
    assert told(entry)["references"] == [mine.public_id]
    assert entry.seq > Enrolment.objects.latest("pk").entry  # type: ignore[operator]


def test_the_number_that_is_named_a_day_is_limited(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "NEAR_NAMED", 2)
    results = [asked(pictures, f"{number}.png", 0.9 - number / 50) for number in range(3)]
    assert [len(result.near) for result in results] == [1, 1, 0]
    assert [result.near_total for result in results] == [1, 1, 1]  # counted all the same
    assert len(entries("enrolment.near_duplicates")) == 3  # and in the log


def test_a_tripwire_speaks(pictures: Path) -> None:
    add_tripwire(write(collins(), pictures / "me.png"), "me", consent=True, acting_member=person("examiner"))
    asked(pictures, "ex.png")
    (flag,) = Flag.objects.all()
    assert (flag.rule, flag.member) == (misuse.TRIPWIRE, person("admin"))


def test_pictures_that_resemble_nothing_are_no_search_and_no_tripwire_speaks(pictures: Path) -> None:
    add_tripwire(write(collins(), pictures / "me.png"), "me", consent=True, acting_member=person("examiner"))
    flipped = replace(collins(), pixels=collins().pixels[:, ::-1].copy())
    item = Item(write(flipped, pictures / "new.png"), "new.png", "https://source.example/y", "", None)
    assert enrol("g", [item], acting_member=person("admin")).near_total == 0
    assert not Flag.objects.exists()


def test_asking_again_and_again_is_flagged(pictures: Path) -> None:
    for number in range(misuse.LIMITS.near_lookups):
        assert not Flag.objects.exists()
        asked(pictures, f"{number}.png", 0.9 - number / 50)
    assert [flag.rule for flag in Flag.objects.all()] == [misuse.NEAR_DUPLICATES]
