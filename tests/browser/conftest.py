"""Real headless Chromium against a real server; one of each for all tests of a process.

A page that a test opened must have loaded without an error in its console: a violation of the content security
policy shows there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.factories.live import Live, launch, make_workspace, serve, wait_until_served

expect.set_options(timeout=30_000)  # a shared machine may be slow; a wrong page stays wrong
SERIOUS = ("serious", "critical")
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="session")
def live(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The served sample workspace (tests.factories.live): gallery custody, case 26-0142."""
    running = serve(make_workspace(tmp_path_factory.mktemp("live")))
    try:
        wait_until_served(running, browser)
        yield running
    finally:
        running.stop()


@pytest.fixture
def page_of(live: Live, browser: Browser) -> Iterator[Callable[..., Page]]:
    """page_of("examiner", **context options): a page of a signed-in sample person."""
    contexts, troubles = [], []

    def opened(name: str, **options: Any) -> Page:
        context = live.signed_in(browser, name, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if _bad(message) else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def _bad(message: Any) -> bool:
    # A refusal is a page with status 403 or 404, of which Chromium tells in its console.
    return message.type == "error" and "Failed to load resource" not in message.text


def findings(page: Page) -> list[str]:
    """What axe finds serious on the page, by WCAG 2.2 A and AA."""
    answer = Axe().run(page, options=WCAG).response
    return [
        f"{row['id']}: {[node['html'][:120] for node in row['nodes']]}"
        for row in answer["violations"]
        if row["impact"] in SERIOUS
    ]
