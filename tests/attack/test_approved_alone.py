"""An approval for one picture, used for a search with others: a probe with anything beside the approved picture is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.browser import signed_in
from tests.factories.clips import clip
from tests.factories.power import change_policy
from tests.factories.refusals import rule_of
from tests.factories.videos import take
from tests.factories.work import case, entries, gallery, person

from plainview.casework.models import Approval, Search, Video
from plainview.casework.probes.approvals import decide_approval, request_approval
from plainview.casework.probes.preparations import save
from plainview.casework.search.grounds import Urgent
from plainview.casework.search.prepared import search_prepared
from plainview.casework.search.run import Request, run_search
from plainview.casework.videos.read import Person, persons
from plainview.casework.videos.same import join_persons
from plainview.casework.videos.stills import best_others, draft_still, pick_still, prepare_still
from plainview.policy.agency import SAMPLE
from plainview.storage.base import digest_of

ASKED = Request("C-1", "find the rider", "g", origin="cctv")


@pytest.fixture
def video(workspace: Path, tmp_path: Path) -> Video:
    """A video of two people, in an agency where every search needs an approval."""
    case()
    gallery(tmp_path / "pictures")
    text = SAMPLE.replace("preapproval = []", 'preapproval = ["all"]')
    change_policy(text, reason="test", acting_member=person("admin"))
    return take(clip(frames=50).data)


def approved(still: str) -> Approval:
    """A supervisor's approval of this still."""
    digest = digest_of(pick_still(still, acting_member=person("examiner")).data)
    asked = request_approval("C-1", "find the rider", digest, acting_member=person("examiner"))
    return decide_approval(asked.public_id, grant=True, reason="", acting_member=person("supervisor"))


def best_of(who: Person) -> list[str]:
    return [still.public_id for still in sorted(who.stills, key=lambda still: -still.quality)][:3]


@pytest.mark.long
def test_an_approval_for_one_person_searches_no_frames_of_another(video: Video) -> None:
    examiner = person("examiner")
    first, second = persons(video)
    granted = approved(first.best.public_id)
    join_persons(video.public_id, [first.number, second.number], acting_member=examiner)
    probe = prepare_still(first.best.public_id, together_with=best_of(second), acting_member=examiner)
    assert (probe.photographs, probe.pictures) == (1, 1 + len(probe.further))
    assert probe.further
    assert rule_of(run_search, probe, ASKED, acting_member=examiner) == "search.approved_alone"
    assert entries("search.refused")[-1].subject["rule"] == "search.approved_alone"
    assert not Search.objects.exists()
    alone = prepare_still(first.best.public_id, acting_member=examiner)
    assert run_search(alone, ASKED, acting_member=examiner).search.approval == granted


@pytest.mark.long
def test_a_draft_with_further_frames_is_refused_before_they_are_picked(video: Video) -> None:
    examiner, still = person("examiner"), persons(video)[0].best
    granted = approved(still.public_id)
    draft = draft_still(still.public_id, together=True, acting_member=examiner)
    assert draft.provenance["with"] == [other.public_id for other in best_others(still)]
    save(draft.public_id, {"purpose": ASKED.purpose, "origin": "cctv", "galleries": ["g"]}, acting_member=examiner)
    picked = len(entries("still.picked"))
    rule = rule_of(search_prepared, draft.public_id, acting_member=examiner)
    assert (rule, len(entries("still.picked"))) == ("search.approved_alone", picked)
    client, page = signed_in("examiner"), f"/prepare/{draft.public_id}/"
    assert "An approval is for one frame" in client.get(page).content.decode()
    answer = client.post(
        f"{page}search/", {"purpose": ASKED.purpose, "origin": "cctv", "galleries": ["g"], "top": "10"}
    )
    assert "Search with the approved picture alone." in answer.content.decode()
    assert not Search.objects.exists()
    alone = draft_still(still.public_id, acting_member=examiner)
    save(alone.public_id, {"purpose": ASKED.purpose, "origin": "cctv", "galleries": ["g"]}, acting_member=examiner)
    (made,) = search_prepared(alone.public_id, acting_member=examiner)
    assert made.approval == granted


@pytest.mark.long
def test_an_urgent_search_with_further_frames_does_not_pass_as_approved(video: Video) -> None:
    examiner, still = person("examiner"), persons(video)[0].best
    approved(still.public_id)
    others = [other.public_id for other in best_others(still)]
    probe = prepare_still(still.public_id, together_with=others, acting_member=examiner)
    made = run_search(probe, ASKED, Urgent("a child is missing"), acting_member=examiner).search
    assert (made.approval, made.authorise_by is not None) == (None, True)
