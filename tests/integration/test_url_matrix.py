"""Every address of the application: who may open it is written down, and it is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from tests.factories.browser import people, signed_in
from tests.factories.outsiders import client_of, in_days
from tests.factories.work import newest, person

from plainview.casework.models import Member
from plainview.policy.permissions import Permission
from plainview.policy.roles import GRANTS, OUTSIDERS, Role
from plainview.web.pages import ACCESS, PAGES
from plainview.web.sign_in_pages import SIGN_IN, Anyone

FOR_EVERY_PART = {
    "number": 1,
    "public_id": "X000000000000",
    "rank": 1,
    "ten": 0,
    "position": 1,
    "which": "probe",
    "code": "x",
    "uidb36": "a",
    "key": "b",
    "pk": 1,
    "provider_id": "p",
    "organization_slug": "o",
    "kind": "csv",
    "digest": "0" * 64,
}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def names() -> list[str]:
    return sorted({str(entry.name) for entry in patterns(get_resolver())})


def address(name: str) -> str:
    possibilities, *_ = get_resolver().reverse_dict.getlist(name)[0]
    _, keys = possibilities[0]
    return reverse(name, kwargs={key: FOR_EVERY_PART[key] for key in keys})


def test_every_url_has_a_row_and_every_row_a_url() -> None:
    assert set(names()) == set(ACCESS)
    assert len(ACCESS) == len(PAGES) + len(SIGN_IN), "two rows of one name"


def test_every_row_is_reached() -> None:
    """A row is not hidden behind one above it that fits the same address."""
    for page in PAGES:
        assert resolve(address(page.name)).view_name == page.name


def test_a_url_without_a_row_is_refused(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.web.middleware.ACCESS", {})
    answer = Client().get("/accounts/login/")
    assert answer.status_code == 403
    assert b"url.unlisted" in answer.content


@pytest.mark.parametrize("name", names())
def test_anonymous_gets_nowhere_but_public_pages(workspace: Path, name: str) -> None:
    client = Client(raise_request_exception=False)
    for method in (client.get, client.post):
        answer = method(address(name))
        if ACCESS[name] is Anyone.PUBLIC:
            assert answer.status_code != 500
        elif ACCESS[name] is Anyone.CLOSED:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/")


def test_each_role_opens_what_it_was_granted(workspace: Path) -> None:
    people()
    agency = person("admin").agency
    for role, name in {
        Role.EXAMINER: "examiner",
        Role.VERIFIER: "verifier",
        Role.SUPERVISOR: "supervisor",
        Role.ADMINISTRATOR: "admin",
        Role.AUDITOR: "auditor",
        Role.DEFENCE: "",
        Role.OUTSIDE_AUDITOR: "",
    }.items():
        if role in OUTSIDERS:
            member = Member.objects.create(
                agency=agency,
                email=f"{role.name.lower()}@out.example",
                roles=[role.value],
                ends_on=in_days(9),
            )
            client = client_of(member)
        else:
            member, client = person(name), signed_in(name)
        for url_name, need in ACCESS.items():
            if not isinstance(need, Permission):
                continue
            answer = client.get(address(url_name))
            if need in GRANTS[role]:
                assert answer.status_code != 403, (url_name, role)
            else:
                assert answer.status_code == 403, (url_name, role)
                refusal = newest()
                assert (refusal.action, refusal.actor) == (f"{need.value}.refused", member.public_id)


def test_no_page_is_cached_and_every_page_has_the_policy_of_its_content(workspace: Path) -> None:
    client = signed_in("auditor")
    for url in ("/", "/policy/", "/sessions/", "/accounts/2fa/"):
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert "no-store" in answer["Cache-Control"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
