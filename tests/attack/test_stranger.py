"""Strangers: no account, only an address, a form and time."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import mail, signing
from django.test import Client
from django.utils import timezone
from tests.factories.browser import code, password_step, people, signed_in
from tests.factories.power import invite_member, reset_sign_in
from tests.factories.refusals import rule_of
from tests.factories.rights import filing, photo
from tests.factories.work import at, entries, person

from plainview.casework.models import Member, SignInDelay, SubjectPhoto
from plainview.casework.people.members import join
from plainview.casework.people.sessions import sweep
from plainview.casework.people.sign_in import use_reset
from plainview.casework.people.tokens import make_token, require_token
from plainview.casework.rights.filing import file_request, open_request
from plainview.casework.upkeep.spent import end_spent
from plainview.policy import rights

EMAIL = "examiner@agency.example"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def try_password(guess: str = "x", *, address: str = "203.0.113.5", client: Client | None = None) -> Any:
    return password_step(client or Client(), EMAIL, guess, REMOTE_ADDR=address)


def right() -> str:
    return people()[EMAIL]["password"]


def waits(answer: Any) -> bool:
    return b"Too many wrong passwords" in answer.content


def test_wrong_passwords_end_nobodys_open_session_and_lock_nobody(workspace: Path) -> None:
    client = signed_in()
    _, token = make_token(acting_member=person("examiner"))
    for number in range(40):
        try_password(address=f"198.51.100.{number}")
    assert client.get("/").status_code == 200
    require_token(token, acting_member=person("examiner"))
    assert person("examiner").locked_at is None
    assert entries("member.locked") == []


def test_a_stranger_slows_only_the_stranger(workspace: Path) -> None:
    for _ in range(5):
        try_password()
    assert waits(try_password(right()))
    assert try_password(right(), address="192.0.2.1").status_code == 302


def test_a_neighbour_in_the_same_ipv6_network_is_the_same_stranger(workspace: Path) -> None:
    for number in range(5):
        try_password(address=f"2001:db8::{number}")
    assert waits(try_password(right(), address="2001:db8::ffff"))
    assert not waits(try_password(right(), address="2001:db8:0:1::1"))


@pytest.mark.parametrize("typed", [EMAIL.upper(), f" {EMAIL}", f"{EMAIL} ", f"\t{EMAIL}\n", EMAIL.title()])
def test_writing_the_address_differently_makes_no_new_count(workspace: Path, typed: str) -> None:
    """django-defender #248: blanks after the name were another name."""
    people()
    for _ in range(5):
        password_step(Client(), typed, "wrong", REMOTE_ADDR="203.0.113.5")
    assert waits(try_password(right()))


def test_a_header_that_the_stranger_writes_makes_no_new_place(workspace: Path) -> None:
    people()
    for number in range(5):
        password_step(Client(), EMAIL, "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert waits(password_step(Client(), EMAIL, right(), HTTP_X_FORWARDED_FOR="192.0.2.77"))


def test_many_networks_together_are_slowed_and_the_members_own_browser_is_not(workspace: Path) -> None:
    own = signed_in()
    own.post("/accounts/logout/")
    for number in range(20):
        try_password(address=f"198.51.100.{number}")
    assert waits(try_password(right(), address="192.0.2.1"))
    assert try_password(right(), address="192.0.2.1", client=own).status_code == 302


def test_a_forged_device_cookie_and_another_members_make_no_known_browser(workspace: Path) -> None:
    other = signed_in("auditor")
    other.post("/accounts/logout/")
    forged = Client()
    forged.cookies["device"] = signing.dumps({"x": "y"}, salt="another")
    for number in range(20):
        try_password(address=f"198.51.100.{number}")
    assert waits(try_password(right(), address="192.0.2.1", client=other))
    assert waits(try_password(right(), address="192.0.2.1", client=forged))


def test_the_own_browser_is_slowed_too_once_it_guesses(workspace: Path) -> None:
    own = signed_in()
    own.post("/accounts/logout/")
    for number in range(5):
        try_password(address=f"192.0.2.{number}", client=own)
    assert waits(try_password(right(), client=own))


def test_the_cookie_of_a_browser_names_nobody(workspace: Path) -> None:
    cookie = signed_in().cookies["device"]
    assert EMAIL not in signing.loads(cookie.value, salt="plainview.device")
    assert person("examiner").public_id not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_wait_grows_and_is_never_longer_than_an_hour(workspace: Path) -> None:
    people()
    now = timezone.now()
    with at(now):
        for _ in range(5):
            try_password()
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        with at(now + minutes * MINUTE - timedelta(seconds=1)):
            assert waits(try_password()), minutes
        now += minutes * MINUTE
        with at(now):
            assert not waits(try_password()), minutes


def test_nothing_tells_an_address_with_an_account_from_one_without(workspace: Path) -> None:
    people()
    for number in range(7):
        known = try_password()
        unknown = password_step(Client(), "nobody@agency.example", "wrong", REMOTE_ADDR="203.0.113.5")
        assert known.status_code == unknown.status_code == 200
        assert known.context["form"].errors == unknown.context["form"].errors, number


def test_the_member_is_told_once_a_day_and_on_the_next_page(workspace: Path) -> None:
    client = signed_in()
    for number in range(12):
        try_password(address=f"198.51.100.{number % 2}")
    assert [letter.to for letter in mail.outbox] == [[EMAIL]]
    assert "wrong passwords" in mail.outbox[0].subject.lower()
    assert b"10 wrong passwords were typed for your account" in client.get("/").content
    with at(timezone.now() + DAY + MINUTE):
        for _ in range(5):
            try_password()
    assert len(mail.outbox) == 2


def test_no_letter_goes_to_an_address_without_an_account(workspace: Path) -> None:
    people()
    for _ in range(9):
        password_step(Client(), "nobody@agency.example", "wrong")
    assert mail.outbox == []


def test_the_counters_of_strangers_are_removed(workspace: Path) -> None:
    for number in range(6):
        password_step(Client(), f"nobody{number}@agency.example", "wrong")
    assert SignInDelay.objects.count() == 12
    with at(timezone.now() + DAY):
        sweep()
    assert SignInDelay.objects.count() == 0


def test_the_waiting_password_is_not_even_checked(workspace: Path) -> None:
    for _ in range(5):
        try_password()
    before = len(entries("sign_in.failed"))
    for _ in range(5):
        try_password()
    assert len(entries("sign_in.failed")) == before


@pytest.mark.parametrize("later", [1, 31, 59, 89])
def test_a_one_time_code_that_was_seen_is_no_use_within_its_validity(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    secret = people()[EMAIL]["totp_secret"]
    seen = code(secret)
    signed_in()
    began = time.time()
    monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: timezone.now() + timedelta(seconds=later))
    monkeypatch.setattr("time.time", lambda: began + later)
    spy = Client()
    password_step(spy, EMAIL, right())
    spy.post("/accounts/2fa/authenticate/", {"code": seen})
    assert spy.get("/").status_code == 302


def test_a_recovery_code_works_once(workspace: Path) -> None:
    people()
    codes = Authenticator.objects.get(user=person("examiner"), type="recovery_codes").wrap().get_unused_codes()
    for expected in (200, 302):
        client = Client()
        password_step(client, EMAIL, right())
        client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert client.get("/").status_code == expected


def test_a_reset_code_and_an_invitation_work_once_and_not_after_a_restore(workspace: Path) -> None:
    reset = reset_sign_in(EMAIL, acting_member=person("admin"))
    use_reset(reset, "a long enough passphrase")
    assert rule_of(use_reset, reset, "another long passphrase") == "invitation.invalid"
    used = invite_member("new@agency.example", ["examiner"], acting_member=person("admin")).code
    join(used, "New")
    assert rule_of(join, used, "Eve") == "invitation.invalid"
    waiting = reset_sign_in(EMAIL, acting_member=person("admin"))
    invited = invite_member("later@agency.example", ["examiner"], acting_member=person("admin")).code
    end_spent([], log_known=True)
    assert rule_of(use_reset, waiting, "another long passphrase") == "invitation.invalid"
    assert rule_of(join, invited, "Eve") == "invitation.invalid"


def test_a_newer_reset_code_ends_the_older_one(workspace: Path) -> None:
    older = reset_sign_in(EMAIL, acting_member=person("admin"))
    reset_sign_in(EMAIL, acting_member=person("admin"))
    assert rule_of(use_reset, older, "a long enough passphrase") == "invitation.invalid"


def test_a_locked_account_answers_like_a_wrong_password(workspace: Path) -> None:
    Member.objects.filter(email=EMAIL).update(locked_at=timezone.now())
    wrong = try_password()
    assert try_password(right()).context["form"].errors == wrong.context["form"].errors


def test_answers_of_an_unknown_sign_in_service_are_not_kept(workspace: Path) -> None:
    before = Session.objects.count()
    client = Client(raise_request_exception=False)
    answer = client.post("/accounts/saml/anything/acs/", {"SAMLResponse": "x" * 100_000})
    assert answer.status_code == 404
    assert Session.objects.count() == before


def test_proposals_are_nobodys_without_a_session(workspace: Path) -> None:
    for path in ("/proposals/", "/proposals/U000000000000/", "/proposals/U000000000000/decide/"):
        for method in (Client().get, Client().post):
            assert method(path)["Location"].startswith("/accounts/login/")


def test_photographs_from_forty_networks_close_the_form_to_nobody(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = person("admin").agency.public_id
    monkeypatch.setattr(rights, "UNCONFIRMED", 3)
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr("plainview.casework.rights.filing._check_photo", lambda data: None)
        for number in range(3):
            file_request(agency, filing(), photo(), network=f"198.51.{number}.1")
        assert rule_of(file_request, agency, filing(), photo(), network="203.0.113.1") == "rights.full"
    assert file_request(agency, filing(), None, network="203.0.113.1").code
    assert SubjectPhoto.objects.count() == 3


def test_filings_of_one_network_use_up_only_their_own(workspace: Path) -> None:
    agency = person("admin").agency.public_id
    for _ in range(rights.FILED):
        file_request(agency, filing(), None, network="198.51.100.1")
    assert rule_of(file_request, agency, filing(), None, network="198.51.100.2") == "rights.often"
    assert file_request(agency, filing(), None, network="203.0.113.1").code


def test_wrong_codes_of_one_network_shut_out_no_holder(workspace: Path) -> None:
    agency = person("admin").agency.public_id
    filed = file_request(agency, filing(), None, network="192.0.2.1")
    number = filed.request.public_id
    for _ in range(rights.WRONG_CODES):
        assert rule_of(open_request, number, "AAAA-AAAA-AAAA-AAAA", network="198.51.100.1") == "rights.code"
    assert open_request(number, filed.code, network="192.0.2.1").request == filed.request


def test_a_wrong_second_factor_needs_the_password_first(workspace: Path) -> None:
    people()
    for _ in range(9):
        Client().post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert person("examiner").locked_at is None
    assert entries("sign_in.failed") == []
