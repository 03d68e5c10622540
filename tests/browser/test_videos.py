"""A video in Chromium: uploaded in pieces, people appearing while it is looked through, a still picked with the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import findings
from tests.factories.clips import clip
from tests.factories.live import CASE


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "platform 4.mp4"
    path.write_bytes(clip(frames=75).data)
    return path


def taken(page: Page, file: Path) -> None:
    page.goto("/videos/")
    page.get_by_label("Case", exact=True).select_option(CASE)
    page.get_by_label("File").set_input_files(str(file))
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/videos/V*/")


@pytest.mark.long
def test_from_the_file_to_a_picked_still(page_of: Callable[..., Page], file: Path) -> None:
    page = page_of("examiner")
    page.goto("/videos/")
    assert findings(page) == []
    taken(page, file)
    expect(page.locator("#faces > p[role=status]")).to_have_text("2 people", timeout=60_000)
    expect(page.locator("#person-1 img").first).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#person-2:focus-within")).to_have_count(1)
    page.keyboard.press("o")
    expect(page.locator("#others-2")).to_have_attribute("open", "")
    page.get_by_label("Minimum quality").fill("100")
    page.get_by_label("Minimum width, pixels").fill("5000")
    page.get_by_label("Minimum width, pixels").press("Enter")
    expect(page.locator("#faces")).to_contain_text("No face matches the filter")
    page.get_by_label("Minimum width, pixels").fill("0")
    page.get_by_label("Minimum quality").fill("0")
    page.get_by_label("Minimum quality").press("Enter")
    page.locator(".timeline a[data-still]").first.click()
    expect(page.locator("#player figure img")).to_have_js_property("naturalWidth", 640)
    expect(page.locator("#player figcaption")).to_contain_text("frame")
    expect(page.locator(".timeline .head.on")).to_have_count(1)
    page.evaluate("scrollTo(0, 0)")  # nothing half under the header
    assert findings(page) == []
    for person in ("Person 1", "Person 2"):
        page.get_by_role("checkbox", name=person).check()
    page.get_by_role("button", name="The two ticked are one person").click()
    expect(page.locator("#faces > p[role=status]")).to_have_text("1 person")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#faces > p[role=status]")).to_have_text("2 people")
    page.locator("#person-1 a.pick").first.click()
    page.wait_for_url("**/stills/K*/")
    expect(page.locator("img.photo")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("p")
    page.wait_for_url("**/prepare/D*/")
    expect(page.locator("body")).to_contain_text("quality")
    assert findings(page) == []


@pytest.mark.long
def test_an_upload_goes_on_after_a_broken_connection(page_of: Callable[..., Page], file: Path) -> None:
    page = page_of("examiner")
    broken: list[str] = []

    def flaky(route: Route) -> None:
        if len(broken) < 2:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/part/**", flaky)
    taken(page, file)
    assert len(broken) == 2


@pytest.mark.long
def test_a_text_named_mp4_is_refused_in_words(page_of: Callable[..., Page], tmp_path: Path) -> None:
    text = tmp_path / "clip.mp4"
    text.write_text("not a video\n" * 100)
    page = page_of("examiner", viewport={"width": 390, "height": 844})
    taken(page, text)
    expect(page.get_by_text("Failed")).to_be_visible(timeout=60_000)
    page.reload()
    expect(page.locator("p.error")).to_contain_text("not a video in a known container")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
