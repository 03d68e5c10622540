"""The log asks its witnesses, believes nothing that they did not sign, and searches stop when too few cosign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from tests.factories.witnesses import LOCAL, policy, served
from tests.factories.work import case, entries, gallery, probe, search

from plainview.audit.checkpoint import parse
from plainview.audit.cosignature import cosignatures
from plainview.audit.witness import Witness
from plainview.casework.log.read import cosigned, newest_entry, verify_log
from plainview.casework.log.reviews import heartbeat
from plainview.casework.models import LogWitness, Search
from plainview.casework.register.tiles import public_checkpoint
from plainview.casework.upkeep.read import PARTS
from plainview.casework.witnesses.ask import ASK_EVERY, LONGEST_WAIT, ask_due, ask_now
from plainview.casework.witnesses.read import in_public, witnesses_state, witnessing
from plainview.casework.workspace.services import services
from plainview.policy.decision import Allow, Refused
from plainview.policy.witnesses import witnessed

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness.create(tmp_path / "w1", "witness.example/w1")
    made.follow(services().first_key)
    return made


@pytest.fixture
def url(workspace: Path, witness: Witness) -> Iterator[str]:
    with served(witness) as url:
        policy(workspace, (witness, url), needed=1)
        yield url


def later(monkeypatch: pytest.MonkeyPatch, **ahead: float) -> None:
    now = timezone.now() + timedelta(**ahead)
    monkeypatch.setattr(timezone, "now", lambda: now)


def grow() -> None:
    assert heartbeat(timedelta()) is not None


def test_a_witness_cosigns_what_the_log_has_and_again_when_it_has_grown(
    workspace: Path, witness: Witness, url: str
) -> None:
    assert ask_due(LOCAL) == 1
    size = newest_entry() + 1
    assert [(log.origin, log.size) for log in witness.checkpoints()] == [(services().origin, size)]
    assert str(cosigned(size)) == f"cosigned by 1 of 1 witnesses up to entry {size - 1}"
    assert ask_due(LOCAL) == 0, "it is asked again in ten minutes"
    for _ in range(5):
        grow()
        assert ask_now(LOCAL) == 1
    assert witness.checkpoints()[0].size == newest_entry() + 1
    assert ask_now(LOCAL) == 0, "nothing has changed since"
    assert verify_log().ok
    assert parse(public_checkpoint()).size == newest_entry() + 1
    assert [row.witness for row in cosignatures(public_checkpoint(), [witness.key])] == [witness.key]


def test_a_witness_that_is_away_is_asked_later_each_time_and_the_others_are_asked(
    workspace: Path, witness: Witness, url: str, tmp_path: Path
) -> None:
    away = Witness.create(tmp_path / "w2", "witness.example/w2")
    policy(workspace, (away, "http://127.0.0.1:1/"), (witness, url), needed=1)
    waits = []
    for _ in range(8):
        asked = timezone.now()
        LogWitness.objects.update(due_at=asked)
        ask_due(LOCAL)
        waits.append((LogWitness.objects.get(vkey=away.key.text).due_at - asked).total_seconds() // 60)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    state = {known["name"]: known for known in witnesses_state()}
    assert state["witness.example/w1"]["size"] == newest_entry() + 1
    assert state["witness.example/w2"]["answer"] == "127.0.0.1 did not answer: it takes no connections."
    assert witnessing().waiting_hours == 0.0


def test_what_a_witness_answers_is_said(workspace: Path, witness: Witness, url: str, tmp_path: Path) -> None:
    (witness.path / "logs.txt").unlink()
    ask_now(LOCAL)
    assert witnesses_state()[0]["answer"] == "It does not follow this log yet."
    other = Witness.create(tmp_path / "other", "witness.example/w1")
    witness.follow(services().first_key)
    policy(workspace, (other, url), needed=1)
    assert ask_now(LOCAL) == 0
    assert witnesses_state()[0]["answer"].endswith("the reply has no cosignature of witness.example/w1.")
    assert witnesses_state()[0]["size"] == 0


def test_searches_stop_when_entries_have_waited_too_long_and_go_on_when_the_witness_answers(
    workspace: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(witnessed(witnessing()), Allow), "the first entries may wait"
    later(monkeypatch, hours=25)
    assert isinstance(refusal := witnessed(witnessing()), Refused)
    assert refusal.rule_id == "log.unwitnessed"
    assert PARTS["witness"]()["ok"] is False
    assert ask_now(LOCAL) == 0, "its cosignature states the time of its own clock, a day before ours"
    monkeypatch.undo()
    assert ask_now(LOCAL) == 1
    later(monkeypatch, hours=25)
    assert isinstance(witnessed(witnessing()), Allow), "every entry is covered, however long ago"
    assert PARTS["witness"]()["ok"] is True


def test_a_search_is_refused_while_the_witnesses_are_away_and_leaves_no_search_behind(
    workspace: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    later(monkeypatch, hours=25)
    with pytest.raises(Refused) as refusal:
        search(image)
    assert refusal.value.rule_id == "log.unwitnessed"
    assert not Search.objects.exists()
    monkeypatch.undo()
    assert ask_now(LOCAL) == 1
    assert search(image).candidates


def test_the_hours_are_the_operator_s(workspace: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = workspace / "workspace.toml"
    settings.write_text(f"{settings.read_text()}\n[witness]\nstop_after_hours = 2\n")
    later(monkeypatch, hours=2.1)
    assert isinstance(witnessed(witnessing()), Refused)
    for hours in ("0", '"2"', "10000", "2.5", "true"):
        settings.write_text(settings.read_text().rpartition("=")[0] + f"= {hours}\n")
        with pytest.raises(Refused, match="stop_after_hours"):
            witnessing()


def test_where_no_witness_is_needed_nothing_stops_and_the_register_says_so(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch, days=99)
    assert isinstance(witnessed(witnessing()), Allow)
    assert in_public() == {"needed": 0, "names": [], "keys": [], "stop_after_hours": None}
    assert PARTS["witness"]()["ok"] is None


def test_a_change_of_the_rule_is_an_entry(workspace: Path, witness: Witness, url: str) -> None:
    ask_due(LOCAL)
    changes = [entry.subject for entry in entries() if entry.action == "witness.rule_changed"]
    assert [(change["needed"], change["witnesses"]) for change in changes] == [(1, [witness.key.text])]
    ask_due(LOCAL)
    policy(workspace, (witness, url), needed=0)
    ask_due(LOCAL)
    (workspace / "witnesses").unlink()
    ask_due(LOCAL)
    changes = [entry.subject for entry in entries() if entry.action == "witness.rule_changed"]
    assert [(change["needed"], len(change["witnesses"])) for change in changes] == [(1, 1), (0, 1), (0, 0)]


def test_waits_are_chosen_so_that_a_witness_that_is_back_is_noticed_in_time() -> None:
    assert ASK_EVERY < LONGEST_WAIT < timedelta(hours=2)
