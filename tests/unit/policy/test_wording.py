"""How refusals write days and numbers."""

from __future__ import annotations

from datetime import date

from plainview.policy.wording import counted, day


def test_a_day_is_written_with_the_month_in_letters() -> None:
    assert [day(date(2026, 11, 5)), day(date(2027, 1, 31)), day(date(2026, 12, 1))] == [
        "5 Nov 2026",
        "31 Jan 2027",
        "1 Dec 2026",
    ]


def test_only_one_is_singular() -> None:
    assert [counted(number, "picture") for number in (0, 1, 2, 1200)] == [
        "0 pictures",
        "1 picture",
        "2 pictures",
        "1,200 pictures",
    ]
    assert [counted(number, "search", "searches") for number in (1, 3)] == ["1 search", "3 searches"]
