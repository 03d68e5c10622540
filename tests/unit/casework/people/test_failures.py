"""Repeated failed sign-ins are one entry; nobody fills the log from outside, nobody hides in the summary."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from tests.factories.work import entries, person

from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.models import Member, SignInRepeat
from plainview.casework.people import attempts, failures, sessions
from plainview.casework.people.sign_in import record_failure


def fail(count: int, *, member: Member | None = None, address: str = "203.0.113.5") -> None:
    with acting_through(Channel("web", {"address": address})):
        for _ in range(count):
            record_failure(member, "somebody@agency.example", "password")


def hour_over() -> None:
    SignInRepeat.objects.update(began_at=timezone.now() - failures.WINDOW - timedelta(seconds=1))
    failures.summarise()


def test_the_first_of_an_hour_have_entries_and_the_rest_one(workspace: Path) -> None:
    fail(25)
    assert len(entries("sign_in.failed")) == 10
    hour_over()
    (more,) = entries("sign_in.failed_more")
    assert more.subject["failures"] == 15
    assert SignInRepeat.objects.count() == 0
    fail(1)
    assert len(entries("sign_in.failed")) == 11


def test_few_failures_have_no_summary(workspace: Path) -> None:
    fail(3)
    hour_over()
    assert entries("sign_in.failed_more") == []


def test_each_account_and_each_network_has_its_own(workspace: Path) -> None:
    fail(12, address="203.0.113.5")
    fail(1, address="203.0.113.200")  # the same /24
    fail(1, address="198.51.100.1")
    assert len(entries("sign_in.failed")) == 11
    fail(12, member=person("examiner"))
    assert attempts.of_today(Member(email="somebody@agency.example")) == 26  # every one counts for the wait
    hour_over()
    about = {entry.subject.get("member"): entry.subject["failures"] for entry in entries("sign_in.failed_more")}
    assert about == {None: 3, person("examiner").public_id: 2}


def test_many_networks_together_are_bounded_too(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "EVERYWHERE", 4)
    for number in range(6):
        fail(1, address=f"2001:db8:{number}::1")
    assert len(entries("sign_in.failed")) == 4
    hour_over()
    assert [entry.subject["failures"] for entry in entries("sign_in.failed_more")] == [2]


def test_expired_sessions_and_counters_are_removed_and_living_ones_stay(workspace: Path) -> None:
    now = timezone.now()
    for key, expires in (("old", now - timedelta(minutes=1)), ("new", now + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="x", expire_date=expires)
        UserSession.objects.create(user=person("examiner"), session_key=key, ip="1.1.1.1", user_agent="", data={})
    cache.set("old", 1, timeout=0.001)
    cache.set("new", 1, timeout=1000)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE web_cache SET expires = '2001-01-01 00:00:00' WHERE cache_key LIKE '%old'")
    assert sessions.sweep() == 3
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
    assert cache.get("new") == 1
    assert sessions.sweep() == 0
