"""What an agency's own provider says, read before anyone is signed in by it.

Owns asking the provider and reading its answer; `policy.single_sign_on` says what is believed. It must never take an
issuer other than the configured one, or a provider's failure for an error of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialApp, SocialLogin

from plainview.policy.decision import Refused
from plainview.policy.single_sign_on import Trust, same_server, vouched_address
from plainview.web.middleware import refusal_page

SECONDS = 5
"""Longest wait for a provider; a page's thread waits with it."""

_DISCOVERY = "/.well-known/"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class ProviderSession(requests.Session):
    """Asks a provider. Its failures are refusals; no password of this machine's netrc is sent."""

    def __init__(self) -> None:
        """Sign nothing in: requests would look into netrc."""
        super().__init__()
        self.auth = _nothing

    def request(self, method: str, url: str | bytes, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request.

        Raises:
            ImmediateHttpResponse: the page that says why the provider could not be asked.
        """
        options.setdefault("timeout", SECONDS)
        try:
            response = super().request(method, url, *arguments, **options)
            if _DISCOVERY in str(url):
                response.raise_for_status()
                described = response.json()
                if not isinstance(described, dict) or not all(described.get(name) for name in _ENDPOINTS):
                    raise ImmediateHttpResponse(_page(_incomplete()))
                if not same_server(described.get("issuer"), str(url)):
                    raise ImmediateHttpResponse(_page(_other_issuer()))
        except requests.RequestException:
            raise ImmediateHttpResponse(_page(_silent())) from None
        return response


def addresses_of(login: SocialLogin, app: SocialApp) -> list[str]:
    """Return the addresses that the agency's provider vouches for.

    Raises:
        Refused: it vouches for none, or the answer is not about one person of this agency.
    """
    if app.provider == "saml":
        addresses = [address.email.strip().lower() for address in login.email_addresses if address.verified]
        if not addresses:
            raise Refused(
                "sso.no_address",
                "Not signed in",
                "Your agency's provider sent no e-mail address.",
                "Ask the platform operator: the provider must send it, or 'email_attribute' must name the attribute "
                "that has it.",
            )
        return addresses
    said = login.account.extra_data
    token, info = said.get("id_token"), said.get("userinfo") or {}
    if not isinstance(token, Mapping) or (info and info.get("sub") != token.get("sub")):
        raise Refused(  # OpenID Connect Core 1.0, 5.3.2
            "sso.answer",
            "Not signed in",
            "The answers of your agency's provider do not belong to one person.",
            "Try again. If it happens again, tell the platform operator.",
        )
    configured = app.settings
    trust = Trust(
        configured["server_url"],
        vouches=configured.get("vouches") is True,
        address_claim=configured.get("address_claim", "email"),
        required=configured.get("require", {}),
    )
    return [vouched_address({**info, **token, **_verified(info, token)}, trust)]


def _verified(info: Mapping[str, Any], token: Mapping[str, Any]) -> dict[str, Any]:
    """Return `email_verified`, the worse of the two if both answers have one."""
    said = [answer["email_verified"] for answer in (info, token) if answer.get("email_verified") is not None]
    doubted = [value for value in said if value is not True and str(value).lower() != "true"]
    return {"email_verified": (doubted or said)[0]} if said else {}


def _nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _page(refused: Refused) -> Any:
    return refusal_page(context.request, refused, 502)


def _silent() -> Refused:
    return Refused(
        "sso.unreachable",
        "Not signed in",
        "Your agency's provider does not answer.",
        "Try again in a few minutes, or sign in with your password. Tell the platform operator if it lasts.",
    )


def _incomplete() -> Refused:
    return Refused(
        "sso.incomplete",
        "Not signed in",
        "Your agency's provider does not describe itself completely.",
        "Sign in with your password, and tell the platform operator.",
    )


def _other_issuer() -> Refused:
    return Refused(
        "sso.issuer",
        "Not signed in",
        "The provider that answered is not the one that is configured.",
        "Sign in with your password, and tell the platform operator: 'server_url' must be the provider's issuer.",
    )
