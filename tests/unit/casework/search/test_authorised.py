"""Approval, the urgent clock and policy changes, driven by a fake clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.models import collins, scaled
from tests.factories.power import change_policy, set_roles
from tests.factories.refusals import rule_of
from tests.factories.work import at, case, entries, gallery, person, ready, search, write

from plainview.casework.cases.open_close import open_case
from plainview.casework.galleries.passports import PassportChange, change_passport
from plainview.casework.log.read import verify_log
from plainview.casework.models import Candidate, LogOpening, PolicyVersion, Search
from plainview.casework.people.members import record_training
from plainview.casework.people.read import history
from plainview.casework.probes.approvals import approvals_waiting, decide_approval, request_approval, urgent_waiting
from plainview.casework.search.dry_run import dry_run
from plainview.casework.search.run import view_candidates
from plainview.casework.search.urgent import authorise_urgent, sweep
from plainview.casework.workspace.services import services
from plainview.policy.agency import EVIDENCE_DAYS, NEW_AGENCY, SAMPLE, parse
from plainview.storage.base import digest_of

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
APPROVAL = SAMPLE.replace("preapproval = []", 'preapproval = ["robbery"]')


@pytest.fixture
def image(workspace: Path, tmp_path: Path) -> Path:
    return ready(tmp_path)


def policy(text: str) -> PolicyVersion:
    return change_policy(text, reason="tests", acting_member=person("admin"))


def asked(image: Path) -> str:
    row = request_approval("C-1", "find the rider", digest_of(image.read_bytes()), acting_member=person("examiner"))
    return row.public_id


def test_an_approval_is_for_one_probe_one_case_one_member_and_one_search(image: Path, tmp_path: Path) -> None:
    policy(APPROVAL)
    case("C-2")
    case("C-3", "theft")
    assert rule_of(search, image) == "search.approval_needed"
    request, supervisor = asked(image), person("supervisor")
    assert [row.public_id for row in approvals_waiting(supervisor)] == [request]
    assert rule_of(search, image) == "search.approval_needed"
    assert rule_of(decide_approval, request, grant=True, reason="", acting_member=person("examiner")) == (
        "member.no_permission"
    )
    assert rule_of(decide_approval, request, grant=False, reason=" ", acting_member=supervisor) == "approval.note"
    decide_approval(request, grant=True, reason="", acting_member=supervisor)
    other = write(scaled(collins(), 0.7), tmp_path / "other.png")
    assert rule_of(search, other) == "search.approval_needed"
    assert rule_of(search, image, case="C-2") == "search.approval_needed"
    assert search(image, case="C-3").candidates
    assert search(image).search.approval.public_id == request
    assert rule_of(search, image) == "search.approval_needed"
    assert rule_of(decide_approval, request, grant=False, reason="x", acting_member=supervisor) == "approval.unknown"


def test_a_denied_or_old_approval_is_none_and_nobody_approves_their_own(image: Path) -> None:
    policy(APPROVAL)
    supervisor = person("supervisor")
    decide_approval(asked(image), grant=False, reason="not now", acting_member=supervisor)
    assert rule_of(search, image) == "search.approval_needed"
    set_roles("supervisor@agency.example", ["supervisor", "examiner"], acting_member=person("admin"))
    digest = digest_of(image.read_bytes())
    mine = request_approval("C-1", "find the rider", digest, acting_member=person("supervisor"))
    assert (
        rule_of(decide_approval, mine.public_id, grant=True, reason="", acting_member=person("supervisor"))
        == "member.own_act"
    )
    decide_approval(asked(image), grant=True, reason="", acting_member=supervisor)
    with at(timezone.now() + timedelta(days=7)):
        assert rule_of(search, image) == "search.approval_needed"
        assert rule_of(decide_approval, mine.public_id, grant=True, reason="", acting_member=supervisor) == (
            "approval.unknown"
        )


def test_a_poor_probe_needs_a_supervisor(image: Path, tmp_path: Path) -> None:
    image = write(scaled(collins(), 0.4), tmp_path / "small.png")
    quality = search(image).search.quality
    policy(SAMPLE.replace("quality_floor = 0", f"quality_floor = {quality + 1}"))
    assert rule_of(search, image) == "probe.quality_floor"
    assert entries("search.refused")[-1].subject["rule"] == "probe.quality_floor"
    decide_approval(asked(image), grant=True, reason="", acting_member=person("supervisor"))
    assert search(image).candidates


def blobs() -> set[str]:
    return set(services().blobs.digests())


def test_an_urgent_search_that_nobody_authorised_is_erased_at_48_hours(image: Path) -> None:
    policy(APPROVAL)
    began, before = timezone.now(), blobs()
    with at(began):
        answer = search(image, urgent="a child is missing since noon")
    asked_in, answered_in = answer.search.request_entry, answer.search.answer_entry
    assert answer.search.authorise_by == began + 48 * HOUR
    assert [row.pk for row in urgent_waiting(person("supervisor"))] == [answer.search.pk]
    with at(began + 48 * HOUR - SECOND):
        assert sweep() == []
        assert Candidate.objects.filter(search=answer.search).count() == 2
    with at(began + 48 * HOUR):
        assert sweep() == [answer.search.public_id]
        assert sweep() == []
        row = Search.objects.get(pk=answer.search.pk)
        assert (row.purpose, row.urgent_reason, row.probe_name, row.probe_blob) == ("", "", "", "")
        assert row.erased_at == began + 48 * HOUR
        assert not Candidate.objects.filter(search=row).exists()
        assert not LogOpening.objects.filter(entry_id__in=[asked_in, answered_in]).exists()
        assert blobs() - before == {answer.search.probe_blob}  # the auditor's, for some days
    with at(began + 48 * HOUR + EVIDENCE_DAYS * 24 * HOUR):
        assert sweep() == []
        assert blobs() == before
        (entry,) = entries("search.erased")
        assert (entry.subject["search"], entry.subject["candidates"]) == (row.public_id, 2)
        report = verify_log()
        assert report.ok, report.problems
        assert rule_of(authorise_urgent, row.public_id, reason="late", acting_member=person("supervisor")) == (
            "search.not_waiting"
        )


def test_the_next_search_sweeps_and_a_shared_probe_stays(image: Path) -> None:
    began = timezone.now()
    with at(began):
        urgent = search(image, urgent="life at risk").search
        kept = search(image).search
    with at(began + 49 * HOUR):
        assert search(image).candidates
        assert Search.objects.get(pk=urgent.pk).erased_at == began + 49 * HOUR
        assert services().blobs.exists(kept.probe_blob)


def test_an_authorised_urgent_search_stays_and_nobody_authorises_their_own(image: Path) -> None:
    set_roles("examiner@agency.example", ["examiner", "supervisor"], acting_member=person("admin"))
    began = timezone.now()
    answer = search(image, urgent="life at risk")
    identity = answer.search.public_id
    supervisor = person("supervisor")
    assert rule_of(authorise_urgent, identity, reason="ok", acting_member=person("examiner")) == "member.own_act"
    assert rule_of(authorise_urgent, identity, reason="", acting_member=supervisor) == "search.note"
    authorise_urgent(identity, reason="the child was found", acting_member=supervisor)
    assert rule_of(authorise_urgent, identity, reason="ok", acting_member=supervisor) == "search.not_waiting"
    with at(began + 100 * HOUR):
        assert sweep() == []
        assert urgent_waiting(supervisor) == []
        assert Candidate.objects.filter(search=answer.search).count() == 2


def test_a_shorter_clock_of_the_policy_counts(image: Path) -> None:
    policy(SAMPLE.replace("urgent_hours = 48", "urgent_hours = 2"))
    began = timezone.now()
    with at(began):
        search(image, urgent="life at risk")
    with at(began + 2 * HOUR):
        assert len(sweep()) == 1


def test_every_policy_version_stays_with_who_when_and_why(image: Path) -> None:
    first = policy(APPROVAL)
    assert first.number == 2
    assert rule_of(policy, APPROVAL) == "policy.same"
    assert rule_of(policy, "offences = 1") == "policy.invalid"
    assert rule_of(change_policy, SAMPLE, reason=" ", acting_member=person("admin")) == "proposal.reason"
    assert rule_of(change_policy, SAMPLE, reason="x", acting_member=person("supervisor")) == "member.no_permission"
    rows = history(person("auditor"))
    assert [(row.number, row.why) for row in rows] == [(2, "tests"), (1, "the policy that a sample agency begins with")]
    (entry,) = entries("policy.changed")
    assert (entry.subject["number"], entry.subject["sha256"]) == (2, digest_of(APPROVAL.encode()))


def test_a_dry_run_names_what_a_change_would_have_refused(image: Path) -> None:
    case("C-2", "theft")
    search(image)
    search(image, case="C-2", top=30)
    admin = person("admin")
    assert dry_run(parse(SAMPLE), admin).refused == 0
    result = dry_run(parse(APPROVAL), admin)
    assert (result.searches, result.refused, dict(result.by_rule)) == (2, 1, {"search.approval_needed": 1})
    shorter = dry_run(parse(SAMPLE.replace("list_max = 50", "list_max = 25")), admin)
    assert dict(shorter.by_rule) == {"search.list_length": 1}
    assert dry_run(parse(NEW_AGENCY), admin).by_rule["search.purpose_unlisted"] == 2
    # Training that was recorded afterwards does not help the searches before it.
    longer = parse(SAMPLE.replace("hours = 24", "hours = 40"))
    today = timezone.now().date()
    record_training(
        "examiner@agency.example",
        parse(SAMPLE).training[next(iter(longer.training))].course,
        40,
        today,
        today,
        acting_member=admin,
    )
    assert dict(dry_run(longer, admin).by_rule) == {"member.training": 2}
    with at(timezone.now() + timedelta(days=91)):
        assert dry_run(parse(APPROVAL), admin).searches == 0


def test_a_case_states_a_lawful_offence_and_a_gallery_keeps_to_its_own(image: Path, tmp_path: Path) -> None:
    examiner = person("examiner")
    assert rule_of(open_case, "C-8", "attendance at a lawful assembly", acting_member=examiner) == "search.ground"
    policy(NEW_AGENCY.replace("quality_floor = 20", "quality_floor = 0"))
    assert rule_of(open_case, "C-8", "jaywalking", acting_member=examiner) == "case.offence_unlisted"
    case("C-9", "Fraud")
    gallery(tmp_path / "more", "frauds", offences=["fraud "])
    options = {"purpose": "find a witness", "gallery": "frauds", "origin": "cctv"}
    assert search(image, case="C-9", **options).candidates
    assert rule_of(search, image, **options) == "gallery.offence"


def test_a_passport_is_renewed_with_a_reason_and_the_log_keeps_both(image: Path) -> None:
    admin, tomorrow = person("admin"), timezone.now().date() + timedelta(days=1)
    change_passport("g", PassportChange(expires_on=tomorrow), reason="shorter", acting_member=admin)
    with at(timezone.now() + timedelta(days=2)):
        assert rule_of(search, image) == "gallery.expired"
        yesterday = PassportChange(expires_on=tomorrow, owner="x")
        assert rule_of(change_passport, "g", yesterday, reason="w", acting_member=admin) == "gallery.expired"
        later = PassportChange(expires_on=tomorrow + timedelta(days=9), offences=["Robbery "])
        assert rule_of(change_passport, "g", later, reason=" ", acting_member=admin) == "gallery.why"
        change_passport("g", later, reason="law renewed", acting_member=admin)
        assert rule_of(change_passport, "g", later, reason="again", acting_member=admin) == "gallery.same"
        assert rule_of(change_passport, "g", PassportChange(source=" "), reason="w", acting_member=admin) == (
            "gallery.passport"
        )
        assert search(image).candidates
    changed = entries("gallery.changed")[-1].subject["changed"]
    assert changed == {
        "expires_on": [tomorrow.isoformat(), (tomorrow + timedelta(days=9)).isoformat()],
        "offences": [[], ["robbery"]],
    }


def test_seeing_a_list_again_is_an_entry_and_shows_the_same(image: Path) -> None:
    answer = search(image, urgent="life at risk")
    again = view_candidates(answer.search.public_id, acting_member=person("auditor"))
    assert [(row.rank, row.score, row.reference_id) for row in again.candidates] == [
        (row.rank, row.score, row.reference_id) for row in answer.candidates
    ]
    (entry,) = entries("candidates.viewed")
    assert (entry.actor, entry.subject["search"]) == (person("auditor").public_id, answer.search.public_id)
    with at(timezone.now() + 49 * HOUR):
        sweep()
        identity = answer.search.public_id
        assert rule_of(view_candidates, identity, acting_member=person("auditor")) == "search.no_answer"


def test_the_purpose_of_another_case_and_face_is_not_copied(image: Path, tmp_path: Path) -> None:
    case("C-2")
    other = write(scaled(collins(), 0.7), tmp_path / "other.png")
    search(image)
    assert search(image, case="C-2").candidates  # the same face: one man, two cases
    assert rule_of(search, other) == "search.purpose_copied"
    assert search(other, purpose="find the driver of the white van").candidates
    assert search(image, purpose="find a witness").candidates  # of the agency's list
    assert search(other, case="C-2", purpose="find a witness").candidates
    (entry,) = [entry for entry in entries("search.refused") if entry.subject["rule"] == "search.purpose_copied"]
    assert entry.actor == person("examiner").public_id
