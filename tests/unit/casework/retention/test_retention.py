"""Retention runs through time: what becomes due, who approves it, what a hold keeps, and what an interrupted run leaves."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.models import collins, scaled
from tests.factories.power import change_policy, set_rules
from tests.factories.retention import (
    BY_AGE,
    WHY,
    WITH_THE_CASE,
    approved,
    closed,
    ordered,
    rules,
    searched,
    worked,
)
from tests.factories.work import at, entries, gallery, person, write
from tests.unit.casework.erasure.test_expunge import everywhere, traces

from plainview.casework import jobs
from plainview.casework.alerts.open import create_alert
from plainview.casework.erasure.expunge import expunge
from plainview.casework.erasure.expunged import list_file, read_list
from plainview.casework.erasure.holds import end_hold, place_hold
from plainview.casework.galleries.passports import PassportChange, change_passport
from plainview.casework.models import (
    Alert,
    Candidate,
    Job,
    Preparation,
    Reference,
    RetentionItem,
    RetentionRun,
    Search,
    Video,
)
from plainview.casework.probes.approvals import request_approval
from plainview.casework.probes.preparations import prepare
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.register.read import retention_in_words
from plainview.casework.retention import work as retention_work
from plainview.casework.retention.dry_run import dry_run
from plainview.casework.retention.outlook import ahead
from plainview.casework.retention.proof import proof_of_run
from plainview.casework.retention.read import csv_of, items_of, judged
from plainview.casework.retention.rules import record_event
from plainview.casework.retention.runs import approve_run, ask_run_again, propose_due, propose_run, withdraw_run
from plainview.casework.search.run import Request
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.retention import BEGINNING, After, parse
from plainview.recheck.retention import check_proof

DAY = timedelta(days=1)


def refused(rule_id: str) -> pytest.raises:  # type: ignore[valid-type]
    return pytest.raises(Refused, match=rule_id.replace(".", r"\."))


def test_a_year_passes_a_hold_comes_and_goes_and_nothing_of_the_face_is_left(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    rules(BY_AGE)
    began = timezone.now()
    row = Reference.objects.get(file_name="collins.png")
    wanted = traces(row)
    with at(began + 364 * DAY), refused("retention.nothing_due"):
        propose_run(acting_member=person("admin"))
    with at(began + 366 * DAY):
        hold = place_hold(
            reason="the defence wants it kept",
            authority="court",
            reference=row.public_id,
            acting_member=person("supervisor"),
        )
        run = worked()
        states = {item.subject: (item.state, item.held_by) for item in items_of(run)}
        assert states.pop(row.public_id) == ("held", [hold.public_id])
        assert [state for state, _ in states.values()] == ["erased"]
        assert Reference.objects.exclude(template=b"").get() == row
        with refused("retention.nothing_due"):
            propose_run(acting_member=person("admin"))
        end_hold(hold.public_id, reason="the case is over", acting_member=person("admin"))
        worked()
    assert not Reference.objects.exclude(template=b"").exists()
    places = everywhere(workspace).items()
    assert {(name, place) for place, data in places for name, trace in wanted.items() if trace in data} == set()
    listed = read_list(list_file())
    assert {line.reference for line in listed} == {one.public_id for one in Reference.objects.all()}
    (first, second) = entries("reference.expunged")
    assert (first.subject["rule"], second.subject["run"]) == ("by-age", RetentionRun.objects.last().public_id)
    told = retention_in_words(person("admin").agency)
    assert told["galleries"]["g"][-1] == "References are erased 365 days after they were enrolled."


def test_who_proposed_does_not_approve_and_only_a_proposed_run_is_approved(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    ordered()
    run = propose_run(acting_member=person("admin"))
    note = "every line was looked at"
    with refused("member.own_act"):
        approve_run(run.public_id, reason=note, acting_member=person("admin"))
    with refused("member.no_permission"):
        approve_run(run.public_id, reason=note, acting_member=person("auditor"))
    with refused("examination.explain"):
        approve_run(run.public_id, reason="yes", acting_member=person("supervisor"))
    with refused("retention.open_run"):
        propose_run(acting_member=person("supervisor"))
    with refused("retention.not_approved"):
        ask_run_again(run.public_id, acting_member=person("supervisor"))
    withdraw_run(run.public_id, reason="a hold is coming", acting_member=person("supervisor"))
    with refused("retention.not_waiting"):
        approve_run(run.public_id, reason=note, acting_member=person("supervisor"))
    assert [entry.subject["rule"] for entry in entries("retention.approve.refused")] == [
        "member.own_act",
        "member.no_permission",
        "examination.explain",
        "retention.not_waiting",
    ]
    assert Reference.objects.exclude(template=b"").count() == 2


def test_a_list_that_changed_is_not_approved(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    row = ordered()

    def not_approved() -> str:
        with refused("retention.changed") as caught:
            approve_run(run.public_id, reason="every line was looked at", acting_member=person("supervisor"))
        return str(caught.value.why)

    run = propose_run(acting_member=person("admin"))
    ordered("hopper.png")
    assert "0 entries removed, 1 added" in not_approved()
    held = place_hold(reason="kept for the court", authority="c", gallery="g", acting_member=person("admin"))
    assert "1 entry removed, 2 added" in not_approved()
    end_hold(held.public_id, reason="the appeal is over", acting_member=person("admin"))
    expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert "1 entry removed, 1 added" in not_approved()


def test_what_comes_between_approval_and_erasure_is_kept(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    collins_row, _ = ordered(), ordered("hopper.png")
    run, job = approved()
    hold = place_hold(
        reason="kept for the court",
        authority="court",
        reference=collins_row.public_id,
        acting_member=person("supervisor"),
    )
    jobs.run(job.pk, retention_work.work_off)
    found = {item.subject: item for item in items_of(run)}
    assert found[collins_row.public_id].state == RetentionItem.State.HELD
    assert found[collins_row.public_id].held_by == [hold.public_id]
    assert Reference.objects.get(public_id=collins_row.public_id).template
    told = json.dumps(proof_of_run(run.public_id, acting_member=person("auditor")))
    assert check_proof(told).states == {"held": 1, "erased": 1}
    assert check_proof(told).problems == []


def test_a_rule_that_no_longer_reaches_it_erases_nothing(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures", expires_on=timezone.now().date())
    with at(timezone.now() + 40 * DAY):
        run, job = approved()
        change_passport(
            "g",
            PassportChange(expires_on=datetime(2999, 1, 1, tzinfo=UTC).date()),
            reason="renewed by law",
            acting_member=person("admin"),
        )
        jobs.run(job.pk, retention_work.work_off)
    assert {item.state for item in items_of(run)} == {"kept"}
    assert Reference.objects.exclude(template=b"").count() == 2


def test_a_long_list_is_cut_and_the_next_run_has_the_rest(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.casework.retention.read.MOST_LINES", 1)
    monkeypatch.setattr("plainview.casework.retention.outlook.MOST_COUNTED", 1)
    gallery(tmp_path / "pictures")
    ordered(), ordered("hopper.png")
    told = ahead(person("admin").agency, timezone.now().date())
    assert (told.now, told.more) == (1, True)
    assert [len(items_of(worked())) for _ in range(2)] == [1, 1]
    assert not Reference.objects.exclude(template=b"").exists()


def test_a_run_that_was_killed_goes_on_and_erases_nothing_twice(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery(tmp_path / "pictures")
    ordered(), ordered("hopper.png")
    run, job = approved()

    class Killed(BaseException):
        """As a signal would."""

    def killed(done: int, total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        jobs.run(job.pk, lambda held: retention_work.work_off(held, killed))
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert sorted(item.state for item in items_of(run)) == ["erased", "planned"]
    with at(timezone.now() + jobs.LEASE + DAY):
        assert jobs.ready() == [(job.pk, job.kind)]
        jobs.run(job.pk, retention_work.work_off)
        jobs.run(job.pk, retention_work.work_off)
    assert [item.state for item in items_of(run)] == ["erased", "erased"]
    assert len(entries("reference.expunged")) == 2
    assert len(entries("retention.done")) == 1
    assert len(services().index(1, services().engine.pack.identity, 128, "exact")) == 0


def test_a_list_that_was_tampered_with_is_not_worked_off(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    ordered()
    run, job = approved()
    other = Reference.objects.get(file_name="hopper.png")
    RetentionItem.objects.filter(run=run).update(subject=other.public_id)
    jobs.run(job.pk, retention_work.work_off)
    job.refresh_from_db()
    assert (job.state, "differs from the one that was approved" in job.note) == (Job.State.FAILED, True)
    assert Reference.objects.exclude(template=b"").count() == 2


def test_everything_of_a_closed_case_goes_and_its_skeleton_stays(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path)
    rules(WITH_THE_CASE)
    image = Search.objects.get().probe_blob
    approval = request_approval("C-1", "find the rider", image, acting_member=person("examiner"))
    Search.objects.update(approval=approval)
    picture = write(scaled(collins(), 0.7), tmp_path / "draft.png")
    draft = prepare("C-1", "draft.png", picture.read_bytes(), acting_member=person("examiner"))
    alert = create_alert(
        prepare_probe(picture),
        Request("C-1", "find the rider", ""),
        ["g"],
        days=5,
        acting_member=person("examiner"),
    )
    video = Video.objects.create(case=alert.case, member=person("examiner"), name="v.mp4", size=9)
    closed()
    probe = Search.objects.get().probe_blob
    with at(timezone.now() + 25 * DAY), refused("retention.nothing_due"):
        propose_run(acting_member=person("admin"))
    with at(timezone.now() + 31 * DAY):
        run = worked()
        told = json.dumps(proof_of_run(run.public_id, acting_member=person("admin")))
    assert {(item.what, item.state) for item in items_of(run)} == {
        ("searches", "erased"),
        ("drafts", "erased"),
        ("alerts", "erased"),
        ("videos", "erased"),
    }
    approval.refresh_from_db()
    assert (approval.purpose, approval.probe_sha256) == ("", "")
    row = Search.objects.get(public_id=found)
    assert (row.purpose, row.probe_blob, row.provenance) == ("", "", {})
    assert row.erased_at is not None
    assert not Candidate.objects.filter(search=row).exists()
    assert Preparation.objects.get(pk=draft.pk).blob == Alert.objects.get(pk=alert.pk).probe_blob == ""
    assert bytes(Alert.objects.get(pk=alert.pk).sealed) == b""
    assert not any(services().blobs.exists(digest) for digest in (probe, draft.blob, alert.probe_blob))
    assert entries("search.requested")[0].subject["search"] == found
    assert check_proof(told).problems == []
    assert csv_of(run).count("\n") == 5
    video.refresh_from_db()
    assert (video.state, video.name) == (Video.State.ERASED, "")
    assert "Ended alerts with their probes are erased 30 days after the case was closed." in csv_of(run)


def test_an_unsolved_case_waits_for_its_alerts_but_not_for_an_acquitted_person(workspace: Path, tmp_path: Path) -> None:
    from plainview.casework.cases.open_close import close_case
    from plainview.policy.agency import SAMPLE

    searched(tmp_path)
    acquitted = WITH_THE_CASE.replace("case closed", "acquittal").replace("-closed", "-acquitted")
    rules(WITH_THE_CASE, acquitted.replace("days = 30", "days = 0"))
    change_policy(
        SAMPLE.replace("unsolved_alerts = false", "unsolved_alerts = true"),
        reason="cold cases are looked at again",
        acting_member=person("admin"),
    )
    picture = write(scaled(collins(), 0.7), tmp_path / "alert.png")
    create_alert(
        prepare_probe(picture),
        Request("C-1", "find the rider", ""),
        ["g"],
        days=5,
        acting_member=person("examiner"),
    )
    close_case("C-1", reason="nobody was found", unsolved=True, acting_member=person("examiner"))
    with at(timezone.now() + 60 * DAY):
        with refused("retention.nothing_due"):
            propose_run(acting_member=person("admin"))
        record_event(
            After.ACQUITTAL,
            happened_on=timezone.now().date(),
            authority="verdict of the court",
            case="C-1",
            acting_member=person("supervisor"),
        )
        run = worked()
    assert [(item.what, item.rule) for item in items_of(run)] == [("searches", "searches-acquitted")]


def test_the_clock_proposes_and_approves_only_where_the_rules_say_so(workspace: Path, tmp_path: Path) -> None:
    from plainview.casework.models import Member

    gallery(tmp_path / "pictures")
    ordered()
    Member.objects.filter(email="supervisor@agency.example").update(is_sample=False)
    (named,) = propose_due()
    assert propose_due() == []
    run = RetentionRun.objects.get(public_id=named)
    assert (run.state, run.proposed_by) == (RetentionRun.State.PROPOSED, None)
    (letter,) = mail.outbox
    assert letter.to == ["supervisor@agency.example"]
    assert named in letter.body
    assert "collins" not in letter.body
    ordered("hopper.png")
    (newer,) = propose_due()
    run.refresh_from_db()
    assert run.state == RetentionRun.State.WITHDRAWN
    assert RetentionRun.objects.get(public_id=newer).items.count() == 2
    assert not Job.objects.exists()
    assert Reference.objects.exclude(template=b"").count() == 2
    # Only where the agency's rules say so does the clock approve; the log tells it.
    withdraw_run(newer, reason="the rules are changing", acting_member=person("admin"))
    rules(automatic=True)
    propose_due()
    assert entries("retention.approved")[0].subject["automatic"] is True
    jobs.run(Job.objects.get().pk, retention_work.work_off)
    assert not Reference.objects.exclude(template=b"").exists()
    assert retention_in_words(person("admin").agency)["automatic"] is True


def test_rules_are_tried_on_what_is_kept_and_nothing_is_erased(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    agency, today = person("admin").agency, timezone.now().date()

    def counted(together: bool) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for item in judged(agency, today, rules=parse(BEGINNING + BY_AGE.replace("365", "0")), together=together):
            assert item.verdict.rule is not None
            found[item.verdict.rule.id, item.verdict.state.value] += item.count
        return found

    assert counted(together=True) == counted(together=False) == {("by-age", "due"): 2}
    (alike,) = judged(agency, today, rules=parse(BEGINNING + BY_AGE.replace("365", "0")), together=True)
    assert alike.count == 2
    ordered()
    assert counted(together=True) == counted(together=False) == {("by-age", "due"): 2}
    place_hold(
        reason="the defence wants it kept",
        authority="court",
        reference=ordered("hopper.png").public_id,
        acting_member=person("supervisor"),
    )
    assert counted(together=True) == counted(together=False) == {("by-age", "due"): 1, ("by-age", "held"): 1}
    trial = dry_run(parse(BEGINNING + BY_AGE.replace("365", "0")), agency, today)
    assert (trial.now.due, trial.now.recent, trial.now.on_hold) == (1, 1, 1)
    assert [(rule.id, count) for rule, count in trial.new.by_rule] == [("by-age", 1)]
    assert dry_run(parse("automatic = false"), agency, today).new.due == 0
    late = dry_run(parse(BEGINNING), agency, today + 91 * DAY)
    assert (late.new.due, late.new.recent, late.new.more) == (1, 0, False)
    assert Reference.objects.exclude(template=b"").count() == 2
    free = Reference.objects.exclude(file_name="hopper.png").get()
    expunge(free.public_id, reason="consent was withdrawn", acting_member=person("admin"))
    assert counted(together=True) == counted(together=False) == {("by-age", "held"): 1}
    assert not entries("retention.changed")


def test_rules_are_versions_with_who_and_why(workspace: Path) -> None:
    rules(BY_AGE)
    with refused("retention.same"):
        rules(BY_AGE)
    with refused("gallery.unknown"):
        set_rules(
            BEGINNING + BY_AGE.replace("days", 'gallery = "other"\ndays'),
            reason=WHY,
            acting_member=person("admin"),
        )
    with refused("case.unknown"):
        rules(WITH_THE_CASE.replace("days = 30", 'days = 30\ncase = "C-9"'))
    with refused("member.no_permission"):
        set_rules(BEGINNING, reason=WHY, acting_member=person("supervisor"))
    assert [entry.subject["number"] for entry in entries("retention.changed")] == [1]


def test_a_proof_with_a_change_is_no_proof(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    ordered()
    run = worked()
    told = proof_of_run(run.public_id, acting_member=person("admin"))
    assert check_proof(json.dumps(told)).problems == []
    lied = json.loads(json.dumps(told))
    lied["items"][0]["subject"] = "R000000000000"
    problems = check_proof(json.dumps(lied)).problems
    assert any("is not the one that was approved" in problem for problem in problems)
    assert any("about something else" in problem for problem in problems)
    lied = json.loads(json.dumps(told))
    lied["items"][0]["state"] = "gone"
    assert check_proof(json.dumps(lied)).problems == [
        "the log says that 1 lines are erased, the file 0",
        "the log says that 0 lines are gone, the file 1",
    ]
    lied = json.loads(json.dumps(told))
    lied["entries"][0]["canonical"] = lied["entries"][0]["canonical"].replace("retention", "retentioM")
    assert any("is not in the log" in problem for problem in check_proof(json.dumps(lied)).problems)
