"""Sign-in as people and attackers meet it: second factor, locks, idle, sessions, and every try on record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone
from tests.factories.browser import code, password_step, people, signed_in
from tests.factories.power import invite_member, release, reset_sign_in, set_roles
from tests.factories.work import at, entries, person

from plainview.audit.record import format_time
from plainview.casework.models import Member
from plainview.casework.people.members import deactivate
from plainview.casework.people.tokens import make_token, require_token
from plainview.policy.decision import Refused
from plainview.web.adapters import SocialAdapter

MINUTE = timedelta(minutes=1)
EMAIL = "examiner@agency.example"


def last(action: str) -> Any:
    return entries(action)[-1]


def test_password_and_code_let_in_and_both_are_on_record(workspace: Path) -> None:
    client = signed_in()
    page = client.get("/")
    assert page.status_code == 200
    assert b"Sample examiner" in page.content
    assert b'role="note">Sample' in page.content
    assert last("session.began").actor == person("examiner").public_id
    assert last("session.began").subject["via"] == "web"
    assert set(last("session.began").sealed) == {"address", "user_agent"}
    client.post("/accounts/logout/")
    assert last("session.ended").subject["how"] == "signed out"
    assert client.get("/").status_code == 302


def test_without_the_second_factor_nothing_opens(workspace: Path) -> None:
    client = Client()
    password_step(client, EMAIL, people()[EMAIL]["password"])
    assert client.get("/")["Location"].startswith("/accounts/login/")
    Authenticator.objects.filter(user=person("examiner")).delete()
    client = Client()
    password_step(client, EMAIL, people()[EMAIL]["password"])
    for url in ("/", "/policy/", "/sessions/"):
        assert client.get(url)["Location"] == "/accounts/2fa/totp/activate/", url
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


def test_a_code_is_taken_once(workspace: Path) -> None:
    used = people()[EMAIL]["code"]
    signed_in()
    client = Client()
    password_step(client, EMAIL, people()[EMAIL]["password"])
    replayed = client.post("/accounts/2fa/authenticate/", {"code": used})
    assert replayed.status_code == 200
    assert client.get("/").status_code == 302
    assert last("sign_in.failed").subject["factor"] == "second factor"


def wrong(client: Client | None = None) -> Any:
    return password_step(client or Client(), EMAIL, "not the password")


def test_wrong_passwords_wait_longer_each_time_and_never_lock(workspace: Path) -> None:
    right, began = people()[EMAIL]["password"], timezone.now()
    with at(began):
        for _ in range(4):
            wrong()
        generic = wrong()
        waiting = password_step(Client(), EMAIL, right)
        assert b"Try again in 1 minute." in waiting.content
        nobody = [password_step(Client(), "nobody@agency.example", "x" * 12) for _ in range(6)]
        assert nobody[-1].context["form"].errors == waiting.context["form"].errors
        assert nobody[-2].context["form"].errors == generic.context["form"].errors
    assert person("examiner").locked_at is None
    with at(began + MINUTE):
        assert b"Try again" not in wrong().content
        assert b"Try again in 2 minutes." in password_step(Client(), EMAIL, right).content
    with at(began + 3 * MINUTE):
        assert password_step(Client(), EMAIL, right).status_code == 302
        assert b"Try again" not in wrong().content  # the right one has made up for the wrong ones
    assert entries("member.locked") == []


def test_a_used_code_is_remembered_for_as_long_as_it_is_valid(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered: list[int] = []

    def add(key: str, value: str, timeout: int) -> bool:
        remembered.append(timeout)
        return True

    monkeypatch.setattr("plainview.web.second_factor.cache", SimpleNamespace(add=add))
    secret = people()[EMAIL]["totp_secret"]
    signed_in()
    valid = [later for later in range(-4, 5) if totp.validate_totp_code(secret, code(secret, later=later))]
    assert remembered == [30 * len(valid)] == [90]


def test_five_wrong_codes_after_the_right_password_lock_until_two_release(workspace: Path) -> None:
    client, right, began = signed_in(), people()[EMAIL]["password"], timezone.now()
    _, token = make_token(acting_member=person("examiner"))
    other = Client()
    password_step(other, EMAIL, right)
    for number in range(4):
        with at(began + number * MINUTE):
            other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    with at(began + 15 * MINUTE):  # the first has just left the window: four count
        other.post("/accounts/2fa/authenticate/", {"code": "000000"})
        assert person("examiner").locked_at is None
        other.post("/accounts/2fa/authenticate/", {"code": "000000"})
        assert person("examiner").locked_at is not None
        assert last("member.locked").subject["failures"] == 5
        assert client.get("/").status_code == 302
        with pytest.raises(Refused, match=r"token\.invalid"):
            require_token(token, acting_member=person("examiner"))
        assert password_step(Client(), EMAIL, right).context["form"].errors == wrong().context["form"].errors
        with pytest.raises(Refused, match=r"member\.no_permission"):
            release(EMAIL, acting_member=person("supervisor"))
        release(EMAIL, acting_member=person("admin"))
        assert password_step(Client(), EMAIL, right).status_code == 302
    assert [letter.subject for letter in mail.outbox][:1] == ["Your account is locked"]


def test_nobodys_address_is_answered_like_a_wrong_password(workspace: Path) -> None:
    people()
    nobody = password_step(Client(), "nobody@agency.example", "x" * 12)
    somebody = wrong()
    assert nobody.status_code == somebody.status_code == 200
    assert nobody.context["form"].errors == somebody.context["form"].errors
    assert "member" not in entries("sign_in.failed")[0].subject
    assert b"nobody" not in entries("sign_in.failed")[0].canonical


def test_thirty_minutes_idle_end_the_session(workspace: Path) -> None:
    client, began = signed_in(), timezone.now()
    with at(began):
        assert client.get("/").status_code == 200
    with at(began + 29 * MINUTE):
        assert client.get("/").status_code == 200
    with at(began + 58 * MINUTE):
        assert client.get("/").status_code == 200
    with at(began + 88 * MINUTE):
        assert client.get("/")["Location"] == "/accounts/login/?idle=1"
        assert last("session.ended").subject["how"] == "idle"
        assert b"30 minutes without activity" in client.get("/accounts/login/?idle=1").content


def test_twelve_hours_end_the_session_however_busy_it_is(workspace: Path) -> None:
    client, began = signed_in(), timezone.now()
    for minutes in range(0, 12 * 60, 20):
        with at(began + minutes * MINUTE):
            assert client.get("/sessions/").status_code == 200, minutes
    with at(began + 12 * 60 * MINUTE):
        assert client.get("/")["Location"] == "/accounts/login/?long=1"
        assert last("session.ended").subject["how"] == "12 hours"
        assert b"after 12 hours" in client.get("/accounts/login/?long=1").content
        assert client.get("/sessions/").status_code == 302


def test_a_clock_set_back_ends_the_session_and_writes_nothing_false(workspace: Path) -> None:
    client, began = signed_in(), timezone.now()
    with at(began + 20 * MINUTE):
        client.get("/")
        signed_in("auditor")
    with at(began + 10 * MINUTE):
        assert client.get("/")["Location"] == "/accounts/login/?idle=1"
    ended = entries()[-1]
    assert (ended.action, ended.time) == ("session.ended", format_time(began + 10 * MINUTE))


@pytest.mark.parametrize("change", ["deactivated", "suspended"])
def test_what_happens_to_a_member_counts_at_the_next_request(workspace: Path, change: str) -> None:
    client = signed_in()
    assert client.get("/").status_code == 200
    if change == "deactivated":
        deactivate(EMAIL, reason="left", acting_member=person("admin"))
        assert client.get("/").status_code == 302
    else:
        from plainview.casework.models import Agency

        Agency.objects.update(suspended_at=timezone.now())
        assert client.get("/").status_code == 403
        assert client.get("/").status_code == 302


def test_a_role_change_in_flight_counts(workspace: Path) -> None:
    client = signed_in("supervisor")
    set_roles("supervisor@agency.example", ["verifier"], acting_member=person("admin"))
    assert b"verifier" in client.get("/").content


def test_a_forged_session_and_a_replayed_form_open_nothing(workspace: Path) -> None:
    client = Client()
    client.cookies["session"] = "x" * 32
    assert client.get("/").status_code == 302
    strict = signed_in("auditor", enforce_csrf_checks=False)
    strict.handler.enforce_csrf_checks = True
    answer = strict.post("/accounts/logout/", {"csrfmiddlewaretoken": "a" * 64})
    assert answer.status_code == 403
    assert b"Plainview" in answer.content
    assert strict.get("/").status_code == 200


def test_own_sessions_are_listed_and_ended_and_nobody_elses(workspace: Path) -> None:
    first = signed_in("examiner")
    auditor = signed_in("auditor")
    from allauth.usersessions.models import UserSession

    mine = UserSession.objects.get(user=person("examiner"))
    page = auditor.get("/sessions/").content
    assert b"this session<" in page
    assert auditor.post(f"/sessions/{mine.pk}/end/").status_code == 404
    assert first.get("/").status_code == 200
    theirs = UserSession.objects.get(user=person("auditor"))
    assert auditor.post(f"/sessions/{theirs.pk}/end/").status_code == 302
    assert auditor.get("/").status_code == 302


def test_two_places_at_once_are_on_record(workspace: Path) -> None:
    held, secret = people()[EMAIL], people()[EMAIL]["totp_secret"]

    def enter(address: str, agent: str, later: int) -> None:
        client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=agent)
        password_step(client, EMAIL, held["password"])
        answer = client.post("/accounts/2fa/authenticate/", {"code": code(secret, later=later)})
        assert answer.status_code == 302, answer.content

    enter("10.1.1.5", "Firefox", -1)
    enter("10.1.1.9", "Chrome", 0)  # the same network: a second window
    assert entries("session.two_places") == []
    enter("192.0.2.7", "Safari", 1)
    assert len(entries("session.two_places")) == 1


def test_when_the_log_cannot_be_written_nobody_gets_in(workspace: Path) -> None:
    held = people()[EMAIL]
    client = Client(raise_request_exception=False)
    password_step(client, EMAIL, held["password"])
    log = workspace / "audit" / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-9] + b"tampered\n")
    answer = client.post("/accounts/2fa/authenticate/", {"code": held["code"]})
    assert answer.status_code == 503
    assert b"cannot be recorded" in answer.content


def test_an_invited_person_joins_with_password_and_second_factor(workspace: Path) -> None:
    people()
    invited = invite_member("new@agency.example", ["examiner"], acting_member=person("admin"))
    client = Client()
    url = f"/join/{invited.code}/"
    assert client.get(url).status_code == 200
    short = client.post(url, {"name": "New", "password": "short"})
    assert short.status_code == 200
    assert not Member.objects.filter(email="new@agency.example").exists()
    unnamed = client.post(url, {"name": "", "password": "a long enough passphrase"})
    assert b"The name does not have" in unnamed.content
    assert client.post(url, {"name": "New", "password": "a long enough passphrase"}).status_code == 302
    assert client.get("/")["Location"] == "/accounts/2fa/totp/activate/"
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    done = client.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    assert done.status_code == 302
    assert client.get("/").status_code == 200
    assert last("factor.added").actor == Member.objects.get(email="new@agency.example").public_id
    stored = Authenticator.objects.get(user__email="new@agency.example", type="totp").data["secret"]
    assert secret not in stored
    assert b"unknown, used" in Client().post(url, {"name": "Eve", "password": "a long enough passphrase"}).content


def test_a_reset_takes_everything_away_and_sets_up_anew(workspace: Path) -> None:
    client = signed_in()
    reset = reset_sign_in(EMAIL, acting_member=person("admin"))
    assert client.get("/").status_code == 302
    assert password_step(Client(), EMAIL, people_password()).status_code == 200
    again = Client()
    assert again.post(f"/join/{reset}/", {"password": "another good passphrase"}).status_code == 302
    assert again.get("/")["Location"] == "/accounts/2fa/totp/activate/"
    assert b"unknown, used" in Client().post(f"/join/{reset}/", {"password": "another good passphrase"}).content


def people_password() -> str:
    from plainview.casework.people.samples import credentials

    return credentials()[EMAIL]["password"]


def test_sample_people_work_in_a_sample_workspace_only(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = people()[EMAIL]
    monkeypatch.setattr("plainview.casework.people.sign_in.is_sample", lambda: False)
    assert password_step(Client(), EMAIL, held["password"]).status_code == 200


def social(email: str, agency: str, *, verified: bool = True) -> Any:
    connected: list[Member] = []
    address = SimpleNamespace(email=email, verified=verified)
    return SimpleNamespace(
        provider=SimpleNamespace(app=SimpleNamespace(provider="saml", settings={"agency": agency})),
        account=SimpleNamespace(provider="saml", extra_data={}),
        email_addresses=[address],
        is_existing=False,
        user=None,
        connected=connected,
        connect=lambda request, user: connected.append(user),
    )


def test_an_agencys_own_sign_in_lets_in_its_invited_members_only(workspace: Path) -> None:
    people()
    adapter, mine = SocialAdapter(), person("examiner").agency.public_id
    request = RequestFactory().get("/")
    request.user = person("examiner")  # the refusal's page shows who is signed in
    known = social(EMAIL, mine)
    adapter.pre_social_login(request, known)
    assert known.connected == [person("examiner")]
    strangers = (
        social("nobody@agency.example", mine),
        social(EMAIL, "A-another"),
        social(EMAIL, mine, verified=False),
    )
    for stranger in strangers:
        with pytest.raises(ImmediateHttpResponse) as refused:
            adapter.pre_social_login(request, stranger)
        assert refused.value.response.status_code == 403
        assert stranger.connected == []
    assert [row.subject["factor"] for row in entries("sign_in.failed")] == ["sso"] * 3
    assert adapter.is_open_for_signup(request, known) is False


@pytest.mark.parametrize(
    ("asked", "back"),
    [
        ("/cases/?q=harbour&state=open", "/cases/?q=harbour&state=open"),
        ("/cases/?q=a%26next=//evil.example/", "/cases/?q=a%26next=//evil.example/"),
        (f"/cases/?q={'a' * 3000}", "/cases/"),
    ],
)
def test_the_sign_in_leads_back_to_the_page_as_it_was_filtered(workspace: Path, asked: str, back: str) -> None:
    client = Client()
    answer = client.get(asked)
    assert len(answer["Location"]) < 3000
    client.post(answer["Location"], {"login": EMAIL, "password": people()[EMAIL]["password"]})
    answer = client.post("/accounts/2fa/authenticate/", {"code": people()[EMAIL]["code"]})
    assert (answer.status_code, answer["Location"]) == (302, back)
