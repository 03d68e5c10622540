"""What an agency does beside searching, through the API: the same acts, the same refusals, the same entries as its pages."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Verifier
from tests.factories import sharing
from tests.factories.programs import program
from tests.factories.rights import HOW, file, photo
from tests.factories.work import entries, gallery, person, ready, search

from plainview.casework.disclosure.contents import people
from plainview.casework.models import Delivery, Hold, Job, Member, Reference, Search, Webhook
from plainview.casework.people.members import join
from plainview.casework.webhooks.deliver import secrets_of
from plainview.policy.agency import SAMPLE
from plainview.recheck.package import verify_package
from plainview.worker.tasks import run_job

REASON = {"reason": "a reason in enough words"}


def through_the_api(action: str) -> dict[str, object]:
    """The public part of the newest entry of an action, which came through the API."""
    subject = dict(entries(action)[-1].subject)
    assert subject["via"] == "api", (action, subject)
    return subject


@pytest.fixture
def searched(workspace: Path, tmp_path: Path) -> str:
    return search(ready(tmp_path)).search.public_id


def test_a_hold_keeps_what_it_names_until_a_person_ends_it(searched: str) -> None:
    admin, auditor = program("admin"), program("auditor")
    reference = Reference.objects.order_by("pk")[0].public_id
    placed = admin.post("/holds", {"kind": "reference", "name": reference, "authority": "court", **REASON})
    assert (placed.status, placed.json["on"], placed.json["ended_at"]) == (201, f"reference {reference}", None)
    assert admin.post(f"/references/{reference}/expunge", REASON).rule == "hold.in_force"
    assert [hold["id"] for hold in auditor.get("/holds").json["items"]] == [placed.json["id"]]
    ended = admin.post(f"/holds/{placed.json['id']}/end", REASON)
    assert (ended.status, ended.json["ended_by"]) == (200, person("admin").email)
    assert admin.post(f"/holds/{placed.json['id']}/end", REASON).rule == "hold.ended"
    assert admin.post(f"/references/{reference}/expunge", REASON).status == 200
    assert Hold.objects.get().ended_by == person("admin")
    through_the_api("hold.placed")
    through_the_api("hold.ended")


def test_one_person_invites_and_power_needs_two(workspace: Path) -> None:
    admin, supervisor = program("admin"), program("supervisor")
    invited = admin.post("/invitations", {"email": "new@agency.example", "roles": ["examiner"]})
    assert invited.status == 201, invited.raw
    assert [row["email"] for row in admin.get("/invitations").json["items"]] == ["new@agency.example"]
    newcomer = join(invited.json["code"], "Newcomer")
    path = f"/members/{newcomer.public_id}"
    course = {"course": "FISWG", "hours": 24, "completed_on": "2026-01-01", "expires_on": "2999-01-01"}
    assert admin.post(f"{path}/training", course).status == 201
    assert admin.get(path).json["trained_until"] == "2999-01-01"
    asked = admin.post(f"{path}/roles", {"roles": ["supervisor"], **REASON})
    assert (asked.status, asked.json["state"]) == (201, "open"), asked.raw
    assert admin.get(path).json["roles"] == ["examiner"], "nothing has changed yet"
    assert admin.post(f"/proposals/{asked.json['id']}/approve").rule == "proposal.own"
    approved = supervisor.post(f"/proposals/{asked.json['id']}/approve")
    assert (approved.status, approved.json["proposal"]["state"]) == (200, "approved"), approved.raw
    assert admin.get(path).json["roles"] == ["supervisor"]
    power = admin.post("/invitations", {"email": "head@agency.example", "roles": ["supervisor"], **REASON})
    assert (power.json["invitation"], power.json["code"]) == (None, "")
    decided = supervisor.post(f"/proposals/{power.json['proposal']['id']}/approve")
    assert join(decided.json["code"], "Head").roles == ["supervisor"]
    rejected = admin.post(f"{path}/reset", REASON)
    assert supervisor.post(f"/proposals/{rejected.json['id']}/reject", REASON).json["proposal"]["state"] == "rejected"
    assert admin.post(f"{path}/deactivate", REASON).json["member"]["active"] is False
    auditor = Member.objects.get(email="auditor@agency.example").public_id
    only = admin.post(f"/members/{auditor}/deactivate", REASON)
    assert (only.json["member"]["active"], only.json["proposal"]["kind"]) == (True, "last-auditor")
    through_the_api("member.deactivated")


def test_rules_are_tried_and_proposed_and_a_change_meanwhile_refuses(workspace: Path) -> None:
    admin, supervisor = program("admin"), program("supervisor")
    for path, permission in (("/policy", "policy"), ("/retention/rules", "retention")):
        now = admin.get(path)
        assert now.status == 200, now.raw
        text = now.json["text"]
        changed = (
            re.sub(r"alert_days = \d+", "alert_days = 7", text)
            if permission == "policy"
            else text.replace("automatic = false", "automatic = true")
        )
        assert changed != text, text
        wanted = {"text": changed, **REASON}
        assert admin.post(path, wanted, If_Match='"other"').rule == "api.changed"
        asked = admin.post(path, wanted, If_Match=now.headers["ETag"])
        assert (asked.status, asked.json["kind"]) == (201, permission), asked.raw
        assert any(line.startswith("+") for line in asked.json["difference"])
        assert supervisor.post(f"/proposals/{asked.json['id']}/approve").status == 200
        assert admin.get(path).headers["ETag"] != now.headers["ETag"]
        assert admin.post(path, wanted, If_Match=now.headers["ETag"]).status == 412
    tried = admin.post("/policy/try", {"text": SAMPLE})
    assert (tried.status, tried.json["searches"]) == (200, 0), tried.raw
    assert tried.json["differences"]


def test_a_webhook_is_added_rotated_and_its_messages_are_signed_with_both_secrets(workspace: Path) -> None:
    admin = program("admin")
    made = admin.post("/webhooks", {"url": "https://user:secret@hook.example/x", "events": ["case.opened"]})
    assert made.status == 201, made.raw
    identity = made.json["webhook"]["id"]
    assert b"secret@" not in made.raw.replace(made.json["secret"].encode(), b"")
    rotated = admin.post(f"/webhooks/{identity}/rotate", {"hours": 2})
    ends = datetime.fromisoformat(rotated.json["webhook"]["earlier_secrets_until"][0])
    assert timedelta(hours=1) < ends - datetime.now(UTC) <= timedelta(hours=2)
    hook = Webhook.objects.get()
    now = timezone.now()
    delivery = Delivery.objects.create(
        webhook=hook, message="m", type="case.opened", data={}, happened_at="2026", due_at=now, given_up_at=now
    )
    body, at = '{"type": "case.opened"}', datetime.now(UTC)
    signatures = " ".join(Verifier(secret).sign("m", at, body) for secret in secrets_of(hook))
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }
    for secret in (made.json["secret"], rotated.json["secret"]):
        Verifier(secret).verify(body, headers)
    listed = admin.get(f"/webhooks/{identity}/deliveries?state=given%20up").json["items"]
    assert [row["id"] for row in listed] == [delivery.public_id]
    again = admin.post(f"/deliveries/{delivery.public_id}/again")
    assert (again.status, again.json["state"]) == (200, "waiting")
    assert admin.get("/webhooks").json["items"][0]["waiting"] == 1
    assert admin.send("DELETE", f"/webhooks/{identity}").status == 204
    assert admin.get(f"/webhooks/{identity}").rule == "webhook.unknown"
    through_the_api("webhook.removed")


def test_a_package_is_made_downloaded_and_verified_and_access_ends_when_revoked(searched: str, tmp_path: Path) -> None:
    supervisor = program("supervisor")
    job = supervisor.post(f"/searches/{searched}/packages", {})
    assert (job.status, job.json["state"]) == (202, "waiting"), job.raw
    run_job(Job.objects.get(public_id=job.json["id"]).pk)
    (package,) = supervisor.get(f"/searches/{searched}/disclosure").json["packages"]
    data = supervisor.get(f"/packages/{package['id']}/package.zip")
    assert data.headers["Content-Type"] == "application/zip"
    assert "manifest.json" in zipfile.ZipFile(io.BytesIO(data.raw)).namelist()
    (tmp_path / "package.zip").write_bytes(data.raw)
    assert verify_package(tmp_path / "package.zip").ok
    page = supervisor.get(f"/searches/{searched}/disclosure").json
    assert [download["by"] for download in page["packages"][0]["downloads"]] == [person("supervisor").email]
    until = (timezone.now() + timedelta(days=30)).date().isoformat()
    granted = supervisor.post(
        f"/searches/{searched}/grants", {"email": "d@law.example", "name": "D, for A", "until": until}
    )
    assert granted.status == 201, granted.raw
    counsel = join(granted.json["code"], "D")
    revoked = supervisor.post(f"/grants/{granted.json['grant']['id']}/revoke", REASON)
    assert revoked.json["revoked_because"] == REASON["reason"]
    counsel.refresh_from_db()
    assert counsel.ends_on is not None
    assert counsel.ends_on < timezone.now().date(), "the last grant is revoked"
    review = supervisor.post(
        f"/searches/{searched}/exonerations",
        {"requester": "D", "body": "the defence of A", "charged_rank": 1, **REASON},
    )
    assert review.status == 201, review.raw
    path = f"/exonerations/{review.json['id']}"
    assert program().get(path).json["charged_rank"] is None, "the examiner of the review does not see it"
    assert supervisor.get(path).json["charged_rank"] == 1
    assert supervisor.post(f"{path}/decide", {"accept": True}).json["accepted"] is True
    probed = program().post(f"{path}/prepare")
    assert probed.status == 201, probed.raw
    through_the_api("disclosure.downloaded")


def test_disclosure_names_the_service_that_searched(searched: str, tmp_path: Path) -> None:
    service = program("examiner", "search.run", "case", service="Case system of A")
    asked = {"case": "C-1", "purpose": "find the rider", "gallery": "g"}
    made = service.form("/searches", tmp_path / "probe.png", **asked)
    assert made.status == 201, made.raw
    deeds = {
        identity: [deed for worker in people(Search.objects.get(public_id=identity), {}) for deed in worker["did"]]
        for identity in (searched, made.json["search_id"])
    }
    assert deeds == {
        searched: ["searched"],
        made.json["search_id"]: ["searched with Case system of A, through the API"],
    }


def test_a_person_who_asks_is_confirmed_searched_for_and_answered(searched: str) -> None:
    request = file("access", "erasure", picture=photo()).request.public_id
    admin, supervisor, auditor = program("admin"), program("supervisor"), program("auditor")
    path = f"/rights-requests/{request}"
    assert (auditor.get(path).json["name"], auditor.get(path).json["photo"]) == ("", None)
    assert supervisor.get(path).json["photo"]
    assert supervisor.post(f"{path}/confirm", {"how": HOW}).json["state"] == "confirmed"
    assert supervisor.post(f"{path}/search").rule == "member.no_permission"
    (face,) = admin.post(f"{path}/search").json["faces"]
    assert face["jpeg"]
    assert face["reference"] is None, "until it is the person's"
    assert admin.post(f"{path}/answer", {}).rule == "rights.undecided"
    (mine,) = admin.post(f"{path}/decide", {"person": [face["face"]], "other": []}).json["faces"]
    assert admin.get(f"{path}/letter.pdf").rule == "api.letter"
    answered = admin.post(f"{path}/answer", {"erase": [mine["reference"]]})
    assert (answered.status, answered.json["outcome"]) == (200, "granted"), answered.raw
    assert admin.get(f"{path}/letter.pdf").raw.startswith(b"%PDF")
    assert not Reference.objects.get(public_id=mine["reference"]).template
    through_the_api("rights.answered")


def test_one_agency_asks_and_the_other_searches(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    sharing.agency()
    ours, their_admin = program("admin"), program(sharing.theirs("admin"))
    today = timezone.now().date()
    terms = {"galleries": ["g"], "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=9)).isoformat()}
    made = ours.post("/agreements", {"agency": sharing.ASKER, **terms})
    assert (made.status, made.json["to_accept"]) == (201, 1), made.raw
    path = f"/agreements/{made.json['id']}"
    assert ours.post(f"{path}/accept", {"version": 1}).status == 403
    assert their_admin.post(f"{path}/accept", {"version": 1}).json["in_force"] is True
    asker, examiner = program(sharing.theirs("examiner")), program()
    draft = sharing.draft(tmp_path)
    wish = {"agreement": made.json["id"], "gallery": "g", "purpose": "find the rider", "authority": "s. 1", "top": 5}
    asked = asker.post(f"/probes/{draft}/ask", wish)
    assert asked.status == 201, asked.raw
    shared = f"/shared/{asked.json['id']}"
    assert examiner.get(shared).rule == "shared.unknown", "not before their supervisor authorised it"
    assert program(sharing.theirs("supervisor")).post(f"{shared}/authorise", REASON).status == 200
    assert examiner.get(shared).json["probe"]
    assert examiner.post(f"{shared}/take").status == 200
    searched = examiner.post(f"{shared}/search")
    assert searched.status == 201, searched.raw
    assert examiner.post(f"{shared}/answer").status == 403, "nobody has examined a candidate yet"
    assert examiner.get(f"/searches/{searched.json['search']}").json["shared_request"] == asked.json["id"]
    assert asker.get(shared).json["search"] is None
    assert asker.post(f"{shared}/take-back", REASON).json["state"].startswith("taken back")
    ended = their_admin.post(f"{path}/withdraw", REASON)
    assert (ended.json["in_force"], ended.json["withdrawn_because"]) == (False, REASON["reason"])
    assert through_the_api("shared.taken")["for_agency"]


def test_people_of_a_gallery_are_split_and_merged(searched: str) -> None:
    admin = program("admin")
    first, second = (reference.public_id for reference in Reference.objects.order_by("pk"))
    path = "/galleries/g/subjects"
    for reference, number in ((first, "17"), (second, "18")):
        changed = admin.post(f"{path}/change", {"references": [reference], "number": number, **REASON})
        assert (changed.status, changed.json["changed"]) == (200, 1), changed.raw
    assert {row["number"] for row in admin.get(path).json["items"]} == {"17", "18"}
    assert admin.post(f"{path}/merge", {"number": "18", "into": "17", **REASON}).json["pictures"] == 2
    assert admin.post(f"{path}/merge", {"number": "18", "into": "17", **REASON}).status == 403
    assert program().get(path).rule == "member.no_permission"


def test_events_lists_and_schedules(searched: str, tmp_path: Path) -> None:
    admin, supervisor = program("admin"), program("supervisor")
    reference = Reference.objects.order_by("pk")[0].public_id
    event = {"kind": "court order", "happened_on": "2026-01-05", "authority": "court", "references": [reference]}
    assert [admin.post("/retention/events", event).json["new"] for _ in range(2)] == [1, 0]
    assert admin.get("/retention/events").json["items"][0]["reference"] == reference
    order = f"reference,ordered_on\n{reference},2026-01-06\n".encode()
    taken = admin.form("/retention/orders", _named(tmp_path / "order.csv", order), "file", authority="court of X")
    assert (taken.status, taken.json["rows"]) == (201, 1), taken.raw
    bad = admin.form("/retention/orders", _named(tmp_path / "bad.csv", b"a,b\n1,2\n"), "file")
    assert bad.status == 403
    run = admin.post("/retention/runs")
    assert run.status == 201, run.raw
    path = f"/retention/runs/{run.json['id']}"
    assert reference in [item["id"] for item in admin.get(f"{path}/items").json["items"]]
    assert admin.post(f"{path}/approve", REASON).rule == "member.own_act"
    assert supervisor.post(f"{path}/approve", REASON).json["state"] == "approved"
    assert supervisor.post(f"{path}/again").status == 200
    assert admin.get(f"{path}/proof").status in (403, 404)
    schedule = supervisor.post("/reports/schedules", {"every": "monthly", "emails": [person("auditor").email]})
    assert schedule.status == 201, schedule.raw
    stopped = supervisor.post(f"/reports/{schedule.json['id']}/stop")
    assert stopped.json["stopped_at"]
    assert program().get("/register/months").json == {"items": [], "next": None}
    office = {"first": "2020-01", "last": "2020-02", "office": "Office of the chief"}
    assert admin.post("/register/attestations", office).status == 403, "the agency was not there then"


def _named(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
