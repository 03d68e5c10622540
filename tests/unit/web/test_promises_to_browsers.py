"""What each answer promises to a browser, and what the pages of a password take and refuse (docs/reference/controls.md)."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from tests.factories.browser import password_step, people, signed_in
from tests.factories.work import person

EMAIL = "examiner@agency.example"
LONG = (
    f"  Ünï-code 密码 {string.punctuation}{string.ascii_letters}{string.digits} "
    + "correct horse battery staple " * 8
    + " "
)


@pytest.fixture
def client(workspace: Path) -> Client:
    return signed_in()


@pytest.mark.parametrize(
    "address", ["/", "/cases/", "/me/", "/sessions/", "/register/", "/accounts/login/", "/nowhere/"]
)
def test_every_answer_says_its_type_and_asks_the_browser_to_guess_and_to_say_nothing(
    client: Client, address: str
) -> None:
    answer = client.get(address, follow=True)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"


def test_cookies_are_kept_from_scripts_and_other_sites_and_the_session_is_new_at_sign_in(workspace: Path) -> None:
    client = Client()
    client.get("/accounts/login/")
    step = password_step(client, EMAIL, people()[EMAIL]["password"])
    before = client.cookies["session"].value
    assert step.status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": people()[EMAIL]["code"]})
    after = client.cookies["session"]
    assert after.value != before
    assert len(after.value) == 32, "letters and digits: 165 bits"
    for name in ("session", "csrftoken"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def test_signing_out_is_offered_on_every_page(client: Client) -> None:
    for address in ("/", "/cases/", "/me/", "/sessions/", "/register/", "/accounts/2fa/", "/accounts/password/change/"):
        assert b"/accounts/logout/" in client.get(address).content, address


def test_trace_is_answered_by_no_page_and_nothing_runs_to_be_debugged(client: Client) -> None:
    assert client.trace("/").status_code == 405
    from plainview.site import settings as own

    assert not hasattr(own, "DEBUG") or own.DEBUG is False
    assert not settings.DEBUG


def test_a_password_of_any_length_and_script_is_kept_whole_and_hashed_slowly(client: Client) -> None:
    old = people()[EMAIL]["password"]

    def change(current: str, new: str) -> bool:
        fields = {"oldpassword": current, "password1": new, "password2": new}
        return client.post("/accounts/password/change/", fields).status_code == 302

    page = client.get("/accounts/password/change/").content.decode()
    assert page.count('type="password"') >= 2
    assert "onpaste" not in page
    assert not change("wrong", LONG)
    assert not change(old, "qwerty123456"), "of the commonest"
    assert not change(old, "examiner@agency"), "the member's own address"
    assert change(old, LONG)
    member = person("examiner")
    assert member.password.startswith("argon2$argon2id$")
    assert member.check_password(LONG)
    for other in (LONG.strip(), LONG[:-2], LONG.lower(), LONG[:128]):
        assert not member.check_password(other)
