"""Reviewing a candidate list: what is set aside, concluded and taken back is recorded, and is never an examination."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from tests.factories.refusals import rule_of
from tests.factories.verification import another, examined
from tests.factories.work import entries, person, ready, search

from plainview.casework.disclosure.contents import examinations
from plainview.casework.models import Candidate, Examination, NoneOfThese, Search, SetAside, Training
from plainview.casework.search.erase import erase_search
from plainview.casework.triage.aside import none_of_these, set_aside, take_back, take_none_back
from plainview.casework.triage.read import review_of, reviews
from plainview.casework.triage.sheet import make_list


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    return str(search(ready(tmp_path)).search.public_id)


def _search(found: str) -> Search:
    return Search.objects.get(public_id=found)


def test_setting_aside_is_one_entry_with_its_reason_and_undoing_it_another(found: str) -> None:
    examiner = person("examiner")
    row = set_aside(found, 1, "other person", acting_member=examiner)
    (entry,) = entries("candidate.set_aside")
    assert entry.seq == row.entry
    assert {name: value for name, value in entry.subject.items() if name not in {"agency", "via", "commits"}} == {
        "search": found,
        "rank": 1,
        "reason": "other person",
        "is": "review by one examiner, not an examination",
    }
    assert review_of(_search(found), examiner).aside == {1: "other person"}
    take_back(found, 1, acting_member=examiner)
    (undo,) = entries("candidate.taken_back")
    assert undo.subject["set_aside"] == row.entry
    assert review_of(_search(found), examiner).aside == {}
    assert SetAside.objects.count() == 1  # the first decision stays


def test_setting_aside_twice_is_one_entry(found: str) -> None:
    for _ in range(2):
        set_aside(found, 1, "other person", acting_member=person("examiner"))
    assert len(entries("candidate.set_aside")) == 1


def test_what_is_refused(found: str) -> None:
    examiner, second = person("examiner"), another("second@agency.example", "examiner")
    act: Any = {"acting_member": examiner}
    assert rule_of(set_aside, found, 1, "I do not like him", **act) == "triage.reason"
    assert rule_of(set_aside, found, 99, "other person", **act) == "candidate.unknown"
    assert rule_of(set_aside, found, 1, "other person", acting_member=person("supervisor")) == "member.no_permission"
    assert rule_of(take_back, found, 1, **act) == "triage.nothing_to_undo"
    assert rule_of(take_none_back, found, **act) == "triage.nothing_to_undo"
    set_aside(found, 1, "other person", **act)
    assert rule_of(take_back, found, 1, acting_member=second) == "triage.nothing_to_undo"  # another's decision
    examined(found, 2)
    assert rule_of(set_aside, found, 2, "other person", **act) == "triage.examined"
    assert rule_of(none_of_these, found, "other ears on each", [1, 2], **act) == "triage.potential"
    Training.objects.filter(member=second).delete()
    assert rule_of(set_aside, found, 1, "other person", acting_member=second) == "member.training"


def test_none_of_these_needs_each_candidate_seen_and_words_and_is_no_examination(found: str) -> None:
    examiner = person("examiner")
    ranks = list(Candidate.objects.filter(search__public_id=found).values_list("rank", flat=True))
    assert rule_of(none_of_these, found, "other ears on each", ranks[:-1], acting_member=examiner) == "triage.not_seen"
    assert rule_of(none_of_these, found, "no", ranks, acting_member=examiner) == "triage.statement"
    set_aside(found, ranks[-1], "cannot be: place", acting_member=examiner)
    # What was set aside was looked at already.
    none_of_these(found, "other ears on each", ranks[:-1], acting_member=examiner)
    (entry,) = entries("candidates.none")
    assert entry.subject["candidates"] == len(ranks)
    assert "ears" not in str(entry.subject)  # sealed: it describes a person
    assert Examination.objects.count() == 0
    take_none_back(found, acting_member=examiner)
    assert entries("candidates.none_taken_back")[-1].subject["concluded"] == entry.seq


def test_the_defence_receives_reviews_as_reviews_with_what_was_taken_back(found: str) -> None:
    examiner = person("examiner")
    set_aside(found, 1, "other person", acting_member=examiner)
    take_back(found, 1, acting_member=examiner)
    set_aside(found, 2, "unusable picture", acting_member=examiner)
    data = reviews(_search(found))
    assert data["is"] == "review by one examiner, not an examination"
    assert [(row["rank"], row["taken_back_at"] is None) for row in data["set_aside"]] == [(1, False), (2, True)]
    assert examinations(_search(found)) == []


def test_an_erased_search_keeps_no_review(found: str) -> None:
    set_aside(found, 1, "other person", acting_member=person("examiner"))
    none_of_these(found, "other ears on each", [1, 2], acting_member=person("examiner"))
    with transaction.atomic():
        erase_search(_search(found), "for this test")
    assert not SetAside.objects.exists()
    assert not NoneOfThese.objects.exists()


def test_a_list_is_printed_with_its_review_and_its_hash_is_in_the_log(found: str) -> None:
    set_aside(found, 2, "unusable picture", acting_member=person("examiner"))
    data = make_list(found, acting_member=person("examiner"))
    assert data.startswith(b"%PDF")
    assert len(str(entries("candidates.list_made")[-1].subject["sha256"])) == 64
