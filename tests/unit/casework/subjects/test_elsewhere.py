"""People with several pictures in the rest of the house: alerts, canaries, holds, retention, letters, leads, the register."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader
from tests.factories.alerts import alert, her, him
from tests.factories.canaries import faults, held
from tests.factories.examination import examined
from tests.factories.retention import rules
from tests.factories.rights import confirmed, letter_of
from tests.factories.sharing import CHECKED
from tests.factories.verification import examined as only_examined
from tests.factories.work import gallery, person, probe, search, write
from tests.unit.casework.subjects.test_subjects import booked, enrol_rows, into, looks, template_of  # noqa: F401

from plainview.casework.alerts.read import raised_by
from plainview.casework.canaries.checks import run_all
from plainview.casework.cases.open_close import close_case
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import Item
from plainview.casework.erasure.expunge import expunge
from plainview.casework.erasure.holds import place_hold
from plainview.casework.erasure.read import in_force
from plainview.casework.examination.blind import blind_pictures, shown_references
from plainview.casework.leads.decide import release
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import (
    Canary,
    Candidate,
    CandidatePicture,
    Gallery,
    Reference,
    Subject,
    Verification,
    VerificationItem,
)
from plainview.casework.register.read import register
from plainview.casework.retention.read import due
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.read import searches_listing
from plainview.casework.rights.search import decide, search_person
from plainview.casework.subjects.change import change, merge
from plainview.policy.decision import Refused
from plainview.recognition.types import Picture

WHY = "the source corrected its numbers"


def arrive(folder: Path, name: str, picture: Picture, number: str, taken: date | None = None) -> Reference:
    """A new picture of a person with a number comes into the gallery."""
    item = Item(write(picture, folder / name), name, f"https://source.example/{name}", "", taken, subject=number)
    result = enrol("g", [item], acting_member=person("admin"))
    assert result.failed == []
    return Reference.objects.get(file_name=name)


def test_an_alert_speaks_once_of_each_new_picture_and_never_of_a_change(into: Gallery, tmp_path: Path) -> None:  # noqa: F811
    earlier = arrive(tmp_path, "first.png", her(0.9), "A-1")
    row = alert(tmp_path)
    assert raised_by(row) == []
    later = arrive(tmp_path, "second.png", her(0.7), "A-1")
    (raised,) = raised_by(row)  # the mean changed and the log has the lead again: still one list, of the new picture
    assert raised.candidate.reference == later
    assert raised.candidate.subject_id == earlier.subject_id
    other = arrive(tmp_path, "him.png", him(0.7), "B-2")
    merge("g", "B-2", "A-1", reason=WHY, acting_member=person("admin"))
    change("g", [earlier.public_id], "C-3", reason=WHY, acting_member=person("admin"))
    expunge(other.public_id, reason="ordered by the court", acting_member=person("admin"))
    assert len(raised_by(row)) == 1
    several = [
        Item(write(her(factor), tmp_path / f"{factor}.png"), f"{factor}.png", "", subject="D-4")
        for factor in (0.95, 0.85, 0.65)
    ]
    enrol("g", several, acting_member=person("admin"))
    assert len(raised_by(row)) == 2  # three pictures of one person in one batch


def test_canaries_watch_the_means_too(canary: Canary, tmp_path: Path) -> None:
    kept = [arrive(tmp_path, f"{factor}.png", her(factor), "A-1") for factor in (0.95, 0.8, 0.7)]
    run = run_all()
    assert run.ok, faults(run)
    search(probe(tmp_path))
    index = held()
    index._matrix.view(np.uint32)[index._row_of[kept[0].pk], 0] ^= np.uint32(1 << 30)
    assert not run_all().ok


def test_a_hold_on_a_search_keeps_every_picture_that_it_listed(booked: list[Reference], tmp_path: Path) -> None:  # noqa: F811
    made = search(probe(tmp_path)).search
    shown = set(CandidatePicture.objects.filter(candidate__search=made).values_list("reference_id", flat=True))
    assert {reference.pk for reference in booked[:5]} <= shown
    place_hold(
        reason="the defence wants it kept", authority="court", search=made.public_id, acting_member=person("admin")
    )
    reach = in_force(person("admin").agency)
    for reference in booked[:5]:
        assert reach.reference(reference.pk, reference.gallery_id)
        with pytest.raises(Refused, match="hold"):
            expunge(reference.public_id, reason="ordered by the court", acting_member=person("admin"))


def test_retention_counts_from_the_last_booking_of_the_person(booked: list[Reference]) -> None:  # noqa: F811
    rules("""
[[rule]]
id = "bookings"
what = "references"
after = "last capture"
days = 3650
""")
    agency = person("admin").agency
    names = {reference.public_id: number for reference, number in zip(booked, "AAABBC", strict=True)}

    def gone(day: date) -> str:
        return "".join(sorted(names.get(judged.subject, "") for judged in due(agency, day)))

    assert gone(date(2011, 6, 1)) == ""
    assert gone(date(2012, 6, 1)) == "BB"  # ten years after 2002, not after 2001
    assert gone(date(2014, 6, 1)) == "BBC"
    assert gone(date(2034, 4, 1)) == "BBC"  # the pictures of 2011 and 2015 wait for that of 2024
    assert gone(date(2034, 6, 1)) == "AAABBC"


def test_a_letter_counts_the_persons_pictures_and_names_every_search_that_showed_one(
    into: Gallery,  # noqa: F811
    tmp_path: Path,
) -> None:
    for place, (factor, year) in enumerate(((0.95, 2011), (0.8, 2015), (0.7, 2024))):
        arrive(tmp_path, f"{place}.png", her(factor), "A-1", date(year, 5, 1))
    made = search(probe(tmp_path)).search
    nearest = Candidate.objects.get(search=made, subject__isnull=False).reference
    others = Reference.objects.filter(subject=nearest.subject).exclude(pk=nearest.pk)
    close_case("C-1", reason="nobody was found", acting_member=person("examiner"))
    assert len(searches_listing(others)[0]) == 1
    asked = confirmed()
    found = search_person(asked.public_id, acting_member=person("admin"))
    hers = [
        finding.pk for finding in found if finding.reference.subject_id or finding.reference.file_name == "collins.png"
    ]
    assert len(hers) == 4
    rest = [finding.pk for finding in found if finding.pk not in hers]
    decide(asked.public_id, hers, rest, acting_member=person("admin"))
    answer_request(asked.public_id, acting_member=person("admin"))
    asked.refresh_from_db()
    letter = letter_of(asked)
    assert "4 pictures with a face that one of our staff recognised as yours" in letter
    assert "The source gives 3 of them one number" in letter
    assert letter.count("A-1") == 3


def test_the_sheet_of_a_lead_and_the_register_count_people_and_pictures_apart(
    booked: list[Reference],  # noqa: F811
    tmp_path: Path,
) -> None:
    made = search(probe(tmp_path)).search
    rank = Candidate.objects.get(search=made, subject=booked[0].subject_id).rank
    lead = release(examined(made.public_id, rank), contradictions=CHECKED, acting_member=person("supervisor"))
    pages = PdfReader(BytesIO(make_sheet(lead.public_id, acting_member=person("supervisor")).pdf)).pages
    sheet = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "3 pictures, 2011 to 2024" in sheet
    (agency,) = register(newest_checkpoint(), None)["agencies"]
    (published,) = agency["galleries"]
    assert (published["references"], published["people"]) == (8, 3)


def test_a_verifier_sees_as_many_pictures_of_everybody(into: Gallery, tmp_path: Path) -> None:  # noqa: F811
    face = template_of(search(probe(tmp_path)).search)
    enrol_rows(into, looks(face, 3, 1), ["A-1"] * 3, [2015, 2011, 2024], of="collins.png")
    others = np.random.default_rng(5).standard_normal((6, len(face)))
    for place, row in enumerate(others):
        unit = row / np.linalg.norm(row)
        enrol_rows(into, looks(unit, 2, place), [f"F-{place}"] * 2, [2001, 2002], of="hopper.png")
    made = search(probe(tmp_path)).search
    rank = Candidate.objects.get(search=made, subject=Subject.objects.get(pictures=3)).rank
    task = Verification.objects.get(examination=only_examined(made.public_id, rank))
    items = list(VerificationItem.objects.filter(verification=task).order_by("position"))
    shown = shown_references(items)
    assert [len(references) for references in shown] == [2] * len(items)
    for item, references in zip(items, shown, strict=True):
        assert {reference.subject_id for reference in references} == {item.reference.subject_id}
        assert references == sorted(references, key=lambda reference: reference.captured_on or date.max)
    probe_jpeg, faces = blind_pictures(task)
    assert len({len(data) for data in [probe_jpeg, *(data for pictures in faces.values() for data in pictures)]}) == 1
    # Of a candidate whose nearest picture is erased, the others can still be examined and verified.
    other = search(probe(tmp_path, "again.png")).search
    listed = Candidate.objects.get(search=other, rank=rank)
    expunge(listed.reference.public_id, reason="ordered by the court", acting_member=person("admin"))
    later = Verification.objects.get(examination=only_examined(other.public_id, rank))
    (own,) = VerificationItem.objects.filter(verification=later, is_candidate=True)
    assert own.reference.subject_id == listed.subject_id
    assert own.reference.template
    foil = next(item for item in items if not item.is_candidate)
    expunge(foil.more[0], reason="ordered by the court", acting_member=person("admin"))
    assert [len(references) for references in shown_references(items)] == [1] * len(items)


def test_a_subject_is_of_one_gallery(booked: list[Reference], tmp_path: Path) -> None:  # noqa: F811
    gallery(tmp_path / "other", "h")
    elsewhere = Reference.objects.filter(gallery__name="h").first()
    assert elsewhere is not None
    with pytest.raises(Refused) as refused:
        change("g", [booked[0].public_id, elsewhere.public_id], "Z-9", reason=WHY, acting_member=person("admin"))
    assert refused.value.rule_id == "subject.other_gallery"
    assert not Subject.objects.filter(pictures=0).exists()
    change("h", [elsewhere.public_id], "A-1", reason=WHY, acting_member=person("admin"))
    pictures = Subject.objects.filter(pictures__gt=0).values_list("gallery__name", "pictures")
    assert sorted(pictures) == [("g", 1), ("g", 2), ("g", 3), ("h", 1)]  # the same number is another person there
