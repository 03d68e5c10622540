"""Signing in to the web application by Django's test client, as a person does: password, then a code."""

from __future__ import annotations

import re
import time
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from plainview.casework.models import Member
from plainview.casework.people.samples import credentials, make_credentials


def people() -> dict[str, dict[str, str]]:
    """The sample people's credentials, made at the first call."""
    if not Member.objects.get(email="examiner@agency.example").has_usable_password():
        make_credentials()
    return credentials()


def code(secret: str, *, later: int = 0) -> str:
    """A code of this moment or of some periods later; the same one is never taken twice."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + later))


def password_step(client: Client, email: str, password: str, **headers: Any) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password}, **headers)


def signed_in(name: str = "examiner", **client_options: Any) -> Client:
    """A client with a session of a sample person, second factor and all."""
    client = Client(**client_options)
    email = f"{name}@agency.example"
    held = people()[email]
    step = password_step(client, email, held["password"])
    assert step.status_code == 302, step.content
    assert step["Location"] == "/accounts/2fa/authenticate/"
    done = client.post("/accounts/2fa/authenticate/", {"code": held["code"]})
    assert done.status_code == 302, done.content
    return client


def text(answer: Any) -> str:
    """The text of an answer, with one blank between words."""
    return re.sub(r"\s+", " ", answer.content.decode())
