"""The public register in Chromium, as anybody reads it: found, sorted, opened, on a telephone, without scripts, as files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import findings
from tests.factories.live import Live, follow, serve, wait_until_served
from tests.factories.public import make_public_workspace

pytestmark = pytest.mark.long

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def public(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    running = serve(make_public_workspace(tmp_path_factory.mktemp("public")), "--no-worker")
    try:
        wait_until_served(running, browser)
        yield running
    finally:
        running.stop()


def agencies(page: Page) -> list[str]:
    return [text.split(" ")[0] for text in page.locator("#agencies tbody tr:visible th").all_inner_texts()]


def test_the_public_reads_the_register(public: Live, browser: Browser) -> None:
    context = browser.new_context(base_url=public.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/register/")
    assert agencies(page) == ["Hill", "Lakeside", "Rivertown", "Sample"]
    page.get_by_label("Agency, place or offence").fill("theft")
    follow(page.get_by_role("button", name="Show"))
    assert agencies(page) == ["Hill", "Rivertown"]
    page.get_by_role("link", name="Searches", exact=True).click()
    page.get_by_role("link", name="Searches", exact=True).click()
    expect(page.locator("[aria-sort=descending]")).to_have_text("Searches ↓")
    assert agencies(page) == ["Rivertown", "Hill"]
    page.get_by_role("link", name="Rivertown Police").click()
    expect(page.get_by_role("img", name="Searches by month")).to_be_visible()
    expect(page.locator("dd", has_text="report")).to_have_text("1 report")
    context.close()
    context = browser.new_context(base_url=public.url, **PHONE)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    for path in ("/register/", "/register/history/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert findings(page) == []
    page.goto("/register/")
    page.get_by_role("link", name="Lakeside Sheriff").click()
    expect(page.get_by_text("no search, attested by the Sheriff")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Rivertown Police").click()
    expect(page.get_by_role("heading", name="Rivertown Police")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert findings(page) == []
    assert troubles == []
    context.close()


def test_the_exported_site_is_read_from_the_disk(public: Live, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(Path(public.home.parent / "site" / "index.html").as_uri())
    page.get_by_label("Agency or place").fill("police")
    assert agencies(page) == ["Hill", "Rivertown"]
    for _ in range(2):
        page.get_by_role("button", name="Searches").click()
    expect(page.locator("[aria-sort=descending]")).to_have_text(re.compile("^Searches"))
    assert agencies(page) == ["Rivertown", "Hill"]
    assert findings(page) == []
    page.get_by_role("link", name="Rivertown Police").click()
    expect(page.get_by_role("img", name="Searches by month")).to_be_visible()
    assert findings(page) == []
    page.close()
