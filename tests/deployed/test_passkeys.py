"""A passkey under a public name: a real Chromium, TLS, and the name that `plainview serve --name` was given."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import expect, sync_playwright
from tests.browser.test_five_steps import AUTHENTICATOR
from tests.deployed.conftest import Authority
from tests.factories.deployed import Server, credentials, free_port
from tests.factories.live import launch

NAME = "faces.example"


def trusted(authority: Authority) -> list[str]:
    """Chromium's options: the name leads to this machine, and the certificate's key counts as vouched for."""
    certificate = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pin = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return [f"--host-resolver-rules=MAP {NAME} 127.0.0.1", f"--ignore-certificate-errors-spki-list={pin}"]


@pytest.mark.slow
def test_a_passkey_made_under_the_public_name_signs_in(
    home: Path, served: Callable[..., Server], authority: Authority
) -> None:
    port = free_port()
    url = f"https://{NAME}:{port}"
    server = served(
        home,
        *("--no-worker", "--name", f"{NAME}:{port}"),
        *("--tls-cert", str(authority.certificate), "--tls-key", str(authority.key)),
        port=port,
    )
    server.credentials = credentials(home)
    email = "examiner@agency.example"
    with sync_playwright() as playwright:
        browser = launch(playwright, *trusted(authority))
        page = browser.new_page(base_url=url)
        page.set_default_timeout(60_000)
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        device = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
        page.goto("/accounts/login/")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(server.credentials[email]["password"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.locator("input[name=code]").fill(server.code(email))
        page.locator("input[name=code]").press("Enter")
        page.wait_for_url(f"{url}/")
        page.goto("/accounts/2fa/webauthn/add/")
        page.get_by_label("Name").fill("the desk's key")
        page.get_by_label("Passwordless").check()
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", name="Your sign-in")).to_be_visible(timeout=60_000)
        made = session.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
        assert [credential["rpId"] for credential in made] == [NAME]
        page.context.clear_cookies()
        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Your tasks")).to_be_visible(timeout=60_000)
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        assert cookies["__Host-session"]["secure"]
        browser.close()
    assert "was refused" not in server.output
