"""A server whose disk is full, in Chromium: the page stays as it is, says so, and goes on once there is room."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.factories.clips import clip
from tests.factories.live import CASE, GALLERY, Live, probe

pytestmark = pytest.mark.long

PageOf = Callable[..., Page]
ANSWER = '<!doctype html><main><h1>Not done</h1><p class="error" role="alert">The server\'s disk is full.</p></main>'
"""As record_failed.html: tests/unit/web/test_full_disk.py asks for this element in the true page."""


def full(page: Page, address: str, times: int = 1) -> list[str]:
    """Let so many POSTs to an address be answered as by a full disk; return those that were."""
    refused: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method != "POST" or len(refused) >= times:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=503, content_type="text/html; charset=utf-8", body=ANSWER)

    page.route(address, answer)
    return refused


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return probe(tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def search_id(live: Live, photograph: Path) -> str:
    asked = ("--case", CASE, "--purpose", "find the rider", "--gallery", GALLERY, "--as", "examiner@agency.example")
    return str(live.json("search", photograph, *asked)["search_id"])


def test_a_video_goes_on_where_it_stopped(page_of: PageOf, tmp_path: Path) -> None:
    page = page_of("examiner")
    refused = full(page, "**/part/**", times=2)
    (tmp_path / "a.mp4").write_bytes(clip(frames=30).data)
    page.goto("/videos/")
    page.get_by_label("Case", exact=True).select_option(CASE)
    page.get_by_label("File").set_input_files(tmp_path / "a.mp4")
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#upload-progress")).to_contain_text("The server's disk is full. Trying again")
    page.wait_for_url("**/videos/V*/")
    assert len(refused) == 2


def test_pictures_to_enrol_and_a_photograph_are_still_chosen(page_of: PageOf, photograph: Path) -> None:
    page = page_of("admin")
    full(page, "**/enrol/")
    page.goto("/galleries/1/enrol/")
    page.get_by_label("Pictures, or a ZIP file").set_input_files(photograph)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(
        page.get_by_text("The server's disk is full. Nothing was enrolled. The files are still chosen.")
    ).to_be_visible()
    page = page_of("examiner")
    full(page, "**/prepare/**")
    page.goto(f"/prepare/?case={CASE}")
    page.get_by_label("Photograph").set_input_files(photograph)
    expect(page.get_by_text("The server's disk is full. The photograph was not accepted.")).to_be_visible()
    page.get_by_role("button", name="Find the faces").click()
    page.wait_for_url(re.compile(r"/prepare/D\w+/$"))


def test_a_draft_is_saved_once_there_is_room(page_of: PageOf, search_id: str) -> None:
    page = page_of("examiner")
    refused = full(page, "**/draft/")
    page.goto(f"/searches/{search_id}/candidates/2/examine/")
    page.locator("#c1-2").check()
    expect(page.locator("#draft-state")).to_contain_text("The server's disk is full. Your answers stay on this page")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved at")
    assert len(refused) == 1


def test_a_candidate_that_was_not_recorded_as_set_aside_comes_back(page_of: PageOf, search_id: str) -> None:
    page = page_of("examiner")
    refused = full(page, "**/aside/")
    page.goto(f"/searches/{search_id}/")
    page.get_by_role("button", name="Set aside candidate 2").click()
    expect(page.get_by_text("Not recorded. The server's disk is full.")).to_be_visible()
    expect(page.locator(".is-aside")).to_have_count(0)
    assert len(refused) == 1
