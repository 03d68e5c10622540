"""The target of `make fuzz` for the answers of a sign-in service (SAML): a page that refuses, never an error.

Half of the changed assertions are signed again by the provider's key: what lies behind the signature is reached too.
"""

from __future__ import annotations

import base64
import json
import random
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree

from tests.factories.certificates import self_signed
from tests.fuzz.mutation import mutated

Feed = Callable[[bytes], str]

STATES = "socialaccount_states"
AGENCY = "Sample Agency (not real)"
HERE = "http://localhost/accounts/saml/harbour"
_NAMES = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
_RESPONSE = """<samlp:Response {names} ID="r1" Version="2.0" IssueInstant="{now}" Destination="{here}/acs/"
 InResponseTo="{request}"><saml:Issuer>https://idp.example/e</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
{assertion}</samlp:Response>"""
_ASSERTION = """<saml:Assertion {names} ID="a1" Version="2.0" IssueInstant="{now}"><saml:Issuer>https://idp.example/e</saml:Issuer>
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


def _library() -> tuple[Any, Any]:
    """The library behind allauth, which is no dependency of ours: its constants, and its functions."""
    from allauth.socialaccount.providers.saml import utils

    behind = vars(sys.modules[utils.OneLogin_Saml2_Auth.__module__])
    return utils.OneLogin_Saml2_Constants, behind["OneLogin_Saml2_Utils"]


def configure(folder: Path) -> None:
    """Let the sample agency sign in through a provider whose key is in this folder."""
    from tests.factories.browser import people

    from plainview.casework.people.single_sign_on import configure_sign_in

    people()
    if not (folder / "idp.key").exists():
        key, certificate = self_signed(folder)
        key.rename(folder / "idp.key")
        certificate.rename(folder / "idp.pem")
    text = 'kind = "saml"\nentity_id = "https://idp.example/e"\nsso_url = "https://idp.example/sso"\n'
    configure_sign_in(AGENCY, "harbour", f'{text}x509cert = """\n{(folder / "idp.pem").read_text()}"""')


def asked(client: Any) -> str:
    """Begin a sign-in and return the number of its request."""
    away = client.post("/accounts/saml/harbour/login/")["Location"]
    deflated = base64.b64decode(parse_qs(urlparse(away).query)["SAMLRequest"][0])
    return ElementTree.fromstring(zlib.decompress(deflated, -15)).get("ID", "")  # noqa: S314  our own request


def signed(folder: Path, request: str, *, change: Callable[[bytes], bytes] = bytes, days: int = 0) -> bytes:
    """Return the provider's answer, good for nine minutes or so many days; its assertion is changed before it is signed."""
    now = datetime.now(UTC)
    later = {"now": timedelta(), "before": timedelta(minutes=-5), "until": timedelta(minutes=9, days=days)}
    at = {name: f"{now + after:%Y-%m-%dT%H:%M:%SZ}" for name, after in later.items()}
    values = {**at, "names": _NAMES, "here": HERE, "request": request, "email": "examiner@agency.example"}
    constants, library = _library()
    algorithms = {"sign_algorithm": constants.RSA_SHA256, "digest_algorithm": constants.SHA256}
    key, certificate = (folder / "idp.key").read_text(), (folder / "idp.pem").read_text()
    assertion = change(_ASSERTION.format(**values).encode())
    signed = library.add_sign(assertion.decode("utf-8", "replace"), key, certificate, **algorithms)
    return _RESPONSE.format(**values, assertion=bytes(signed).decode()).encode()


def answered(client: Any, sent: bytes) -> tuple[int, bool]:
    """The status of the last page, and whether somebody came as far as the second factor."""
    from django.contrib.auth import SESSION_KEY

    first = client.post("/accounts/saml/harbour/acs/", {"SAMLResponse": sent.decode("latin-1")})
    if first.status_code != 302:
        return first.status_code, False
    page = client.get(first["Location"])
    return page.status_code, "2fa" in page.get("Location", "") or SESSION_KEY in client.session


def _begun(folder: Path) -> tuple[str, dict[str, Any]]:
    """Begin a sign-in once; return the number of its request, and what its session holds."""
    from django.test import Client

    path = folder / "begun.json"
    if not path.exists():
        configure(folder)
        client = Client(HTTP_HOST="localhost")
        path.write_text(json.dumps([asked(client), dict(client.session.items())]))
    request, session = json.loads(path.read_text())
    return request, session


def _again(client: Any, session: dict[str, Any]) -> None:
    """Give this browser the session of a person who began a sign-in a moment ago: allauth takes none of ten minutes ago."""
    client.cookies.clear()
    store = client.session
    states = {number: [state, time.time(), who] for number, (state, _, who) in session[STATES].items()}
    store.update(session | {STATES: states})
    store.save()


def answers(folder: Path) -> dict[str, bytes]:
    whole = signed(folder, _begun(folder)[0], days=300)
    (folder / "answer.xml").write_bytes(whole)
    return {"answer": whole}


def _assertion(xml: bytes) -> str:
    """Return what is signed of an answer, in canonical form: what is around it, and the signature in it, may differ."""
    inside = ElementTree.fromstring(xml).find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")  # noqa: S314
    if inside is None:
        return ""
    for signature in inside.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        signature.tail = ""
        inside.remove(signature)
    return ElementTree.canonicalize(ElementTree.tostring(inside))


_SIGN_AGAIN = b"sign "
"""Begins an input whose assertion is signed before it is sent: as an input is bytes, and the key is not at hand here."""


def mutated_answer(seed: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    if chance.random() < 0.3:
        return _SIGN_AGAIN + str(chance.randrange(2**48)).encode()
    sent = base64.b64encode(mutated(seed, chance))
    return mutated(sent, chance) if chance.random() < 0.2 else sent


@contextmanager
def answer_read(folder: Path) -> Iterator[Feed]:
    from django.test import Client, override_settings

    with override_settings(ACCOUNT_RATE_LIMITS=False):
        request, session = _begun(folder)
        client = Client(HTTP_HOST="localhost")  # one for all: a new one builds every middleware again

        def read(data: bytes) -> str:
            seed, again = data.startswith(b"<"), data.startswith(_SIGN_AGAIN)
            if again:
                chance = random.Random(data)
                try:
                    data = signed(folder, request, change=lambda assertion: mutated(assertion, chance))
                except Exception:  # the library cannot sign what is no XML
                    return "not signed"
            _again(client, session)  # an answer uses up what was begun, also one that is refused after that
            status, further = answered(client, base64.b64encode(data) if seed or again else data)
            assert status < 500
            if further and not seed and not again:
                assert _assertion(base64.b64decode(data)) == _assertion((folder / "answer.xml").read_bytes())
            return "read" if further else f"status {status}"

        yield read
