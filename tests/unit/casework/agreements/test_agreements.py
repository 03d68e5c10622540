"""Agreements: proposed, accepted, changed, withdrawn; and a search under one that ends while it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.factories.refusals import rule_of
from tests.factories.sharing import (
    ASKER,
    WHY,
    agency,
    empty_gallery,
    lead_for,
    proposal,
    searched,
    taken,
    theirs,
    world,
)
from tests.factories.work import at, entries, person

import plainview.casework.gate.compare as gate
import plainview.casework.search.run as searching
from plainview.casework.agreements.read import agreement_shown, agreements
from plainview.casework.log.read import verify_log
from plainview.casework.models import Agreement, Candidate, Search, SharedRequest
from plainview.casework.sharing.agree import accept, propose, propose_version, withdraw
from plainview.casework.sharing.ends import sweep_requests
from plainview.casework.sharing.read import candidates_given, live_search, withheld_searches
from plainview.casework.sharing.search import ABANDONED, answer_request, search_shared

DAY = timedelta(days=1)


def test_what_both_wanted_binds_and_every_version_is_kept(workspace: Path, tmp_path: Path) -> None:
    empty_gallery()
    agency()
    admin, boss = person("admin"), theirs("admin")
    made = propose(ASKER, proposal(), acting_member=admin)
    assert agreement_shown(made.public_id, boss).state == "not accepted yet"
    assert rule_of(accept, made.public_id, 1, acting_member=admin) == "agreement.other_side"
    assert rule_of(accept, made.public_id, 2, acting_member=boss) == "agreement.version"
    accept(made.public_id, 1, acting_member=boss)
    assert rule_of(accept, made.public_id, 1, acting_member=boss) == "agreement.version"
    assert rule_of(propose_version, made.public_id, proposal(), acting_member=boss) == "agreement.other_side"
    propose_version(made.public_id, proposal(offences=["arson"]), acting_member=admin)
    (row,) = agreements(boss)
    assert row.version is not None
    assert row.proposed is not None
    assert (row.version.number, row.proposed.number, row.in_force) == (1, 2, True)
    accept(made.public_id, 2, acting_member=boss)
    (row,) = agreements(admin)
    assert row.version is not None
    assert (row.version.offences, [one.number for one in row.versions]) == (["arson"], [2, 1])
    assert rule_of(withdraw, made.public_id, reason="no", acting_member=boss) == "examination.explain"
    withdraw(made.public_id, reason=WHY, acting_member=boss)
    assert rule_of(propose_version, made.public_id, proposal(), acting_member=admin) == "agreement.over"
    assert rule_of(withdraw, made.public_id, reason=WHY, acting_member=admin) == "agreement.over"


def test_what_no_agreement_may_say(workspace: Path, tmp_path: Path) -> None:
    empty_gallery()
    agency()
    today = timezone.now().date()

    def rule(other: str = ASKER, **changed: Any) -> str:
        return rule_of(propose, other, proposal(**changed), acting_member=person("admin"))

    assert rule(person("admin").agency.name) == "agency.unknown"
    assert rule("Nowhere") == "agency.unknown"
    assert rule(galleries=[]) == "agreement.galleries"
    assert rule(galleries=["g", "theirs"]) == "gallery.unknown"
    assert rule(ends_on=today - DAY) == "agreement.days"
    assert rule(ends_on=today + 1099 * DAY) == "agreement.days"
    assert rule(gives="everything") == "agreement.gives"
    assert rule(answer_days=0) == "agreement.answer_days"
    assert rule(offences=["immigration status"]) == "search.ground"
    assert rule(askers=["nobody"]) == "member.address"
    assert rule_of(propose, ASKER, proposal(), acting_member=person("supervisor")) == "member.no_permission"
    assert not Agreement.objects.exists()


def test_a_newer_version_binds_what_is_under_way(workspace: Path, tmp_path: Path) -> None:
    made = world()
    request = taken(tmp_path, made)
    propose_version(made.public_id, proposal(offences=["arson"]), acting_member=person("admin"))
    accept(made.public_id, 2, acting_member=theirs("admin"))
    assert rule_of(search_shared, request.public_id, acting_member=person("examiner")) == "shared.offence"


@pytest.mark.parametrize("side", ["holder", "asker"])
def test_withdrawing_ends_at_once_what_is_open(workspace: Path, tmp_path: Path, side: str) -> None:
    made = world()
    request = taken(tmp_path, made)
    admin = person("admin") if side == "holder" else theirs("admin")
    withdraw(made.public_id, reason=WHY, acting_member=admin)
    assert rule_of(search_shared, request.public_id, acting_member=person("examiner")) == "agreement.withdrawn"
    held = SharedRequest.objects.get()
    assert held.closed_as == "agreement ended"
    assert held.mirror is not None
    assert held.mirror.closed_at is not None
    entry = entries("agreement.withdrawn")[-1]
    assert entry.subject["requests"] == [request.public_id]
    assert entry.subject["by_agency"] == admin.agency.public_id
    assert not Search.objects.exists()


def _withdrawn_by(made: Agreement, module: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Withdraw the agreement from the other side when the running search gets to this function."""
    step: Callable[..., Any] = getattr(module, name)

    def then(*arguments: Any, **options: Any) -> Any:
        found = step(*arguments, **options)
        withdraw(made.public_id, reason=WHY, acting_member=theirs("admin"))
        return found

    monkeypatch.setattr(module, name, then)


@pytest.mark.parametrize("step", ["template_of", "inspect"])
def test_an_agreement_that_ends_during_a_search_withholds_its_answer(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """`template_of` ends before a face is compared, `inspect` after all of them were and before the answer is recorded."""
    made = world(tmp_path)
    request = taken(tmp_path, made)
    compared = []
    real = searching.compare_all
    monkeypatch.setattr(searching, "compare_all", lambda *parts, **by: compared.append(1) or real(*parts, **by))
    _withdrawn_by(made, searching if step == "template_of" else gate, step, monkeypatch)
    assert rule_of(search_shared, request.public_id, acting_member=person("examiner")) == "agreement.withdrawn"
    assert len(compared) == (0 if step == "template_of" else 1)
    (found,) = withheld_searches(request)
    assert (found.answered_at, found.withheld_rule) == (None, "agreement.withdrawn")
    assert not Candidate.objects.exists()
    order = [row.action for row in entries() if row.action.startswith(("search.", "agreement.withdrawn"))]
    assert order == ["search.requested", "agreement.withdrawn", "search.withheld"]
    withheld = entries("search.withheld")[-1].subject
    assert withheld["requested_in"] == found.request_entry
    assert withheld["for_agency"] == theirs("admin").agency.public_id
    assert verify_log().ok


def test_the_last_day_ends_a_search_that_runs_over_midnight(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = timezone.now().date()
    request = taken(tmp_path, world(tmp_path, ends_on=today))
    real, tomorrow = gate.inspect, timezone.now() + DAY

    def midnight(*parts: Any, **by: Any) -> Any:
        found = real(*parts, **by)
        monkeypatch.setattr(timezone, "now", lambda: tomorrow)
        return found

    monkeypatch.setattr(gate, "inspect", midnight)
    assert rule_of(search_shared, request.public_id, acting_member=person("examiner")) == "agreement.ended"
    assert sweep_requests() == [request.public_id]
    assert SharedRequest.objects.get().closed_as == "agreement ended"
    assert not Candidate.objects.exists()


def test_a_search_that_was_cut_off_is_made_anew_and_not_while_it_may_still_run(workspace: Path, tmp_path: Path) -> None:
    request, examiner = taken(tmp_path, world(tmp_path)), person("examiner")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "compare_all", killed)
        with pytest.raises(KeyboardInterrupt):
            search_shared(request.public_id, acting_member=examiner)
    assert rule_of(search_shared, request.public_id, acting_member=examiner) == "shared.running"
    with at(timezone.now() + ABANDONED + timedelta(seconds=1)):
        again = search_shared(request.public_id, acting_member=examiner)
    (first,) = withheld_searches(request)
    assert first.withheld_rule == "shared.cut_off"
    assert again.answered_at is not None
    assert live_search(request) == again


def test_a_withdrawn_agreement_gives_no_answer_and_releases_no_lead(workspace: Path, tmp_path: Path) -> None:
    made = world(tmp_path)
    found = searched(tmp_path, made)
    assert found.shared_request is not None
    withdraw(made.public_id, reason=WHY, acting_member=person("admin"))
    request = found.shared_request.public_id
    assert rule_of(answer_request, request, acting_member=person("examiner")) == "agreement.withdrawn"
    assert rule_of(search_shared, request, acting_member=person("examiner")) == "agreement.withdrawn"
    assert rule_of(lead_for, found) == "agreement.withdrawn"
    assert candidates_given(SharedRequest.objects.get()) == []
