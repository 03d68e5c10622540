"""Dates as precise as they were stated, and names that meet their files whatever wrote them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.tables.dates import apart, iso, last_day, read_capture_date, read_date, shown, years_apart
from plainview.tables.names import Meeting, Names, readable, spellings


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        ("2024-11-05", date(2024, 11, 5), date(2024, 11, 5), "5 Nov 2024"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "Feb 2024"),
        ("2023", date(2023, 1, 1), date(2023, 12, 31), "2023"),
    ],
)
def test_a_date_keeps_its_precision(text: str, first: date, last: date, words: str) -> None:
    day, precision = read_capture_date(text)
    assert (day, last_day(day, precision), shown(day, precision), iso(day, precision)) == (first, last, words, text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-11-05T22:14:05Z",
        "2024-11-05 22:14:05",
        "2024-11-05 22:14:05.123+00",
        "2024-11-05T22:14+01:00",
        "2024-11-05 22:14:05 +0100",
    ],
)
def test_a_time_behind_a_day_is_left_out(text: str) -> None:
    assert read_capture_date(text) == (date(2024, 11, 5), "day")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2024-11-05T", "not a date YYYY-MM-DD"),
        ("2024-11 22:14", "not a date YYYY-MM-DD"),
        ("05/11/2024", "is not a date YYYY-MM-DD; perhaps 2024-11-05 or 2024-05-11 is meant"),
        ("13.11.2024", "is not a date YYYY-MM-DD; perhaps 2024-11-13 is meant"),
        ("11/13/2024", "is not a date YYYY-MM-DD; perhaps 2024-11-13 is meant"),
        ("05-05-2024", "is not a date YYYY-MM-DD; perhaps 2024-05-05 is meant"),
        ("31.11.2024", "there is no such day"),
        ("29.02.2023", "there is no such day"),
        ("01.01.0000", "there is no such day"),
        ("5.11.24", "which number is the day cannot be known"),
        ("2024-13-01", "no such day"),
        ("2023-02-29", "no such day"),
        ("2024-00-00", "no such day"),
        ("20241105", "not a date YYYY-MM-DD"),
        ("2024-W45-2", "not a date YYYY-MM-DD"),
        ("45600", "not a date YYYY-MM-DD"),
        ("٢٠٢٤", "not a date YYYY-MM-DD"),
        ("2124-03-01", "in the future"),
        ("2124", "in the future"),
        ("0024-03-01", "before the first photograph"),
    ],
)
def test_a_date_is_never_guessed(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_capture_date(text)


def test_today_is_not_the_future_anywhere_on_earth() -> None:
    today = datetime.now(UTC).date()
    assert read_capture_date((today + timedelta(days=1)).isoformat())[1] == "day"
    assert read_capture_date(f"{today:%Y}")[1] == "year"
    with pytest.raises(ValueError, match="future"):
        read_capture_date((today + timedelta(days=2)).isoformat())


@given(st.dates(min_value=date(1000, 1, 1)))
def test_what_was_written_is_read(day: date) -> None:
    for text in (f"{day:%Y-%m-%d}", f"{day:%Y-%m}", f"{day:%Y}"):
        first, precision = read_date(text)
        assert iso(first, precision) == text
        assert first <= day <= last_day(first, precision)


def test_an_age_of_a_year_is_a_range() -> None:
    assert years_apart(date(2024, 6, 1), date(2024, 1, 1), "year")[0] == 0
    assert apart(date(2024, 6, 1), date(2024, 1, 1), "year") == "within a year"
    assert apart(date(2024, 1, 1), date(2012, 1, 1), "year") == "11 to 12 years"
    assert apart(date(2025, 1, 1), date(2023, 7, 1), "day") == "2 years"


NFC, NFD = "Müller.jpg", unicodedata.normalize("NFD", "Müller.jpg")


@pytest.mark.parametrize(
    ("stated", "base", "name"),
    [
        ("photos/a.jpg", "", "photos/a.jpg"),
        ("./photos//a.jpg", "", "photos/a.jpg"),
        ("photos\\a.jpg", "", "photos/a.jpg"),
        ("C:\\Users\\x\\photos\\A.JPG", "", "photos/a.jpg"),
        (" Photos/a.jpg ", "", "photos/a.jpg"),
        ("a.jpg", "", "photos/a.jpg"),
        ("desk/photos/a.jpg", "", "photos/a.jpg"),
        ("photos/b.jpg", "export", "export/photos/b.jpg"),
        ("../photos/b.jpg", "export/lists", "export/photos/b.jpg"),
        (NFC, "", NFD),
        (f"x/{NFC.upper()}", "", NFD),
    ],
)
def test_a_name_meets_its_file_whatever_wrote_it(stated: str, base: str, name: str) -> None:
    names = Names(["photos/a.jpg", "export/photos/b.jpg", "other/photos/b.jpg", NFD])
    assert names.meet(stated, base).name == name


def test_files_that_fit_equally_well_are_told_and_not_chosen() -> None:
    names = Names(["a/x.jpg", "b/x.jpg", "y.jpg", "Y.JPG", "c/q.jpg"])
    assert names.meet("x.jpg").several == ("a/x.jpg", "b/x.jpg")
    assert names.meet("./y.jpg") == Meeting("y.jpg", exact=False)
    assert names.meet("y.Jpg").several == ("Y.JPG", "y.jpg")
    for elsewhere in ("d/q.jpg", "../q.jpg", "none.jpg", "", "..", "/"):
        assert names.meet(elsewhere) == Meeting()


def test_two_files_of_one_name_are_told_even_if_it_is_stated_exactly() -> None:
    names = Names(["a.jpg"])
    names.add("a (2).jpg", "a.jpg")
    assert names.meet("a.jpg").several == names.meet("photos/a.jpg").several == ("a (2).jpg", "a.jpg")
    assert names.meet("a (2).jpg") == Meeting("a (2).jpg")


def test_names_in_other_code_pages_are_readable_and_meet() -> None:
    names = Names()
    names.add("M\udcfcller.jpg", *spellings(b"M\xfcller.jpg"))
    assert names.meet(NFC).name == "M\udcfcller.jpg"
    assert readable("M\udcfcller.jpg") == "M\\xfcller.jpg"
    assert readable(NFC) == NFC
    assert "Müller.jpg" in spellings("Müller.jpg".encode("cp850"))


@given(st.lists(st.text(max_size=8), max_size=6), st.text(max_size=12), st.text(max_size=4))
def test_any_names_meet_or_not_and_never_break(files: list[str], stated: str, base: str) -> None:
    names = Names(files)
    meeting = names.meet(stated, base)
    assert not meeting.name or meeting.name in files
    assert len(meeting.several) != 1
    for name in files:
        assert names.meet(name) == Meeting(name)
