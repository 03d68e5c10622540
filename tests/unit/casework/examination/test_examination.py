"""From a candidate to a lead: three people, the second one blind, and every word on record."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.utils import timezone
from pypdf import PdfReader
from tests.factories.power import invite_member
from tests.factories.refusals import rule_of
from tests.factories.verification import told
from tests.factories.work import case, entries, gallery, person, probe, ready, search

from plainview.audit.record import SYSTEM
from plainview.casework import find
from plainview.casework.cases.timeline import timeline
from plainview.casework.examination.assign import assign_waiting
from plainview.casework.examination.blind import waiting
from plainview.casework.examination.drafts import marks_of, places_on, words_of
from plainview.casework.examination.examine import examine
from plainview.casework.examination.read import examinations, leads, standing_of, verdicts
from plainview.casework.examination.verify import answer_verification, show_verification
from plainview.casework.leads.decide import record_evidence, release, report_outcome, withhold
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.models import Candidate, Examination, Lead, Member, Verification
from plainview.casework.people.members import deactivate, join, record_training
from plainview.casework.people.trial_letter import weekly_report
from plainview.casework.people.trials import approve_trial
from plainview.casework.pictures import EXAMINED
from plainview.casework.search.meaning import cautions_about
from plainview.documents.typeset import rings
from plainview.policy.examination import COMPONENTS, CONTRADICTIONS, INCONCLUSIVE, NOT, POTENTIAL

SIMILAR = dict.fromkeys(COMPONENTS, "similar")
UNLIKE = SIMILAR | {"nose": "dissimilar"}
CHECKED = dict.fromkeys(CONTRADICTIONS, "checked: nothing was found")


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    return search(ready(tmp_path)).search.public_id


def another(email: str, role: str = "verifier") -> Member:
    member = join(invite_member(email, [role], acting_member=person("admin")).code, email)
    today = timezone.now().date()
    course = "facial examination, FISWG curriculum"
    record_training(email, course, 24, today, today, acting_member=person("admin"))
    return member


def examined(found: str, rank: int = 1, conclusion: str = POTENTIAL, member: Member | None = None) -> Examination:
    who = member or person("examiner")
    components = UNLIKE if conclusion == NOT else SIMILAR
    return examine(found, rank, components=components, conclusion=conclusion, notes="ears", acting_member=who)


def answered(task: Verification, conclusion: str, foils: str = NOT) -> Verification:
    verifier = task.verifier
    show_verification(task.public_id, acting_member=verifier)
    answers = {item.position: conclusion if item.is_candidate else foils for item in task.items.all()}
    components = {place: SIMILAR for place, word in answers.items() if word == POTENTIAL}
    return answer_verification(task.public_id, answers, components, acting_member=verifier)


def test_an_examination_is_complete_or_nothing(found: str) -> None:
    examiner = person("examiner")
    part = dict.fromkeys(COMPONENTS[:18], "similar")
    options = {"conclusion": POTENTIAL, "acting_member": examiner}
    assert rule_of(examine, found, 1, components=part, **options) == "examination.components"
    assert rule_of(examine, found, 9, components=SIMILAR, **options) == "candidate.unknown"
    assert not Examination.objects.exists()
    examined(found)
    assert rule_of(examined, found) == "examination.twice"
    (entry,) = entries("examination.recorded")
    assert (entry.subject["rank"], entry.subject["conclusion"]) == (1, POTENTIAL)
    assert "ears" not in entry.canonical.decode()


def test_only_a_potential_candidate_goes_to_a_verifier_and_never_to_who_worked_on_it(found: str) -> None:
    examined(found, 2, NOT)
    assert not Verification.objects.exists()
    task = examined(found).verifications.get()
    assert task.verifier == person("verifier")
    assert [row.public_id for row in waiting(person("verifier"))] == [task.public_id]
    assert waiting(person("examiner")) == []


def test_without_a_free_verifier_it_waits_and_is_assigned_later(found: str) -> None:
    deactivate("verifier@agency.example", reason="left", acting_member=person("admin"))
    row = examined(found)
    assert not row.verifications.exists()
    assert assign_waiting() == 0
    late = another("late@agency.example")
    assert assign_waiting() == 1
    assert row.verifications.get().verifier == late
    assert assign_waiting() == 0


def test_the_verifier_sees_faces_and_nothing_else(found: str) -> None:
    task = examined(found).verifications.get()
    verifier = person("verifier")
    assert rule_of(show_verification, task.public_id, acting_member=another("x@agency.example")) == (
        "verification.unknown"
    )
    assert rule_of(answer_verification, task.public_id, {}, {}, acting_member=verifier) == "verification.not_shown"
    shown = show_verification(task.public_id, acting_member=verifier)
    assert set(shown.faces) == {1, 2}  # the gallery has one other face: one foil, not three
    assert shown.__slots__ == ("public_id", "probe", "faces")
    assert {item.is_candidate for item in task.items.all()} == {True, False}
    assert shown.faces[1] != shown.faces[2]
    faces = [data for (data,) in shown.faces.values()]  # one picture each: nobody here has several
    assert {len(shown.probe), *map(len, faces)} == {len(shown.probe)}
    for data in (shown.probe, *faces):
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape == (EXAMINED, EXAMINED, 3)


def test_the_place_of_the_candidate_is_random(found: str) -> None:
    places = set()
    for i in range(12):
        member = another(f"e{i}@agency.example", "examiner")
        row = examined(found, member=member)
        places.add(row.verifications.get().items.get(is_candidate=True).position)
    assert places == {1, 2}  # twelve times the same by chance: one in 2,048


def test_every_face_is_answered_and_a_potential_one_in_full(found: str) -> None:
    task = examined(found).verifications.get()
    verifier = person("verifier")
    show_verification(task.public_id, acting_member=verifier)
    record = {"acting_member": verifier}
    assert rule_of(answer_verification, task.public_id, {1: NOT}, {}, **record) == "verification.incomplete"
    both = {1: POTENTIAL, 2: POTENTIAL}
    assert rule_of(answer_verification, task.public_id, both, {1: SIMILAR}, **record) == "examination.components"
    assert verdicts(task.examination) == []
    answer_verification(task.public_id, both, {1: SIMILAR, 2: SIMILAR}, **record)
    entry = entries("verification.recorded")[-1]
    assert entry.subject.keys() == {"verification", "agency", "faces", "seconds", "via", "commits"}
    assert told(entry) == {"conclusions": {"1": POTENTIAL, "2": POTENTIAL}}
    compared = entries("verification.compared")[-1]
    assert compared.actor == SYSTEM
    about = told(compared)["about"]
    assert (about["agrees"], about["foils_named"]) == (True, 1)
    assert rule_of(answer_verification, task.public_id, both, {}, **record) == "verification.unknown"


def test_a_lead_needs_all_of_it(found: str) -> None:
    row, supervisor = examined(found), person("supervisor")

    def let_go(**options: Any) -> Lead:
        fields: dict[str, Any] = {"contradictions": CHECKED, "acting_member": supervisor}
        return release(row.public_id, **(fields | options))

    assert rule_of(let_go) == "lead.not_verified"
    assert rule_of(let_go, override="I just know it") == "lead.not_verified"
    answered(row.verifications.get(), POTENTIAL)
    assert rule_of(let_go, contradictions=CHECKED | {"alibi": ""}) == "lead.contradictions"
    assert rule_of(let_go, acting_member=person("examiner")) == "member.no_permission"
    lead = let_go()
    assert rule_of(let_go) == "lead.twice"
    (entry,) = entries("lead.released")
    assert entry.subject["statement"] == "Investigative lead, not an identification, not grounds for arrest."
    assert lead.evidence_at is None
    assert rule_of(record_evidence, lead.public_id, "none", acting_member=supervisor) == "examination.explain"
    record_evidence(lead.public_id, "fingerprint on the till", acting_member=supervisor)
    assert rule_of(record_evidence, lead.public_id, "a second one here", acting_member=supervisor) == "lead.unlocked"
    assert rule_of(report_outcome, lead.public_id, "convicted", acting_member=supervisor) == "lead.outcome"
    report_outcome(lead.public_id, "led nowhere", acting_member=supervisor)
    report_outcome(lead.public_id, "wrong person", reason="his brother", acting_member=person("examiner"))
    (shown,) = leads(person("auditor"))
    assert [o.outcome for o in shown.outcomes.order_by("pk")] == ["led nowhere", "wrong person"]


def test_who_worked_on_it_does_not_release_it(found: str) -> None:
    both = another("both@agency.example", "examiner")
    Member.objects.filter(pk=both.pk).update(roles=["examiner", "supervisor"])
    both.refresh_from_db()
    row = examined(found, member=both)
    answered(row.verifications.get(), POTENTIAL)
    assert rule_of(release, row.public_id, contradictions=CHECKED, acting_member=both) == (
        "verification.not_independent"
    )


def test_a_disagreement_goes_to_a_third_and_then_to_the_majority(found: str) -> None:
    row, third = examined(found), another("third@agency.example")
    first = row.verifications.get()
    answered(first, NOT)
    assert told(entries("verification.compared")[-1])["about"]["agrees"] is False
    second = row.verifications.exclude(pk=first.pk).get()
    assert {first.verifier, second.verifier} == {person("verifier"), third}
    supervisor = person("supervisor")
    assert rule_of(release, row.public_id, contradictions=CHECKED, acting_member=supervisor) == "lead.disagreement"
    answered(second, POTENTIAL)
    assert release(row.public_id, contradictions=CHECKED, acting_member=supervisor).override == ""


def test_without_a_third_the_supervisor_decides_in_words(found: str) -> None:
    row, supervisor = examined(found), person("supervisor")
    answered(row.verifications.get(), INCONCLUSIVE)
    assert row.verifications.count() == 1
    options: dict[str, Any] = {"contradictions": CHECKED, "acting_member": supervisor}
    assert rule_of(release, row.public_id, override="because", **options) == "examination.explain"
    lead = release(row.public_id, override="the tattoo was seen on video", **options)
    assert lead.override
    assert entries("lead.released")[-1].subject["override"] is True
    assert Candidate.objects.count() == 2


def test_the_weekly_report_of_a_trial_counts_leads_and_outcomes(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    trainee = another("t@agency.example", "examiner")
    Member.objects.filter(pk=trainee.pk).update(on_trial=True)
    approve_trial(trainee.email, days=9, searches=5, acting_member=person("supervisor"))
    row = examined(search(probe(tmp_path), trainee).search.public_id)
    answered(row.verifications.get(), POTENTIAL)
    lead = release(row.public_id, contradictions=CHECKED, acting_member=person("supervisor"))
    report_outcome(lead.public_id, "cleared", acting_member=person("supervisor"))
    (line,) = weekly_report(person("supervisor")).trials
    assert (line.searches, line.leads, line.outcomes) == (1, 1, {"cleared": 1})
    assert "leads released 1; outcomes reported: cleared 1" in weekly_report(person("supervisor")).text()


def test_marks_are_places_in_both_pictures_and_nothing_else() -> None:
    good = {"probe": [0.25, 0.5], "face": [0, 1], "note": "  mole   left "}
    assert marks_of([good]) == [{"probe": [0.25, 0.5], "face": [0.0, 1.0], "note": "mole left"}]
    strange: list[Any] = [
        {"probe": [0.2, 1.1], "face": [0, 1]},
        {"probe": [True, 0], "face": [0, 1]},
        {"probe": [0.1], "face": [0, 1]},
        {"probe": [float("nan"), 0], "face": [0, 1]},
        {"face": [0, 1]},
        "x",
        None,
    ]
    assert marks_of(strange) == []
    assert marks_of("[]") == marks_of(None) == []
    assert len(marks_of([good] * 99)) == 30
    (on_another,) = marks_of([good | {"picture": "R123", "more": "x"}])
    assert on_another == {"probe": [0.25, 0.5], "face": [0.0, 1.0], "note": "mole left", "picture": "R123"}
    assert "picture" not in marks_of([good | {"picture": "<b>"}])[0]


def test_a_mark_is_drawn_only_on_the_picture_that_it_was_made_on() -> None:
    marks = marks_of([{"probe": [0.1, 0.2], "face": [0.3, 0.4], "note": "mole", "picture": name} for name in "AB"])
    assert places_on(marks, "probe", "A") == [(0.1, 0.2), (0.1, 0.2)]
    assert places_on(marks, "face", "A") == [(0.3, 0.4), None]
    assert ">1<" not in rings(places_on(marks, "face", "B"))
    assert ">2<" in rings(places_on(marks, "face", "B"))
    assert [words_of(mark, "A") for mark in marks] == ["mole", "mole (on picture B)"]


def test_marks_are_kept_with_the_record_and_their_words_are_sealed(found: str) -> None:
    mark = {"probe": [0.25, 0.5], "face": [0.3, 0.5], "note": "mole left of the nose"}
    shown = [caution.id for caution in cautions_about(find.candidate(found, 1, person("examiner")))]
    row = examine(
        found,
        1,
        components=SIMILAR,
        conclusion=POTENTIAL,
        acknowledged=shown,
        marks=[mark | {"picture": "R99"}],
        acting_member=person("examiner"),
    )
    assert Examination.objects.get(pk=row.pk).marks == [mark]  # of a candidate with one picture
    (entry,) = entries("examination.recorded")
    assert "mole" not in entry.canonical.decode()
    assert json.loads(told(entry)["marks"]) == [mark]
    answered(row.verifications.get(), POTENTIAL)
    lead = release(row.public_id, contradictions=CHECKED, acting_member=person("supervisor"))
    sheet = make_sheet(lead.public_id, acting_member=person("auditor")).pdf
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(sheet)).pages)
    assert "mole left of the nose" in " ".join(text.split())


def test_the_case_says_what_waits_for_whom_until_it_is_decided(found: str) -> None:
    def waits() -> list[str]:
        examiner = person("examiner")
        visible = {row.pk for row in examinations(examiner)}
        return [
            event.says for event in timeline(row.candidate.search.case, examiner, examinations=visible) if event.waits
        ]

    row = examined(found)
    assert waits() == ["Candidate 1 examined: potential candidate. Waiting for verification."]
    assert [task.faces for task in waiting(row.verifications.get().verifier)] == [2]
    answered(row.verifications.get(), POTENTIAL)
    assert waits() == ["Candidate 1 examined: potential candidate. Verified. A supervisor may release it."]
    withhold(row, "he was in prison", acting_member=person("supervisor"))
    assert waits() == []
    assert standing_of(Examination.objects.get(pk=row.pk)).text == "Ended: not released."
