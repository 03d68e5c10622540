"""An exoneration review: asked for, accepted, searched for its own purpose alone, answered with who else the lists hold."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from tests.factories.examination import examined
from tests.factories.outsiders import client_of, defence
from tests.factories.work import case, entries, person, ready, search

from plainview.casework.alerts.open import create_alert
from plainview.casework.cases.open_close import close_case
from plainview.casework.disclosure import kept_packages as packages
from plainview.casework.disclosure.read import compared, in_words
from plainview.casework.disclosure.reviews import answer_review, ask_review, decide_review, prepare_review
from plainview.casework.models import DisclosurePackage, Member, Reference, Search
from plainview.casework.probes.preparations import save
from plainview.casework.probes.probe import prepare_probe
from plainview.casework.search.prepared import search_prepared
from plainview.casework.search.run import Request
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.disclosure import EXONERATION
from plainview.worker.tasks import run_job


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    return search(ready(tmp_path)).search.public_id


@pytest.mark.long
def test_from_the_request_of_the_defence_to_the_answer(found: str, tmp_path: Path) -> None:
    supervisor, examiner = person("supervisor"), person("examiner")
    counsel = defence(found)
    client = client_of(counsel)
    asked = {
        "requester": "Ada Counsel",
        "body": "the defence of B",
        "reason": "he was abroad",
        "charged_rank": "2",
    }
    answer = client.post(f"/searches/{found}/review/", asked)
    assert answer["Location"] == f"/disclosures/{found}/", answer.content
    review = Search.objects.get(public_id=found).reviews.get()
    with pytest.raises(Refused, match=r"review\.waits"):
        ask_review(found, "a", "b", "he was abroad", acting_member=supervisor)
    # Not accepted yet: it cannot be searched, with the purpose or without.
    for purpose, number, rule in (
        (EXONERATION, "", r"search\.review_missing"),
        (EXONERATION, review.public_id, r"review\.not_open"),
    ):
        with pytest.raises(Refused, match=rule):
            search(tmp_path / "probe.png", purpose=purpose, review=number)
    with pytest.raises(Refused, match=r"search\.review_missing"):
        create_alert(
            prepare_probe(tmp_path / "probe.png"),
            Request("C-1", EXONERATION, ""),
            ["g"],
            days=5,
            acting_member=examiner,
        )
    decide_review(review.public_id, accept=True, reason="", acting_member=supervisor)
    with pytest.raises(Refused, match=r"search\.review_purpose"):
        search(tmp_path / "probe.png", review=review.public_id)
    case("C-2")
    with pytest.raises(Refused, match=r"review\.other_case"):
        search(tmp_path / "probe.png", case="C-2", purpose=EXONERATION, review=review.public_id)
    with pytest.raises(Refused, match=r"review\.steps"):
        answer_review(review.public_id, acting_member=supervisor)
    # Whoever decided knows who is charged, and does not search.
    Member.objects.filter(pk=supervisor.pk).update(roles=["examiner", "supervisor"])
    with pytest.raises(Refused, match=r"review\.aware"):
        prepare_review(review.public_id, acting_member=supervisor)
    # The examiner is not told who is charged, and works after the case was closed.
    close_case("C-1", acting_member=supervisor)
    draft = prepare_review(review.public_id, acting_member=examiner)
    save(draft.public_id, {"purpose": "something else", "galleries": ["g"], "top": 2}, acting_member=examiner)
    (made,) = search_prepared(draft.public_id, acting_member=examiner)
    assert (made.purpose, made.review, made.probe_blob) == (EXONERATION, review, review.search.probe_blob)
    assert entries("search.requested")[-1].subject["review"] == review.public_id
    with pytest.raises(Refused, match=r"review\.steps"):
        answer_review(review.public_id, acting_member=supervisor)
    examined(made.public_id, 1)
    done = answer_review(review.public_id, acting_member=supervisor)
    hopper = Reference.objects.get(file_name="hopper.png").public_id
    told = done.answer
    assert told is not None
    assert (told["charged"], told["charged_rank_before"], len(told["ranked_above_before"])) == (hopper, 2, 1)
    (row,) = told["searches"]
    assert (row["search"], row["charged_rank"], row["another_person"]) == (made.public_id, 2, False)
    assert (len(told["in_both"]), told["only_now"]) == (2, [])
    assert "Put forward from it: 1 other." in told["says"]
    assert entries("exoneration.answered")[-1].subject["in_both"] == 2
    # It goes back to whoever asked, and into the package.
    assert client.get(f"/disclosures/{made.public_id}/").status_code == 200
    assert told["says"] in client.get(f"/disclosures/{found}/").content.decode()
    job = packages.ask_package(found, acting_member=supervisor)
    run_job(job.pk)
    blob = DisclosurePackage.objects.get(pk=job.subject).blob
    with zipfile.ZipFile(io.BytesIO(services().blobs.get(blob))) as pack:
        assert json.loads(pack.read("reviews.json"))[0]["answer"]["says"] == told["says"]
        listed = json.loads(pack.read("case.json"))["other_searches"]
    assert [one["review"] for one in listed] == [True]


def test_a_request_that_says_too_little_or_is_declined(found: str) -> None:
    supervisor = person("supervisor")
    for rule, fields in {
        r"review\.incomplete": {"requester": " "},
        r"examination\.explain": {"reason": "please"},
        r"review\.rank": {"charged_rank": 3},
    }.items():
        wanted = {"requester": "R", "body": "B", "reason": "he was abroad", "charged_rank": None} | fields
        with pytest.raises(Refused, match=rule):
            ask_review(found, acting_member=supervisor, **wanted)  # type: ignore[arg-type]
    review = ask_review(found, "R", "a commission", "he was abroad", acting_member=supervisor)
    with pytest.raises(Refused, match=r"examination\.explain"):
        decide_review(review.public_id, accept=False, reason="no", acting_member=supervisor)
    decide_review(review.public_id, accept=False, reason="the court has decided it", acting_member=supervisor)
    with pytest.raises(Refused, match=r"review\.decided"):
        decide_review(review.public_id, accept=True, reason="", acting_member=supervisor)
    again = ask_review(found, "R", "a commission", "there is a new witness", acting_member=supervisor)
    assert compared(again)["charged"] is None


def test_the_comparison_in_words() -> None:
    row = {
        "gallery": "g",
        "candidates": 10,
        "charged_rank": None,
        "ranked_above": [],
        "put_forward": ["R2", "R3"],
    }
    told = in_words(
        {
            "charged": "R1",
            "charged_rank_before": 8,
            "candidates_before": 10,
            "searches": [row],
            "in_both": ["R4"],
            "only_now": ["R5", "R6"],
            "only_before": ["R1"],
        }
    )
    assert told == (
        "The person charged was rank 8 of 10, with 7 others above. In the new search of g: not in the list of 10. "
        "Put forward from it: 2 others. In both lists: 1; only in the first: 1; only in the new one: 2."
    )
