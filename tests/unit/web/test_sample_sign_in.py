"""One click signs in as a made-up person: in a sample workspace on this machine alone, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from tests.factories.work import entries, person

from plainview.casework.log import state
from plainview.casework.workspace.serving import Serving


def _try(client: Client, **more: Any) -> Any:
    return client.post("/sign-in-as/", {"person": person("supervisor").public_id}, **more)


def test_a_click_signs_in_and_the_entry_says_how(workspace: Path) -> None:
    totp.TOTP.activate(person("supervisor"), totp.generate_totp_secret())
    client = Client(HTTP_HOST="127.0.0.1")
    assert b"Try it as" in client.get("/accounts/login/").content
    assert _try(client)["Location"] == "/"
    assert client.get("/").status_code == 200
    assert b"Sample supervisor" in client.get("/").content
    assert entries("session.began")[-1].subject["how"] == "sample sign-in"
    assert entries("session.began")[-1].actor == person("supervisor").public_id


def test_a_person_who_is_no_sample_is_no_choice(workspace: Path) -> None:
    who = person("auditor")
    who.is_sample = False
    who.save()
    assert Client(HTTP_HOST="127.0.0.1").post("/sign-in-as/", {"person": who.public_id}).status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_nobody_from_elsewhere_is_offered_it(workspace: Path, more: dict[str, str]) -> None:
    client = Client(HTTP_HOST="127.0.0.1")
    assert b"Try it as" not in client.get("/accounts/login/", **more).content  # type: ignore[arg-type]
    assert _try(client, **more).status_code == 404
    assert not entries("session.began")


@pytest.mark.parametrize(
    "how", [Serving(names=("plainview.agency.example",)), Serving(secure="tls"), Serving(secure="proxy")]
)
def test_a_server_with_a_name_or_tls_offers_it_to_nobody(
    workspace: Path, how: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.web.sample.serving", lambda: how)
    client = Client(HTTP_HOST="127.0.0.1")
    assert b"Try it as" not in client.get("/accounts/login/").content
    assert _try(client).status_code == 404


def test_a_real_workspace_has_no_such_page(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plainview.web.sample.is_sample", lambda: False)
    assert state.is_sample()  # the workspace of the tests is one: only the answer is changed
    assert _try(Client(HTTP_HOST="127.0.0.1")).status_code == 404


def test_a_form_of_another_site_signs_nobody_in(workspace: Path) -> None:
    assert _try(Client(enforce_csrf_checks=True, HTTP_HOST="127.0.0.1")).status_code == 403
