"""A supervisor discloses, the defence joins, reads, takes the package and asks for a review, in Chromium."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import findings
from tests.factories.live import CASE, GALLERY, Live, follow, pictures_loaded, probe

from plainview.recheck.package import verify_package

pytestmark = pytest.mark.long

EMAIL = "counsel@defence.example"
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def found(live: Live, tmp_path_factory: pytest.TempPathFactory) -> str:
    asked = ("--case", CASE, "--purpose", "who rode the scooter", "--gallery", GALLERY)
    folder = tmp_path_factory.mktemp("disclosed")
    answer = live.json("search", probe(folder), *asked, "--as", "examiner@agency.example")
    return str(answer["search_id"])


def test_from_the_supervisor_to_the_defence_and_back(
    live: Live, browser: Browser, page_of: Callable[..., Page], found: str, tmp_path: Path
) -> None:
    supervisor = page_of("supervisor")
    supervisor.goto(f"/searches/{found}/")
    supervisor.get_by_role("link", name="Disclosure and review").click()
    # Fewer pictures than policy says, without a reason: nothing is lost, and it is said.
    supervisor.get_by_text("Make a package", exact=True).click()
    supervisor.get_by_label("No candidate's picture").first.check()
    supervisor.get_by_role("button", name="Make the package").click()
    expect(supervisor.locator("#errors")).to_be_focused()
    supervisor.get_by_label("Reason, if fewer").first.fill("a child is on the list")
    supervisor.get_by_role("button", name="Make the package").click()
    expect(supervisor.get_by_text("Done", exact=True)).to_be_visible()
    supervisor.get_by_text("Open to the defence", exact=True).click()
    form = supervisor.locator("form", has=supervisor.get_by_role("button", name="Open to this person"))
    form.get_by_label("E-mail address of the defence").fill(EMAIL)
    form.get_by_label("Name, and whom").fill("Ada Counsel, for the defence of B")
    form.get_by_label("Last day").fill((timezone.now() + timedelta(days=30)).date().isoformat())
    follow(form.get_by_role("button", name="Open to this person"))
    link = supervisor.locator("#join-link").inner_text()
    assert findings(supervisor) == []

    context = browser.new_context(base_url=live.url, accept_downloads=True)
    counsel = context.new_page()
    live.join(counsel, link, EMAIL, "Ada Counsel")
    counsel.goto("/")
    expect(counsel.get_by_role("heading", name="Disclosed to you")).to_be_visible()
    # What was opened to them: nothing else.
    assert counsel.get_by_label("Main").get_by_role("link").all_inner_texts() == ["Disclosed searches"]
    assert findings(counsel) == []
    follow(counsel.get_by_role("link", name=f"Search {found}"))
    pictures_loaded(counsel)
    # The probe twice, and every candidate: other tests may have enrolled more into this gallery.
    listed = live.json("candidates", found, "--as", "supervisor@agency.example")["candidates"]
    assert counsel.locator("img.face").count() == 2 + len(listed)
    for picture in counsel.locator("img.face").all():
        assert picture.evaluate("one => one.naturalWidth") > 0
    assert findings(counsel) == []
    with counsel.expect_download() as taken:
        counsel.get_by_role("link", name="Package B").click()
    taken.value.save_as(tmp_path / "package.zip")
    report = verify_package(tmp_path / "package.zip")
    assert report.ok, report.problems
    with zipfile.ZipFile(tmp_path / "package.zip") as pack:
        assert "candidates/01-coarse.png" in pack.namelist()
    counsel.get_by_text("Request an exoneration review", exact=True).click()
    counsel.get_by_label("On behalf of").fill("the defence of B")
    counsel.get_by_label("Reason").fill("he was abroad at the time")
    counsel.get_by_role("button", name="Request the review").click()
    expect(counsel.get_by_text("Review requested.")).to_be_visible()
    for path in (f"/searches/{found}/", "/cases/", "/log/", "/policy/"):
        answer = counsel.goto(path)
        assert answer is not None
        assert answer.status == 403, path

    supervisor.goto(f"/searches/{found}/disclosure/")
    expect(supervisor.get_by_text("downloaded by Ada Counsel")).to_be_visible()
    assert findings(supervisor) == []
    supervisor.goto("/exonerations/")
    supervisor.get_by_role("link", name="Review E").click()
    supervisor.get_by_role("button", name="Accept").click()
    expect(supervisor.get_by_text("An examiner can now search.")).to_be_visible()
    assert findings(supervisor) == []
    examiner = page_of("examiner", **PHONE)
    examiner.goto("/exonerations/")
    examiner.get_by_role("link", name="Review E").click()
    expect(examiner.get_by_role("button", name="Prepare the same probe")).to_be_visible()
    assert examiner.evaluate("document.documentElement.scrollWidth") <= 390
    examiner.get_by_role("button", name="Prepare the same probe").click()
    expect(examiner.get_by_label("Purpose", exact=True)).to_have_value("exoneration review")

    # Taken back: gone with the next click.
    supervisor.goto(f"/searches/{found}/disclosure/")
    supervisor.locator("summary", has_text="Revoke").click()
    supervisor.locator("#grants + ul").get_by_label("Reason", exact=True).fill("the case was dismissed today")
    supervisor.get_by_role("button", name="Revoke now").click()
    expect(supervisor.get_by_text("can no longer open this search")).to_be_visible()
    counsel.goto(f"/disclosures/{found}/")
    assert "/accounts/login/" in counsel.url
    context.close()


def test_an_auditor_draws_and_finds(page_of: Callable[..., Page], found: str) -> None:
    page = page_of("auditor")
    page.goto("/samples/")
    page.get_by_label("Number of searches").fill("1")
    page.get_by_label("Your own words").fill("blue bicycle")
    follow(page.get_by_role("button", name="Draw", exact=True))
    assert findings(page) == []
    page.get_by_text("Record a finding").click()
    page.get_by_label("Breach").check()
    page.get_by_role("button", name="Record finding").click()
    expect(page.locator("#errors")).to_be_focused()
    page.get_by_label("Reason").fill("the case number was somebody else's")
    page.get_by_role("button", name="Record finding").click()
    expect(page.get_by_text("1 of 1 in breach")).to_be_visible()
    assert findings(page) == []
