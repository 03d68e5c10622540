"""A request to another agency outlives nothing: its probe goes with its search, or by the rule about searches."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from tests.factories.outsiders import client_of
from tests.factories.power import set_rules
from tests.factories.refusals import rule_of
from tests.factories.retention import WITH_THE_CASE
from tests.factories.sharing import PURPOSE, reached, searched, theirs, world
from tests.factories.work import at, entries

from plainview.casework import jobs
from plainview.casework.cases.open_close import close_case
from plainview.casework.erasure.expunged import bring_level
from plainview.casework.erasure.holds import end_hold, place_hold
from plainview.casework.erasure.read import picture_needed
from plainview.casework.erasure.requests import erase_request, request_locked
from plainview.casework.log.rows import verify_rows
from plainview.casework.models import LogOpening, Preparation, RetentionRun, Search, SharedRequest
from plainview.casework.probes.preparations import erase_draft
from plainview.casework.retention.proof import proof_of_run
from plainview.casework.retention.read import judged
from plainview.casework.retention.runs import approve_run, propose_run
from plainview.casework.retention.work import work_off
from plainview.casework.search.erase import erase_search
from plainview.casework.sharing.ends import take_back
from plainview.casework.upkeep.restore import settle
from plainview.casework.workspace.services import services
from plainview.policy.retention import BEGINNING
from plainview.recheck.retention import check_proof

RULE = "a retention rule"
MONTH = timedelta(days=31)


def over(request: SharedRequest) -> SharedRequest:
    """The request taken back, and the drafts that keep the same picture gone."""
    take_back(request.public_id, reason="the rider was found by other means", acting_member=theirs("examiner"))
    with transaction.atomic():
        for row in Preparation.objects.filter(discarded_at=None):
            erase_draft(row, RULE)
    request.refresh_from_db()
    return request


def erase(search: Search) -> None:
    with transaction.atomic():
        erase_search(Search.objects.select_for_update().get(pk=search.pk), RULE)


def nothing_of(request: SharedRequest, blob: str) -> None:
    request.refresh_from_db()
    assert (request.probe_blob, request.purpose, request.box, request.further) == ("", "", [], [])
    assert not picture_needed(blob)
    assert not services().blobs.exists(blob)
    numbers = [entry.seq for entry in [*entries("shared.requested"), *entries("shared.closed")]]
    assert numbers
    assert not LogOpening.objects.filter(entry_id__in=numbers).exists()
    assert verify_rows().problems == []
    for name in ("examiner", "auditor", "second"):
        client = client_of(theirs(name))
        page = client.get(f"/shared/{request.public_id}/").content.decode()
        assert "The probe and the texts of this request were erased" in page
        assert PURPOSE not in page
        assert client.get(f"/shared/{request.public_id}/probe.jpg").status_code == 404


def proposed() -> RetentionRun:
    return propose_run(acting_member=theirs("admin"))


def test_the_probe_goes_with_the_search_that_it_was_for(workspace: Path, tmp_path: Path) -> None:
    search = searched(tmp_path, world(tmp_path))
    assert search.shared_request is not None
    request = over(search.shared_request)
    blob = request.probe_blob
    assert picture_needed(blob)
    erase(search)
    (entry,) = entries("shared.erased")
    assert (entry.subject["shared_request"], entry.subject["search"]) == (request.public_id, search.public_id)
    assert entry.subject["for_agency"] == theirs("admin").agency.public_id
    nothing_of(request, blob)


def test_a_restored_request_is_erased_again(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.casework.upkeep.restore.bring_tables_up", lambda: None)  # the test's own are there
    request = over(reached(tmp_path, world(tmp_path)))
    before = SharedRequest.objects.values().get()
    data = services().blobs.get(request.probe_blob)
    with transaction.atomic():
        erase_request(request_locked(request.public_id), RULE)
    listed = bring_level()
    assert listed[-1].kind == "shared_request"
    # As if an older backup had been unpacked, of a time when the request was open.
    before |= {"closed_at": None, "closed_as": ""}
    SharedRequest.objects.filter(pk=request.pk).update(**{name: before[name] for name in before if name != "id"})
    services().blobs.put(data)
    done = settle({"backup": "B", "made_at": "2026-01-01T00:00:00Z"}, log=None, kept_checkpoint=None, listed=listed)
    assert request.public_id in done.erased_again
    request.refresh_from_db()
    assert (request.probe_blob, request.closed_as) == ("", "expired")
    assert not services().blobs.exists(before["probe_blob"])


def test_an_open_request_and_one_that_a_hold_keeps_outlast_the_search(workspace: Path, tmp_path: Path) -> None:
    search = searched(tmp_path, world(tmp_path))
    request = search.shared_request
    assert request is not None
    assert rule_of(erase_request, request_locked(request.public_id), RULE) == "shared.open"
    over(request)
    hold = place_hold(
        case="R-1", reason="the defence appeals this", authority="District court", acting_member=theirs("supervisor")
    )
    erase(search)
    request.refresh_from_db()
    assert request.probe_blob
    assert not entries("shared.erased")
    assert rule_of(erase_request, request_locked(request.public_id), RULE) == "hold.in_force"
    set_rules("\n".join([BEGINNING, WITH_THE_CASE]), reason="the law of this place", acting_member=theirs("admin"))
    close_case("R-1", acting_member=theirs("examiner"))
    with at(timezone.now() + MONTH):
        (kept,) = judged(theirs("admin").agency, timezone.now().date())
        assert (kept.subject, kept.verdict.holds) == (request.public_id, (hold.public_id,))
        end_hold(hold.public_id, reason="the appeal was withdrawn", acting_member=theirs("supervisor"))
        (due,) = judged(theirs("admin").agency, timezone.now().date())
        assert not due.verdict.holds


def test_a_request_without_a_search_goes_by_the_rule_about_searches(workspace: Path, tmp_path: Path) -> None:
    request = over(reached(tmp_path, world(tmp_path)))
    blob = request.probe_blob
    set_rules("\n".join([BEGINNING, WITH_THE_CASE]), reason="the law of this place", acting_member=theirs("admin"))
    close_case("R-1", acting_member=theirs("examiner"))
    assert not list(judged(theirs("admin").agency, timezone.now().date()))
    with at(timezone.now() + MONTH):
        run, job = approve_run(
            proposed().public_id, reason="every line was looked at", acting_member=theirs("supervisor")
        )
        page = client_of(theirs("supervisor")).get(f"/retention/runs/{run.public_id}/").content.decode()
        assert f"Request <code>{request.public_id}</code>" in page
        jobs.run(job.pk, work_off)
        item = run.items.get()
        assert (item.what, item.subject, item.state) == ("searches", request.public_id, "erased")
        nothing_of(request, blob)
        proof = proof_of_run(run.public_id, acting_member=theirs("auditor"))
        assert check_proof(json.dumps(proof)).problems == []
