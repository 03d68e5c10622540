"""The nightly comparison: cut into parts, told once, and repaired by nobody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.rows import attack
from tests.factories.work import at, entries

from plainview.casework.models import RowCheck, RowCommitment
from plainview.casework.upkeep import rows
from plainview.casework.upkeep.read import PARTS


def test_a_pass_compares_every_row_once_a_night(workspace: Path) -> None:
    assert PARTS["rows"]()["ok"] is None
    assert rows.compare_some() == RowCommitment.objects.count() > 0
    assert rows.compare_some() == 0
    state = PARTS["rows"]()
    assert (state["ok"], state["problems"]) == (True, 0)
    assert "compared with the log on" in state["says"]
    assert entries("rows.altered") == []
    with at(timezone.now() + timedelta(days=1)):
        assert rows.compare_some() == RowCommitment.objects.count()


def test_three_nights_without_a_pass_are_a_finding(workspace: Path) -> None:
    rows.compare_some()
    with at(timezone.now() + timedelta(days=3, hours=1)):
        assert PARTS["rows"]()["ok"] is False


def test_a_pass_that_is_cut_goes_on_where_it_stopped(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SLICE_S", 0)
    monkeypatch.setattr(rows, "_COMMITMENTS", 1)
    monkeypatch.setattr("plainview.casework.log.rows._ENTRIES", 1)
    parts = 0
    while RowCheck.objects.filter(done_at=None).exists() or not parts:
        rows.compare_some()
        parts += 1
        assert parts < 50
    assert parts > 3
    assert RowCheck.objects.get().last_checked == RowCommitment.objects.count()


def test_what_is_altered_is_an_entry_and_a_letter_once(workspace: Path) -> None:
    attack("UPDATE member SET name = 'Another' WHERE email = 'examiner@agency.example'")
    with at(timezone.now() + timedelta(days=1)):
        rows.compare_some()
    (entry,) = entries("rows.altered")
    assert entry.subject["rows"] == 1
    table, row = entry.subject["named"][0]
    assert (table, row.startswith("row ")) == ("member", True)
    assert sorted(letter.to[0] for letter in mail.outbox) == ["admin@agency.example", "auditor@agency.example"]
    assert "table member, row " in mail.outbox[0].body
    state = PARTS["rows"]()
    assert (state["ok"], state["problems"]) == (False, 1)
    with at(timezone.now() + timedelta(days=2)):
        rows.compare_some()
    assert len(entries("rows.altered")) == 1
    attack("UPDATE policy_version SET why = 'another'")
    with at(timezone.now() + timedelta(days=3)):
        rows.compare_some()
    assert [entry.subject["rows"] for entry in entries("rows.altered")] == [1, 1]
    assert PARTS["rows"]()["problems"] == 2
