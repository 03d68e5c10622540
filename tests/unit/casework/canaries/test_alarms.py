"""A canary alarm is told once, casts doubt on searches, and is closed by those who may, with a reason."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.factories.canaries import REASON, faults, forget_a_row
from tests.factories.power import change_policy
from tests.factories.refusals import rule_of
from tests.factories.work import at, entries, person, probe, search

from plainview.casework.canaries.checks import run_all
from plainview.casework.canaries.manage import acknowledge
from plainview.casework.canaries.read import alarms, canaries
from plainview.casework.canaries.state import state
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Canary, CanaryAlarm
from plainview.casework.search.dry_run import dry_run
from plainview.casework.search.meaning import cautions
from plainview.policy.agency import SAMPLE, parse


def test_an_alarm_is_acknowledged_once_with_a_reason_by_those_who_may(canary: Canary) -> None:
    forget_a_row()
    run_all()
    (alarm,) = alarms(person("auditor"))
    assert (
        rule_of(acknowledge, alarm.public_id, reason=REASON, acting_member=person("examiner")) == "member.no_permission"
    )
    assert (
        rule_of(acknowledge, alarm.public_id, reason="fine", acting_member=person("auditor")) == "examination.explain"
    )
    assert rule_of(acknowledge, "Y0", reason=REASON, acting_member=person("auditor")) == "alarm.unknown"
    done = acknowledge(alarm.public_id, reason=REASON, acting_member=person("auditor"))
    assert done.reason == REASON
    assert alarms(person("auditor"), open_only=True) == []
    assert rule_of(acknowledge, alarm.public_id, reason=REASON, acting_member=person("admin")) == "canary.acknowledged"
    assert entries("canary.acknowledged")[0].actor == person("auditor").public_id


@pytest.mark.long
def test_an_alarm_is_told_once_and_raised_again_after_it_was_acknowledged(canary: Canary) -> None:
    run_all()
    forget_a_row()
    assert faults(run_all()) == ["index"]
    letters = mail.outbox
    assert sorted(letter.to for letter in letters) == [["admin@agency.example"], ["auditor@agency.example"]]
    assert "gallery g" in letters[0].body
    (alarm,) = alarms(person("auditor"))
    assert alarm.since is not None
    assert faults(run_all()) == ["index"]  # still wrong: no second alarm, no second letter
    assert (len(alarms(person("auditor"))), len(mail.outbox)) == (1, 2)
    acknowledge(alarm.public_id, reason=REASON, acting_member=person("admin"))
    assert faults(run_all()) == ["index"]
    assert (len(alarms(person("auditor"))), len(mail.outbox)) == (2, 4)
    with pytest.raises(IntegrityError), transaction.atomic():
        CanaryAlarm.objects.create(
            gallery=alarm.gallery, fault="index", says="", raised_at=timezone.now(), seen_at=timezone.now()
        )


@pytest.mark.long
def test_searches_carry_a_caution_while_an_alarm_casts_doubt_on_them(canary: Canary, tmp_path: Path) -> None:
    def told(answer: object) -> list[str]:
        return [row.id for row in cautions(answer.search, answer.candidates)]  # type: ignore[attr-defined]

    image = probe(tmp_path)
    before = search(image)
    run_all()
    between = search(image)
    forget_a_row()
    run_all()
    during = search(image)
    assert "canary_alarm" not in told(before)  # found in order since
    assert "canary_alarm" in told(between)  # answered after the last check that was in order
    assert told(during)[0] == "canary_alarm"
    acknowledge(alarms(person("admin"))[0].public_id, reason=REASON, acting_member=person("admin"))
    after = search(image)
    assert "canary_alarm" not in told(after)
    (first, *_) = cautions(during.search, during.candidates)
    assert "was explained on" in first.text


def test_a_policy_can_stop_searches_while_an_alarm_is_open(canary: Canary, tmp_path: Path) -> None:
    image, admin = probe(tmp_path), person("admin")
    stop = SAMPLE.replace('canary_alarm = "caution"', 'canary_alarm = "stop"')
    forget_a_row()
    run_all()
    search(image)
    assert dry_run(parse(stop), admin).by_rule == {"gallery.canary_alarm": 1}
    change_policy(stop, reason="an alarm means stop", acting_member=admin)
    assert rule_of(search, image) == "gallery.canary_alarm"
    acknowledge(alarms(admin)[0].public_id, reason=REASON, acting_member=admin)
    assert search(image).candidates


def test_state_names_what_is_missing_late_or_wrong(canary: Canary, tmp_path: Path) -> None:
    fields = {"legal_basis": "law", "source": "s", "owner": "o", "expires_on": date(2999, 1, 1)}
    create_gallery("bare", **fields, acting_member=person("admin"))
    bare, first = state()
    assert (bare.gallery, bare.canaries, bare.overdue, bare.alarms) == ("bare", 0, False, ())
    assert (first.canaries, first.checked_at, first.overdue) == (1, None, False)
    now = timezone.now()
    with at(now + timedelta(hours=37)):
        assert [row.overdue for row in state()] == [False, True]
    forget_a_row()
    run_all()
    assert [len(row.alarms) for row in state()] == [0, 1]
    assert [row.public_id for row in canaries(person("auditor"))] == [canary.public_id]
