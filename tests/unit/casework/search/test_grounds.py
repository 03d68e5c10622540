"""The grounds of a search: what each is now, what it asks again, what it says in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.factories.refusals import rule_of
from tests.factories.sharing import WHY, taken, theirs, world
from tests.factories.work import case, entries, person, ready, search

from plainview.casework.disclosure.reviews import ask_review, decide_review
from plainview.casework.models import (
    Agreement,
    Case,
    ExonerationReview,
    Member,
    ProbeTemplate,
    Search,
    SharedRequest,
)
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.grounds import (
    ORDINARY,
    ForAnotherAgency,
    Ground,
    GroundFacts,
    Review,
    Urgent,
    ground_of,
)
from plainview.casework.search.run import Request, run_search
from plainview.casework.sharing.agree import withdraw
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.disclosure import EXONERATION
from plainview.storage.base import StorageFull


class Spied(Ground):
    """A ground that notes what it is asked, and refuses when it is asked again."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def facts(self, case: Case | None, member: Member) -> GroundFacts:
        self.asked.append("facts")
        return GroundFacts(review=ExonerationReview(public_id="within"))

    def refusal_fields(self) -> dict[str, Any]:
        self.asked.append("refusal_fields")
        return {"within": True}

    def still_holds(self) -> None:
        self.asked.append("still_holds")
        raise Refused("ground.gone", "Not answered", "It is gone.", "Search again.")

    def withhold(self, search: Search, requested_in: int, refused: Refused, acting_member: Member) -> None:
        self.asked.append(f"withhold {requested_in} {refused.rule_id}")


def test_an_ordinary_ground_adds_nothing_but_keeps_off_a_case_that_stands_for_anothers() -> None:
    own, mirror = Case(number="C-1"), Case(number="M-1")
    mirror.mirrored = SharedRequest()
    facts = ORDINARY.facts(own, Member())
    assert facts == ORDINARY.facts(None, Member()) == GroundFacts()
    assert (facts.entry_fields(), facts.sealed_fields()) == ({"urgent": False, "review": None}, {})
    assert ORDINARY.refusal_fields() == {}
    ORDINARY.still_holds()
    for ground in (ORDINARY, Review("R"), Urgent("a child is missing"), Urgent("a child is missing", Review("R"))):
        assert rule_of(ground.facts, mirror, Member()) == "shared.mirror"


def test_an_urgent_ground_adds_its_reason_and_asks_the_ground_within_everything() -> None:
    within = Spied()
    urgent = Urgent("a child is missing", within)
    facts = urgent.facts(None, Member())
    assert facts.entry_fields() == {"urgent": True, "review": "within"}
    assert facts.sealed_fields() == {"urgent_reason": "a child is missing"}
    assert urgent.refusal_fields() == {"within": True}
    assert rule_of(urgent.still_holds) == "ground.gone"
    urgent.withhold(Search(), 7, Refused("rule", "What", "Why.", "Next."), Member())
    assert within.asked == ["facts", "refusal_fields", "still_holds", "withhold 7 rule"]


def test_the_stated_ground_is_the_smallest_that_says_it() -> None:
    assert ground_of() is ground_of(urgent="  ") is ORDINARY
    assert ground_of(urgent=" life at risk ") == Urgent("life at risk", ORDINARY)
    assert ground_of(review="R") == Review("R")
    assert ground_of(urgent="life at risk", review="R") == Urgent("life at risk", Review("R"))


@pytest.fixture
def image(workspace: Path, tmp_path: Path) -> Path:
    return ready(tmp_path)


def test_a_review_is_of_its_case_accepted_and_not_searched_by_who_knows_the_charged(image: Path) -> None:
    examiner, supervisor = person("examiner"), person("supervisor")
    case("C-2")
    own, other = Case.objects.get(number="C-1"), Case.objects.get(number="C-2")
    found = search(image).search.public_id
    review = ask_review(found, "R", "a commission", "he was abroad", acting_member=supervisor)
    ground = Review(review.public_id)
    assert rule_of(ground.facts, own, examiner) == "review.not_open"
    decide_review(review.public_id, accept=True, reason="", acting_member=supervisor)
    assert rule_of(ground.facts, other, examiner) == "review.other_case"
    assert rule_of(ground.facts, own, supervisor) == "review.aware"
    assert rule_of(Review("another").facts, own, examiner) == "review.unknown"
    facts = ground.facts(own, examiner)
    assert facts == GroundFacts(review=review)
    assert facts.entry_fields() == {"urgent": False, "review": review.public_id}
    both = search(image, review=review.public_id, purpose=EXONERATION, urgent=" a child is missing ").search
    assert (both.review, both.urgent_reason) == (review, "a child is missing")
    assert both.authorise_by is not None
    subject = entries("search.requested")[-1].subject
    assert (subject["urgent"], subject["review"]) == (True, review.public_id)


def test_a_ground_that_is_lost_while_the_search_runs_drops_the_answer_and_is_told(image: Path) -> None:
    ground = Spied()
    ground.facts = lambda case, member: GroundFacts()  # type: ignore[method-assign]
    wanted = Request("C-1", "find the rider", "g")
    with pytest.raises(Refused, match=r"ground\.gone"):
        run_search(prepare_probe(image), wanted, ground, acting_member=person("examiner"))
    found = Search.objects.get()
    assert ground.asked == ["refusal_fields", "still_holds", f"withhold {found.request_entry} ground.gone"]
    assert (found.answered_at, list(found.candidate_set.all())) == (None, [])
    assert entries("search.answered") == []


def test_a_ground_that_is_lost_at_the_answer_drops_it_and_keeps_what_the_inspection_looked_at(image: Path) -> None:
    ground, asked = Spied(), iter((None, Refused("ground.gone", "Not answered", "It is gone.", "Search again.")))
    ground.facts = lambda case, member: GroundFacts()  # type: ignore[method-assign]

    def still_holds() -> None:
        refused = next(asked)
        if refused is not None:
            raise refused

    ground.still_holds = still_holds  # type: ignore[method-assign]
    with pytest.raises(Refused, match=r"ground\.gone"):
        run_search(
            prepare_probe(image), Request("C-1", "find the rider", "g"), ground, acting_member=person("examiner")
        )
    recorded = Search.objects.get()
    assert ground.asked == ["refusal_fields", f"withhold {recorded.request_entry} ground.gone"]
    assert (recorded.answered_at, list(recorded.candidate_set.all())) == (None, [])
    assert ProbeTemplate.objects.filter(search=recorded).exists()
    assert entries("search.answered") == entries("search.refused") == []


def test_a_search_whose_probe_cannot_be_stored_is_not_recorded(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = StorageFull("The disk is full.", "Free space.")

    def put_many(blobs: Any) -> list[str]:
        raise full

    monkeypatch.setattr(services().blobs, "put_many", put_many)
    with pytest.raises(StorageFull):
        run_search(prepare_probe(image), Request("C-1", "find the rider", "g"), acting_member=person("examiner"))
    assert not Search.objects.exists()
    assert entries("search.requested") == []


def test_another_agencys_request_holds_for_its_taker_its_case_and_while_the_agreement_does(
    workspace: Path, tmp_path: Path
) -> None:
    agreement: Agreement = world()
    request, examiner = taken(tmp_path, agreement), person("examiner")
    ground, mirror = ForAnotherAgency(request.public_id), request.mirror
    case()
    assert rule_of(ground.facts, Case.objects.get(number="C-1"), examiner) == "case.unknown"
    assert rule_of(ground.facts, mirror, person("verifier")) == "shared.not_taken"
    facts = ground.facts(mirror, examiner)
    named = {
        "shared_request": request.public_id,
        "agency": examiner.agency.public_id,
        "for_agency": theirs("admin").agency.public_id,
    }
    assert facts == GroundFacts(shared=request)
    assert facts.entry_fields() == {"urgent": False, "review": None, **named}
    assert ground.refusal_fields() == named
    assert ForAnotherAgency("nothing").refusal_fields() == {}
    ground.still_holds()
    withdraw(agreement.public_id, reason=WHY, acting_member=theirs("admin"))
    assert rule_of(ground.still_holds) == "agreement.withdrawn"
    assert rule_of(ground.facts, mirror, examiner) == "agreement.withdrawn"
