"""Where the numbers come from: a folder a person, a manifest, an upload; and what is refused."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from tests.factories.models import collins, hopper, scaled
from tests.factories.work import case, entries, gallery, person, probe, search, write

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.intake import ask_files
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.galleries.subjects import number_of
from plainview.casework.models import Enrolment, Gallery, Reference, Subject
from plainview.casework.subjects.assign import Assigned, assign
from plainview.policy.decision import Refused
from plainview.policy.subjects import LONGEST, MOST_PICTURES
from plainview.worker.tasks import run_job


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three pictures of one person and one of another, a folder each."""
    folder = tmp_path / "people"
    for number, pictures in (
        ("A-1", [scaled(hopper(), factor) for factor in (0.95, 0.9, 0.8)]),
        ("B-2", [scaled(collins(), 0.9)]),
    ):
        (folder / number).mkdir(parents=True)
        for place, picture in enumerate(pictures):
            write(picture, folder / number / f"{place}.png")
    return folder


@pytest.fixture
def empty(workspace: Path, tmp_path: Path) -> Gallery:
    gallery(tmp_path / "pictures")
    case()
    return Gallery.objects.get(name="g")


def counts() -> dict[str, int]:
    return {number_of(subject): subject.pictures for subject in Subject.objects.exclude(pictures=0)}


def manifest(folder: Path, rows: list[tuple[str, str]]) -> Path:
    with (folder / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "subject"])
        writer.writerows(rows)
    return folder / "list.csv"


def test_a_folder_is_a_person(empty: Gallery, people: Path) -> None:
    result = enrol("g", read_items(people, by_folder=True), acting_member=person("admin"))
    assert result.failed_total == 0
    assert counts() == {"A-1": 3, "B-2": 1}
    assert entries("references.enrolled")[-1].subject["subjects"] == 2
    assert b"A-1" not in b"".join(Subject.objects.values_list("number", flat=True))


def test_without_the_option_a_folder_numbers_nobody(empty: Gallery, people: Path) -> None:
    enrol("g", read_items(people), acting_member=person("admin"))
    assert not Subject.objects.exists()


def test_a_manifest_has_the_numbers_and_an_empty_one_is_none(empty: Gallery, people: Path) -> None:
    items = read_items(manifest(people, [("A-1/0.png", " 77 "), ("A-1/1.png", "77"), ("B-2/0.png", "")]))
    enrol("g", items, acting_member=person("admin"))
    assert counts() == {"77": 2}


@pytest.mark.parametrize("number", ["x" * 4096, "7\x007", "x" * (LONGEST + 1)])
def test_a_number_that_cannot_be_one_refuses_the_manifest_with_its_line(people: Path, number: str) -> None:
    with pytest.raises(Refused) as refused:
        read_items(manifest(people, [("A-1/0.png", "77"), ("A-1/1.png", number)]))
    assert refused.value.rule_id in ("manifest.bad_row", "manifest.unreadable")


def test_a_column_that_names_no_person_is_refused(people: Path) -> None:
    rows = [(f"A-1/{i}.png", "M") for i in range(MOST_PICTURES + 1)]
    for i in range(MOST_PICTURES + 1):
        (people / f"A-1/{i}.png").touch()
    with pytest.raises(Refused, match="500 rows of one subject"):
        read_items(manifest(people, rows))
    with pytest.raises(Refused) as refused:
        read_items(people, by_folder=True)
    assert refused.value.rule_id == "subject.too_many"


def test_one_picture_under_two_numbers_is_told_and_enrolled_once(empty: Gallery, people: Path) -> None:
    (people / "B-2" / "again.png").write_bytes((people / "A-1" / "0.png").read_bytes())
    result = enrol("g", read_items(people, by_folder=True), acting_member=person("admin"))
    assert [(failure["path"], failure["code"]) for failure in result.failed] == [("B-2/again.png", "other_subject")]
    again = enrol("g", read_items(people, by_folder=True), acting_member=person("admin"))
    assert [failure["code"] for failure in again.failed] == ["other_subject"]
    assert again.duplicates == 4
    assert counts() == {"A-1": 3, "B-2": 1}


def test_an_uploads_numbers_wait_sealed_and_are_enrolled(empty: Gallery, people: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(people.rglob("*.png")):
            archive.write(path, path.relative_to(people))
    packed.seek(0)
    job = ask_files(empty.pk, [("people.zip", packed)], by_folder=True, acting_member=person("admin"))
    waiting = Enrolment.objects.get(pk=job.subject).files
    assert all(file["subject"] not in ("", "A-1", "B-2") for file in waiting)
    run_job(job.pk)
    assert counts() == {"A-1": 3, "B-2": 1}


def test_an_old_gallery_gets_its_numbers_and_a_second_run_changes_nothing(empty: Gallery, people: Path) -> None:
    enrol("g", read_items(people), acting_member=person("admin"))
    first = assign("g", read_items(people, by_folder=True), acting_member=person("admin"))
    assert (first.assigned, first.before, first.failed_total) == (4, 0, 0)
    assert counts() == {"A-1": 3, "B-2": 1}
    head = Gallery.objects.get().log_head
    again = assign("g", read_items(people, by_folder=True), acting_member=person("admin"))
    assert (again.assigned, again.before, again.failed_total) == (0, 4, 0)
    assert Gallery.objects.get().log_head == head
    other = manifest(people, [("A-1/0.png", "Z"), ("nowhere.png", "Z")])
    told = assign("g", read_items(other), acting_member=person("admin"))
    assert [failure["code"] for failure in told.failed] == ["other_subject", "not_in_gallery"]
    assert Reference.objects.filter(subject=None).count() == 2  # the portraits that the gallery began with


def test_searches_go_on_while_an_old_gallery_gets_its_numbers(
    empty: Gallery, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol("g", read_items(people), acting_member=person("admin"))
    monkeypatch.setattr("plainview.casework.subjects.assign.BATCH", 1)
    compared: list[str] = []

    def progress(_: Assigned) -> None:
        compared.append(search(probe(tmp_path)).search.compared)
        if len(compared) == 2:
            raise KeyboardInterrupt  # stopped in the middle

    with pytest.raises(KeyboardInterrupt):
        assign("g", read_items(people, by_folder=True), acting_member=person("admin"), progress=progress)
    assign("g", read_items(people, by_folder=True), acting_member=person("admin"), progress=progress)
    # Two portraits and four pictures all along; each that joins the first of its person is a candidate fewer.
    assert compared == [
        "6 references",
        "6 references of 5 candidates",
        "6 references of 5 candidates",
        "6 references of 5 candidates",
        "6 references of 4 candidates",
        "6 references of 4 candidates",
    ]
    assert counts() == {"A-1": 3, "B-2": 1}
