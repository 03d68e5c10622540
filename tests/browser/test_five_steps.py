"""The whole way by three people, each signed in with a passkey, and what the log says of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import findings
from tests.factories import walk
from tests.factories.live import Live, probe

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def with_passkey(live: Live, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """with_passkey("examiner"): a page of that person after a sign-in with a passkey, under the name localhost."""
    contexts = []

    def signed_in(name: str) -> Page:
        # A passkey belongs to a host name; an address has none.
        context = browser.new_context(base_url=live.url.replace("127.0.0.1", "localhost"))
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        live.sign_in(page, name, url=live.url.replace("127.0.0.1", "localhost"))
        page.goto("/accounts/2fa/webauthn/add/")
        assert findings(page) == []
        page.get_by_label("Name").fill("the desk's key")
        page.get_by_label("Passwordless").check()
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", name="Your sign-in")).to_be_visible()
        page.goto("/")
        page.locator("details.menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Your tasks")).to_be_visible()
        return page

    yield signed_in
    for context in contexts:
        context.close()


def test_three_people_walk_the_five_steps(live: Live, with_passkey: Callable[[str], Page], tmp_path: Path) -> None:
    examiner = with_passkey("examiner")
    walk.prepare(examiner, probe(tmp_path))
    walk.choose(examiner)
    search_id = walk.search(examiner)
    # Back and forth: the search is not run again.
    examiner.go_back()
    examiner.go_forward()
    assert examiner.url.rstrip("/").endswith(search_id)
    walk.compare(examiner, search_id)
    walk.conclude(examiner)

    verifier = with_passkey("verifier")
    shown = walk.verify(verifier)
    for secret in (search_id, "custody", "agency.example", "Potential candidate</strong>", "0.9", "rank"):
        assert secret not in shown
    answer = verifier.goto(f"/searches/{search_id}/")
    assert answer is not None
    assert answer.status == 403

    supervisor = with_passkey("supervisor")
    walk.decide(supervisor)
    walk.release(supervisor)
    expect(supervisor.get_by_text("Locked", exact=True)).to_be_visible()

    assert live.json("audit", "verify")["ok"]
    leads = live.json("lead", "list", "--as", "supervisor@agency.example")["leads"]
    assert search_id in {row["search"] for row in leads}
