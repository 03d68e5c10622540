"""Every page that a role may open: nothing that axe finds serious, in light and dark, and nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.conftest import findings
from tests.factories.live import Live

from plainview.web import pages

PAGES = {
    "examiner": (
        *("/", "/cases/", "/cases/open/", "/cases/1/", "/prepare/", "/news/", "/everything/", "/leads/", "/alerts/"),
        *("/alerts/preference/", "/examinations/", "/find/?q=zz", "/videos/", "/shared/", "/me/", "/proficiency/"),
        *("/policy/", "/sessions/", "/tokens/", "/tokens/new/", "/accounts/2fa/", "/accounts/2fa/recovery-codes/"),
        *("/accounts/password/change/", "/find/?q=26-0142", "/nothing-here/"),
    ),
    "verifier": ("/", "/verifications/", "/proficiency/"),
    "supervisor": (
        *("/", "/reports/", "/reports/schedules/", "/retention/", "/holds/", "/approvals/", "/members/"),
        *("/exonerations/", "/proposals/", "/proficiency/items/", "/retention/events/"),
    ),
    "admin": (
        *("/galleries/", "/galleries/new/", "/galleries/1/", "/galleries/1/enrol/", "/policy/change/", "/feeds/"),
        *("/policy/change/?file=1", "/webhooks/", "/rights-requests/", "/status/", "/retention/rules/"),
        *("/members/invite/", "/galleries/1/passport/", "/galleries/1/people/", "/feeds/new/", "/webhooks/new/"),
        *("/agreements/new/",),
    ),
    "auditor": ("/", "/log/", "/log/5/", "/flags/", "/samples/", "/clock/"),
}


PUBLIC = ("/accounts/login/", "/register/", "/register/history/", "/rights/", "/nothing-here/")
NO_PAGES = {
    "files": {
        "favicon.ico",
        "robots.txt",
        ".well-known/security.txt",
        "me/record.json",
        "register.json",
        "log/checkpoint",
    }
    | {f"reports/report.{kind}" for kind in ("pdf", "csv", "json")},
    "answers to scripts": {"news/now/"},
    "addresses that take a form only": {"sign-in-as/", "videos/begin/", "references/", "reports/schedules/new/"}
    | {"retention/events/record/", "retention/events/order/", "retention/propose/", "register/attest/"},
    "opened by test_disclosure.py, by the defence": {"disclosures/"},
}


def test_every_address_without_an_id_is_opened_here_or_is_no_page() -> None:
    opened = {address.split("?")[0].removeprefix("/") for name in PAGES for address in PAGES[name]}
    opened |= {address.removeprefix("/") for address in PUBLIC}
    assert {row.path for row in pages.PAGES if "<" not in row.path} - opened == {
        path for group in NO_PAGES.values() for path in group
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
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_public_opens_each_of_its_pages(live: Live, browser: Browser, scheme: str, width: int) -> None:
    options: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    page = browser.new_context(base_url=live.url, **options).new_page()
    for address in PUBLIC:
        page.goto(address)
        assert findings(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.context.close()
