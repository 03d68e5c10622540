"""The rules of signing in through an agency's own provider, on plain values: whose address may be believed.

Owns what counts as vouched for. It must never take an address that nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from plainview.policy.decision import Refused

_ENTRA = ("login.microsoftonline.", "login.partner.microsoftonline.")
_ANY_TENANT = {"common", "organizations", "consumers"}
_GOOGLE = "accounts.google.com"
_GOOGLES_OWN = {"gmail.com", "googlemail.com"}


@dataclass(frozen=True, slots=True)
class Trust:
    """What an agency's provider is believed.

    Attributes:
        server_url: the provider's address.
        vouches: True if its word is enough where it does not say whether an address is verified.
        address_claim: the claim that has the member's address.
        required: claim -> the value that it must have, e.g. {"tid": "…"}.
    """

    server_url: str
    vouches: bool
    address_claim: str = "email"
    required: Mapping[str, str] = field(default_factory=dict)


def is_entra(server_url: str) -> bool:
    """Say whether this is Microsoft Entra ID. It never says `email_verified`; a tenant assigns its own addresses."""
    return (urlsplit(server_url).hostname or "").startswith(_ENTRA)


def server_trouble(server_url: str) -> str:
    """Return what is wrong with a provider's address; empty if nothing is."""
    try:
        parts = urlsplit(server_url)
        host = parts.hostname or ""
        loopback = parts.scheme == "http" and host in ("127.0.0.1", "localhost")
    except ValueError:
        return "The provider's address is not an address."
    if not host or parts.username or (parts.scheme != "https" and not loopback):
        return "The provider's address does not begin with https://."
    if is_entra(server_url):
        path = parts.path.strip("/").split("/")
        if not path[0] or path[0].lower() in _ANY_TENANT:
            return (
                "The address is for accounts of every organisation. Write your own tenant's: "
                f"https://{host}/TENANT/v2.0, with its number in place of TENANT."
            )
        if "v2.0" not in path:
            return f"Write the address of version 2: https://{host}/{path[0]}/v2.0."
    return ""


def same_server(issuer: object, server_url: str) -> bool:
    """Say whether an issuer is the configured provider: same host and port, and no placeholder for a tenant."""
    if not isinstance(issuer, str) or "{" in issuer:
        return False
    named, configured = urlsplit(issuer), urlsplit(server_url)
    return (named.scheme, named.netloc.lower()) == (configured.scheme, configured.netloc.lower())


def vouched_address(claims: Mapping[str, object], trust: Trust) -> str:
    """Return the address, in lower case, that the provider vouches for.

    Args:
        claims: what the provider said of the person; checked for signature, issuer and audience.
        trust: what it is believed.

    Raises:
        Refused: sso.other_tenant, sso.no_address or sso.not_vouched.
    """
    for name, value in trust.required.items():
        if claims.get(name) != value:
            raise Refused(
                "sso.other_tenant",
                "Not signed in",
                f"Your account at the provider is not of this agency: its '{name}' is not the one that is required.",
                "Choose your agency's account at the provider, or ask the platform operator.",
            )
    address = claims.get(trust.address_claim)
    if not isinstance(address, str) or "@" not in address:
        raise Refused(
            "sso.no_address",
            "Not signed in",
            f"Your agency's provider sent no e-mail address in '{trust.address_claim}'.",
            "Ask the platform operator: the provider must send it, or 'address_claim' must name the claim that has it.",
        )
    address = address.strip().lower()
    if not _vouched(claims, address, trust):
        raise Refused(
            "sso.not_vouched",
            "Not signed in",
            f"Your agency's provider does not vouch for the address {address}.",
            "Verify the address at the provider. If it never says so, the platform operator can set "
            "'vouches_for_addresses'.",
        )
    return address


def _vouched(claims: Mapping[str, object], address: str, trust: Trust) -> bool:
    said = claims.get("email_verified")
    if said is None:
        return trust.vouches
    if said is not True and not (isinstance(said, str) and said.strip().lower() == "true"):
        return False  # false, "false", 0, or anything else
    if urlsplit(trust.server_url).hostname == _GOOGLE:
        # Google answers for its own addresses and those of a Workspace; others it has seen verified once, long ago.
        # Source: developers.google.com/identity/gsi/web/guides/verify-google-id-token
        domain = address.rpartition("@")[2]
        return domain in _GOOGLES_OWN or bool(claims.get("hd")) or trust.vouches
    return True
