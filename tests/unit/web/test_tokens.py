"""A member's tokens on their page: created with a fresh second factor, shown once, revoked."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from tests.factories.browser import signed_in
from tests.factories.programs import Program
from tests.factories.work import entries

from plainview.casework.models import Token

ASKED = {"name": "Script", "scopes": ["case.read"], "days": "30", "kind": "token"}


def test_a_token_is_made_shown_once_used_and_revoked(workspace: Path) -> None:
    browser = signed_in()
    made = browser.post("/tokens/new/", ASKED)
    text = re.search(r'<pre class="entry">([^<]+)</pre>', made.content.decode())
    assert text is not None
    token = Token.objects.get()
    assert (token.name, token.scopes, token.used_at) == ("Script", ["case.read"], None)
    assert Program(text[1].strip()).get("/cases").status == 200
    page = browser.get("/tokens/").content.decode()
    assert "Script" in page
    assert "never" not in page, "it was used"
    assert text[1].strip() not in page
    browser.post(f"/tokens/{token.public_id}/revoke/")
    assert Program(text[1].strip()).get("/cases").status == 401
    assert "revoked" in browser.get("/tokens/").content.decode()
    assert entries("token.made")[0].subject["scopes"] == ["case.read"]


def test_a_form_that_asks_too_much_is_answered_beside_the_field(workspace: Path) -> None:
    browser = signed_in()
    for changed, says in (
        ({"scopes": ["lead.release"]}, "Select a valid choice"),  # the examiner's roles do not grant it
        ({"scopes": ["all"], "service": "Case system"}, "A service may not do"),
        ({"days": "400"}, "366"),
        ({"case": "C-9"}, ""),
    ):
        answer = browser.post("/tokens/new/", ASKED | changed)
        assert answer.status_code in (404, 422), changed
        assert says in answer.content.decode()
    assert not Token.objects.exists()


def test_outside_a_sample_the_second_factor_is_used_again_first(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in()
    monkeypatch.setattr("plainview.web.views.tokens.is_sample", lambda: False)
    monkeypatch.setattr("plainview.casework.people.tokens.is_sample", lambda: False)
    assert browser.get("/tokens/new/").status_code == 200, "the sign-in was a moment ago"
    now = time.time()
    monkeypatch.setattr("plainview.web.views.tokens.time.time", lambda: now + 301)
    for answer in (browser.get("/tokens/new/"), browser.post("/tokens/new/", ASKED)):
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/reauthenticate/?next=/tokens/new/")
    assert not Token.objects.exists()


def test_nobody_revokes_anothers_token(workspace: Path) -> None:
    signed_in().post("/tokens/new/", ASKED)
    token = Token.objects.get()
    assert signed_in("auditor").post(f"/tokens/{token.public_id}/revoke/").status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
