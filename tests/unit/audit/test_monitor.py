"""The monitor is silent about a log in order, and about nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plainview.audit.checkpoint import Signer
from plainview.audit.logfile import Record
from plainview.audit.merkle import Frontier
from plainview.audit.monitor import BadState, visit
from plainview.audit.record import next_entry, parse_line


@pytest.fixture
def dense(tools: Any, signer: Signer, records: list[Record]) -> Any:
    return tools.copy.of(signer, records)


def kinds(folder: Path, state: Path, now: Any, **options: Any) -> list[str]:
    return [alarm.kind for alarm in visit(folder, state, now=now, **options)[0]]


def test_silence_clock_and_review(tools: Any, dense: Any, tmp_path: Path) -> None:
    folder, state, last = dense.write(tmp_path / "log"), tmp_path / "s", tools.start + timedelta(seconds=19)
    assert kinds(folder, state, last + timedelta(minutes=45)) == []
    assert kinds(folder, state, last + timedelta(minutes=46)) == ["silent"]
    assert kinds(folder, state, last - timedelta(minutes=6)) == ["clock"]
    assert kinds(folder, state, last + timedelta(days=7)) == ["silent", "review"]


def test_a_log_that_does_not_extend_what_was_seen(
    tools: Any, signer: Signer, records: list[Record], dense: Any, tmp_path: Path
) -> None:
    state, now = tmp_path / "s", tools.start
    assert kinds(dense.write(tmp_path / "a"), state, now) == []
    before = state.read_text()
    shorter = tools.copy.of(signer, records[:30]).write(tmp_path / "b")
    other = tools.copy.of(signer, tools.make_records(signer, 40)).write(tmp_path / "c")
    altered = dense.with_lines(tools.damages["alter"](list(dense.lines), 3)).write(tmp_path / "d")
    assert kinds(shorter, state, now) == ["rewritten"]
    assert set(kinds(other, state, now)) == {"rewritten"}
    assert set(kinds(altered, state, now)) == {"damaged"}
    assert kinds(tmp_path / "none", state, now) == ["unreadable"]
    assert state.read_text() == before


def test_records_that_differ_from_the_log_are_an_alarm_at_the_next_visit_alone(
    tools: Any, signer: Signer, tmp_path: Path
) -> None:
    records = tools.make_records(signer, 40, actions={20: "rows.altered"})
    folder, state, now = tools.copy.of(signer, records).write(tmp_path / "log"), tmp_path / "s", tools.start
    assert kinds(folder, state, now) == ["records"]
    assert kinds(folder, state, now) == []


def test_a_damaged_state_is_not_a_first_visit(tools: Any, dense: Any, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("{}")
    with pytest.raises(BadState):
        visit(dense.write(tmp_path / "log"), tmp_path / "s", now=tools.start)


def test_each_alarm_begins_just_beyond_its_limit(tools: Any, dense: Any, tmp_path: Path) -> None:
    folder, state, last = dense.write(tmp_path / "log"), tmp_path / "s", tools.start + timedelta(seconds=19)
    second, long = timedelta(seconds=1), timedelta(days=99)
    assert kinds(folder, state, last - timedelta(minutes=5)) == []
    assert kinds(folder, state, last - timedelta(minutes=5) - second) == ["clock"]
    assert kinds(folder, state, last + timedelta(hours=1), max_age=timedelta(hours=1)) == []
    assert kinds(folder, state, last + timedelta(hours=1) + second, max_age=timedelta(hours=1)) == ["silent"]
    assert kinds(folder, state, tools.start + long, max_age=long, review_every=long) == []
    assert kinds(folder, state, tools.start + long + second, max_age=long, review_every=long) == ["review"]


def test_silence_is_said_in_minutes_with_the_last_entry(tools: Any, dense: Any, tmp_path: Path) -> None:
    last = tools.start + timedelta(seconds=19)
    (alarm,) = visit(dense.write(tmp_path / "log"), tmp_path / "s", now=last + timedelta(hours=2))[0]
    assert alarm.text.startswith("nothing was logged for 120 minutes (since entry 39 of ")


def test_a_clock_is_named_with_the_last_entry(
    tools: Any, signer: Signer, records: list[Record], dense: Any, tmp_path: Path
) -> None:
    back = tools.start - timedelta(hours=1)
    (alarm,) = visit(dense.write(tmp_path / "log"), tmp_path / "s", now=back)[0]
    assert alarm.text.startswith("entry 39 is of ")
    tree, before = Frontier(), parse_line(records[-1].canonical)
    for record in records:
        tree = tree.append(record.leaf)
    made = next_entry(tree, log=tools.origin, at=back, action="a", actor="m", subject={}, previous_at=before.at)
    late = Record(made.entry.canonical, made.leaf, signer.sign(made.frontier.size, made.frontier.root()))
    folder = tools.copy.of(signer, [*records, late]).write(tmp_path / "late")
    (alarm,) = visit(folder, tmp_path / "t", now=back)[0]
    assert alarm.kind == "clock"
    assert alarm.text.startswith(f"entry 40 states the clock as {made.entry.time}: ")
    assert alarm.text.endswith(f"since an entry of {before.at}")


def test_a_log_without_a_review_is_due_from_its_first_entry(tools: Any, signer: Signer, tmp_path: Path) -> None:
    tree, before, records = Frontier(), None, []
    for day in range(3):
        at = tools.start + timedelta(days=day)
        made = next_entry(tree, log=tools.origin, at=at, action="a", actor="m", subject={}, previous_at=before)
        tree, before = made.frontier, made.entry.at
        records.append(Record(made.entry.canonical, made.leaf, signer.sign(tree.size, tree.root())))
    folder = tools.copy.of(signer, records).write(tmp_path / "log")
    now, long = tools.start + timedelta(days=9), timedelta(days=99)
    (alarm,) = visit(folder, tmp_path / "s", now=now, max_age=long)[0]
    assert alarm.kind == "review"
    assert f"was begun and never reviewed last on {tools.start:%Y-%m-%d}:" in alarm.text


def test_a_log_without_an_entry_is_silent(tools: Any, signer: Signer, tmp_path: Path) -> None:
    empty = tools.copy((), (signer.sign(0, Frontier().root()).encode() + b"\n",), signer.verifier.text.encode() + b"\n")
    (alarm,) = visit(empty.write(tmp_path / "log"), tmp_path / "s", now=tools.start)[0]
    assert (alarm.kind, alarm.text) == ("silent", "the log holds no entry")


def test_each_agency_is_due_from_its_last_review_or_its_beginning(tools: Any, signer: Signer, tmp_path: Path) -> None:
    tree, before, records = Frontier(), None, []
    opened, reviewed = "agency.opened", "log.reviewed"
    for day, (action, agency) in enumerate(
        [(opened, "A1"), (opened, "A2"), (opened, "A3"), (reviewed, "A1"), (reviewed, "A2"), (reviewed, "A1")]
    ):
        made = next_entry(
            tree,
            log=tools.origin,
            at=tools.start + timedelta(days=day),
            action=action,
            actor="m",
            subject={"agency": agency},
            previous_at=before,
        )
        tree, before = made.frontier, made.entry.at
        records.append(Record(made.entry.canonical, made.leaf, signer.sign(tree.size, tree.root())))
    folder, long = tools.copy.of(signer, records).write(tmp_path / "log"), timedelta(days=99)
    alarms, _ = visit(folder, tmp_path / "s", now=tools.start + timedelta(days=11, hours=1), max_age=long)
    day = [f"{tools.start + timedelta(days=number):%Y-%m-%d}" for number in range(6)]
    assert [alarm.text for alarm in alarms] == [
        f"the log of agency A2 was reviewed last on {day[4]}: a review is due",
        f"the log of agency A3 was opened and never reviewed last on {day[2]}: a review is due",
    ]


def test_the_first_entry_after_a_visit_is_new(tools: Any, signer: Signer, tmp_path: Path) -> None:
    records = tools.make_records(signer, 40, actions={20: "rows.altered"})
    state, now = tmp_path / "s", tools.start
    for name, size, expected in (("a", 20, []), ("b", 21, ["records"]), ("c", 22, [])):
        assert kinds(tools.copy.of(signer, records[:size]).write(tmp_path / name), state, now) == expected


def test_why_a_log_cannot_be_read_is_said(tools: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alarm,) = visit(tmp_path / "none", tmp_path / "s", now=tools.start)[0]
    assert alarm.text == f"the log in {tmp_path / 'none'} cannot be read: {tmp_path / 'none'} is not a folder"

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("plainview.audit.monitor.verify_folder", refused)
    (alarm,) = visit(tmp_path, tmp_path / "s", now=tools.start)[0]
    assert (alarm.kind, alarm.text) == ("unreadable", f"the log in {tmp_path} cannot be read: Permission denied")
