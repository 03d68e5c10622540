"""Answers of a sign-in service, changed anywhere: a page that refuses, never an error, never a member signed in."""

from __future__ import annotations

import base64
import random
import sys
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree

import pytest
from allauth.socialaccount.providers.saml import utils as saml
from django.contrib.auth import SESSION_KEY
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.browser import people
from tests.factories.certificates import self_signed
from tests.factories.mutations import tries
from tests.fuzz.test_tables_fuzz import mutated, soon

from plainview.casework.people.single_sign_on import configure_sign_in

Constants = saml.OneLogin_Saml2_Constants
Utils: Any = vars(sys.modules[saml.OneLogin_Saml2_Auth.__module__])[
    "OneLogin_Saml2_Utils"
]  # the library behind allauth

AGENCY = "Sample Agency (not real)"
HERE = "http://localhost/accounts/saml/harbour"
NAMES = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
RESPONSE = """<samlp:Response {names} ID="r1" Version="2.0" IssueInstant="{now}" Destination="{here}/acs/"
 InResponseTo="{request}"><saml:Issuer>https://idp.example/e</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
{assertion}</samlp:Response>"""
ASSERTION = """<saml:Assertion {names} ID="a1" Version="2.0" IssueInstant="{now}"><saml:Issuer>https://idp.example/e</saml:Issuer>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">{email}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{here}/acs/" InResponseTo="{request}"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{before}" NotOnOrAfter="{until}"><saml:AudienceRestriction>
<saml:Audience>{here}/metadata/</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" SessionIndex="s1"><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue>{email}</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement></saml:Assertion>"""


def asked(client: Client) -> str:
    """Begin a sign-in and return the number of its request."""
    away = client.post("/accounts/saml/harbour/login/")["Location"]
    deflated = base64.b64decode(parse_qs(urlparse(away).query)["SAMLRequest"][0])
    return ElementTree.fromstring(zlib.decompress(deflated, -15)).get("ID", "")  # noqa: S314  our own request


def signed(folder: Path, request: str) -> bytes:
    """The provider's answer."""
    now = datetime.now(UTC)
    minutes = {"now": 0, "before": -5, "until": 9}
    at = {name: f"{now + timedelta(minutes=later):%Y-%m-%dT%H:%M:%SZ}" for name, later in minutes.items()}
    values = {**at, "names": NAMES, "here": HERE, "request": request, "email": "examiner@agency.example"}
    key, certificate = (folder / "idp.key").read_text(), (folder / "idp.pem").read_text()
    algorithms = {"sign_algorithm": Constants.RSA_SHA256, "digest_algorithm": Constants.SHA256}
    assertion = Utils.add_sign(ASSERTION.format(**values), key, certificate, **algorithms)
    return RESPONSE.format(**values, assertion=bytes(assertion).decode()).encode()


@pytest.fixture
def folder(workspace: Path, tmp_path: Path) -> Path:
    """Where the key of the agency's provider is."""
    people()
    key, certificate = self_signed(tmp_path)
    key.rename(tmp_path / "idp.key")
    certificate = certificate.rename(tmp_path / "idp.pem")
    text = 'kind = "saml"\nentity_id = "https://idp.example/e"\nsso_url = "https://idp.example/sso"\n'
    configure_sign_in(AGENCY, "harbour", f'{text}x509cert = """\n{certificate.read_text()}"""')
    return tmp_path


def answered(client: Client, sent: bytes) -> tuple[int, bool]:
    """The status of the last page, and whether somebody came as far as the second factor."""
    first = client.post("/accounts/saml/harbour/acs/", {"SAMLResponse": sent.decode("latin-1")})
    if first.status_code != 302:
        return first.status_code, False
    page = client.get(first["Location"])
    further = "2fa" in page.get("Location", "") or SESSION_KEY in client.session
    return page.status_code, further


@override_settings(ACCOUNT_RATE_LIMITS=False)
def test_the_answer_itself_comes_as_far_as_the_second_factor(folder: Path) -> None:
    client = Client(HTTP_HOST="localhost")
    whole = base64.b64encode(signed(folder, asked(client)))
    assert answered(client, whole) == (302, True)


@override_settings(ACCOUNT_RATE_LIMITS=False)
def test_a_changed_answer_is_refused_by_a_page(folder: Path) -> None:
    whole = signed(folder, asked(Client(HTTP_HOST="localhost")))

    @settings(max_examples=tries(40) * (20 if tries(40) > 40 else 1), suppress_health_check=list(HealthCheck))
    @given(number=st.integers(0, 2**32))
    def run(number: int) -> None:
        chance = random.Random(number)
        changed = mutated(whole, chance)
        sent = base64.b64encode(changed)
        if chance.random() < 0.2:
            sent = mutated(sent, chance)
        client = Client(HTTP_HOST="localhost")
        with soon():
            status, further = answered(client, sent)
        assert status < 500
        assert not further

    run()
