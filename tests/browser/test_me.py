"""Signing in and what is a member's own, in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import findings
from tests.factories import walk
from tests.factories.live import CASE, Live, probe

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}


def test_sign_in_page_is_open_to_everybody_and_accessible(live: Live, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{live.url}/accounts/login/")
    assert findings(page) == []
    page.close()


@pytest.mark.parametrize("name", ["examiner", "verifier", "supervisor", "admin", "auditor"])
def test_home_is_accessible_to_every_role(page_of: Callable[..., Page], name: str) -> None:
    page = page_of(name)
    page.goto("/")
    assert findings(page) == []


@pytest.mark.parametrize("path", ["/", "/policy/", "/sessions/", "/everything/", "/news/", "/cases/1/", "/prepare/"])
def test_nothing_is_wider_than_a_phone(page_of: Callable[..., Page], path: str) -> None:
    page = page_of("examiner", **PHONE)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keys_of_a_page_are_shown(page_of: Callable[..., Page]) -> None:
    page = page_of("examiner")
    page.goto("/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_member_who_signs_out_is_out(live: Live, browser: Browser) -> None:
    context = live.signed_in(browser, "auditor")
    page = context.new_page()
    page.goto("/")
    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/policy/")
    assert "/accounts/login/" in page.url
    del live.states["auditor"]
    context.close()


def test_what_is_assigned_shows_on_an_open_page_within_two_seconds(
    page_of: Callable[..., Page], live: Live, tmp_path: Path
) -> None:
    examiner, verifier = page_of("examiner"), page_of("verifier")
    walk.prepare(examiner, probe(tmp_path))
    walk.choose(examiner)
    found = walk.search(examiner)
    walk.compare(examiner, found)
    verifier.goto("/")
    before = (
        int(verifier.locator("#task-count").inner_text() or 0) if verifier.locator("#task-count").is_visible() else 0
    )
    verifier.wait_for_timeout(2500)  # it has asked once
    walk.conclude(examiner)
    expect(verifier.get_by_text("A verification was assigned to you")).to_be_visible(timeout=6000)
    expect(verifier.locator("#task-count")).to_have_text(str(before + 1))


def test_a_header_is_at_most_56_pixels_high_with_six_places(page_of: Callable[..., Page]) -> None:
    for name in ("examiner", "verifier", "supervisor", "admin", "auditor"):
        for width in (1280, 390):
            page = page_of(name, viewport={"width": width, "height": 800})
            page.goto("/")
            box = page.locator("header.top").bounding_box()
            assert box is not None
            assert box["height"] <= 56, (name, width)
            assert page.locator("#places a").count() <= 6
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_search_field_opens_what_it_finds(page_of: Callable[..., Page]) -> None:
    page = page_of("examiner")
    page.goto("/")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type(CASE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(CASE)
