"""Canaries: nobody ever sees or counts one, and what is refused."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.factories.alerts import alert, arrive, her
from tests.factories.canaries import BASIS, REASON, another_process, held
from tests.factories.models import collins, hopper, scaled
from tests.factories.refusals import rule_of
from tests.factories.work import at, case, entries, gallery, person, search, write

from plainview.casework import find
from plainview.casework.alerts.follow import follow_all
from plainview.casework.alerts.read import raised_by
from plainview.casework.canaries.checks import run_all
from plainview.casework.canaries.manage import add_canary, retire_canary
from plainview.casework.disclosure.make import disclose
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.erasure.expunge import expunge
from plainview.casework.examination import fillers
from plainview.casework.galleries.read import enrolments, gallery_size, gallery_templates, statistics
from plainview.casework.log.read import verify_log
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import Canary, Examination, Gallery, Reference
from plainview.casework.register.read import register
from plainview.casework.workspace.services import services
from plainview.recheck.package import verify_package
from plainview.storage.base import BlobMissing


def test_nobody_sees_or_counts_a_canary(canary: Canary, tmp_path: Path, pair: tuple[Path, Path]) -> None:
    hidden = canary.reference
    asked = search(pair[1], top=2)
    assert [row.rank for row in asked.candidates] == [
        1,
        2,
    ]  # not shortened: both ordinary references are there
    assert hidden.pk not in {row.reference_id for row in asked.candidates}
    assert float(asked.candidates[0].score) < 1
    assert asked.search.gallery_size == gallery_size(Gallery.objects.get()) == 2
    assert len(held()) == 3
    assert Reference.objects.count() == 2
    assert len(gallery_templates(hidden.gallery_id, canary.pack)) == 2
    assert register(newest_checkpoint(), None)["agencies"][0]["galleries"][0]["references"] == 2
    foils = fillers.of_examination(Examination(candidate=asked.candidates[1]), asked.candidates[1].reference)
    assert hidden not in foils
    package = tmp_path / "package.zip"
    disclose(asked.search.public_id, package, acting_member=person("supervisor"))
    assert hidden.public_id.encode() not in package.read_bytes()
    report = verify_package(package)
    assert (report.ok, report.rerun_identical) == (True, True)
    told = " ".join(json.dumps(entry.subject) for entry in entries())
    assert hidden.public_id not in told
    assert BASIS not in told
    assert rule_of(expunge, hidden.public_id, reason=REASON, acting_member=person("admin")) == "reference.unknown"


def test_a_list_is_as_long_as_without_canaries(canary: Canary, tmp_path: Path) -> None:
    for factor in (0.9, 0.8, 0.6):
        other = write(scaled(hopper(), factor), tmp_path / f"{factor}.png")
        add_canary(
            "g",
            other,
            write(scaled(hopper(), factor / 2), tmp_path / f"{factor}p.png"),
            basis=BASIS,
            acting_member=person("admin"),
        )
    answer = search(write(scaled(hopper(), 0.75), tmp_path / "probe.png"))
    assert len(answer.candidates) == answer.search.gallery_size == 2
    assert len(held()) == 6


def test_the_same_picture_can_be_enrolled_by_anybody(canary: Canary, pair: tuple[Path, Path]) -> None:
    result = enrol("g", [Item(pair[0], "kept.png", "", "", None)], acting_member=person("admin"))
    assert (result.enrolled, result.duplicates) == (1, 0)
    listed = search(write(scaled(hopper(), 0.69), pair[0].with_name("another.png"))).candidates
    (found,) = [row for row in listed if row.reference.file_name == "kept.png"]
    assert run_all().ok
    expunge(found.reference.public_id, reason=REASON, acting_member=person("admin"))
    assert run_all().ok  # the canary still has its picture
    enrol("g", [Item(pair[1], "asked.png", "", "", None)], acting_member=person("admin"))
    retire_canary(canary.public_id, reason=REASON, acting_member=person("admin"))
    with pytest.raises(BlobMissing):
        services().blobs.get(canary.reference.blob)
    assert services().blobs.get(Reference.objects.get(file_name="asked.png").blob)


def test_a_retired_canary_is_erased_and_the_index_forgets_it(canary: Canary, pair: tuple[Path, Path]) -> None:
    search(pair[1])
    admin = person("admin")
    assert rule_of(retire_canary, canary.public_id, reason="gone", acting_member=admin) == "examination.explain"
    retire_canary(canary.public_id, reason=REASON, acting_member=admin)
    assert rule_of(retire_canary, canary.public_id, reason=REASON, acting_member=admin) == "canary.unknown"
    answer = search(pair[1])
    assert (len(held()), answer.search.gallery_size, len(answer.candidates)) == (2, 2, 2)
    row = Canary.objects.select_related("reference").get()
    assert (bytes(row.probe_template), bytes(row.reference.template), row.reference.box) == (b"", b"", [])
    assert run_all().checked == []
    assert verify_log().ok
    another_process()
    assert search(pair[1]).search.gallery_size == 2


def test_no_alert_finds_a_canary(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    row = alert(tmp_path)
    kept, asked = (write(her(factor), tmp_path / f"{factor}.png") for factor in (0.9, 0.6))
    add_canary("g", kept, asked, basis=BASIS, acting_member=person("admin"))
    assert follow_all() == 0
    assert raised_by(row) == []
    arrive(tmp_path, "new.png", her())
    (raised,) = raised_by(row)
    assert not raised.candidate.reference.is_canary


def test_a_gallerys_page_lists_no_run_and_counts_nothing_of_a_canary(canary: Canary) -> None:
    held = Gallery.objects.get()
    assert [run.images for run in enrolments(held)] == [2]
    counted = statistics(held, canary.pack)
    assert (counted.references, counted.pictures, counted.expunged) == (2, 2, 0)
    number = canary.reference.enrolment_id
    assert rule_of(find.enrolment, held.pk, number, person("admin")) == "enrolment.unknown"


def test_what_is_not_added(
    workspace: Path, tmp_path: Path, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery(tmp_path / "pictures")
    admin, (kept, asked) = person("admin"), pair
    other = write(collins(), tmp_path / "other.png")
    copy = tmp_path / "copy.png"
    shutil.copyfile(kept, copy)

    def refusal(*names: object, basis: str = BASIS, member: str = "admin") -> str:
        return rule_of(add_canary, *names, basis=basis, acting_member=person(member))

    assert refusal("g", kept, asked, member="auditor") == "member.no_permission"
    assert refusal("g", kept, asked, member="examiner") == "member.no_permission"
    assert refusal("h", kept, asked) == "gallery.unknown"
    assert refusal("g", kept, asked, basis="consent") == "examination.explain"
    assert refusal("g", kept, copy) == "canary.same_picture"
    assert refusal("g", kept, other) == "canary.not_alike"
    assert Canary.objects.count() == Reference.everything.filter(is_canary=True).count() == 0
    assert len(entries("canary.add.refused")) == 6
    monkeypatch.setattr("plainview.casework.canaries.manage.MOST", 1)
    add_canary("g", kept, asked, basis=BASIS, acting_member=admin)
    assert refusal("g", kept, asked) == "canary.many"
    with at(datetime(3000, 1, 1, tzinfo=UTC)):
        assert refusal("g", kept, asked) == "gallery.expired"
        assert run_all().checked == []  # nobody uses a gallery whose legal basis has ended
