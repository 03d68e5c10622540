"""A log that lies to its witness, a witness that lies to the log, an operator who edits rows, and a flood of strangers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from tests.factories.witnesses import LOCAL, policy, served
from tests.factories.work import entries

from plainview.audit import witness as module
from plainview.audit.checkpoint import Signer
from plainview.audit.cosignature import WitnessSigner, cosignatures
from plainview.audit.merkle import Frontier, consistency_proof, leaf_hash
from plainview.audit.submission import MAX_BODY, format_submission
from plainview.audit.witness import Rejected, Witness
from plainview.casework.log.reviews import heartbeat
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import LogWitness
from plainview.casework.upkeep.read import PARTS
from plainview.casework.witnesses.ask import ask_now
from plainview.casework.witnesses.read import covered, witnesses_state
from plainview.casework.workspace.services import services

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

NOW = 1_790_000_000
SIGNER = Signer.from_private_bytes("log.example/police", bytes([7]) * 32)


class History:
    """The leaves of one history of the log, and requests for its checkpoints."""

    def __init__(self, *names: str) -> None:
        self.leaves = [leaf_hash(name.encode()) for name in names]

    def note(self, size: int) -> str:
        tree = Frontier()
        for leaf in self.leaves[:size]:
            tree = tree.append(leaf)
        return SIGNER.sign(size, tree.root())

    def request(self, old: int, size: int) -> bytes:
        return format_submission(old, consistency_proof(self.leaves[:size], old), self.note(size))


TRUE = History(*"abcdefghij")
OTHER = History(*"abcdefgXij")


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness.create(tmp_path / "w", "witness.example/w1")
    made.follow(SIGNER.verifier)
    return made


def status(witness: Witness, body: bytes, now: int = NOW) -> tuple[int, int | None]:
    try:
        witness.add_checkpoint(body, now)
    except Rejected as error:
        return error.status, error.size
    return 200, None


def evidence(witness: Witness) -> dict[str, tuple[str, str]]:
    folders = (witness.path / "evidence").iterdir()
    return {
        folder.name.split("-")[1]: ((folder / "kept").read_text(), (folder / "offered").read_text())
        for folder in folders
    }


def test_a_log_that_signs_two_histories_of_one_size_is_refused_and_both_are_kept(witness: Witness) -> None:
    assert status(witness, TRUE.request(0, 9)) == (200, None)
    assert status(witness, format_submission(9, [], OTHER.note(9))) == (409, None)
    assert evidence(witness) == {"fork": (TRUE.note(9), OTHER.note(9))}
    assert status(witness, TRUE.request(9, 10)) == (200, None), "the true history goes on"


def test_a_longer_history_that_forked_before_is_refused_with_any_proof(witness: Witness) -> None:
    assert status(witness, TRUE.request(0, 8)) == (200, None)
    for proof in (
        OTHER.request(8, 10),
        format_submission(8, [], OTHER.note(10)),
        format_submission(8, OTHER.leaves, OTHER.note(10)),
    ):
        assert status(witness, proof) == (422, None)
    assert evidence(witness)["unproven"] == (TRUE.note(8), OTHER.note(10))
    assert witness.checkpoints()[0].size == 8


def test_an_old_checkpoint_replayed_by_anyone_changes_nothing(witness: Witness) -> None:
    for old, size in ((0, 4), (4, 9)):
        assert status(witness, TRUE.request(old, size)) == (200, None)
    before = (witness.path / "logs").glob("*.json").__next__().read_bytes()
    for replay in (TRUE.request(0, 4), TRUE.request(4, 9), TRUE.request(3, 4)):
        assert status(witness, replay) == (409, 9)
    assert status(witness, TRUE.request(9, 9), NOW + 60) == (200, None)
    assert (witness.path / "logs").glob("*.json").__next__().read_bytes() == before
    assert evidence(witness) == {}


def test_a_clock_that_is_set_back_does_not_date_a_larger_tree_before_a_smaller_one(witness: Witness) -> None:
    witness.add_checkpoint(TRUE.request(0, 4), NOW)
    line = witness.add_checkpoint(TRUE.request(4, 9), NOW - 86_400)
    assert cosignatures(TRUE.note(9) + line, [witness.key])[0].at == NOW


def test_a_stranger_s_key_under_the_log_s_name_gets_no_cosignature(witness: Witness) -> None:
    stranger = Signer.from_private_bytes(SIGNER.verifier.name, bytes([8]) * 32)
    tree = Frontier().append(leaf_hash(b"a"))
    assert status(witness, format_submission(0, [], stranger.sign(1, tree.root())))[0] == 403
    assert status(witness, format_submission(0, [], SIGNER.sign(1, tree.root()).replace(" ", "  ", 1)))[0] in (400, 403)
    assert witness.checkpoints() == []


def test_a_log_that_lies_all_day_does_not_fill_the_disk(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EVIDENCE", 5)
    assert status(witness, TRUE.request(0, 8)) == (200, None)
    for number in range(20):
        other = History(*"abcdefg", f"lie {number}")
        assert status(witness, format_submission(8, [], other.note(8)), NOW + number)[0] == 409
        assert status(witness, format_submission(8, [], other.note(8)), NOW + 100 + number)[0] == 409
    assert len(list((witness.path / "evidence").iterdir())) == 5


def test_a_log_that_grows_all_day_is_limited_and_a_replay_uses_nothing_up(witness: Witness) -> None:
    listed = witness.path / "logs.txt"
    listed.write_text(f"{listed.read_text()}qpd 2\n")
    assert status(witness, TRUE.request(0, 1)) == (200, None)
    for _ in range(5):
        assert status(witness, TRUE.request(1, 1)) == (200, None), "anyone may replay what is public"
    assert status(witness, TRUE.request(1, 2)) == (200, None)
    assert status(witness, TRUE.request(2, 3)) == (429, None)
    assert status(witness, TRUE.request(2, 3), NOW + 86_400) == (200, None)


def test_a_witness_whose_folder_was_rolled_back_refuses_when_it_sees_its_own_cosignature(witness: Witness) -> None:
    witness.add_checkpoint(TRUE.request(0, 4), NOW)
    (file,) = (witness.path / "logs").glob("*.json")
    old = file.read_bytes()
    line = witness.add_checkpoint(TRUE.request(4, 9), NOW)
    file.write_bytes(old)
    ours = format_submission(4, consistency_proof(TRUE.leaves[:9], 4), TRUE.note(9) + line)
    assert status(witness, ours) == (503, None)
    assert "state" in evidence(witness)


def test_a_witness_whose_state_is_damaged_signs_nothing(witness: Witness) -> None:
    witness.add_checkpoint(TRUE.request(0, 4), NOW)
    (file,) = (witness.path / "logs").glob("*.json")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(module.WitnessRefused, match="damaged"):
        witness.add_checkpoint(TRUE.request(4, 9), NOW)


# --- against the log -------------------------------------------------------------------------------------------------


@pytest.fixture
def ours(workspace: Path, tmp_path: Path) -> Iterator[Witness]:
    made = Witness.create(tmp_path / "ours", "witness.example/w2")
    made.follow(services().first_key)
    with served(made) as url:
        policy(workspace, (made, url), needed=1)
        assert ask_now(LOCAL) == 1
        yield made


def alarms() -> list[str]:
    return [str(entry.subject["alarm"]) for entry in entries() if entry.action == "witness.alarm"]


def test_a_witness_that_lost_its_memory_is_an_alarm_and_its_cosignatures_no_longer_count_as_new(ours: Witness) -> None:
    (file,) = (ours.path / "logs").glob("*.json")
    old = file.read_bytes()
    heartbeat(timedelta())
    assert ask_now(LOCAL) == 1
    file.write_bytes(old)
    heartbeat(timedelta())
    size = covered(services().workspace.witness_policy)
    assert ask_now(LOCAL) == 0
    assert ask_now(LOCAL) == 0
    assert alarms() == ["behind"], "once, not every time"
    assert covered(services().workspace.witness_policy) == size
    assert PARTS["witness"]()["ok"] is False
    assert [folder.name.split("-")[1] for folder in (ours.path / "evidence").iterdir()] == ["state"]


def test_a_log_that_was_set_back_is_told_by_its_witness(ours: Witness) -> None:
    """As after a restore of an old backup onto a machine that had gone on: the witness remembers more."""
    tree = Frontier()
    for number in range(99):
        tree = tree.append(leaf_hash(str(number).encode()))
    note = services().signer.sign(99, tree.root())
    (file,) = (ours.path / "logs").glob("*.json")
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "size": 99, "root": tree.root().hex(), "checkpoint": note}))
    heartbeat(timedelta())
    assert ask_now(LOCAL) == 0
    assert alarms() == ["ahead"]


def test_a_witness_with_another_history_of_the_same_size_is_an_alarm(ours: Witness) -> None:
    (file,) = (ours.path / "logs").glob("*.json")
    kept = json.loads(file.read_text())
    LogWitness.objects.all().delete()
    heartbeat(timedelta())
    size = int(newest_checkpoint().split("\n")[1])
    file.write_text(json.dumps({**kept, "size": size, "root": "ab" * 32}))
    assert ask_now(LOCAL) == 0
    assert alarms() == ["fork"]


def test_an_operator_who_edits_the_row_of_a_witness_covers_nothing(ours: Witness) -> None:
    forged = WitnessSigner.generate(ours.key.name).cosign(newest_checkpoint(), NOW)
    for note in (forged, newest_checkpoint(), "", "nonsense", ours_signed_elsewhere(ours)):
        LogWitness.objects.update(note=note, size=10**6)
        assert covered(services().workspace.witness_policy) == 0
        assert witnesses_state()[0]["size"] == 0


def ours_signed_elsewhere(ours: Witness) -> str:
    """A valid cosignature of the same witness on another log."""
    other = Signer.from_private_bytes("other.example/log", bytes([9]) * 32)
    ours.follow(other.verifier)
    note = other.sign(1, leaf_hash(b"x"))
    return note + ours.add_checkpoint(format_submission(0, [], note), NOW)


def test_a_flood_of_strangers_neither_stops_a_witness_nor_fills_it(witness: Witness) -> None:
    """Half-open connections, bodies that never end, bodies that are too large, junk: an honest log is still answered."""
    with served(witness, "/w1") as url, ExitStack() as stack:
        parts = urlsplit(url)
        for number in range(150):
            slow = stack.enter_context(socket.create_connection((str(parts.hostname), parts.port or 0)))
            slow.sendall(
                b"POST /w1/add-checkpoint HTTP/1.1\r\nHost: w\r\n"
                + (b"Content-Length: 900\r\n\r\nold 0" if number % 2 else b"")
            )
        pool = stack.enter_context(urllib3.PoolManager(retries=False, timeout=10))
        post = f"{url}/add-checkpoint"
        assert pool.request("POST", post, body=bytes(MAX_BODY + 1)).status == 413
        assert (
            pool.request(
                "POST", post, body=(bytes(1 << 16) for _ in range(20)), headers={"Transfer-Encoding": "chunked"}
            ).status
            == 413
        )
        for junk in (b"", b"old 0\n\n", bytes(1000), b"old 0\n" + b"A" * 44 + b"\n\nx\n"):
            assert pool.request("POST", post, body=junk).status == 400
        assert pool.request("GET", post).status == 405
        assert pool.request("GET", f"{url}/").data.decode() == f"{witness.key.text}\n"
        assert pool.request("POST", f"{url}/other").status == 404
        began = time.monotonic()
        answer = pool.request("POST", post, body=TRUE.request(0, 4))
        assert (answer.status, answer.data.decode()[:20]) == (200, "— witness.example/w1"[:20])
        conflict = pool.request("POST", post, body=TRUE.request(0, 4))
        assert (conflict.status, conflict.headers["content-type"], conflict.data) == (409, "text/x.tlog.size", b"4\n")
        assert time.monotonic() - began < 5
    assert evidence(witness) == {}
