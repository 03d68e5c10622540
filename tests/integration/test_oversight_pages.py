"""Members, approvals, flags, policy, the log and one's own record in pages; and who is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from tests.factories.browser import people, signed_in
from tests.factories.examination import another_agency
from tests.factories.power import invite_member
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.audit.proofs import check
from plainview.casework.misuse.flags import raise_flag
from plainview.casework.models import Approval, Flag, Member, PolicyVersion, Training, Trial
from plainview.casework.people.members import join
from plainview.casework.probes.approvals import request_approval
from plainview.casework.probes.preparations import prepare
from plainview.policy.agency import SAMPLE
from plainview.policy.misuse import Finding


def text(answer: Any) -> str:
    return str(answer.content.decode())


def url_of(email: str) -> str:
    return f"/members/{Member.objects.get(email=email).public_id}/"


def test_an_invitation_is_shown_once_and_lets_the_person_in(workspace: Path) -> None:
    client = signed_in("admin")
    wrong = client.post("/members/invite/", {"email": "new@agency.example", "roles": ["auditor", "examiner"]})
    assert "cannot hold these roles together" in text(wrong)
    shown = text(client.post("/members/invite/", {"email": "new@agency.example", "roles": ["examiner"]}))
    link = shown.split('id="join-link">')[1].split("<")[0].strip()
    code = link.rstrip("/").rsplit("/", 1)[1]
    assert join(code, "New Person").email == "new@agency.example"
    page = text(client.get("/members/"))
    assert "New Person" in page
    assert code not in page


def approved(proposed: Any, supervisor: Client) -> str:
    """The page that answers a supervisor's approval of what was just proposed."""
    page = proposed["Location"]
    assert "Approve</button>" in text(supervisor.get(page))
    return text(supervisor.post(f"{page}decide/", {"do": "approve"}, follow=True))


def test_a_proposal_is_seen_by_those_concerned_and_decided_by_another(workspace: Path) -> None:
    client, supervisor = signed_in("admin"), signed_in("supervisor")
    reset = f"{url_of('examiner@agency.example')}reset/"
    page = client.post(reset, {"why": "lost the phone"})["Location"]
    assert "One of these members can approve it: supervisor@agency.example" in text(client.get(page))
    assert "Approve</button>" not in text(client.get(page))
    assert "You proposed this" in text(client.post(f"{page}decide/", {"do": "approve"}))
    assert "Proposed about you" in text(signed_in("examiner").get("/"))
    assert "Decide on a proposal" in text(supervisor.get("/"))
    auditor = signed_in("auditor")
    assert "Reset of sign-in" in text(auditor.get("/proposals/"))
    assert "Reset of sign-in" in text(auditor.get(page))
    assert auditor.post(f"{page}decide/", {"do": "approve"}).status_code == 403
    assert "The reason is missing" in text(supervisor.post(f"{page}decide/", {"do": "reject", "reason": ""}))
    done = text(supervisor.post(f"{page}decide/", {"do": "reject", "reason": "she has it"}, follow=True))
    assert "Proposal rejected" in done
    assert person("examiner").has_usable_password()
    assert "she has it" in text(client.get(page))
    invited = {"email": "s@agency.example", "roles": ["supervisor"], "why": "a second one"}
    assert "/join/" in approved(client.post("/members/invite/", invited), supervisor)


def test_an_administrator_changes_a_colleague_and_nobody_themself(workspace: Path) -> None:
    client, supervisor = signed_in("admin"), signed_in("supervisor")
    examiner, own = url_of("examiner@agency.example"), url_of("admin@agency.example")
    both = {"roles": ["examiner", "verifier"], "why": "the verifier is on leave"}
    assert "This field is required" in text(client.post(f"{examiner}roles/", both | {"why": ""}))
    approved(client.post(f"{examiner}roles/", both), supervisor)
    assert person("examiner").roles == ["examiner", "verifier"]
    day = timezone.now().date()
    course = {"course": "Course", "hours": 9, "completed_on": day.isoformat(), "expires_on": day.isoformat()}
    client.post(f"{examiner}training/", course)
    assert Training.objects.filter(course="Course").exists()
    future = course | {"completed_on": (day + timedelta(days=1)).isoformat()}
    assert "completed in the past" in text(client.post(f"{examiner}training/", future))
    assert "You would decide about yourself" in text(client.post(f"{own}roles/", both))
    assert "This is you" in text(client.get(own))
    Member.objects.filter(pk=person("examiner").pk).update(locked_at=timezone.now())
    assert "Propose to unlock" in text(client.get(examiner))
    approved(client.post(f"{examiner}release/", {"why": "the phone was wrong"}), supervisor)
    assert person("examiner").locked_at is None
    people()
    assert "/join/" in approved(client.post(f"{examiner}reset/", {"why": "lost the phone"}), supervisor)
    assert not person("examiner").has_usable_password()
    client.post(f"{examiner}deactivate/", {"why": "left the agency"})
    assert not person("examiner").is_active
    assert "Close account" not in text(client.get(examiner))


def test_a_supervisor_approves_a_trial_and_changes_nothing_else(workspace: Path) -> None:
    invited = invite_member("t@agency.example", ["examiner"], on_trial=True, acting_member=person("admin"))
    join(invited.code, "T")
    client, url = signed_in("supervisor"), url_of("t@agency.example")
    page = text(client.get(url))
    assert "Approve trial" in page
    assert "Change roles" not in page
    assert "End the trial within 30 days" in text(client.post(f"{url}trial/", {"days": 99, "searches": 5}))
    client.post(f"{url}trial/", {"days": 9, "searches": 5})
    assert Trial.objects.get().search_limit == 5
    for path in ("roles/", "training/", "release/", "reset/", "deactivate/"):
        assert client.post(f"{url}{path}").status_code == 403


def test_a_supervisor_decides_on_requests_and_urgent_searches(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    urgent = search(image, urgent="a child is missing").search
    draft = prepare("C-1", "probe.png", image.read_bytes(), acting_member=person("examiner"))
    asked = request_approval("C-1", "find the rider", draft.blob, acting_member=person("examiner"))
    denied = request_approval("C-1", "find the other", "0" * 64, acting_member=person("examiner"))
    client = signed_in("supervisor")
    page = text(client.get("/approvals/"))
    assert "a child is missing" in page
    assert "No picture was prepared here for this request" in page
    assert client.get(f"/approvals/{asked.public_id}/probe.jpg")["Content-Type"] == "image/jpeg"
    assert client.get(f"/approvals/{denied.public_id}/probe.jpg").status_code == 404
    client.post(f"/approvals/{asked.public_id}/", {"grant": "yes", "reason": ""})
    assert "A denial needs a reason" in text(
        client.post(f"/approvals/{denied.public_id}/", {"grant": "no", "reason": " "})
    )
    client.post(f"/approvals/{denied.public_id}/", {"grant": "no", "reason": "not this picture"})
    assert list(Approval.objects.order_by("pk").values_list("granted", flat=True)) == [True, False]
    assert "The reason is missing" in text(client.post(f"/urgent/{urgent.public_id}/", {"reason": ""}))
    client.post(f"/urgent/{urgent.public_id}/", {"reason": "the child was found by it"})
    urgent.refresh_from_db()
    assert urgent.authorised_by == person("supervisor")
    assert "a child is missing" not in text(client.get("/approvals/"))
    assert client.get(f"/approvals/{asked.public_id}/probe.jpg").status_code == 404


def test_an_auditor_decides_on_a_flag_and_its_member_learns_of_it_then(workspace: Path) -> None:
    with transaction.atomic():
        flag = raise_flag(Finding("misuse.test", "Something unusual.", {"times": 7}), person("examiner"), None)
    examiner = signed_in("examiner")
    assert "misuse.test" not in text(examiner.get("/me/"))
    assert examiner.get("/flags/").status_code == 403
    client = signed_in("auditor")
    assert flag.public_id in text(client.get("/flags/"))
    page = text(client.get(f"/flags/{flag.public_id}/"))
    assert "Something unusual." in page
    assert entries("flag.viewed")
    assert "fewer than 3 words" in text(client.post(f"/flags/{flag.public_id}/", {"outcome": "upheld", "note": "yes"}))
    client.post(f"/flags/{flag.public_id}/", {"outcome": "dismissed", "note": "a drill of the agency"})
    assert Flag.objects.get().outcome == "dismissed"
    assert "a drill of the agency" in text(examiner.get("/me/"))


def test_a_policy_is_tried_before_it_binds(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    search(probe(tmp_path))
    client, url = signed_in("admin"), "/policy/change/"
    stricter = SAMPLE.replace("preapproval = []", 'preapproval = ["robbery"]').replace("\n", "\r\n")
    page = text(client.post(url, {"text": stricter, "do": "try"}))
    assert "1 of the searches that were allowed would be refused" in page
    assert "search.approval_needed" in page
    assert PolicyVersion.objects.count() == 1
    assert "It is not TOML" in text(client.post(url, {"text": "=", "do": "try"}))
    assert "The reason is missing" in text(client.post(url, {"text": stricter, "do": "change"}))
    approved(client.post(url, {"text": stricter, "why": "an incident", "do": "change"}), signed_in("supervisor"))
    assert PolicyVersion.objects.order_by("-number")[0].text == stricter.replace("\r\n", "\n")
    page = text(client.get("/policy/"))
    assert "Version 2" in page
    assert "an incident" in page
    assert signed_in("examiner").get(url).status_code == 403


def test_the_policy_page_names_people_and_marks_ones_own_role(workspace: Path) -> None:
    page = text(signed_in("verifier").get("/policy/"))
    assert "Verifier <span" in page
    assert "24 hours of facial examination" in page
    assert 'id="gallery.expired"' in page
    assert "Change the policy" not in page


@pytest.fixture
def worked(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    search(probe(tmp_path))


def test_the_log_is_filtered_and_an_entry_carries_its_proof(worked: None) -> None:
    client = signed_in("auditor")
    page = text(client.get("/log/"))
    assert "search.requested" in page
    assert "commits search" not in page  # digests are for checks: on the entry's own page
    found = client.get("/log/", {"action": "search.requested"}).context["rows"]
    assert [row.entry.action for row in found] == ["search.requested"]
    mine = client.get("/log/", {"member": person("examiner").public_id}).context["rows"]
    assert mine
    assert all(person("examiner").public_id in row.entry.canonical.decode() for row in mine)
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    assert client.get("/log/", {"since": tomorrow}).context["rows"] == []
    older = client.get("/log/", {"before": 3}).context["rows"]
    assert [row.entry.seq for row in older] == [2, 1, 0]
    number = found[0].entry.seq
    page = text(client.get(f"/log/{number}/"))
    assert "find the rider" not in page
    assert found[0].entry.leaf().hex() in page
    assert "<dt>Commits</dt>" in page
    proof = client.get(f"/log/{number}/proof.json")
    assert f"this is entry {number} of" in check(text(proof))
    note = client.get("/log/checkpoint")
    assert note["Content-Type"].startswith("text/plain")
    assert json.loads(text(proof))["log"] == text(note).split("\n")[0]
    assert client.get("/log/99999/").status_code == 404


def test_every_page_of_the_log_goes_on_to_the_older_one(worked: None) -> None:
    from plainview.casework.log.explorer import Wanted
    from plainview.casework.log.explorer import entries as shown

    before, seen = None, []
    while True:
        rows, before = shown(person("auditor"), Wanted(before=before), limit=3)
        seen += [row.entry.seq for row in rows]
        if before is None:
            break
    assert seen == list(range(len(entries()) - 1, -1, -1))


@pytest.mark.parametrize("name", ["examiner", "verifier", "supervisor", "admin"])
def test_the_log_is_the_auditors(workspace: Path, name: str) -> None:
    client = signed_in(name)
    for path in ("/log/", "/log/0/", "/log/0/proof.json", "/log/checkpoint"):
        assert client.get(path).status_code == 403


def test_another_agencys_auditor_sees_no_entry_of_ours(worked: None) -> None:
    number = entries("search.requested")[0].seq
    other = another_agency("auditor")
    assert other.get(f"/log/{number}/").status_code == 404
    assert other.get(f"/log/{number}/proof.json").status_code == 404
    page = other.get("/log/", {"action": "search.requested"})
    assert page.context["rows"] == []
    assert other.get(url_of("examiner@agency.example")).status_code == 404
    assert "examiner@agency.example" not in text(other.get("/members/"))


def test_ones_own_record_holds_all_of_it_and_can_be_taken_away(worked: None) -> None:
    client = signed_in("examiner")
    page = text(client.get("/me/"))
    assert "find the rider" in page
    assert "Signed in from 127.0.0.1" in page
    answer = client.get("/me/record.json")
    held = json.loads(answer.content)
    assert "attachment" in answer["Content-Disposition"]
    me = person("examiner").public_id
    every = [row for row in entries() if me in row.canonical.decode()]
    assert len(held["entries"]) == len([row for row in every if row.action != "record.exported"])
    opened = [row["opened"] for row in held["entries"] if "search.requested" in row["canonical"]]
    assert opened[0]["purpose"] == "find the rider"
    assert entries("record.exported")[-1].actor == me
    assert "find the rider" not in text(signed_in("verifier").get("/me/"))
