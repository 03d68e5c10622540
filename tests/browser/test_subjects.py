"""A person with pictures through the years is one candidate in Chromium, and an examiner opens any of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import findings
from tests.browser.test_galleries import make_gallery
from tests.factories.live import CASE, Live, follow, pictures_loaded, probe
from tests.factories.models import collins, hopper, scaled

pytestmark = pytest.mark.long

BOOKINGS = {
    "A-1": [(0.95, "2015-03-01"), (0.85, "2011"), (0.75, "2024-11-05")],
    "B-2": [(0.95, "2001"), (0.8, "2002-07")],
}


@pytest.fixture(scope="module")
def bookings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ZIP file of booking photographs with a manifest: two people by the source's own numbers."""
    path, rows = tmp_path_factory.mktemp("bookings") / "bookings.zip", ["path,captured_on,subject"]
    with zipfile.ZipFile(path, "w") as archive:
        for number, taken in BOOKINGS.items():
            for place, (factor, day) in enumerate(taken):
                picture = scaled(collins() if number == "A-1" else hopper(), factor)
                archive.writestr(f"{place}-{number}.png", cv2.imencode(".png", picture.pixels)[1].tobytes())
                rows.append(f"{place}-{number}.png,{day},{number}")
        archive.writestr("bookings.csv", io.StringIO("\n".join(rows) + "\n").read())
    return path


def test_a_list_has_a_person_once_with_pictures_through_the_years(
    live: Live, page_of: Callable[..., Page], bookings: Path, tmp_path: Path
) -> None:
    page = page_of("admin")
    make_gallery(page, "bookings")
    page.get_by_role("link", name="Enrol pictures").click()
    page.get_by_label("Pictures, or a ZIP file").set_input_files(bookings)
    page.get_by_role("button", name="Enrol", exact=True).click()
    page.wait_for_url("**/enrolments/*/")
    expect(page.locator("#enrolment dd").nth(0)).to_have_text("5 pictures", timeout=90_000)
    asked = ("--case", CASE, "--purpose", "who took the bicycle from the yard", "--gallery", "bookings")
    answer = live.json("search", str(probe(tmp_path)), *asked, "--as", "examiner@agency.example")
    assert [len(row["pictures"]) for row in answer["candidates"]] == [3, 2]
    assert (answer["gallery_size"], answer["gallery_pictures"]) == (2, 5)
    desk = page_of("examiner")
    desk.goto(f"/searches/{answer['search_id']}/")
    pictures_loaded(desk)
    assert findings(desk) == []
    first = desk.locator("#rank-1")
    expect(first.get_by_text("3 pictures, 2011 to 2024")).to_be_visible()
    expect(first.locator(".pictures img")).to_have_count(3)
    expect(desk.get_by_text("5 references of 2 candidates, all compared")).to_be_visible()
    follow(first.get_by_role("link", name="Examine"))
    pictures_loaded(desk)
    assert findings(desk) == []
    strip = desk.get_by_role("navigation", name="Pictures of this candidate")
    expect(strip.locator("a")).to_have_count(3)
    strip.get_by_role("link", name="2011").click()
    expect(strip.locator("a[aria-current]")).to_have_text("2011")
    pictures_loaded(desk)
    assert desk.evaluate("Array.from(document.images).every(i => i.naturalWidth > 0)")
