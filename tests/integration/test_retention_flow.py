"""Retention by the command line and by pages: what is printed and shown, to whom, and what another agency is told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.factories.browser import signed_in
from tests.factories.commands import invoke
from tests.factories.examination import another_agency
from tests.factories.retention import ordered, searched
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.erasure.holds import place_hold
from plainview.casework.models import Proposal, Reference, RetentionRun, Search
from plainview.casework.retention.runs import propose_run
from plainview.casework.search.urgent import sweep

pytestmark = pytest.mark.long

ADMIN, SUPERVISOR = ("--as", "admin@agency.example"), ("--as", "supervisor@agency.example")


def told(*words: str | Path, code: int = 0) -> str:
    done = invoke([str(word) for word in words])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


def read(*words: str | Path) -> Any:
    return json.loads(told(*words, "--json"))


def test_the_command_line_walks_from_an_order_to_its_proof(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path)
    row, other = Reference.objects.get(file_name="collins.png"), Reference.objects.get(file_name="hopper.png")
    text = told("retention", "rules", *ADMIN)
    (tmp_path / "rules.toml").write_text(text.replace("days = 30", "days = 31"))
    proposed = read("retention", "set", tmp_path / "rules.toml", "--reason", "the law says so", *ADMIN)["proposal"]
    assert "+days = 31" in told("proposal", "show", proposed, *SUPERVISOR)
    assert "approved" in told("proposal", "approve", proposed, *SUPERVISOR)
    order = tmp_path / "order.csv"
    order.write_text(f"reference,ordered_on\n{row.public_id},2026-01-02\n{other.public_id},2026-01-02\n")
    imported = ("retention", "event", "court-order", "import", order, "--authority", "Court 12")
    assert read(*imported, *ADMIN) == {"rows": 2, "new": 2, "known": 0, "erased_before": 0, "read_as": []}
    assert read(*imported, *SUPERVISOR)["known"] == 2
    acquitted = (
        "retention",
        "event",
        "acquittal",
        "--case",
        "C-1",
        "--on",
        "2026-01-03",
        "--authority",
        "Court",
    )
    assert told(*acquitted, *SUPERVISOR) == "Recorded.\n"
    assert told(*acquitted, *ADMIN) == "This was already recorded.\n"
    assert len(read("retention", "events", *ADMIN)["events"]) == 3
    why = ("--reason", "the defence asked for it", "--authority", "Court")
    hold = read("hold", "place", "--reference", other.public_id, *why, *SUPERVISOR)["hold"]
    (due,) = read("retention", "upcoming", *ADMIN)["upcoming"]
    assert (due["rule"], due["count"], due["held"]) == ("court-order", 2, 1)
    run = read("retention", "propose", *ADMIN)["run"]
    assert "approved" in told("retention", "approve", run, "--reason", "both lines were read", *SUPERVISOR)
    done = read("retention", "run", run, *SUPERVISOR)
    assert {line["id"]: line["state"] for line in done["items"]} == {
        row.public_id: "erased",
        other.public_id: "held",
    }
    assert f"held,{hold}," in told("retention", "show", run, "--csv", *ADMIN)
    told("hold", "end", hold, "--reason", "the appeal is over", *ADMIN)
    assert read("hold", "list", *ADMIN)["holds"] == []
    assert read("hold", "list", "--all", *ADMIN)["holds"][0]["hold"] == hold
    proof = tmp_path / "proof.json"
    told("retention", "proof", run, "--out", proof, *ADMIN)
    assert "1 erased, 1 held" in told("retention", "check-proof", proof)
    proof.write_text(proof.read_text().replace(row.public_id, other.public_id))
    told("retention", "check-proof", proof, code=1)
    assert Search.objects.get(public_id=found).erased_at is None


def test_pages_tell_each_role_what_it_may_do_and_another_agency_nothing(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path)
    ordered()
    run = propose_run(acting_member=person("admin")).public_id
    hold = place_hold(
        reason="the defence asked for it",
        authority="MARKER",
        search=found,
        acting_member=person("supervisor"),
    )
    auditor, supervisor = signed_in("auditor"), signed_in("supervisor")
    for path in ("/retention/", "/retention/rules/", f"/retention/runs/{run}/", "/holds/"):
        shown = auditor.get(path)
        assert (shown.status_code, b"<textarea" in shown.content) == (200, False), path
    assert hold.public_id.encode() in auditor.get("/holds/").content
    assert f"/retention/runs/{run}/" in supervisor.get("/").content.decode()
    case_page = f"/cases/{Search.objects.get().case_id}/"
    assert b"the whole case" not in supervisor.get(case_page).content
    assert f"search {found}: MARKER".encode() in supervisor.get(case_page).content
    # The hold came after the proposal: the list is not what it was.
    answer = supervisor.post(f"/retention/runs/{run}/approve/", {"note": "every line was read"})
    assert "The list has changed since it was proposed" in answer.content.decode()
    assert RetentionRun.objects.get().state == "proposed"
    supervisor.post(f"/retention/runs/{run}/withdraw/", {"reason": "a hold came in between"})
    assert RetentionRun.objects.get().state == "withdrawn"
    assert "Nothing that is due may be erased" in supervisor.post("/retention/propose/", follow=True).content.decode()
    elsewhere = another_agency("supervisor")
    for path in (
        f"/retention/runs/{run}/",
        f"/retention/runs/{run}/list.csv",
        f"/retention/runs/{run}/proof.json",
    ):
        assert elsewhere.get(path).status_code == 404
    assert elsewhere.post(f"/holds/{hold.public_id}/end/", {"reason": "not theirs to end"}).status_code == 404
    for path in ("/retention/", "/holds/", "/retention/events/"):
        seen = elsewhere.get(path).content.decode()
        assert not [word for word in (run, hold.public_id, "MARKER", "District", "by Sample") if word in seen], path


def test_a_sealed_search_is_said_to_be_sealed(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    case()
    urgent = search(probe(tmp_path, "urgent.png"), urgent="a child is missing").search
    place_hold(reason="the defence asked for it", authority="Court", case="C-1", acting_member=person("admin"))
    with at(urgent.authorise_by + timedelta(minutes=1)):
        sweep()
        client = signed_in("supervisor")
        shown = client.get(f"/searches/{urgent.public_id}/")
        assert (shown.status_code, b"search.sealed" in shown.content) == (403, True)
        assert b"sealed: on hold, and not authorised in time" in client.get(f"/cases/{urgent.case_id}/").content
        assert client.get(f"/searches/{urgent.public_id}/probe.jpg").status_code in (403, 404)
    assert len(entries("search.sealed")) == 1


def test_rules_are_changed_in_a_form_and_tried_before_they_are_proposed(workspace: Path, tmp_path: Path) -> None:
    searched(tmp_path)
    ordered()
    admin, page = signed_in("admin"), "/retention/rules/"
    shown = admin.get(page).content.decode()
    assert "References are erased at once after a court ordered it." in shown
    assert "Nothing differs from the rules in force." in shown
    fields: dict[str, Any] = {
        "automatic": "no",
        "id": ["court-order", "", ""],
        "kind": ["references", "references", "videos"],
        "after": ["court order", "enrolment", "case closed"],
        "days": ["0", "0", ""],
        "place": ["", "g", ""],
    }
    tried = admin.post(page, fields | {"do": "try"}).content.decode()
    assert "4 changes" in tried
    assert "References of gallery g are erased at once after they were enrolled." in tried
    assert "1: References of gallery g" in tried  # the other picture is due by the court's order
    bad = admin.post(page, fields | {"days": ["0", "soon", ""], "do": "propose", "why": "the law changed"})
    assert "days is a whole number" in bad.content.decode()
    assert 'value="soon"' in bad.content.decode()
    assert "reason" in admin.post(page, fields | {"do": "propose", "why": ""}).content.decode().lower()
    done = admin.post(page, fields | {"do": "propose", "why": "the law of this place changed"})
    assert (done.status_code, "/proposals/" in done["Location"]) == (302, True)
    assert 'gallery = "g"' in Proposal.objects.get().wanted["text"]
    assert signed_in("supervisor").post(page, fields | {"do": "propose", "why": "the law changed"}).status_code == 403
