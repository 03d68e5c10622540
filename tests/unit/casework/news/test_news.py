"""Members are told what waits for them: on the page, and by a letter that says nothing and keeps their quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core import mail
from tests.factories.browser import signed_in
from tests.factories.reports import CHECKED
from tests.factories.verification import another, answered, examined, many
from tests.factories.work import case, person

from plainview.casework.alerts.open import set_preference
from plainview.casework.leads.decide import release, withhold
from plainview.casework.models import Letter, Member, News
from plainview.casework.news.read import KINDS, unseen
from plainview.casework.news.tell import LETTER, tell
from plainview.casework.probes.approvals import decide_approval, request_approval
from plainview.policy.alerts import next_moment
from plainview.policy.decision import Refused
from plainview.policy.examination import POTENTIAL


def kinds(member: Member) -> list[str]:
    return list(News.objects.filter(member=member).order_by("pk").values_list("kind", flat=True))


def test_each_step_of_a_lead_tells_the_one_whose_turn_it_is(workspace: Path, tmp_path: Path) -> None:
    row = examined(many(tmp_path))
    assert kinds(person("verifier")) == ["verification"]
    assert kinds(person("supervisor")) == []
    answered(row.verifications.get(), POTENTIAL)
    assert kinds(person("supervisor")) == ["verified"]
    release(row.public_id, contradictions=CHECKED, acting_member=person("supervisor"))
    assert kinds(person("examiner")) == ["released"]
    assert set(News.objects.values_list("kind", flat=True)) <= set(KINDS)


def test_a_candidate_that_was_sent_back_is_told_to_its_examiner(workspace: Path, tmp_path: Path) -> None:
    row = examined(many(tmp_path))
    withhold(row.public_id, "he was in prison that night", acting_member=person("supervisor"))
    assert kinds(person("examiner")) == ["withheld"]


def test_an_approval_is_told_to_every_supervisor_and_its_decision_to_the_examiner(workspace: Path) -> None:
    case()
    second = another("second@agency.example", "supervisor")
    approval = request_approval("C-1", "find the rider", "0" * 64, acting_member=person("examiner"))
    assert kinds(person("supervisor")) == kinds(second) == ["approval.requested"]
    decide_approval(approval.public_id, grant=False, reason="too little", acting_member=second)
    assert kinds(person("examiner")) == ["approval.denied"]


def test_a_letter_says_nothing_and_several_things_make_one(workspace: Path, tmp_path: Path) -> None:
    set_preference(digest_hours=24, quiet_from=None, quiet_until=None, acting_member=person("verifier"))
    row = examined(many(tmp_path))
    tell("verification", "V000000000000", [person("verifier")])
    letters = Letter.objects.filter(kind=LETTER, about=person("verifier").public_id)
    assert letters.count() == 1
    assert letters.get().due_at.hour == 0  # the digest of the day
    tell("released", "L000000000000", [person("examiner")])
    (sent,) = [letter for letter in mail.outbox if person("examiner").email in letter.to]
    for word in (row.public_id, "C-1", "robbery", "released", "L000000000000"):
        assert word not in sent.subject + sent.body


def test_quiet_hours_are_those_of_the_readers_day() -> None:
    evening = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)  # half past eleven at night in Vienna
    options = {"digest_hours": 0, "quiet_from": 22, "quiet_until": 7}
    assert next_moment(evening, **options) == evening  # type: ignore[arg-type]
    due = next_moment(evening, **options, zone="Europe/Vienna")  # type: ignore[arg-type]
    assert due == datetime(2026, 7, 2, 5, 0, tzinfo=UTC)


def test_a_zone_that_does_not_exist_is_refused(workspace: Path) -> None:
    with pytest.raises(Refused, match=r"alert\.time_zone"):
        set_preference(
            digest_hours=0, quiet_from=None, quiet_until=None, time_zone="Mars/Base", acting_member=person("examiner")
        )


def test_the_page_shows_them_and_then_they_are_seen(workspace: Path, tmp_path: Path) -> None:
    row = examined(many(tmp_path))
    client = signed_in("verifier")
    now = client.get("/news/now/").json()
    assert (now["unseen"], now["tasks"]) == (1, 1)
    assert now["text"] == "A verification was assigned to you"
    page = client.get("/news/").content.decode()
    assert row.verifications.get().public_id in page
    assert row.public_id not in page  # of what it is about the verifier learns nothing
    assert unseen(person("verifier")) == 0
    assert client.get("/news/now/").json()["unseen"] == 0


def test_asking_for_news_is_no_activity_of_a_person(workspace: Path) -> None:
    client = signed_in("examiner")
    client.get("/")
    before = client.session["plainview_seen"]
    session = client.session
    session["plainview_seen"] = "2026-11-30T00:00:00+00:00"
    session.save()
    assert client.get("/news/now/").status_code == 302  # idle for longer than a session lasts: ended
    assert before
