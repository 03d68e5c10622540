"""Several pictures of one person are one candidate: the index, the list, its record, changes and erasures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from django.db import transaction
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.disclosure.make import disclose
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.read import gallery_templates, open_template
from plainview.casework.galleries.subjects import log_changes, number_of, subject_of, subject_with
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Candidate,
    CandidatePicture,
    Examination,
    Gallery,
    GalleryChange,
    Reference,
    Search,
    Subject,
)
from plainview.casework.models.galleries import Enrolment
from plainview.casework.search.candidates import candidates_of, pictures_by_rank, span_of
from plainview.casework.search.meaning import cautions
from plainview.casework.subjects.change import change, merge
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.examination import NOT, POTENTIAL
from plainview.recheck.package import verify_package
from plainview.scores.cautions import ENTERED_TWICE
from plainview.scores.subjects import mean_template

WHY = "the source corrected its numbers"


def template_of(search: Search) -> np.ndarray:
    picture = services().decoder.decode(services().blobs.get(search.probe_blob))
    return services().engine.template(picture, services().engine.probe_face(picture)[1].detection)


def enrol_rows(
    into: Gallery, rows: np.ndarray, numbers: list[str], years: list[int] | None = None, *, of: str = ""
) -> list[Reference]:
    """Enrol templates as references, each with the number of its person ("": none); `of`: the file whose picture they have."""
    kept, pictures = [], Reference.objects.exclude(template=b"")
    picture = pictures.get(file_name=of) if of else pictures.first()
    assert picture is not None
    with transaction.atomic():
        run = Enrolment.objects.create(gallery=into, member=person("admin"))
        into.refresh_from_db()
        for place, (row, number) in enumerate(zip(rows, numbers, strict=True)):
            reference = Reference(
                gallery=into,
                enrolment=run,
                face_number=Reference.objects.count() + 1,
                box=picture.box,
                points=picture.points,
                quality=50,
                quality_detail={},
                file_name="-",
                pack=services().engine.pack.identity,
                blob=picture.blob,
                subject=subject_with(into, number) if number else None,
            )
            if years:
                reference.captured_on = date(years[place], 5, 1)
            reference.template = services().templates.seal(row.tobytes(), f"template:{reference.public_id}".encode())
            reference.save()
            kept.append(reference)
        subjects = {reference.subject_id for reference in kept if reference.subject_id}
        _, people = log_changes(into, [(reference, True) for reference in kept], subjects)
        write_entry("references.enrolled", {}, acting_member=None, rows=[*kept, *people])
    return kept


def looks(person: np.ndarray, count: int, seed: int, noise_by: float = 0.05) -> np.ndarray:
    """Templates of several pictures of one person: the person's, with noise, of length 1."""
    noise = np.random.default_rng(seed).standard_normal((count, len(person))) * noise_by
    rows = person + noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def into(workspace: Path, tmp_path: Path) -> Gallery:
    gallery(tmp_path / "pictures")
    case()
    return Gallery.objects.get(name="g")


@pytest.fixture
def booked(into: Gallery, tmp_path: Path) -> list[Reference]:
    """The person of the probe with three pictures through the years, and two others with two and one."""
    face = template_of(search(probe(tmp_path)).search)
    random = np.random.default_rng(3).standard_normal((2, len(face)))
    rows = np.concatenate(
        [looks(face, 3, 1), looks(random[0] / np.linalg.norm(random[0]), 2, 2), looks(random[1], 1, 3)]
    )
    return enrol_rows(into, rows, ["A-1", "A-1", "A-1", "B-2", "B-2", "C-3"], [2015, 2011, 2024, 2001, 2002, 2003])


def test_a_person_is_one_candidate_with_all_their_pictures(booked: list[Reference], tmp_path: Path) -> None:
    answer = search(probe(tmp_path))
    own = [row for row in answer.candidates if row.subject_id == booked[0].subject_id]
    assert len(own) == 1
    assert answer.search.gallery_size == 2 + 3  # two portraits without a number, three people
    assert answer.search.gallery_pictures == 2 + 6
    assert answer.search.compared == "8 references of 5 candidates"
    kept = candidates_of(answer.search)
    pictures = pictures_by_rank(kept)[own[0].rank]
    template = template_of(answer.search)
    exact = {
        row.pk: float(open_template(row.public_id, row.template).astype(np.float64) @ template.astype(np.float64))
        for row in booked[:3]
    }
    assert {shown.reference.pk: shown.score for shown in pictures} == pytest.approx(exact, abs=2e-6)
    nearest = max(exact, key=lambda key: exact[key])
    assert own[0].reference_id == nearest
    rest = [shown.reference.captured_on.year for shown in pictures[1:] if shown.reference.captured_on]
    assert pictures[0].reference.pk == nearest
    assert rest == sorted(rest)
    assert span_of(pictures) == "3 pictures, 2011 to 2024"
    mean = mean_template(np.stack([open_template(row.public_id, row.template) for row in booked[:3]]))
    assert float(own[0].score) == pytest.approx(float(mean.astype(np.float64) @ template.astype(np.float64)), abs=2e-6)
    assert entries("search.answered")[-1].subject["gallery_pictures"] == 8


def test_the_number_is_sealed_and_found_again(booked: list[Reference]) -> None:
    subject = subject_of(Gallery.objects.get(), "  A-1 ")
    assert subject is not None
    assert number_of(subject) == "A-1"
    assert b"A-1" not in bytes(subject.number)
    assert "A-1" not in subject.mark
    assert subject.pictures == 3


def test_a_new_picture_changes_the_mean_and_a_list_recorded_before_stays(
    booked: list[Reference], into: Gallery, tmp_path: Path
) -> None:
    before = search(probe(tmp_path))
    recorded = [(row.rank, row.reference_id, row.score) for row in candidates_of(before.search)]
    face = template_of(before.search)
    enrol_rows(into, looks(face, 1, 9), ["A-1"])
    after = search(probe(tmp_path))
    own = next(row for row in after.candidates if row.subject_id == booked[0].subject_id)
    assert CandidatePicture.objects.filter(candidate__search=after.search, candidate__rank=own.rank).count() == 4
    assert after.search.gallery_size == before.search.gallery_size
    assert [(row.rank, row.reference_id, row.score) for row in candidates_of(before.search)] == recorded


def test_an_erased_picture_leaves_nothing_in_the_mean(booked: list[Reference], tmp_path: Path) -> None:
    subject = booked[0].subject
    assert subject is not None
    subject.refresh_from_db()
    old_mean = bytes(subject.template)
    mean = gallery_templates(booked[0].gallery_id, booked[0].pack)[booked[0].pk]
    search(probe(tmp_path))  # the index has the old mean
    expunge(booked[0].public_id, reason="ordered by the court", acting_member=person("admin"))
    left = mean_template(np.stack([open_template(row.public_id, row.template) for row in booked[1:3]]))
    templates = gallery_templates(booked[0].gallery_id, booked[0].pack)
    assert booked[0].pk not in templates
    np.testing.assert_array_equal(templates[booked[1].pk], left)
    after = search(probe(tmp_path))
    own = next(row for row in after.candidates if row.subject_id == booked[0].subject_id)
    exact = left.astype(np.float64) @ template_of(after.search).astype(np.float64)
    assert float(own.score) == pytest.approx(float(exact), abs=2e-6)
    files = [path for path in services().workspace.root.rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        assert mean.tobytes() not in content, path
        assert old_mean not in content, path


def test_the_last_picture_takes_the_number_with_it(booked: list[Reference], into: Gallery) -> None:
    expunge(booked[5].public_id, reason="ordered by the court", acting_member=person("admin"))
    subject = Subject.objects.get(pk=booked[5].subject_id)
    assert (bytes(subject.number), bytes(subject.template), subject.lead_id) == (b"", b"", None)
    assert subject_of(into, "C-3") is None


def test_a_merge_makes_one_candidate_and_its_number_leads_on(
    booked: list[Reference], into: Gallery, tmp_path: Path
) -> None:
    done = merge("g", "B-2", "A-1", reason=WHY, acting_member=person("admin"))
    assert (done.changed, done.pictures) == (2, 5)
    answer = search(probe(tmp_path))
    assert answer.search.gallery_size == 4
    subject = subject_of(into, "B-2")
    assert subject is not None
    assert subject.pk == booked[0].subject_id
    enrol_rows(into, looks(np.ones(len(template_of(answer.search)), np.float32), 1, 5), ["B-2"])
    subject.refresh_from_db()
    assert subject.pictures == 6
    assert entries("subjects.merged")[-1].subject["references"] == 2


def test_a_split_takes_pictures_out_of_the_mean(booked: list[Reference], tmp_path: Path) -> None:
    change("g", [booked[0].public_id], "A-9", reason=WHY, acting_member=person("admin"))
    templates = gallery_templates(booked[0].gallery_id, booked[0].pack)
    np.testing.assert_array_equal(templates[booked[0].pk], open_template(booked[0].public_id, booked[0].template))
    left = mean_template(np.stack([open_template(row.public_id, row.template) for row in booked[1:3]]))
    np.testing.assert_array_equal(templates[booked[1].pk], left)
    assert search(probe(tmp_path)).search.gallery_size == 6


def test_people_whom_an_examiner_told_apart_are_not_merged(booked: list[Reference], tmp_path: Path) -> None:
    answer = search(probe(tmp_path))
    by_subject = {row.subject_id: row for row in Candidate.objects.filter(search=answer.search)}
    for reference, conclusion in ((booked[0], POTENTIAL), (booked[3], NOT)):
        with transaction.atomic():
            made = Examination.objects.create(
                candidate=by_subject[reference.subject_id],
                member=person("examiner"),
                components={},
                conclusion=conclusion,
            )
            write_entry("examination.recorded", {}, acting_member=None, rows=[made])
    head = Gallery.objects.get().log_head
    with pytest.raises(Refused) as refused:
        merge("g", "B-2", "A-1", reason=WHY, acting_member=person("admin"))
    assert refused.value.rule_id == "subject.examined_apart"
    assert Gallery.objects.get().log_head == head == GalleryChange.objects.count()
    assert Subject.objects.get(pk=booked[3].subject_id).pictures == 2


def test_a_package_makes_the_means_again_and_gives_the_same_list(
    booked: list[Reference], into: Gallery, tmp_path: Path
) -> None:
    answer = search(probe(tmp_path))
    enrol_rows(into, looks(template_of(answer.search), 2, 7), ["A-1", "B-2"])  # later pictures do not count
    change("g", [booked[1].public_id], "A-9", reason=WHY, acting_member=person("admin"))
    disclose(answer.search.public_id, tmp_path / "a.zip", acting_member=person("supervisor"))
    report = verify_package(tmp_path / "a.zip")
    assert report.ok, report.problems
    assert len(report.again) == len(answer.candidates)


def test_a_package_leaves_out_who_lost_a_picture_since(booked: list[Reference], tmp_path: Path) -> None:
    answer = search(probe(tmp_path))
    expunge(booked[1].public_id, reason="ordered by the court", acting_member=person("admin"))
    disclose(answer.search.public_id, tmp_path / "a.zip", acting_member=person("supervisor"))
    report = verify_package(tmp_path / "a.zip")
    assert report.ok, report.problems
    assert len(report.again) == len(answer.candidates) - 1


def test_two_numbers_of_one_face_are_told_by_their_means(into: Gallery, tmp_path: Path) -> None:
    face = template_of(search(probe(tmp_path)).search)
    rows = looks(face, 6, 4, noise_by=0.12)
    assert (rows[:3] @ rows[3:].T).max() < ENTERED_TWICE  # by no two of their pictures
    kept = enrol_rows(into, rows, ["A-1"] * 3 + ["Z-9"] * 3)
    answer = search(probe(tmp_path))
    (caution,) = (row for row in cautions(answer.search, answer.candidates) if row.id == "entered_twice")
    ranks = {row.rank for row in answer.candidates if row.subject_id in {kept[0].subject_id, kept[3].subject_id}}
    assert caution.rank in ranks
    assert "possibly entered twice" in caution.text
