"""Reports in Chromium: a supervisor reads, compares, takes away and orders one; another agency is in none of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories import forks
from tests.factories.live import Live

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}
_OTHER = (
    "from plainview.cli.start import start_django; start_django(); from tests.factories.reports import main; main()"
)


def test_a_report_is_read_compared_taken_away_and_ordered(page_of: Callable[..., Page], live: Live) -> None:
    done = forks.run(live.home, [], code=_OTHER)
    assert done.returncode == 0, done.stderr
    page = page_of("supervisor", **PHONE)
    page.goto("/reports/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    assert "kidnapping" not in page.content()
    told = page.request.get("/reports/report.json").json()
    mine = told["counted"]["searches"]
    assert "kidnapping" not in json.dumps(told)
    row = page.get_by_role("region", name="At a glance").get_by_role("row").nth(1)
    expect(row).to_have_text(f"Searches{mine}0")
    theirs = live.json("report", "show", "--as", "supervisor@other.example")
    assert theirs["counted"]["by_offence"] == {"kidnapping": 1}
    page.get_by_label("Compare with").select_option("Another period")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#errors")).to_contain_text("Enter the first and the last day")
    page.get_by_label("Compare with").select_option("Nothing")
    page.get_by_label("Until", exact=True).fill("2999-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#errors")).to_contain_text("1 Jan 2999 is not over")
    expect(page.get_by_label("Until", exact=True)).to_have_value("2999-01-01")
    page.goto("/reports/?compare=none")
    assert page.get_by_role("columnheader", name="Before").count() == 0
    assert page.request.get("/reports/report.pdf?compare=none").body().startswith(b"%PDF")
    assert page.request.get("/reports/report.csv").text().startswith("section,line,column,value")
    assert page.request.get("/reports/report.csv?until=2999-01-01").status == 400
    page.get_by_role("link", name="Scheduled reports").click()
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator("#errors")).to_be_visible()
    page.get_by_label("Sample auditor").check()
    page.get_by_label("On the first").check()
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_text("Monthly to Sample auditor")).to_be_visible()
    assert findings(page) == []
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("No reports are scheduled.")).to_be_visible()
