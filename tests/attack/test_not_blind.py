"""Curious verifiers: whoever looks at a search first cannot be its blind second."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from django.core import mail
from tests.factories.alerts import alert, arrive, her
from tests.factories.models import hopper, scaled
from tests.factories.refusals import rule_of
from tests.factories.sharing import taken, world
from tests.factories.verification import another, answered, examined, many, told
from tests.factories.work import case, entries, gallery, person, probe, search, write

from plainview.casework.cases.timeline import timeline
from plainview.casework.examination.assign import assign_waiting
from plainview.casework.examination.blind import blind_pictures
from plainview.casework.examination.examine import view_examination
from plainview.casework.examination.pairs import compare_pair
from plainview.casework.examination.read import examinations
from plainview.casework.examination.seen import _searches, disagreements, rebuild, tell_withdrawn
from plainview.casework.examination.verify import answer_verification, open_verification
from plainview.casework.models import Examination, Member, ProbeTemplate, Search, Verification, View
from plainview.casework.probes.photographs import together
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.run import Request, run_search, view_candidates
from plainview.casework.sharing.requests import view_request
from plainview.casework.sharing.search import search_shared
from plainview.casework.triage.aside import none_of_these, set_aside
from plainview.policy.examination import NOT, POTENTIAL


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    return many(tmp_path)


@pytest.fixture
def curious(found: str) -> Member:
    """An examiner who may read every case, and verifies for the others."""
    Member.objects.filter(pk=person("verifier").pk).update(is_active=False)
    return another("curious@agency.example", "examiner")


def test_a_verifier_with_a_task_who_opens_the_scores_loses_it(found: str, curious: Member) -> None:
    row = examined(found)
    task = row.verifications.get()
    assert task.verifier == curious
    open_verification(task.public_id, acting_member=curious)
    second = another("second@agency.example")
    view_candidates(found, acting_member=curious)
    words = {item.position: NOT for item in task.items.all()}
    assert rule_of(answer_verification, task.public_id, words, {}, acting_member=curious) == "verification.withdrawn"
    assert rule_of(open_verification, task.public_id, acting_member=curious) == "verification.withdrawn"
    assert row.verifications.get().verifier == second  # a new draw, at once
    (withdrawn,) = entries("verification.withdrawn")
    assert withdrawn.subject["verifier"] == curious.public_id
    assert told(withdrawn)["about"] == {"examination": row.public_id}
    assert row.public_id.encode() not in withdrawn.canonical
    mail.outbox.clear()  # of the assignments
    tell_withdrawn()
    assert [letter.to for letter in mail.outbox] == [["curious@agency.example"]]
    assert tell_withdrawn() == 0
    assert len(mail.outbox) == 1


def test_the_worker_takes_the_task_from_whoever_looks_even_if_they_never_answer(found: str, curious: Member) -> None:
    row = examined(found)
    view_examination(found, 2, acting_member=curious)
    assert row.verifications.get().verifier == curious
    second = another("second@agency.example")
    assert assign_waiting() == 1
    assert row.verifications.get().verifier == second
    assert assign_waiting() == 0


def test_who_looked_first_is_never_drawn(found: str, curious: Member) -> None:
    view_candidates(found, acting_member=curious)
    row = examined(found)
    assert not row.verifications.exists()
    second = another("second@agency.example")
    assert assign_waiting() == 1
    assert row.verifications.get().verifier == second


def test_who_examined_the_candidate_is_not_its_verifier(found: str, curious: Member) -> None:
    examined(found, member=curious)
    row = examined(found)
    assert not row.verifications.exists()


def test_who_saw_another_search_with_the_same_probe_is_not_its_verifier(
    found: str, curious: Member, tmp_path: Path
) -> None:
    case("C-2")
    other = search(probe(tmp_path, "again.png"), curious, case="C-2", gallery="MARKER-gallery").search
    row = examined(found)
    assert other.probe_blob == row.candidate.search.probe_blob
    assert not row.verifications.exists()


def again(folder: Path, name: str) -> Path:
    """The probe saved once more in the form of this name: the same picture, another file."""
    cv2.imwrite(str(folder / name), cv2.imread(str(probe(folder, "again.png"))))
    return folder / name


@pytest.mark.parametrize("name", ["again.jpg", "again.bmp"])
def test_who_searched_the_same_picture_in_another_file_is_not_its_verifier(
    found: str, curious: Member, tmp_path: Path, name: str
) -> None:
    case("C-2")
    other = search(again(tmp_path, name), curious, case="C-2", gallery="MARKER-gallery").search
    row = examined(found)
    assert other.probe_blob != row.candidate.search.probe_blob
    assert not row.verifications.exists()
    second = another("second@agency.example")
    assert assign_waiting() == 1
    assert row.verifications.get().verifier == second


def test_a_verifier_who_opens_a_list_of_the_same_face_loses_the_task(
    found: str, curious: Member, tmp_path: Path
) -> None:
    case("C-2")
    other = search(again(tmp_path, "again.jpg"), case="C-2", gallery="MARKER-gallery").search
    row = examined(found)
    task = row.verifications.get()
    open_verification(task.public_id, acting_member=curious)
    view_candidates(other.public_id, acting_member=curious)
    words = {item.position: NOT for item in task.items.all()}
    assert rule_of(answer_verification, task.public_id, words, {}, acting_member=curious) == "verification.withdrawn"


@pytest.mark.parametrize("kept", [True, False])
def test_who_searched_one_of_several_photographs_is_not_its_verifier(
    found: str, curious: Member, tmp_path: Path, kept: bool
) -> None:
    case("C-2")
    second = again(tmp_path, "again.jpg")
    search(second, curious, case="C-2", gallery="MARKER-gallery")
    several = together(
        prepare_probe(probe(tmp_path)), [("again.jpg", second.read_bytes())], acting_member=person("examiner")
    )
    asked = Request("C-2", "find the rider", "MARKER-gallery", 3)
    made = run_search(several, asked, acting_member=person("examiner")).search
    if not kept:  # as with another model pack: then the pictures alone say it
        ProbeTemplate.objects.all().delete()
    row = examined(made.public_id)
    assert not row.verifications.exists()
    second_member = another("second@agency.example")
    assert assign_waiting() == 1
    assert row.verifications.get().verifier == second_member


def test_who_searched_the_face_of_an_alert_does_not_verify_what_it_raised(
    found: str, curious: Member, tmp_path: Path
) -> None:
    case()
    gallery(tmp_path / "pictures")
    search(again(tmp_path, "again.jpg"), curious, gallery="g")
    alert(tmp_path)
    arrive(tmp_path, "new.png", her())
    raised = Search.objects.get(alert__isnull=False)
    row = examined(raised.public_id)
    assert not row.verifications.exists()
    second_member = another("second@agency.example")
    assert assign_waiting() == 1
    assert row.verifications.get().verifier == second_member


def test_who_searched_for_another_person_is_drawn(found: str, curious: Member, tmp_path: Path) -> None:
    case("C-2")
    search(write(scaled(hopper(), 0.8), tmp_path / "other.png"), curious, case="C-2", gallery="MARKER-gallery")
    assert examined(found).verifications.get().verifier == curious


def test_a_supervisor_who_discussed_it_is_not_its_verifier(found: str, curious: Member) -> None:
    Member.objects.filter(pk=curious.pk).update(roles=["examiner", "supervisor"])
    first = examined(found)
    task = first.verifications.get()
    answered(task, NOT)  # a disagreement: a third is wanted
    from plainview.casework.leads.decide import view_decision

    third = another("third@agency.example")
    Member.objects.filter(pk=third.pk).update(roles=["verifier", "supervisor"])
    view_decision(first.public_id, acting_member=third)
    assert assign_waiting() == 0
    assert Verification.objects.filter(examination=first).count() == 1


def test_the_list_of_examinations_does_not_show_a_verdict_to_who_may_have_to_verify_it(
    found: str, curious: Member
) -> None:
    row = examined(found, 2)
    assert row not in examinations(curious)
    assert row in examinations(person("examiner"))  # their own
    assert row in examinations(person("supervisor"))  # verifies nothing


def test_deleting_the_view_from_the_database_helps_nobody_for_long(found: str, curious: Member) -> None:
    view_candidates(found, acting_member=curious)
    assert disagreements() == []
    View.objects.filter(member=curious).delete()
    assert disagreements() == [entries("candidates.viewed")[0].seq]
    rebuild()
    assert disagreements() == []
    assert not examined(found).verifications.exists()


def test_looking_at_something_else_costs_nothing(found: str, curious: Member, tmp_path: Path) -> None:
    case("C-2")
    other = search(probe(tmp_path, "other.png"), case="C-2", gallery="MARKER-gallery")
    row = examined(found)
    task = row.verifications.get()
    assert other.search.probe_blob == row.candidate.search.probe_blob
    answered(task, POTENTIAL)
    task.refresh_from_db()
    assert task.answered_at is not None


def test_who_has_a_verification_to_decide_compares_no_pictures_of_it_elsewhere(found: str, curious: Member) -> None:
    task = examined(found).verifications.get()
    assert task.verifier == curious
    shown, faces = blind_pictures(task)
    pairs = [(shown, pictures[0]) for pictures in faces.values()]
    for one, other in pairs:  # before the page is opened
        assert rule_of(compare_pair, one, other, acting_member=curious) == "verification.undecided"
    open_verification(task.public_id, acting_member=curious)
    for one, other in [*pairs, *((other, one) for one, other in pairs)]:
        assert rule_of(compare_pair, one, other, acting_member=curious) == "verification.undecided"
    assert not entries("faces.compared")
    assert len(entries("faces.compare.refused")) == 3 * len(pairs)
    assert entries("faces.compare.refused")[0].subject["rule"] == "verification.undecided"
    compare_pair(*pairs[0], acting_member=person("examiner"))  # who has nothing to decide
    answered(task, POTENTIAL)
    compare_pair(*pairs[0], acting_member=curious)
    assert [entry.actor for entry in entries("faces.compared")] == [person("examiner").public_id, curious.public_id]


def test_the_time_line_of_a_case_shows_no_review_of_a_list_to_who_may_have_to_verify_it(
    found: str, curious: Member
) -> None:
    third = another("third@agency.example", "examiner")
    row = examined(found)
    task = row.verifications.get()
    other = third if task.verifier == curious else curious
    verifier = Member.objects.get(pk=task.verifier_id)
    set_aside(found, 2, "other person", acting_member=other)
    none_of_these(found, "Candidate 1 has another ear lobe", [1, 2, 3], acting_member=other)

    def reviews(reader: Member) -> list[str]:
        events = timeline(row.candidate.search.case, reader, examinations=set())
        return [event.says for event in events if event.kind == "review"]

    assert reviews(verifier) == []
    assert reviews(person("examiner")) == []
    assert len(reviews(other)) == 2  # their own
    assert len(reviews(person("supervisor"))) == 2  # verifies nothing
    Examination.objects.filter(pk=row.pk).update(conclusion=NOT)
    assert len(reviews(verifier)) == 2  # nothing to verify


def test_who_opened_the_answer_to_another_agency_has_seen_its_list(workspace: Path, tmp_path: Path) -> None:
    made = world(tmp_path)
    request = taken(tmp_path, made)
    view_request(request.public_id, acting_member=person("examiner"))
    viewed = entries("shared.viewed")[0].subject
    found = search_shared(request.public_id, acting_member=person("examiner"))
    assert _searches(viewed) == set()  # nothing was answered yet
    assert _searches({**viewed, "result": "candidates"}) == {found.public_id}
