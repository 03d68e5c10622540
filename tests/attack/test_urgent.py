"""Curious members and the urgent path: a search that nobody authorises leaves its evidence to the auditor."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.browser import people, signed_in
from tests.factories.refusals import rule_of
from tests.factories.work import entries, person, ready, search

from plainview.audit.record import parse_line
from plainview.casework.examination.examine import view_examination
from plainview.casework.misuse.flags import view_flag
from plainview.casework.models import Candidate, Flag, LapsedSearch, LogEntry, Search
from plainview.casework.search.lapse import erase_evidence, tell_lapsed, view_evidence
from plainview.casework.search.run import view_candidates
from plainview.casework.search.urgent import sweep
from plainview.casework.workspace.services import services
from plainview.policy import misuse
from plainview.policy.agency import EVIDENCE_DAYS, NEW_AGENCY, parse

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def image(workspace: Path, tmp_path: Path) -> Path:
    return ready(tmp_path)


@pytest.fixture
def late(image: Path) -> Search:
    """An urgent search whose time is over, after the sweep."""
    found = search(image, urgent="a life is at risk").search
    run_out()
    found.refresh_from_db()
    return found


def run_out() -> None:
    """The time of every urgent search that is waiting is over; the clock itself stands still."""
    assert Search.objects.filter(erased_at=None).update(authorise_by=timezone.now()) == 1
    assert len(sweep()) == 1


def test_a_member_who_ran_an_urgent_search_for_themselves_does_not_erase_what_they_saw(late: Search) -> None:
    auditor = person("auditor")
    lapsed, evidence = view_evidence(late.public_id, acting_member=auditor)
    assert evidence["purpose"] == "find the rider"
    assert evidence["urgent_reason"] == "a life is at risk"
    assert [row["rank"] for row in evidence["list"]] == [1, 2]
    assert services().blobs.get(evidence["probe"]["sha256"])
    assert lapsed.until - lapsed.lapsed_at == EVIDENCE_DAYS * DAY
    (viewed,) = entries("search.lapse_viewed")
    assert viewed.actor == auditor.public_id
    # What the auditor reads is what the log was told before the list was shown.
    asked = parse_line(bytes(LogEntry.objects.get(seq=late.request_entry).canonical))
    purpose = next(opening for opening in evidence["openings"] if opening["name"] == "purpose")
    assert (purpose["value"], purpose["entry"]) == ("find the rider", asked.seq)
    assert "purpose" in asked.sealed


def test_the_list_is_gone_for_everyone_at_once(late: Search) -> None:
    assert not Candidate.objects.exists()
    assert (late.purpose, late.urgent_reason, late.probe_blob, late.probe_name) == ("", "", "", "")
    for name in ("examiner", "supervisor", "auditor"):
        assert rule_of(view_candidates, late.public_id, acting_member=person(name)) == "search.no_answer"
    assert rule_of(view_examination, late.public_id, 1, acting_member=person("examiner")) == "candidate.unknown"


@pytest.mark.parametrize("name", ["examiner", "verifier", "supervisor", "admin"])
def test_nobody_but_the_auditor_opens_the_evidence(late: Search, name: str) -> None:
    assert rule_of(view_evidence, late.public_id, acting_member=person(name)) == "member.no_permission"


def test_the_searcher_the_supervisor_and_the_auditor_are_told_once(late: Search) -> None:
    assert tell_lapsed() == 1
    assert tell_lapsed() == 0
    assert sorted(letter.to for letter in mail.outbox) == [
        ["auditor@agency.example"],
        ["examiner@agency.example"],
        ["supervisor@agency.example"],
    ]
    for letter in mail.outbox:
        assert late.public_id in letter.body
        for secret in ("rider", "C-1", "life is at risk"):
            assert secret not in letter.body


def test_each_is_flagged_and_repetition_is_another_rule(image: Path) -> None:
    for _ in range(3):
        search(image, urgent="a life is at risk")
        run_out()
    flags = list(Flag.objects.order_by("pk"))
    assert [flag.rule for flag in flags] == [misuse.NOT_AUTHORISED, *[misuse.NOT_AUTHORISED_AGAIN] * 2]
    _, finding = view_flag(flags[-1].public_id, acting_member=person("auditor"))
    assert "3 urgent searches" in str(finding["says"])


def test_the_evidence_is_erased_when_its_time_is_over(late: Search) -> None:
    lapsed = LapsedSearch.objects.get()
    (blob,) = lapsed.blobs
    assert erase_evidence() == 0
    LapsedSearch.objects.update(until=timezone.now() + MINUTE)
    assert erase_evidence() == 0
    LapsedSearch.objects.update(until=timezone.now())
    assert erase_evidence() == 1
    assert erase_evidence() == 0
    lapsed.refresh_from_db()
    assert (bytes(lapsed.sealed), lapsed.blobs) == (b"", [])
    assert not services().blobs.exists(blob)
    assert entries("search.lapse_erased")[0].subject["search"] == late.public_id
    assert rule_of(view_evidence, late.public_id, acting_member=person("auditor")) == "lapsed.unknown"


def test_a_new_agency_has_no_urgent_searches_until_its_head_wants_them() -> None:
    assert parse(NEW_AGENCY).urgent is False


def test_the_auditor_sees_probe_and_list_on_a_page_and_nobody_else_does(late: Search) -> None:
    people()
    auditor = signed_in("auditor")
    flag = Flag.objects.get()
    assert f"/lapsed/{late.public_id}/" in auditor.get(f"/flags/{flag.public_id}/").content.decode()
    assert auditor.get(f"/lapsed/{late.public_id}/probe.jpg").status_code == 404  # before the view is in the log
    page = auditor.get(f"/lapsed/{late.public_id}/")
    assert page.status_code == 200
    assert "find the rider" in page.content.decode()
    assert auditor.get(f"/lapsed/{late.public_id}/probe.jpg").status_code == 200
    for name in ("examiner", "supervisor", "admin"):
        assert signed_in(name).get(f"/lapsed/{late.public_id}/").status_code == 403


def test_the_sealed_evidence_is_unreadable_in_the_database(late: Search) -> None:
    sealed = bytes(LapsedSearch.objects.get().sealed)
    for plain in (b"rider", b"life", json.dumps("C-1").encode()):
        assert plain not in sealed
