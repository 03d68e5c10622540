"""A saved probe in Chromium: saved from its candidates, raised by an enrolment elsewhere, looked at, muted, ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories import walk
from tests.factories.live import GALLERY, Live, follow, probe
from tests.factories.models import collins, scaled

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}


def test_an_alert_from_its_search_to_its_end(page_of: Callable[..., Page], live: Live, tmp_path: Path) -> None:
    page = page_of("examiner")
    walk.prepare(page, probe(tmp_path))
    walk.choose(page, "is he seen again")
    walk.search(page)
    follow(page.get_by_role("link", name="Save as an alert"))
    assert findings(page) == []
    page.get_by_label("Days until it expires").fill("31")
    page.get_by_role("button", name="Save the alert").click()
    expect(page.locator("#errors")).to_contain_text("Ask for 1 to 30")
    page.get_by_label("Days until it expires").fill("14")
    page.get_by_role("button", name="Save the alert").click()
    mine = page.locator("section.panel", has_text="is he seen again")
    expect(mine.get_by_text("No candidates yet.")).to_be_visible()
    assert findings(page) == []

    # The page is left open: another process enrols, and it shows without being asked.
    arrived = tmp_path / "arrived.png"
    cv2.imwrite(str(arrived), scaled(collins(), 0.65).pixels)
    live.cli("enrol", GALLERY, arrived, "--as", "admin@agency.example")
    expect(mine.get_by_text("not viewed yet")).to_be_visible(timeout=30_000)
    page.goto("/")
    page.get_by_role("listitem").filter(has_text="is he seen again").get_by_role(
        "link", name="Alert: a new picture resembles your probe"
    ).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One candidate stands out")
    page.goto("/alerts/")
    expect(mine.get_by_text("not viewed yet")).to_be_hidden()

    mine.get_by_role("link", name="Mute").click()
    page.get_by_label("Reason").fill("on leave until Monday")
    page.get_by_role("button", name="Mute this alert").click()
    expect(mine.get_by_text("muted", exact=True)).to_be_visible()
    mine.get_by_role("link", name="End").click()
    page.get_by_label("Reason").fill("the person was found")
    page.get_by_role("button", name="End this alert").click()
    expect(mine.get_by_text("closed", exact=True)).to_be_visible()


def test_the_pages_fit_a_telephone(page_of: Callable[..., Page]) -> None:
    page = page_of("examiner", **PHONE)
    for path in ("/alerts/", "/alerts/preference/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert findings(page) == []
