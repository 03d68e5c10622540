"""Times are written in the reader's zone, with its name and in one format."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from django.utils import timezone

from plainview.web.templatetags.moments import ago, moment
from plainview.web.times import COOKIE, written, zone_of

AT = datetime(2026, 11, 5, 22, 29, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "5 Nov 2026, 22:29 UTC"),
        ("Europe/Vienna", "5 Nov 2026, 23:29 CET"),
        ("America/New_York", "5 Nov 2026, 17:29 EST"),
        ("Asia/Dubai", "6 Nov 2026, 02:29 UTC+04"),
        ("Asia/Kathmandu", "6 Nov 2026, 04:14 UTC+0545"),
    ],
)
def test_a_moment_has_the_name_of_its_zone(zone: str, text: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        assert written(AT) == text
        assert text in moment(AT)
        assert 'datetime="2026-11-05T22:29:07+00:00"' in moment(AT)
        assert moment("2026-11-05T22:29:07+00:00") == moment(AT)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "Europe/Vienna\n", "x" * 5000])
def test_a_cookie_that_names_no_zone_is_utc(name: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = name
    assert zone_of(request) is UTC


def test_a_cookie_names_the_zone() -> None:
    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = "Europe/Vienna"
    assert zone_of(request) == ZoneInfo("Europe/Vienna")


def test_what_was_a_moment_ago_is_said_in_minutes() -> None:
    assert ">just now<" in ago(timezone.now())
    assert moment(None) == ago(None) == ""
    assert ago(AT) != ""
