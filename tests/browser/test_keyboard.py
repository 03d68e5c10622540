"""The whole way from a case to a reported outcome by three people, without a mouse: Tab, Enter, and the keys of each page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.factories.live import CASE, GALLERY, Live, probe, until
from tests.factories.walk import answer_faces

from plainview.policy.examination import CONTRADICTIONS


@pytest.mark.long
def test_the_whole_way_to_a_lead_by_keys_alone(live: Live, page_of: Callable[..., Page], tmp_path: Path) -> None:
    examiner, verifier, supervisor = (page_of(name) for name in ("examiner", "verifier", "supervisor"))
    _search(examiner, probe(tmp_path))
    _examine(examiner)
    _verify(verifier)
    _release(supervisor)
    examiner.goto("/")
    _enter(examiner, ".handed a[href^='/leads/']")
    expect(examiner.get_by_role("button", name="Led nowhere")).to_be_visible()
    until(examiner, "button[value='led nowhere']")
    examiner.keyboard.press("Enter")
    expect(examiner.get_by_text("Outcome reported.")).to_be_visible()


def _enter(page: Page, selector: str) -> None:
    """Tab to a link and follow it."""
    until(page, selector)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _search(page: Page, photograph: Path) -> None:
    page.goto("/")
    _enter(page, "a.new")
    until(page, "input[name=case]")
    page.keyboard.type(CASE)
    until(page, "input[type=file]")
    # The dialog that Enter opens is the browser's own.
    page.locator("input[type=file]:focus").set_input_files(photograph)
    page.wait_for_url(re.compile(r"/prepare/D\w+/$"))
    until(page, "#id_purpose")
    page.keyboard.type("who rode the scooter on that day")
    if not page.get_by_role("checkbox", name=GALLERY).is_checked():  # the only gallery is ticked already
        until(page, f"input[name=galleries][value={GALLERY}]")
        page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/searches/S\w+/$"))


def _examine(page: Page) -> None:
    expect(page.locator("#rank-1")).to_have_class(re.compile(r"\bis-current\b"))
    with page.expect_navigation():
        page.keyboard.press("e")
    expect(page.locator("#components.walking")).to_have_count(1)
    for _ in range(19):
        page.keyboard.press("1")
    expect(page.locator("#count")).to_have_text("19")
    for box in page.locator("input[name=acknowledged]").all():
        until(page, f"#{box.get_attribute('id')}")
        page.keyboard.press("Space")
    page.keyboard.press("q")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("is recorded: potential candidate")).to_be_visible()


def _verify(page: Page) -> None:
    page.goto("/")
    _enter(page, ".task a[href^='/verifications/']")
    answer_faces(page)


def _release(page: Page) -> None:
    page.goto("/")
    # Another test's verifiers may have disagreed, and that task stands above.
    link = page.get_by_role("link", name="Release as a lead?", exact=True).first
    _enter(page, f".task a[href='{link.get_attribute('href')}']")
    for number, _ in enumerate(CONTRADICTIONS):
        until(page, f"input[type=radio][name=c{number}]")
        page.keyboard.press("Space")
        until(page, f"[name=w{number}]")
        page.keyboard.type("asked the case officer: nothing known against it")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("released.")).to_be_visible()
