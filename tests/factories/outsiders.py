"""People from outside an agency, in one line each: the defence, an outside auditor, and their sign-in."""

from __future__ import annotations

from datetime import date, timedelta

from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.utils import timezone
from tests.factories.power import invite_member
from tests.factories.work import person

from plainview.casework.disclosure.grants import Granted, grant
from plainview.casework.models import Member
from plainview.casework.people.members import join

COUNSEL = "counsel@defence.example"


def in_days(days: int) -> date:
    return timezone.now().date() + timedelta(days=days)


def opened(search: str, *, days: int = 30, email: str = COUNSEL, **options: str) -> Granted:
    """A search opened to the defence by the sample supervisor."""
    return grant(search, email, "Ada Counsel", in_days(days), acting_member=person("supervisor"), **options)


def defence(search: str, **options: str) -> Member:
    """A joined account of the defence to which a search is open."""
    return join(opened(search, **options).code, "Ada Counsel")


def outside_auditor(email: str = "inspector@audit.example", *, days: int = 30) -> Member:
    """A joined outside auditor of the sample agency."""
    code = invite_member(email, ["outside auditor"], ends_on=in_days(days), acting_member=person("admin")).code
    return join(code, "Ivo Inspector")


def client_of(member: Member) -> Client:
    """A signed-in client; the way through the sign-in pages is tested elsewhere."""
    totp.TOTP.activate(member, totp.generate_totp_secret())
    client = Client(raise_request_exception=False)
    client.force_login(member, backend="plainview.web.adapters.Backend")
    return client
