"""The numbers of the log's formats are those of the specifications, and of docs/reference/log-format.md."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainview.audit import (
    checkpoint,
    cosignature,
    durable,
    logfile,
    loglist,
    merkle,
    monitor,
    record,
    recount,
    standalone,
    submission,
    tiles,
    verify,
    watch_tiles,
    witness,
)

STATED = [
    (record.FORMAT_VERSION, 1),
    (record.MAX_ENTRY_BYTES, 65_536),
    (record.MAX_NEW_BYTES, 65_535),  # one less: a tile states the length of an entry in two bytes
    (record.MAX_DEPTH, 8),
    (record.MAX_INTEGER, 9_007_199_254_740_991),  # RFC 8785, 3.2.2.3
    (record.SALT_BYTES, 32),
    (record.CLOCK_TOLERANCE, timedelta(seconds=2)),
    (merkle.HASH_BYTES, 32),  # SHA-256
    (checkpoint.KEY_ID_BYTES, 4),  # C2SP signed-note
    (checkpoint.MAX_NOTE_BYTES, 65_536),
    (cosignature._LAST_TIME, 9_223_372_036_854_775_807),  # C2SP tlog-cosignature: below 2^63
    (durable.PRIVATE, 0o600),
    (logfile.MAX_LINE_BYTES, 65_536 + len(b'{"entry":,"leaf":""}\n') + 64),
    (tiles.WIDTH, 256),  # C2SP tlog-tiles
    (tiles.MAX_BUNDLE_BYTES, 16_777_472),  # 256 entries of 65,535 bytes, each after its length in two
    (submission.MAX_PROOF, 63),  # C2SP tlog-witness
    (submission.MAX_BODY, len("old 9223372036854775807\n") + 63 * 45 + 1 + 65_536),
    (submission.MAX_REPLY, 16_384),
    (verify.MAX_PROBLEMS, 20),
    (loglist.PER_DAY, 24 * 60 * 60.0),
    (monitor.MAX_AGE, timedelta(minutes=45)),
    (monitor.REVIEW_EVERY, timedelta(weeks=1)),
    (monitor.AHEAD, timedelta(minutes=5)),
    (watch_tiles.MAX_AGE, timedelta(hours=26)),
    (witness.DAY, 24 * 60 * 60),
    (witness.MOST_EVIDENCE, 1000),
    (recount.SETTLED, timedelta(hours=1)),
]


@pytest.mark.parametrize(("number", "stated"), STATED)
def test_a_number_is_the_one_that_is_stated(number: object, stated: object) -> None:
    assert number == stated


def test_the_script_has_the_numbers_of_the_package() -> None:
    assert standalone.MAX_ENTRY == record.MAX_ENTRY_BYTES
    assert standalone.MAX_LINE == logfile.MAX_LINE_BYTES
    assert standalone.MAX_NOTE == checkpoint.MAX_NOTE_BYTES
    assert (standalone.MAX_DEPTH, standalone.MAX_INTEGER) == (record.MAX_DEPTH, record.MAX_INTEGER)
    assert standalone.MAX_PROBLEMS == verify.MAX_PROBLEMS
    assert standalone.ESCAPES.keys() == {*range(32), ord(chr(34)), ord(chr(92))}  # RFC 8259, 7
