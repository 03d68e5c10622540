"""A search that one agency makes for another: asked, authorised, taken, searched, answered; both rules, both in the log."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pypdf import PdfReader
from tests.factories.models import collins, scaled
from tests.factories.power import change_policy
from tests.factories.sharing import (
    ASKER,
    WHY,
    asked,
    draft,
    lead_for,
    reached,
    searched,
    taken,
    theirs,
    wish,
    world,
)
from tests.factories.work import at, entries, person, probe, search, write

from plainview.casework.alerts.open import alert_from_search
from plainview.casework.cases.open_close import close_case
from plainview.casework.leads.outcomes import remind_outcomes
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.log.explorer import Wanted
from plainview.casework.log.explorer import entries as shown_entries
from plainview.casework.models import Agency, Candidate, Gallery, Outcome, Search, SharedRequest
from plainview.casework.people.members import deactivate
from plainview.casework.probes.approvals import decide_approval
from plainview.casework.probes.photographs import add_photograph
from plainview.casework.probes.preparations import discard
from plainview.casework.rights.read import searches_listing
from plainview.casework.sharing.ends import decline, refuse_authorisation, sweep_requests, take_back
from plainview.casework.sharing.read import candidates_given, live_search, probe_shown, requests, waiting
from plainview.casework.sharing.requests import ask_approval, authorise_request, make_request, take, view_request
from plainview.casework.sharing.search import answer_request, report_shared_outcome, search_shared
from plainview.casework.workspace.services import services
from plainview.policy.agency import SAMPLE
from plainview.policy.decision import Refused
from plainview.policy.examination import REMIND_DAYS
from plainview.policy.permissions import Permission
from plainview.storage.base import digest_of
from plainview.worker.clock import every_minute

DAY = timedelta(days=1)


def refused(act: Any, *arguments: Any, **options: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*arguments, **options)
    return caught.value


def test_the_whole_way_to_a_lead_and_its_outcome_names_both_agencies(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path, world(tmp_path))
    request = found.shared_request
    assert request is not None
    assert (found.case, found.case.agency) == (request.mirror, person("admin").agency)

    lead = lead_for(found)
    text = PdfReader(BytesIO(make_sheet(lead, acting_member=person("supervisor")).pdf)).pages[0].extract_text()
    assert f"{ASKER}, request {request.public_id}" in text
    request = answer_request(request.public_id, acting_member=person("examiner"))
    assert (request.closed_as, request.result) == ("answered", "lead")
    (row,) = candidates_given(request)
    assert row.lead is not None
    assert row.lead.public_id == lead
    with at(timezone.now() + REMIND_DAYS * DAY):
        assert remind_outcomes() == [lead]
        report_shared_outcome(request.public_id, lead, "cleared", acting_member=theirs("examiner"))
    (letter,) = (letter for letter in mail.outbox if letter.to == ["examiner@rivertown.example"])
    assert request.public_id in letter.body
    assert Outcome.objects.get().reported_by == theirs("examiner")
    asker = Agency.objects.get(name=ASKER)
    holder = person("admin").agency
    for action in (
        "agreement.proposed",
        "agreement.accepted",
        "shared.requested",
        "shared.authorised",
        "shared.taken",
        "search.requested",
        "search.answered",
        "examination.recorded",
        "lead.released",
        "shared.answered",
        "shared.closed",
        "outcome.reported",
    ):
        subject = entries(action)[-1].subject
        assert (subject["agency"], subject["for_agency"]) == (holder.public_id, asker.public_id), action
    counted = [row for row in entries("shared.authorised") if row.subject["for_agency"] == asker.public_id]
    assert len(counted) == 1
    # Its case here is closed with the answer, but the other agency still investigates: the person is not told yet.
    shown = [row.reference for row in Candidate.objects.filter(search=found)]
    found.case.refresh_from_db()
    assert found.case.closed_at is not None
    assert searches_listing(shown) == ([], 1)
    with at(timezone.now() + REMIND_DAYS * DAY):
        close_case("R-1", acting_member=theirs("examiner"))
    (once,), withheld = searches_listing(shown)
    assert (once.for_agency, once.lead, withheld) == (ASKER, True, 0)
    for auditor in (person("auditor"), theirs("auditor")):
        told, _ = shown_entries(auditor, Wanted(action="search.answered"))
        assert [row.entry.subject["for_agency"] for row in told] == [asker.public_id]


def test_nobody_authorises_their_own_and_nothing_goes_out_before(workspace: Path, tmp_path: Path) -> None:
    request = asked(tmp_path, world())
    assert requests(person("examiner"), asked_by_us=False) == []
    assert refused(view_request, request.public_id, acting_member=person("examiner")).rule_id == "shared.unknown"
    assert refused(take, request.public_id, acting_member=person("examiner")).rule_id == "shared.unknown"
    both = theirs("examiner")
    both.roles = ["examiner", "supervisor"]
    both.save()
    assert refused(authorise_request, request.public_id, acting_member=both).rule_id == "member.own_act"
    assert refused(refuse_authorisation, request.public_id, reason=WHY, acting_member=both).rule_id == "member.own_act"
    assert [row.request for row in waiting(theirs("supervisor"), Permission.SHARED_AUTHORISE)] == [request]
    refuse_authorisation(request.public_id, reason=WHY, acting_member=theirs("supervisor"))
    assert refused(authorise_request, request.public_id, acting_member=theirs("supervisor")).rule_id == "shared.closed"
    assert refused(view_request, request.public_id, acting_member=person("examiner")).rule_id == "shared.unknown"
    assert entries("shared.authorised") == []


def test_a_second_click_is_the_same_request_and_the_same_search(workspace: Path, tmp_path: Path) -> None:
    made = world(tmp_path)
    probe_id = draft(tmp_path)
    first = make_request(probe_id, wish(made), acting_member=theirs("examiner"))
    assert make_request(probe_id, wish(made), acting_member=theirs("examiner")) == first
    discard(probe_id, acting_member=theirs("examiner"))
    authorise_request(first.public_id, acting_member=theirs("supervisor"))
    take(first.public_id, acting_member=person("examiner"))
    found = search_shared(first.public_id, acting_member=person("examiner"))
    assert search_shared(first.public_id, acting_member=person("examiner")) == found
    assert len(entries("search.requested")) == 1


def test_what_must_hold_of_the_request_itself(workspace: Path, tmp_path: Path) -> None:
    made = world(offences=["Robbery"], purposes=["find the rider"], askers=["Examiner@Rivertown.example"])
    probe_id, other = draft(tmp_path), draft(tmp_path, number="R-2", offence="arson")

    def rule(draft_id: str = probe_id, who: str = "examiner", **changed: Any) -> str:
        return refused(make_request, draft_id, wish(made, **changed), acting_member=theirs(who)).rule_id

    assert rule(gallery="other") == "shared.gallery"
    assert rule(purpose="find his car") == "shared.purpose"
    assert rule(authority=" ") == "shared.authority"
    assert rule(top=51) == "search.list_length"
    assert rule(other) == "shared.offence"
    assert rule(who="second") == "preparation.unknown"
    assert rule(agreement="G000000000000") == "agreement.unknown"
    assert rule(who="supervisor") == "preparation.unknown"
    close_case("R-1", acting_member=theirs("examiner"))
    assert rule() == "shared.case"
    assert not SharedRequest.objects.exists()
    assert {row.subject["rule"] for row in entries("shared.request.refused")} >= {
        "shared.gallery",
        "shared.case",
    }


def test_the_policies_of_both_agencies_bind_and_the_refusal_names_which(workspace: Path, tmp_path: Path) -> None:
    request = taken(tmp_path, world(tmp_path))
    examiner = person("examiner")

    def said() -> Refused:
        return refused(search_shared, request.public_id, acting_member=examiner)

    theirs_only = SAMPLE.replace("unlisted_purposes = true", "unlisted_purposes = false")
    change_policy(theirs_only, reason="tests", acting_member=theirs("admin"))
    told = said()
    assert (told.rule_id, told.what) == (
        "search.purpose_unlisted",
        f"Search refused under the rules of {ASKER}",
    )
    assert "find a missing person" not in f"{told.why} {told.next_step}"
    change_policy(SAMPLE, reason="tests", acting_member=theirs("admin"))
    change_policy(theirs_only, reason="tests", acting_member=person("admin"))
    told = said()
    name = person("admin").agency.name
    assert (told.rule_id, told.what) == (
        "search.purpose_unlisted",
        f"Search refused under the rules of {name}",
    )
    change_policy(
        SAMPLE.replace("preapproval = []", 'preapproval = ["robbery"]'),
        reason="tests",
        acting_member=person("admin"),
    )
    assert said().rule_id == "search.approval_needed"
    wanted = ask_approval(request.public_id, acting_member=examiner)
    decide_approval(wanted.public_id, grant=True, reason="", acting_member=person("supervisor"))
    assert search_shared(request.public_id, acting_member=examiner).approval == wanted
    assert {row.subject["shared_request"] for row in entries("search.refused")} == {request.public_id}
    assert [row.subject["rule"] for row in entries("search.refused")] == [
        "search.purpose_unlisted",
        "search.purpose_unlisted",
        "search.approval_needed",
    ]


def test_taking_needs_training_an_offence_of_ones_own_list_and_only_the_taker_works(
    workspace: Path, tmp_path: Path
) -> None:
    request = reached(tmp_path, world())
    examiner = person("examiner")
    change_policy(
        SAMPLE.replace('curriculum"\nhours = 24', 'curriculum"\nhours = 999'),
        reason="tests",
        acting_member=person("admin"),
    )
    assert refused(take, request.public_id, acting_member=examiner).rule_id == "member.training"
    change_policy(
        SAMPLE.replace("unlisted_offences = true", "unlisted_offences = false").replace('"robbery", ', ""),
        reason="tests",
        acting_member=person("admin"),
    )
    assert refused(take, request.public_id, acting_member=examiner).rule_id == "case.offence_unlisted"
    change_policy(SAMPLE, reason="tests", acting_member=person("admin"))
    assert refused(search_shared, request.public_id, acting_member=examiner).rule_id == "shared.not_taken"
    take(request.public_id, acting_member=examiner)
    assert refused(take, request.public_id, acting_member=examiner).rule_id == "shared.taken"
    assert refused(answer_request, request.public_id, acting_member=examiner).rule_id == "shared.not_searched"
    assert refused(search_shared, request.public_id, acting_member=theirs("examiner")).rule_id == "shared.not_taken"
    assert not Search.objects.exists()


def test_the_case_that_stands_for_anothers_is_searched_by_its_request_only(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path, world(tmp_path))
    image = probe(tmp_path, "mine.png")
    assert refused(search, image, case=found.case.number).rule_id == "shared.mirror"
    told = refused(alert_from_search, found.public_id, ["g"], days=5, acting_member=person("examiner"))
    assert told.rule_id == "shared.mirror"


def test_who_asked_is_suspended_and_the_gallery_expires(workspace: Path, tmp_path: Path) -> None:
    request = taken(tmp_path, world())
    examiner = person("examiner")
    Gallery.objects.update(expires_on=date(2026, 1, 1))
    told = refused(search_shared, request.public_id, acting_member=examiner)
    assert told.rule_id == "gallery.expired"
    assert person("admin").agency.name in told.what
    Gallery.objects.update(expires_on=date(2999, 1, 1))
    deactivate("examiner@rivertown.example", reason="left", acting_member=theirs("admin"))
    assert refused(search_shared, request.public_id, acting_member=examiner).rule_id == "shared.member"
    Agency.objects.filter(name=ASKER).update(suspended_at=timezone.now())
    assert refused(search_shared, request.public_id, acting_member=examiner).rule_id == "shared.agency"
    assert not Search.objects.exists()


def test_nothing_found_waits_until_every_candidate_is_decided(workspace: Path, tmp_path: Path) -> None:
    from tests.factories.examination import examined

    from plainview.casework.leads.decide import withhold

    found = searched(tmp_path, world(tmp_path))
    request, examiner = found.shared_request, person("examiner")
    assert request is not None
    assert refused(answer_request, request.public_id, acting_member=examiner).rule_id == "shared.not_examined"
    row = examined(found.public_id)
    assert refused(answer_request, request.public_id, acting_member=examiner).rule_id == "shared.undecided"
    withhold(row, "he was in prison", acting_member=person("supervisor"))
    done = answer_request(request.public_id, acting_member=examiner)
    assert (done.result, candidates_given(done)) == ("nothing found", [])
    assert live_search(done) == found
    lead = refused(report_shared_outcome, done.public_id, "L000000000000", "cleared", acting_member=theirs("examiner"))
    assert lead.rule_id == "lead.unknown"


def test_the_candidate_list_is_given_where_the_agreement_says_so(workspace: Path, tmp_path: Path) -> None:
    found = searched(tmp_path, world(tmp_path, gives="list"))
    assert found.shared_request is not None
    assert candidates_given(found.shared_request) == []
    done = answer_request(found.shared_request.public_id, acting_member=person("examiner"))
    assert done.result == "candidate list"
    assert [row.candidate.rank for row in candidates_given(done)] == [1, 2]


def test_requests_end_and_both_sides_are_told(workspace: Path, tmp_path: Path) -> None:
    made = world(answer_days=3)
    declined, back, late, closed = (
        authorise_request(
            make_request(draft(tmp_path, number=f"R-{n}"), wish(made), acting_member=theirs("examiner")).public_id,
            acting_member=theirs("supervisor"),
        )
        for n in (1, 2, 3, 4)
    )
    assert (
        refused(decline, declined.public_id, reason="no", acting_member=person("examiner")).rule_id
        == "examination.explain"
    )
    every_minute()
    mail.outbox.clear()
    decline(declined.public_id, reason=WHY, acting_member=person("examiner"))
    take_back(back.public_id, reason=WHY, acting_member=theirs("second"))
    every_minute()
    told = {(letter.to[0], letter.body.splitlines()[0]) for letter in mail.outbox}
    assert (
        "examiner@rivertown.example",
        f"Request {declined.public_id} is over: declined. Sign in to see it:",
    ) in told
    assert (
        "examiner@agency.example",
        f"Request {back.public_id} is over: taken back. Sign in to see it:",
    ) in told
    assert not any("robbery" in letter.body or "R-1" in letter.body for letter in mail.outbox)
    assert not probe_shown(SharedRequest.objects.get(pk=declined.pk), person("examiner"))
    assert sweep_requests() == []
    close_case("R-4", acting_member=theirs("examiner"))
    assert sweep_requests() == [closed.public_id]
    with at(timezone.now() + 3 * DAY + timedelta(minutes=1)):
        assert refused(take, late.public_id, acting_member=person("examiner")).rule_id == "shared.expired"
        assert sweep_requests() == [late.public_id]
        assert refused(take, late.public_id, acting_member=person("examiner")).rule_id == "shared.closed"
    assert [row.subject["as"] for row in entries("shared.closed")] == [
        "declined",
        "taken back",
        "taken back",
        "expired",
    ]


def test_a_request_has_every_photograph_of_its_probe_whatever_happens_to_the_draft(
    workspace: Path, tmp_path: Path
) -> None:
    made, prepared = world(tmp_path), draft(tmp_path)
    more = write(scaled(collins(), 0.6), tmp_path / "more.png").read_bytes()
    add_photograph(prepared, "more.png", more, acting_member=theirs("examiner"))
    request = make_request(prepared, wish(made), acting_member=theirs("examiner"))
    assert entries("shared.requested")[-1].subject["photographs"] == 2
    discard(prepared, acting_member=theirs("examiner"))
    authorise_request(request.public_id, acting_member=theirs("supervisor"))
    take(request.public_id, acting_member=person("examiner"))
    found = search_shared(request.public_id, acting_member=person("examiner"))
    assert [(frame.provenance["photograph"], frame.blob) for frame in found.frames.all()] == [
        ("more.png", digest_of(more))
    ]
    assert entries("search.requested")[-1].subject["frames"] == 2
    assert services().blobs.get(digest_of(more)) == more
