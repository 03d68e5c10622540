"""Whatever bytes come in as a table, an archive, a court's order or a publisher's list: read or refused, soon.

In `make fuzz` each example is many mutations of one seed, so that every target sees a hundred thousand inputs.
"""

from __future__ import annotations

import io
import json
import random
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plainview.casework.enrolment.feedlist import read_list
from tests import properties
from tests.factories.tables import MANIFEST, workbook

from plainview.casework.enrolment import incoming
from plainview.casework.enrolment.items import Unusable
from plainview.casework.enrolment.pairing import described, paired
from plainview.casework.retention.court_orders import read_order
from plainview.evaluation.dataset import LABELS
from plainview.policy.decision import Refused
from plainview.tables.errors import TableError
from plainview.tables.names import Names
from plainview.tables.read import open_table

ROUNDS = 125 if properties.fuzzing else 1
"""Mutations an example: 40 examples, twenty times as many in `make fuzz`."""

HANG = 5
"""Seconds of CPU time that one input may take."""

ROWS = [
    {"path": "photos/a.jpg", "source_url": "https://e.example/1", "page_url": "", "captured_on": "2024-11-05"},
    {"path": "Müller.jpg", "source_url": "urn:x", "page_url": "https://e.example/p", "captured_on": "2024"},
]
CSV = "path,source_url,page_url,captured_on\n" + "".join(",".join(row.values()) + "\n" for row in ROWS)


def _sheet(sheet: Any) -> None:
    sheet.append(list(ROWS[0]))
    sheet.append(["a.jpg", "https://e.example/1", None, date(2024, 11, 5)])
    sheet.append(["b.jpg", "Open", None, 2024])
    sheet["B3"].hyperlink = "https://e.example/2"
    sheet["A9"] = "=1+1"
    sheet.row_dimensions[2].hidden = True


def _parquet() -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), out)
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/photos/a.jpg", b"picture" * 20)
        archive.writestr("export/Müller.jpg", b"p")
        archive.writestr("export/manifest.csv", CSV)
    return out.getvalue()


def manifest(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        try:
            table = open_table(data, name, MANIFEST)
            reading = paired(table, name, Names(["photos/a.jpg", "export/Müller.jpg"])).reading
            rows = list(described(table))
        except TableError as error:
            check(error)
            return
        assert reading.rows == len(rows)
        assert all(row.path.strip() and "\0" not in row.path for row in rows)
        json.dumps([row.about for row in rows]).encode()
        "".join(row.path for row in rows).encode()  # no half characters

    return read


def check(error: TableError) -> None:
    assert error.why
    assert error.next_step
    assert error.number >= 1


def order(data: bytes) -> None:
    good, bad, _ = read_order(data)
    assert good or bad
    assert all(row.line >= 1 for row in (*good, *bad))


def feed(data: bytes) -> None:
    try:
        offers = read_list(data)
    except Unusable as error:
        offers = []
        code = error.code
    else:
        code = "feed.list"
    assert code == "feed.list"
    assert all(offer.image for offer in offers)


def labels(data: bytes) -> None:
    try:
        list(open_table(data, "labels.csv", LABELS).rows())
    except TableError as error:
        check(error)


def upload(data: bytes) -> None:
    rule = ""
    try:
        for file in incoming.files([("z.zip", io.BytesIO(data))]):
            assert len(file.data) <= incoming.MAX_FILE_BYTES + 1
            file.name.encode()
    except Refused as refused:
        rule = refused.rule_id
    assert rule in ("", "upload.archive", "upload.too_much")


ORDER = b"reference,source_url,provenance,ordered_on,authority\nR1,,,2026-01-02,Court 3\n,,TCN=12-345,2026-01-02,c\n"
TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "CSV": (
        manifest("m.csv"),
        [CSV.encode(), CSV.replace(",", ";").encode("utf-16"), b"sep=;\r\n" + CSV.replace(",", ";").encode()],
    ),
    "JSON Lines": (manifest("m.jsonl"), ["".join(json.dumps(row) + "\n" for row in ROWS).encode()]),
    "Excel": (manifest("m.xlsx"), [workbook(_sheet)]),
    "Parquet": (manifest("m.parquet"), [_parquet()]),
    "ZIP": (upload, [_zip()]),
    "court order": (order, [ORDER, ORDER.replace(b",", b"\t")]),
    "list of a feed": (
        feed,
        [b'[{"image": "https://h.example/1.jpg", "captured_on": "2020-02-29"}]', b"image,page\na,b\n"],
    ),
    "labels": (labels, [b'path,person,note\na/1.jpg,ada,"x, y"\n']),
}
PIECES = (
    b"\0",
    b'"',
    b"\r",
    b"\n",
    b",",
    b";",
    b"\t",
    b"\xff",
    b"\xef\xbb\xbf",
    b"<",
    b">",
    b"&",
    b"{",
    b"9" * 20,
    b"=",
)


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """The seed with a few bytes changed, cut, put in or repeated; half the time inside the members of a ZIP file."""
    if seed.startswith(b"PK") and chance.random() < 0.5:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(seed)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            chosen = chance.choice(old.namelist())
            for name in old.namelist():
                new.writestr(name, _changed(old.read(name), chance) if name == chosen else old.read(name))
        return out.getvalue()
    return _changed(seed, chance)


def _changed(seed: bytes, chance: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randint(0, len(data)), chance.randint(1, 16)
        how = chance.randrange(5)
        if how == 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif how == 1:
            data[at : at + length] = b""
        elif how == 2:
            data[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 2, 200))
        elif how == 3:
            data[at:at] = data[at : at + length * 8]
        else:
            data[at:] = b""
    return bytes(data)


@contextmanager
def soon() -> Iterator[None]:
    """Fail if the block takes more than `HANG` seconds of CPU time."""

    def late(*_: object) -> None:
        raise AssertionError("an input takes too long")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, HANG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(0, 2**32))
def test_any_table_is_read_or_refused(target: str, number: int) -> None:
    read, seeds = TARGETS[target]
    chance = random.Random(number)
    for _ in range(ROUNDS):
        data = mutated(chance.choice(seeds), chance)
        with soon():
            read(data)


@pytest.mark.parametrize("target", TARGETS)
def test_the_seeds_themselves_are_read(target: str) -> None:
    read, seeds = TARGETS[target]
    for seed in seeds:
        read(seed)
