"""A court's list: read whole or not at all, each bad row named by its line; imported twice it changes nothing."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.factories.tables import workbook
from tests.factories.work import entries, gallery, person

from plainview.casework.erasure.expunge import expunge
from plainview.casework.models import Reference, RetentionEvent
from plainview.casework.retention.court_orders import COLUMNS, NAMING, Ordered, read_order
from plainview.casework.retention.rules import import_order, record_event
from plainview.policy.decision import Refused
from plainview.policy.retention import After

DAY = date(2026, 1, 2)


@given(some.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    good, bad, _ = read_order(data)
    assert good or bad
    assert all(row.line >= 1 for row in (*good, *bad))


@given(some.text(max_size=300).map(lambda text: f"{','.join(COLUMNS)}\n{text}"))
def test_any_rows_are_answered(text: str) -> None:
    good, bad, _ = read_order(text.encode("utf-8", "surrogatepass"))
    assert good or bad


_CHARACTERS = some.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\u200b\u200e\u200f\u00ad")
"""Without those that nobody sees: at the ends of a cell the reader drops them."""
_CELLS = some.text(_CHARACTERS, min_size=1, max_size=30).map(str.strip).filter(bool)


@given(some.lists(some.tuples(some.sampled_from(NAMING[:2]), _CELLS, some.dates(), _CELLS), min_size=1, max_size=8))
def test_what_was_written_is_read(rows: list[tuple[str, str, date, str]]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for by, name, day, authority in rows:
        writer.writerow({by: name, "ordered_on": day.isoformat(), "authority": authority})
    good, bad, _ = read_order(out.getvalue().encode())
    assert bad == []
    assert [(row.by, row.name, row.ordered_on, row.authority) for row in good] == rows
    assert [row.line for row in good] == list(range(2, len(rows) + 2))


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "empty"),
        ("reference,ordered_on\n", 1, "no row"),
        ("reference,day\nR1,2026-01-02\n", 1, "no column 'day'"),
        ("ordered_on,authority\n2026-01-02,c\n", 1, "needed"),
        ("reference,reference,ordered_on\nR1,R1,2026-01-02\n", 1, "twice"),
        ("reference,ordered_on\nR1,2026-01-02\nR2,2026-13-02\n", 3, "not a date"),
        ("reference,ordered_on\n,2026-01-02\n", 2, "fills 0"),
        ("reference,source_url,ordered_on\nR1,urn:x,2026-01-02\n", 2, "fills 2"),
        ("reference,ordered_on\nR1,2026-01-02,more\n", 2, "more cells"),
        ("provenance,ordered_on\npk__gt=1,2026-01-02\n", 2, "FIELD=VALUE"),
        ('reference,ordered_on\n"R1,2026-01-02\n', 2, "never closed"),
    ],
)
def test_a_bad_row_is_named_by_its_line(text: str, line: int, why: str) -> None:
    _, bad, _ = read_order(text.encode())
    (found,) = bad
    assert (found.line, why in found.why) == (line, True), found


def test_a_file_that_is_no_text_or_too_long_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    (damaged,) = read_order(b"\xff\xfe\x00")[1]
    assert (damaged.line, "damaged UTF-16" in damaged.why) == (1, True)
    monkeypatch.setattr("plainview.casework.retention.court_orders.MAX_ROWS", 1)
    good, bad, _ = read_order(b"reference,ordered_on\nR1,2026-01-02\nR2,2026-01-02\n")
    assert good == [Ordered(2, "reference", "R1", DAY, "")]
    assert "more than 1 rows" in bad[0].why


def test_lists_of_excel_are_read_and_said() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Reference", "Ordered on", None])
        sheet.append(["R1", DAY, None])

    good, bad, how = read_order(workbook(fill), "order.xlsx")
    assert (good, bad, how) == ([Ordered(2, "reference", "R1", DAY, "")], [], ("Read as an Excel workbook.",))
    good, bad, how = read_order("sep=;\r\nReference;Ordered on\r\nR1;2026-01-02\r\n;\r\n".encode("utf-16"))
    assert (good, bad) == ([Ordered(3, "reference", "R1", DAY, "")], [])
    assert how == ("Read as CSV with semicolons between the cells, in UTF-16.", "1 blank row was passed over.")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("R1,02.01.2026", "perhaps 2026-01-02 or 2026-02-01 is meant"),
        ("R1,2026-01", "ordered_on has no day"),
        ('"R1"x,2026-01-02', "closed in the middle of a cell"),
    ],
)
def test_a_day_is_never_guessed(row: str, why: str) -> None:
    _, (bad,), _ = read_order(f"reference,ordered_on\n{row}\n".encode())
    assert (bad.line, why in bad.why) == (2, True)


def test_nothing_is_recorded_until_every_row_is_understood(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    row = Reference.objects.get(file_name="collins.png")
    rows = [
        f"{row.public_id},2026-01-02,c",
        "R0,2026-01-02,c",
        f"{row.public_id},2999-01-01,c",
        f"{row.public_id},2026-01-02,",
    ]
    text = "\n".join(["reference,ordered_on,authority", *rows])
    with pytest.raises(Refused) as caught:
        import_order(text.encode(), acting_member=person("admin"))
    assert caught.value.rule_id == "retention.bad_rows"
    for told in (
        "line 3: your agency has no reference",
        "line 4: ordered_on is in the future",
        "line 5: it names no authority",
    ):
        assert told in caught.value.why
    assert not RetentionEvent.objects.exists()
    assert entries("retention.event.refused")[-1].subject["rule"] == "retention.bad_rows"


def test_importing_again_is_harmless(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    gallery(tmp_path / "more", "h")
    first, second = Reference.objects.filter(file_name="collins.png").order_by("pk")
    Reference.objects.filter(file_name="hopper.png").update(provenance={"TCN": "12-345"})
    expunge(second.public_id, reason="by order of the court", acting_member=person("admin"))
    rows = [
        f",{first.source_url},,2026-01-02",
        f"{first.public_id},,,2026-01-02",
        ",,TCN=12-345,2026-01-02",
        f"{second.public_id},,,2026-01-02",
    ]
    data = "\n".join(["reference,source_url,provenance,ordered_on", *rows]).encode()
    done = import_order(data, authority="District court 12", acting_member=person("admin"))
    assert (done.rows, done.new, done.erased) == (4, 3, 1)
    again = import_order(data, authority="District court 12", acting_member=person("admin"))
    assert (again.new, again.known) == (0, 3)
    assert RetentionEvent.objects.count() == 3
    (told,) = entries("retention.event")
    assert len(told.subject["references"]) == 3
    assert b"District" not in told.canonical
    assert len(entries("retention.order_imported")) == 2


def test_an_event_of_nothing_or_of_tomorrow_is_refused(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    row = Reference.objects.first()
    told = {"happened_on": DAY, "authority": "court", "acting_member": person("supervisor")}
    for kind, more, rule in (
        (After.CONSENT_END, {}, "retention.event_of_nothing"),
        (After.CONSENT_END, {"case": "C-1"}, "retention.event_of_nothing"),
        (After.ENROLMENT, {"references": [row.public_id]}, "retention.event_of_nothing"),
        (After.ACQUITTAL, {"case": "C-9"}, "case.unknown"),
        (After.ACQUITTAL, {"references": ["R0"]}, "reference.unknown"),
        (
            After.ACQUITTAL,
            {"references": [row.public_id], "happened_on": date(2999, 1, 1)},
            "retention.event_day",
        ),
        (After.ACQUITTAL, {"references": [row.public_id], "authority": " "}, "retention.authority"),
    ):
        with pytest.raises(Refused) as caught:
            record_event(kind, **(told | more))
        assert caught.value.rule_id == rule
    assert not RetentionEvent.objects.exists()
