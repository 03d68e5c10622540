"""Every page that a role may open: nothing that axe finds serious, in light and dark, and nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.conftest import findings
from tests.factories.live import Live

PAGES = {
    "examiner": (
        *("/", "/cases/", "/cases/open/", "/cases/1/", "/prepare/", "/news/", "/everything/", "/leads/", "/alerts/"),
        *("/alerts/preference/", "/examinations/", "/find/?q=zz", "/videos/", "/shared/", "/me/", "/proficiency/"),
        *("/policy/", "/sessions/", "/tokens/", "/accounts/2fa/", "/nothing-here/"),
    ),
    "verifier": ("/", "/verifications/", "/proficiency/"),
    "supervisor": (
        *("/", "/reports/", "/reports/schedules/", "/retention/", "/holds/", "/approvals/", "/members/"),
        *("/exonerations/", "/proposals/"),
    ),
    "admin": (
        *("/galleries/", "/galleries/new/", "/galleries/1/", "/galleries/1/enrol/", "/policy/change/", "/feeds/"),
        *("/policy/change/?file=1", "/webhooks/", "/rights-requests/", "/status/", "/retention/rules/"),
        *("/members/invite/",),
    ),
    "auditor": ("/", "/log/", "/log/5/", "/flags/", "/samples/"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_role_opens_each_of_its_pages(page_of: Callable[..., Page], name: str, scheme: str, width: int) -> None:
    page = page_of(name, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for address in PAGES[name]:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status in (200, 404), address
        assert findings(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.title() != " · Plainview", address
        keys = page.evaluate("Array.from(document.querySelectorAll('[data-key]'), e => e.dataset.key)")
        assert len(keys) == len({*keys, "/", "?"}) - 2, (address, keys)  # these two are every page's own


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_public_opens_each_of_its_pages(live: Live, browser: Browser, scheme: str) -> None:
    page = browser.new_context(base_url=live.url, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    for address in ("/accounts/login/", "/register/", "/register/history/", "/rights/", "/nothing-here/"):
        page.goto(address)
        assert findings(page) == [], address
    page.context.close()
