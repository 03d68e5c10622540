"""A small real log for the tests of the audit package, and the ways in which a copy of it may be damaged."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc8785

from plainview.audit.checkpoint import Signer
from plainview.audit.logfile import Record, format_line, split_line
from plainview.audit.merkle import Frontier, leaf_hash
from plainview.audit.record import next_entry

ORIGIN = "agency.example/plainview/log"
START = datetime(2026, 11, 23, 3, 38, 24, 120_000, tzinfo=UTC)


def make_records(signer: Signer, count: int, every: int = 1, actions: Mapping[int, str] | None = None) -> list[Record]:
    """A log of `count` entries with a signed checkpoint after every `every`-th and after the last; `actions` by number."""
    frontier, previous, records = Frontier(), None, []
    for number in range(count):
        made = next_entry(
            frontier,
            log=signer.verifier.name,
            at=START + timedelta(seconds=number // 2),  # some entries share a time
            action=(actions or {}).get(number, "search.requested" if number % 3 else "gallery.created"),
            actor=f"m{number % 5}",
            subject={
                "case": number,
                "models": ["sface"],
                "score": "0.4317",
                "é\n": None,
                "urgent": number % 2 == 0,
            },
            secret={"purpose": f"theft {number}"} if number % 4 == 0 else {},
            previous_at=previous,
        )
        frontier, previous = made.frontier, made.entry.at
        due = frontier.size % every == 0 or frontier.size == count
        note = signer.sign(frontier.size, frontier.root()) if due else None
        records.append(Record(made.entry.canonical, made.leaf, note))
    return records


@dataclass(frozen=True)
class Copy:
    """The three files of a log folder, taken apart so that they can be damaged."""

    lines: tuple[bytes, ...]
    notes: tuple[bytes, ...]
    key: bytes

    @classmethod
    def of(cls, signer: Signer, records: Iterable[Record]) -> Copy:
        records = list(records)
        return cls(
            tuple(format_line(record.canonical, record.leaf) for record in records),
            tuple(record.checkpoint.encode() + b"\n" for record in records if record.checkpoint),
            signer.verifier.text.encode() + b"\n",
        )

    def write(self, path: Path) -> Path:
        path.mkdir()
        (path / "log.jsonl").write_bytes(b"".join(self.lines))
        (path / "checkpoints").write_bytes(b"".join(self.notes))
        (path / "key.pub").write_bytes(self.key)
        return path

    def with_lines(self, lines: Iterable[bytes]) -> Copy:
        return replace(self, lines=tuple(lines))

    def flipped(self, name: str, bit: int) -> Copy:
        """One bit of one file flipped; the file stays one piece, which is all that `write` needs."""
        data = bytearray(self.key if name == "key" else b"".join(getattr(self, name)))
        data[bit // 8] ^= 1 << bit % 8
        return replace(self, key=bytes(data)) if name == "key" else replace(self, **{name: (bytes(data),)})


def covered_up(lines: Iterable[bytes]) -> list[bytes]:
    """What a careful attacker writes: every entry renumbered, canonical, with its right leaf hash."""
    forged = []
    for number, line in enumerate(lines):
        entry = json.loads(split_line(line)[0])
        canonical = rfc8785.dumps(entry | {"seq": number})
        forged.append(format_line(canonical, leaf_hash(canonical)))
    return forged


def altered(line: bytes) -> bytes:
    """The same line with another actor, canonical, its leaf hash left as it was."""
    canonical, leaf = split_line(line)
    return format_line(rfc8785.dumps(json.loads(canonical) | {"actor": "nobody"}), leaf)


def _alter(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], altered(lines[at]), *lines[at + 1 :]]


def _drop(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def _duplicate(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[(at - 1) % len(lines)], *lines[at:]]


def _insert(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], altered(lines[at]), *lines[at:]]


def _reorder(lines: list[bytes], at: int) -> list[bytes]:
    other = (at + 5) % len(lines)
    swapped = list(lines)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    return swapped


def _truncate(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at]


DAMAGES: dict[str, Callable[[list[bytes], int], list[bytes]]] = {
    "alter": _alter,
    "drop": _drop,
    "duplicate": _duplicate,
    "insert": _insert,
    "reorder": _reorder,
    "truncate": _truncate,
}
"""name -> damage done at entry `at`; the first bad entry is then `at` (`reorder`: `at` or its partner)."""


def first_difference(before: Iterable[bytes], after: Iterable[bytes]) -> int:
    """The number of the first line that differs, which is what a verifier must name."""
    before, after = list(before), list(after)
    pairs = zip(before, after, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))


def random_damage(copy: Copy, rng: random.Random) -> Copy:
    """Any damage: to the entries (bare or covered up), a bit of any file, or the list of checkpoints."""
    kind = rng.randrange(4)
    if kind == 0:
        name = rng.choice(["lines", "notes", "key"])
        size = len(copy.key) if name == "key" else sum(map(len, getattr(copy, name)))
        return copy.flipped(name, rng.randrange(8 * size))
    if kind == 1:
        notes = list(copy.notes)
        at = rng.randrange(len(notes))
        damage = rng.choice([_drop, _duplicate, _reorder, _truncate])
        return replace(copy, notes=tuple(damage(notes, at)))
    lines = DAMAGES[rng.choice(sorted(DAMAGES))](list(copy.lines), rng.randrange(len(copy.lines)))
    return copy.with_lines(covered_up(lines) if kind == 2 else lines)


class Tools:
    """What the test modules use from here (test files are not importable from each other)."""

    origin = ORIGIN
    start = START
    damages = DAMAGES
    copy = Copy
    altered = staticmethod(altered)
    covered_up = staticmethod(covered_up)
    first_difference = staticmethod(first_difference)
    make_records = staticmethod(make_records)
    random_damage = staticmethod(random_damage)


@pytest.fixture(scope="session")
def tools() -> type[Tools]:
    return Tools


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer.from_private_bytes(ORIGIN, bytes(range(32)))


@pytest.fixture(scope="session")
def records(signer: Signer) -> list[Record]:
    """40 entries, a checkpoint after each."""
    return make_records(signer, 40)


@pytest.fixture(scope="session")
def sparse_records(signer: Signer) -> list[Record]:
    """45 entries, a checkpoint after every tenth and after the last."""
    return make_records(signer, 45, every=10)
