"""A review that nobody verified is not answered, and whoever reads its answer is not the blind second."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.outsiders import client_of
from tests.factories.verification import another, answered, examined
from tests.factories.work import entries, person, ready, search

from plainview.casework.disclosure.reviews import answer_review, ask_review, decide_review, prepare_review
from plainview.casework.examination.assign import assign_waiting
from plainview.casework.examination.seen import disagreements, who_has_seen
from plainview.casework.leads.decide import withhold
from plainview.casework.models import ExonerationReview, Member, Search
from plainview.casework.probes.preparations import save
from plainview.casework.search.prepared import search_prepared
from plainview.policy.decision import Refused
from plainview.policy.examination import NOT, POTENTIAL


@pytest.fixture
def review(workspace: Path, tmp_path: Path) -> ExonerationReview:
    """A review whose search was run and not examined, in an agency without another trained member."""
    found = search(ready(tmp_path)).search.public_id
    supervisor, examiner = person("supervisor"), person("examiner")
    asked = ask_review(found, "Ada", "the defence", "he was abroad then", charged_rank=2, acting_member=supervisor)
    decide_review(asked.public_id, accept=True, reason="", acting_member=supervisor)
    draft = prepare_review(asked.public_id, acting_member=examiner)
    save(draft.public_id, {"galleries": ["g"], "top": 2}, acting_member=examiner)
    search_prepared(draft.public_id, acting_member=examiner)
    Member.objects.filter(pk=person("verifier").pk).update(is_active=False)
    return asked


def made(review: ExonerationReview) -> Search:
    return Search.objects.get(review=review)


def why_not(review: ExonerationReview) -> str:
    with pytest.raises(Refused, match=r"review\.steps") as caught:
        answer_review(review.public_id, acting_member=person("supervisor"))
    return caught.value.why


def test_an_answer_waits_for_the_blind_second(review: ExonerationReview) -> None:
    assert "waits for an examiner" in why_not(review)
    row = examined(made(review).public_id)
    assert not row.verifications.exists()
    why = why_not(review)
    assert "waits for a second person who is trained" in why
    page = client_of(person("supervisor")).get(f"/exonerations/{review.public_id}/").content.decode()
    assert f"<li>{why.removeprefix('A step is missing: ')}</li>" in page
    another("second@agency.example")
    assert assign_waiting() == 1
    assert "waits for its verifier" in why_not(review)
    answered(row.verifications.get(), POTENTIAL)
    done = answer_review(review.public_id, acting_member=person("supervisor"))
    assert done.answered_at is not None


def test_a_disagreement_waits_for_a_supervisor(review: ExonerationReview) -> None:
    another("second@agency.example")
    row = examined(made(review).public_id)
    answered(row.verifications.get(), NOT)
    assert "disagreed" in why_not(review)
    withhold(row.public_id, "the verifier saw another ear", acting_member=person("supervisor"))
    assert answer_review(review.public_id, acting_member=person("supervisor")).answered_at is not None


def test_withholding_does_not_stand_in_for_the_blind_second(review: ExonerationReview) -> None:
    row = examined(made(review).public_id)
    withhold(row.public_id, "nobody here can verify it", acting_member=person("supervisor"))
    assert "waits for a second person" in why_not(review)
    another("second@agency.example")
    assert assign_waiting() == 1
    answered(row.verifications.get(), POTENTIAL)
    assert answer_review(review.public_id, acting_member=person("supervisor")).answered_at is not None


@pytest.mark.parametrize("page", ["", "result.json"])
def test_who_reads_the_answer_is_not_drawn(review: ExonerationReview, page: str) -> None:
    second, reader = another("second@agency.example"), another("reader@agency.example", "examiner")
    Member.objects.filter(pk=reader.pk).update(is_active=False)  # so that the first task goes to the other one
    row = examined(made(review).public_id)
    assert row.verifications.get().verifier == second
    Member.objects.filter(pk=reader.pk).update(is_active=True)
    path = f"/exonerations/{review.public_id}/"
    client = client_of(reader)
    assert client.get(path).status_code == 200
    assert entries("exoneration.viewed")[-1].subject["answered"] is False
    assert not who_has_seen(made(review), [reader.pk])  # the page shows neither a list nor who is charged yet
    answered(row.verifications.get(), POTENTIAL)
    answer_review(review.public_id, acting_member=person("supervisor"))
    assert client.get(path + page).status_code == 200
    entry = entries("exoneration.viewed")[-1]
    assert entry.actor == reader.public_id
    assert entry.subject["searches"] == [review.search.public_id, made(review).public_id]
    assert who_has_seen(made(review), [reader.pk]) == who_has_seen(review.search, [reader.pk]) == {reader.pk}
    assert disagreements() == []
    Member.objects.filter(pk=second.pk).update(is_active=False)
    later = examined(made(review).public_id, 2)
    assert assign_waiting() == 0
    assert not later.verifications.exists()
