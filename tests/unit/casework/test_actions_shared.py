"""A search that one agency makes for another: asked, authorised, taken, searched, answered; both rules, both in the log."""

from __future__ import annotations

from pathlib import Path

from tests.factories.sharing import (
    ASKER,
    lead_for,
    searched,
    theirs,
    world,
)
from tests.factories.work import entries, person

from plainview.casework.actions.shared_search import answer_request, report_shared_outcome
from plainview.casework.models import Agency, Outcome
from plainview.casework.queries.shared_counts import shared_counts
from plainview.casework.queries.sharing import given


def test_the_whole_way_to_a_lead_and_its_outcome(workspace: Path, tmp_path: Path) -> None:
    search = searched(tmp_path, world(tmp_path))
    request = search.shared_request
    assert request is not None
    assert search.case.agency == person("admin").agency
    assert search.case == request.mirror
    assert search.case.number == request.public_id
    lead = lead_for(search)
    request = answer_request(request.public_id, acting_member=person("examiner"))
    assert (request.closed_as, request.result) == ("answered", "lead")
    (row,) = given(request)
    assert row.lead is not None
    assert row.lead.public_id == lead
    report_shared_outcome(request.public_id, lead, "cleared", acting_member=theirs("examiner"))
    assert Outcome.objects.get().reported_by == theirs("examiner")
    pair = (person("admin").agency.public_id, Agency.objects.get(name=ASKER).public_id)
    for action in (
        "agreement.proposed", "agreement.accepted", "shared.requested", "shared.authorised", "case.opened", "shared.taken",
        "search.requested", "search.answered", "examination.recorded", "lead.released", "shared.answered",
        "shared.closed", "outcome.reported",
    ):  # fmt: skip
        subject = entries(action)[-1].subject
        assert (subject["agency"], subject["for_agency"]) == pair, action
    holder, asker = shared_counts(person("admin").agency), shared_counts(Agency.objects.get(name=ASKER))
    assert asker["requests_made"]["by_agency"] == {"Sample agency": 1} or asker["requests_made"]["total"] == 1
    assert holder["requests_received"]["total"] == 1
