"""Sign-in through an agency's own provider: a real OIDC exchange with a provider on loopback, and SAML's metadata."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlparse

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from tests.factories.browser import people
from tests.factories.work import entries, person

from plainview.casework.people.single_sign_on import configure_sign_in
from plainview.policy.decision import Refused

AGENCY = "Sample Agency (not real)"
EMAIL = "examiner@agency.example"


class Provider(BaseHTTPRequestHandler):
    """Answers as an identity provider; what it says of the person is set by the test."""

    claims: ClassVar[dict[str, Any]] = {}
    key: ClassVar[rsa.RSAPrivateKey]

    def _answer(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        if self.path.startswith("/.well-known/"):
            self._answer(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "jwks_uri": f"{base}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        else:
            self._answer(self.claims)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        now = int(time.time())
        told = {"iss": base, "aud": "plainview", "iat": now, "exp": now + 60, **self.claims}
        token = jwt.encode(told, self.key, algorithm="RS256", headers={"kid": "1"})
        self._answer({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def provider(workspace: Path, socket_enabled: None) -> Iterator[str]:
    Provider.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    people()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    text = f'kind = "oidc"\nserver_url = "{base}"\nclient_id = "plainview"\nclient_secret = "s"\n'
    configure_sign_in(AGENCY, "harbour", text)
    yield base
    server.shutdown()
    server.server_close()
    thread.join()


def exchange(client: Client, **claims: Any) -> Any:
    stated = {"sub": "1", "email": EMAIL, "email_verified": True, **claims}
    Provider.claims = {name: value for name, value in stated.items() if value is not None}
    assert b"/accounts/oidc/harbour/login/" in client.get("/accounts/login/").content
    away = client.post("/accounts/oidc/harbour/login/")
    assert away.status_code == 302, away.content
    asked = parse_qs(urlparse(away["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client.get("/accounts/oidc/harbour/login/callback/", {"code": "c", "state": asked["state"][0]})


def test_an_invited_member_comes_in_and_still_needs_the_second_factor(provider: str) -> None:
    client = Client()
    answer = exchange(client)
    assert answer.status_code == 302, answer.content
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/").status_code == 302
    done = client.post("/accounts/2fa/authenticate/", {"code": people()[EMAIL]["code"]})
    assert done.status_code == 302
    assert b"Sample examiner" in client.get("/").content
    assert entries("session.began")[-1].actor == person("examiner").public_id
    assert exchange(Client())["Location"] == "/accounts/2fa/authenticate/"  # a second time, now linked


@pytest.mark.long
@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"email": "nobody@agency.example"}, "member.unknown"),
        ({"email_verified": False}, "sso.not_vouched"),
        ({"email_verified": "false"}, "sso.not_vouched"),
        ({"email": ""}, "sso.no_address"),
        ({"email": "h@other.example"}, "member.unknown"),
    ],
)
def test_nobody_else_comes_in(provider: str, claims: dict[str, Any], rule: str) -> None:
    client = Client()
    answer = exchange(client, **claims)
    assert answer.status_code == 403
    assert rule.encode() in answer.content
    assert client.get("/").status_code == 302
    assert entries("sign_in.failed")[-1].subject["factor"] == "sso"


def test_settings_as_for_entra_id_say_whether_its_addresses_are_vouched_for(provider: str) -> None:
    text = (Path(__file__).parents[2] / "inputs" / "oidc-entra.toml").read_text()
    text = text.replace("https://login.microsoftonline.example/tenant/v2.0", provider)
    configure_sign_in(AGENCY, "harbour", text)
    assert b"sso.not_vouched" in exchange(Client(), email_verified=None).content
    configure_sign_in(AGENCY, "harbour", f"{text}vouches_for_addresses = true\n")
    assert exchange(Client(), email_verified=None)["Location"] == "/accounts/2fa/authenticate/"
    assert b"sso.not_vouched" in exchange(Client(), email_verified="false").content


def test_a_linked_account_cannot_become_another_member(provider: str) -> None:
    exchange(Client())
    answer = exchange(Client(), email="auditor@agency.example")  # the same subject, another address
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "text",
    [
        "kind = 1",
        'kind = "oidc"',
        'kind = "oidc"\nserver_url = "http://idp.example"\nclient_id = "a"\nclient_secret = "b"',
        'kind = "saml"\nentity_id = "e"\nsso_url = "https://i.example"\nx509cert = ""',
        'kind = "saml"\nentity_id = "e"\nsso_url = "https://i.example"\nx509cert = "c"\nextra = "x"',
        "= nonsense",
    ],
)
def test_what_does_not_fit_is_refused(workspace: Path, text: str) -> None:
    with pytest.raises(Refused) as caught:
        configure_sign_in(AGENCY, "harbour", text)
    assert caught.value.rule_id == "sso.invalid"


def test_saml_states_its_metadata_and_sends_to_the_agencys_provider(workspace: Path) -> None:
    people()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = "".join(certificate.public_bytes(serialization.Encoding.PEM).decode().splitlines()[1:-1])
    text = (
        f'kind = "saml"\nentity_id = "https://idp.example/e"\nsso_url = "https://idp.example/sso"\nx509cert = "{pem}"'
    )
    configure_sign_in(AGENCY, "harbour", text)
    client = Client(HTTP_HOST="localhost")
    metadata = client.get("/accounts/saml/harbour/metadata/")
    assert metadata.status_code == 200
    assert b"/accounts/saml/harbour/acs/" in metadata.content
    away = client.post("/accounts/saml/harbour/login/")
    assert away.status_code == 302
    assert away["Location"].startswith("https://idp.example/sso?SAMLRequest=")
    forged = client.post("/accounts/saml/harbour/acs/", {"SAMLResponse": "PHg+PC94Pg=="})
    stored = Session.objects.get(session_key=client.cookies["saml-acs-session"].value)
    assert stored.expire_date < timezone.now() + timedelta(minutes=16)
    finish = client.get(forged["Location"])
    assert finish.status_code < 500, finish.content
    assert not Session.objects.filter(pk=stored.pk).exists()
    assert client.get("/").status_code == 302, finish.content
