"""Galleries in Chromium: a real upload with its bar and the worker's progress, and what could not be enrolled."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.factories.live import follow
from tests.factories.models import hopper

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight portraits, one picture without a face and one file that is no picture."""
    folder = tmp_path_factory.mktemp("upload")
    path = folder / "records.zip"
    with zipfile.ZipFile(path, "w") as made:
        for i in range(8):
            pixels = np.ascontiguousarray(hopper().pixels[i * 3 :, i * 2 :])
            made.writestr(f"desk/{i}.jpg", cv2.imencode(".jpg", pixels)[1].tobytes())
        empty = np.full((300, 300, 3), 90, np.uint8)
        made.writestr("desk/wall.jpg", cv2.imencode(".jpg", empty)[1].tobytes())
        made.writestr("desk/letter.jpg", b"this is no picture")
    return path


def make_gallery(page: Page, name: str) -> None:
    page.goto("/galleries/")
    assert findings(page) == []
    follow(page.get_by_role("link", name="Create a gallery"))
    assert findings(page) == []
    page.get_by_label("Name").fill(name)
    page.get_by_label("Legal basis").fill("Custody Images Act s. 4")
    page.get_by_label("Source").fill("custody desk")
    page.get_by_label("Last day").fill("2999-12-31")
    page.get_by_role("button", name="Create the gallery").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_an_upload_is_sent_enrolled_and_its_failures_are_shown(page_of: Callable[..., Page], archive: Path) -> None:
    page = page_of("admin")
    make_gallery(page, "upload")
    follow(page.get_by_role("link", name="Enrol pictures"))
    assert findings(page) == []
    page.get_by_label("Pictures, or a ZIP file").set_input_files(archive)
    page.get_by_role("button", name="Enrol", exact=True).click()
    page.wait_for_url("**/enrolments/*/")
    # The page asks for its own progress until the worker is done: nobody reloads it here.
    expect(page.get_by_text("Not usable").first).to_be_visible(timeout=90_000)
    expect(page.locator("#enrolment dd").nth(0)).to_have_text("8 pictures")
    expect(page.get_by_role("heading", name="Not usable")).to_be_visible()
    expect(page.get_by_text("desk/letter.jpg")).to_be_visible()
    shown = page.locator("#enrolment img")
    expect(shown).to_have_count(1)
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 300)
    assert findings(page) == []
    page.get_by_role("button", name="Erase these pictures now").click()
    expect(page.locator("#enrolment img")).to_have_count(0)
    page.get_by_role("link", name="Back to the gallery").click()
    expect(page.get_by_text("faces in 8 pictures")).to_be_visible()
    assert page.locator("svg.plot").count() >= 1
    assert findings(page) == []


def test_what_is_wrong_with_an_upload_is_said_on_the_same_page(page_of: Callable[..., Page], tmp_path: Path) -> None:
    page = page_of("admin")
    page.goto("/galleries/1/enrol/")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and nothing more")
    page.get_by_label("Pictures, or a ZIP file").set_input_files(broken)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.get_by_text("Pack the pictures as one plain ZIP file")).to_be_visible()
    assert "/enrol/" in page.url


def test_sending_can_be_stopped(page_of: Callable[..., Page], archive: Path) -> None:
    page = page_of("admin")
    page.route("**/enrol/", lambda route: None if route.request.method == "POST" else route.continue_())
    page.goto("/galleries/1/enrol/")
    page.get_by_label("Pictures, or a ZIP file").set_input_files(archive)
    page.get_by_role("button", name="Enrol", exact=True).click()
    page.get_by_role("button", name="Cancel the upload").click()
    expect(page.get_by_text("Cancelled. Nothing was enrolled.")).to_be_visible()


def test_without_scripts_the_upload_works_too(page_of: Callable[..., Page], archive: Path) -> None:
    page = page_of("admin", java_script_enabled=False)
    page.goto("/galleries/1/enrol/")
    page.get_by_label("Pictures, or a ZIP file").set_input_files(archive)
    page.get_by_role("button", name="Enrol", exact=True).click()
    page.wait_for_url("**/enrolments/*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Enrolment into")


@pytest.mark.parametrize("path", ["/galleries/", "/galleries/1/", "/galleries/1/enrol/", "/galleries/1/passport/"])
def test_it_fits_a_telephone(page_of: Callable[..., Page], path: str) -> None:
    page = page_of("admin", color_scheme="dark", **PHONE)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page) == []
