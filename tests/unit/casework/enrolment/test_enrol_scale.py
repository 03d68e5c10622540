"""Enrolment of long lists: near duplicates, rehearsals, stopping and going on, what a source said, what never comes back."""

from __future__ import annotations

import errno
import json
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import pytest
from django.db import OperationalError, connection
from tests.factories.kept_tables import ON_POSTGRESQL
from tests.factories.models import collins, hopper, scaled
from tests.factories.work import entries, person, write

from plainview.casework import find
from plainview.casework.enrolment import batches as batches_module
from plainview.casework.enrolment.enrol import EnrolmentResult, Options, enrol
from plainview.casework.enrolment.manifest import Item, read_items
from plainview.casework.enrolment.near import open_hash
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.exchange import export_gallery
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.galleries.statistics import gallery_statistics, near_pairs
from plainview.casework.models import (
    Enrolment,
    Gallery,
    GalleryChange,
    NearDuplicate,
    PendingErasure,
    Reference,
)
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.recognition.near import picture_hash
from plainview.storage.base import StorageFull
from plainview.storage.output import OutputError


@pytest.fixture
def pictures(workspace: Path, tmp_path: Path) -> Path:
    """Two portraits, each with a recompressed copy, and a text file; a gallery g and a gallery h."""
    passport: dict[str, Any] = {
        "legal_basis": "l",
        "source": "s",
        "owner": "o",
        "expires_on": date(2999, 1, 1),
    }
    for name in ("g", "h"):
        create_gallery(name, **passport, acting_member=person("admin"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    write(collins(), folder / "1-collins.png")
    write(hopper(), folder / "2-hopper.png")
    cv2.imwrite(str(folder / "3-collins.jpg"), collins().pixels, [cv2.IMWRITE_JPEG_QUALITY, 60])
    write(scaled(hopper(), 0.6), folder / "4-hopper.png")
    (folder / "5-text.jpg").write_text("no picture")
    return folder


def run(folder: Path, gallery: str = "g", **options: Any) -> EnrolmentResult:
    return enrol(gallery, read_items(folder), acting_member=person("admin"), options=Options(**options))


def names(gallery: str = "g") -> list[str]:
    rows = Reference.objects.filter(gallery__name=gallery).exclude(template=b"").order_by("pk")
    return list(rows.values_list("file_name", flat=True))


def test_near_duplicates_are_reported_with_the_pair_and_enrolled_all_the_same(pictures: Path) -> None:
    result = run(pictures)
    assert (result.enrolled, result.failed_total, result.near_total, result.near_skipped) == (4, 1, 2, 0)
    by_name = {row.file_name: row.public_id for row in Reference.objects.all()}
    assert [(row["path"], row["reference_id"], row["near"]) for row in result.near] == [
        ("3-collins.jpg", by_name["3-collins.jpg"], by_name["1-collins.png"]),
        ("4-hopper.png", by_name["4-hopper.png"], by_name["2-hopper.png"]),
    ]
    assert all(row["distance"] <= 31 for row in result.near)  # type: ignore[operator]
    pairs = near_pairs("g", person("admin"))
    assert {(row.reference.file_name, row.near.file_name) for row in pairs if row.reference} == {
        ("3-collins.jpg", "1-collins.png"),
        ("4-hopper.png", "2-hopper.png"),
    }


def test_near_duplicates_are_found_in_what_was_enrolled_before_and_can_be_left_out(pictures: Path) -> None:
    for name in ("3-collins.jpg", "4-hopper.png"):
        (pictures / name).rename(pictures.parent / name)
    run(pictures)
    for name in ("3-collins.jpg", "4-hopper.png"):
        (pictures.parent / name).rename(pictures / name)
    result = run(pictures, skip_near_duplicates=True)
    assert (result.enrolled, result.duplicates, result.near_total, result.near_skipped) == (0, 2, 2, 2)
    assert names() == ["1-collins.png", "2-hopper.png"]
    assert {(row.path, row.reference) for row in NearDuplicate.objects.all()} == {
        ("3-collins.jpg", None),
        ("4-hopper.png", None),
    }
    assert Gallery.objects.get(name="g").log_head == GalleryChange.objects.count() == 2


def test_near_duplicates_in_one_batch_keep_the_first_alone(pictures: Path) -> None:
    result = run(pictures, skip_near_duplicates=True)
    assert (result.enrolled, result.near_skipped) == (2, 2)
    assert names() == ["1-collins.png", "2-hopper.png"]
    assert run(pictures, "h", near_duplicates=False).near_total == 0


def test_hashes_are_sealed_and_kept_with_each_reference(pictures: Path) -> None:
    run(pictures)
    row = Reference.objects.get(file_name="1-collins.png")
    plain = picture_hash(collins().pixels)
    assert open_hash(bytes(row.picture_hash), row.public_id) == plain
    assert plain not in bytes(row.picture_hash)


def test_a_rehearsal_writes_an_entry_and_nothing_else(pictures: Path) -> None:
    (pictures / "6-collins-again.png").write_bytes((pictures / "1-collins.png").read_bytes())
    before = list(services().blobs.digests())
    result = run(pictures, rehearsal=True)
    assert (result.enrolled, result.references, result.duplicates, result.failed_total) == (4, 4, 1, 1)
    assert Reference.objects.count() == Enrolment.objects.count() == GalleryChange.objects.count() == 0
    assert list(services().blobs.digests()) == before
    (entry,) = entries("enrolment.rehearsed")
    assert (entry.subject["images"], entry.subject["failed"]) == (4, 1)
    assert not entries("enrolment.began")


def test_a_stopped_run_keeps_what_it_acknowledged_and_goes_on(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "BATCH", 1)
    stop: list[bool] = []
    seen: list[int] = []

    def progress(result: EnrolmentResult) -> None:
        seen.append(result.enrolled)
        if result.enrolled == 1:
            stop.append(True)

    items = read_items(pictures)
    first = enrol(
        "g",
        items,
        acting_member=person("admin"),
        progress=progress,
        options=Options(stopped=lambda: bool(stop), cores=1),
    )
    assert first.stopped
    assert 1 <= first.enrolled < 5
    assert len(names()) == first.enrolled == Enrolment.objects.get().images
    second = run(pictures)
    assert second.duplicates == first.enrolled
    assert sorted(names()) == ["1-collins.png", "2-hopper.png", "3-collins.jpg", "4-hopper.png"]


def test_a_batch_is_stored_early_when_its_pictures_are_large(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "BATCH_BYTES", 1)
    run(pictures)
    assert [entry.subject["images"] for entry in entries("references.enrolled")] == [1, 1, 1, 1]


def test_failures_beyond_the_list_are_counted_and_told(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.casework.enrolment.enrol.LISTED", 1)
    (pictures / "6-text.jpg").write_text("none either")
    told: list[dict[str, str]] = []
    result = run(pictures, failures=told.append)
    assert (len(result.failed), result.failed_total) == (1, 2)
    assert {row["path"] for row in told} == {"5-text.jpg", "6-text.jpg"}


def test_an_exchange_file_keeps_what_its_source_said_and_goes_out_again(pictures: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text(f"path,captured_on\n{pictures / '1-collins.png'},1999-07-01\n")
    run(manifest)
    out = tmp_path / "out"
    handed = export_gallery("g", out, reason="sent to the neighbours", acting_member=person("admin"))
    assert (handed.files, handed.pictures, handed.left_out) == (1, 1, ())
    result = run(out, "h")
    assert (result.enrolled, result.failed) == (1, [])
    row = Reference.objects.get(gallery__name="h")
    assert row.captured_on == date(1999, 7, 1)
    assert row.provenance["SRC"] == person("admin").agency.public_id
    assert row.provenance["ANN"][-1][2:] == ["Plainview", "exported"]
    assert row.file_name == "000001.an2#1"
    again = run(out, "h")
    assert (again.enrolled, again.duplicates) == (0, 1)
    assert [entry.action for entry in entries() if "export" in entry.action] == [
        "gallery.export_began",
        "gallery.exported",
    ]
    with pytest.raises(OutputError, match="is a folder"):
        export_gallery("g", out, reason="w", acting_member=person("admin"))


def test_statistics_by_source(pictures: Path, tmp_path: Path) -> None:
    run(pictures)
    run(pictures)
    manifest = tmp_path / "m.jsonl"
    write(scaled(collins(), 1.3), tmp_path / "x.png")
    manifest.write_text(json.dumps({"path": "x.png", "captured_on": "2001-02-03"}))
    run(manifest)
    gone = Reference.objects.get(file_name="2-hopper.png")
    expunge(gone.public_id, reason="by order of the court", acting_member=person("admin"))
    first, second = gallery_statistics("g", person("auditor"))
    assert (first.kind, first.name, first.runs) == ("folder", str(pictures), 2)
    assert (first.pictures, first.references, first.erased, first.undated) == (3, 3, 1, 3)
    assert (first.duplicates, first.failed, first.failed_by_code) == (4, 2, {"not_an_image": 2})
    assert (second.kind, second.name, second.pictures) == ("manifest", "m.jsonl", 1)
    assert second.first_captured == second.last_captured == "2001-02-03"
    assert (second.near_duplicates, second.undated) == (1, 0)


def test_what_must_never_come_back_does_not(pictures: Path) -> None:
    run(pictures)
    row = Reference.objects.get(file_name="1-collins.png")
    expunge(row.public_id, reason="by order of the court", never_again=True, acting_member=person("admin"))
    for gallery in ("g", "h"):
        result = run(pictures, gallery)
        assert {"path": "1-collins.png", "code": "expunged"}.items() <= result.failed[0].items()
        assert "1-collins.png" not in names(gallery)


def test_an_expunge_cut_short_after_its_transaction_is_finished_by_the_next_act(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pictures)
    row = Reference.objects.get(file_name="1-collins.png")
    blob = row.blob

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("plainview.casework.erasure.expunge.finish", dies)
        with pytest.raises(KeyboardInterrupt):
            expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert services().blobs.exists(blob)
    assert PendingErasure.objects.count() == 2  # the picture, and the face that was cut from it
    run(pictures.parent / "pictures" / "2-hopper.png")
    assert not services().blobs.exists(blob)
    assert not PendingErasure.objects.exists()


def test_a_picture_that_is_expunged_while_it_is_enrolled_elsewhere_is_put_again(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the blobs and the rows of a batch another process erases the last reference of the same bytes."""
    run(pictures)
    row = Reference.objects.get(file_name="1-collins.png", gallery__name="g")
    put, calls = services().blobs.put_many, []

    def put_then_expunge(blobs: Any) -> list[str]:
        done = put(blobs)
        calls.append(len(done))
        if len(calls) == 1:
            expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
        return done

    monkeypatch.setattr(services().blobs, "put_many", put_then_expunge)
    run(pictures, "h")
    kept = Reference.objects.get(file_name="1-collins.png", gallery__name="h")
    assert services().blobs.get(kept.blob) == (pictures / "1-collins.png").read_bytes()


def test_a_gallery_of_another_pack_takes_no_pictures(pictures: Path) -> None:
    run(pictures / "1-collins.png")
    gallery = find.gallery("g", person("admin"))
    assert gallery.pack == services().engine.pack.identity
    Gallery.objects.filter(pk=gallery.pk).update(pack="other 1.0")
    with pytest.raises(Refused) as caught:
        run(pictures)
    assert caught.value.rule_id == "gallery.pack"


def _enrol_until_it_fails(pictures: Path) -> None:
    for number in range(40):
        write(scaled(collins(), 0.5 + number / 100), pictures / f"more-{number}.png")
        run(pictures)


@pytest.mark.skipif(ON_POSTGRESQL, reason="SQLite's own limit of pages makes it full")
def test_a_database_that_is_full_keeps_nothing_of_the_batch_and_goes_on_later(pictures: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that earlier tests freed
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count={pages}")
    try:
        with pytest.raises(OperationalError, match="full"):
            _enrol_until_it_fails(pictures)
        assert Reference.objects.count() == GalleryChange.objects.count() == Gallery.objects.get(name="g").log_head
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count=1073741823")
    run(pictures)
    assert {"1-collins.png", "more-0.png"} <= set(names())
    assert len(names()) == len(set(names()))


def test_a_blob_store_that_is_full_keeps_nothing_of_the_batch(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("plainview.storage.local._publish", full)
        with pytest.raises(StorageFull):
            run(pictures)
    assert Reference.objects.count() == Gallery.objects.get(name="g").log_head == 0
    assert list(services().blobs.digests()) == []
    assert run(pictures).enrolled == 4


def test_items_of_any_iterable_are_enrolled(pictures: Path) -> None:
    path = pictures / "1-collins.png"
    one = (Item(path, f"{i}", "https://e.example/x") for i in range(3))
    result = enrol("g", one, acting_member=person("admin"))
    assert (result.enrolled, result.duplicates) == (1, 2)
