"""Whatever bytes come in, every parser of strangers' files reads or refuses them in a sentence; `make fuzz` tries 100,000."""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.fuzz import drive
from tests.fuzz.parsers import HANG, PARSERS, Feed, Parser
from tests.fuzz.refusal import refused


@contextmanager
def soon() -> Iterator[None]:
    """Fail if the block takes more than `HANG` seconds of processor time."""

    def late(*_: object) -> None:
        raise AssertionError("an input takes too long")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if parser.slow else ()) for name, parser in PARSERS.items()]
)
def test_a_parser_reads_its_seeds_and_reads_or_refuses_what_was_changed(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    parser = PARSERS[name]
    if parser.workspace:
        request.getfixturevalue("workspace")
    seeds = parser.seeds(tmp_path)
    with parser.opened(tmp_path) as feed:
        assert {seed: feed(data) for seed, data in seeds.items()} == dict.fromkeys(seeds, "read")
        for number in range(parser.tries):
            data = drive.input_of(name, parser, list(seeds.values()), number)
            with soon():
                feed(data)
        for path in sorted(drive.FOUND.glob(f"{name}-*.bin")):
            with soon():
                feed(path.read_bytes())
        assert {seed: feed(data) for seed, data in seeds.items()} == dict.fromkeys(seeds, "read"), (
            "an input left a trace"
        )


def test_every_input_that_was_found_belongs_to_a_parser() -> None:
    assert {path.name.rpartition("-")[0] for path in drive.FOUND.glob("*.bin")} <= PARSERS.keys()


@pytest.mark.parametrize(
    ("why", "next_step"),
    [
        ("", "Send it again."),
        ("It is damaged.", ""),
        ("It is damaged: 'int' object has no attribute 'encode'.", "Send it again."),
        ("half a \ud800 character", "Send it again."),
        ("x" * 1000, "Send it again."),
    ],
)
def test_a_refusal_that_helps_nobody_fails(why: str, next_step: str) -> None:
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        refused("code", why, next_step)


def _bad(data: bytes) -> str:
    match int(data):
        case 3 | 4:
            raise KeyError(data)
        case 6:
            os._exit(9)
        case 8:
            while True:
                pass
        case 9:
            return "bad.file"
    return "read"


@contextmanager
def _opened(_: Path) -> Iterator[Feed]:
    yield _bad


@pytest.mark.long
def test_the_driver_survives_what_it_finds_and_keeps_it_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tmp_path / "found"
    monkeypatch.setattr(drive, "PARSERS", {"bad": Parser(lambda _: {"one": b"1"}, _opened)})
    monkeypatch.setattr(drive, "input_of", lambda name, parser, seeds, number: str(number).encode())
    monkeypatch.setattr(drive, "STATE", tmp_path)
    monkeypatch.setattr(drive, "FOUND", found)
    monkeypatch.setattr(drive, "HANG", 0.2)
    asked = Namespace(count=5, seconds=60, seeds=None, anew=False)
    assert drive.drive("bad", asked).answers == {"read": 3, "failure": 2}
    asked.count = 12
    tally = drive.drive("bad", asked)
    assert (tally.inputs, tally.answers) == (12, {"read": 7, "failure": 4, "bad.file": 1})
    assert [failure[:12] for failure in tally.failures] == ["KeyError at ", "the process ", "more than 0."]
    assert sorted(path.read_bytes() for path in found.iterdir()) == [b"3", b"6", b"8"]


@pytest.mark.long
def test_a_target_that_no_longer_reads_its_seeds_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[bytes] = []

    @contextmanager
    def opened(_: Path) -> Iterator[Feed]:
        yield lambda data: fed.append(data) or ("read" if len(fed) < 9 else "status 401")

    monkeypatch.setattr(drive, "PARSERS", {"tired": Parser(lambda _: {"one": b"1"}, opened)})
    monkeypatch.setattr(drive, "STATE", tmp_path)
    monkeypatch.setattr(drive, "_CHECKED", 4)
    asked = Namespace(count=8, seconds=60, seeds=None, anew=False)
    assert drive.drive("tired", asked).answers == {"read": 6, "status 401": 2}
    with pytest.raises(SystemExit, match="the target itself failed"):
        drive.drive("tired", Namespace(count=20, seconds=60, seeds=None, anew=False))
