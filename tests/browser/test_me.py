"""Signing in and what is a member's own, in Chromium."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.conftest import findings
from tests.factories.live import Live

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


@pytest.mark.parametrize("path", ["/", "/policy/", "/sessions/"])
def test_nothing_is_wider_than_a_phone(page_of: Callable[..., Page], path: str) -> None:
    page = page_of("examiner", **PHONE)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keys_of_a_page_are_shown(page_of: Callable[..., Page]) -> None:
    page = page_of("examiner")
    page.goto("/")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


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
