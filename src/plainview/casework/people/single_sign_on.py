"""Single sign-on: the OIDC or SAML provider that vouches for an agency's own members.

Owns the only row that names the provider. A person who signs in through it must be an invited member of that agency
(plainview.web.adapters) and still needs Plainview's second factor. It must never vouch for another agency's members.
"""

from __future__ import annotations

import base64
import re
import tomllib
from typing import Any

from allauth.socialaccount.models import SocialApp
from cryptography.x509 import load_der_x509_certificate
from django.db import transaction

from plainview.casework.find import agency_named
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency
from plainview.policy.decision import Refused
from plainview.policy.single_sign_on import is_entra, server_trouble

_KINDS = {
    "oidc": ("openid_connect", ("server_url", "client_id", "client_secret")),
    "saml": ("saml", ("entity_id", "sso_url", "x509cert")),
}
_OPTIONAL: dict[str, dict[str, type]] = {
    "oidc": {"vouches_for_addresses": bool, "address_claim": str, "require": dict},
    "saml": {"email_attribute": str, "uid_attribute": str},
}
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_EMAIL = ("urn:oid:0.9.2342.19200300.100.1.3", f"{_CLAIMS}emailaddress", "mail", "email", "emailAddress")
"""Names under which providers send the address: the standard's, Microsoft's (AD FS, Entra ID), and Google's."""

_UID = (
    "urn:oasis:names:tc:SAML:attribute:subject-id",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    f"{_CLAIMS}nameidentifier",
    f"{_CLAIMS}primarysid",
)
"""Names under which providers send what stays when the address changes; without one, the NameID is taken."""


def configure_sign_in(agency_name: str, slug: str, text: str) -> tuple[Agency, str]:
    """Let the members of an agency sign in through its own provider; a second call replaces the first.

    Args:
        agency_name: the agency.
        slug: a short name for the addresses.
        text: TOML: kind = "oidc" with server_url, client_id, client_secret; or kind = "saml" with entity_id,
            sso_url, x509cert; docs/howto/single-sign-on.md has the optional keys.

    Returns:
        The agency, and a sentence that says when an address is believed.

    Raises:
        Refused: agency.unknown, or sso.invalid.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(f"The file is not TOML: {error}.") from None
    kind = str(values.pop("kind", ""))
    if kind not in _KINDS:
        raise _invalid(f"`kind` must be one of: {', '.join(_KINDS)}.")
    provider, fields = _KINDS[kind]
    _check(kind, values, fields)
    if not _SLUG.fullmatch(slug):
        raise _invalid(f"The short name does not have the form {_SLUG.pattern}.")
    trouble = server_trouble(values["server_url" if kind == "oidc" else "sso_url"])
    if trouble:
        raise _invalid(trouble)
    if kind == "saml":
        values["x509cert"] = _certificate(values["x509cert"])
    with transaction.atomic():
        agency = agency_named(agency_name)
        taken = SocialApp.objects.filter(client_id=slug if kind == "saml" else values["client_id"]).first()
        if taken is not None and taken.settings.get("agency") != agency.public_id:
            raise _invalid("Another agency already uses this short name or client.")
        for app in SocialApp.objects.all():
            if app.settings.get("agency") == agency.public_id:
                app.delete()
        settings = _settings(kind, values, agency)
        # SAML identifies its row by the client id, OIDC by the provider id.
        SocialApp.objects.create(
            provider=provider,
            provider_id=slug,
            name=agency.name,
            client_id=slug if kind == "saml" else values["client_id"],
            secret=values.get("client_secret", ""),
            settings=settings,
        )
        write_entry(
            "agency.sign_in_configured",
            {"agency": agency.public_id, "kind": kind, "slug": slug},
            acting_member=None,
        )
    return agency, _belief(kind, settings)


def _check(kind: str, values: dict[str, Any], fields: tuple[str, ...]) -> None:
    missing = [name for name in fields if not isinstance(values.get(name), str) or not values[name].strip()]
    if missing:
        raise _invalid(f"`{kind}` needs these texts: {', '.join(missing)}.")
    unknown = sorted(values.keys() - {*fields, *_OPTIONAL[kind]})
    if unknown:
        raise _invalid(
            f"`{kind}` does not know {', '.join(unknown)}. It knows {', '.join((*fields, *_OPTIONAL[kind]))}."
        )
    for name, form in _OPTIONAL[kind].items():
        value = values.get(name)
        if value is not None and (not isinstance(value, form) or value == ""):
            words = {bool: "true or false", str: "a text", dict: "a table"}[form]
            raise _invalid(f"`{name}` must be {words}.")
    if not all(isinstance(value, str) for value in values.get("require", {}).values()):
        raise _invalid("Every value in `require` must be a text.")


def _certificate(text: str) -> str:
    """Return a certificate as base64 without its first and last line; it may be given with or without them."""
    body = "".join(line for line in text.split() if "-----" not in line and line not in ("CERTIFICATE", "BEGIN", "END"))
    try:
        load_der_x509_certificate(base64.b64decode(body, validate=True))
    except ValueError:
        raise _invalid(
            "`x509cert` is not a certificate: paste the PEM text of the provider's signing certificate."
        ) from None
    return body


def _belief(kind: str, settings: dict[str, Any]) -> str:
    if kind == "saml":
        return "Every address that the provider signs is believed."
    if settings["vouches"]:
        return "The provider vouches for its addresses, unless it says of one that it is not verified."
    return (
        "An address is believed only if the provider says `email_verified`. "
        "If it never does, and assigns the addresses itself, set `vouches_for_addresses = true` in the file."
    )


def _settings(kind: str, values: dict[str, Any], agency: Agency) -> dict[str, Any]:
    if kind == "oidc":
        server_url = values["server_url"].rstrip("/")
        return {
            "agency": agency.public_id,
            "server_url": server_url,
            "oauth_pkce_enabled": True,
            "vouches": values.get("vouches_for_addresses", is_entra(server_url)),
            "address_claim": values.get("address_claim", "email"),
            "require": values.get("require", {}),
        }
    idp = {"entity_id": values["entity_id"], "sso_url": values["sso_url"], "x509cert": values["x509cert"]}
    return {
        "agency": agency.public_id,
        "idp": idp,
        # The agency's provider vouches for its members' addresses.
        "verified_email": True,
        "attribute_mapping": {
            "uid": [values["uid_attribute"]] if "uid_attribute" in values else list(_UID),
            "email": [values["email_attribute"]] if "email_attribute" in values else list(_EMAIL),
        },
        "advanced": {
            "want_assertion_signed": True,
            "want_message_signed": False,
            "want_attribute_statement": False,  # AD FS sends none where the NameID is the address
            "reject_deprecated_algorithm": True,
            "allow_repeat_attribute_name": True,
        },
    }


def _invalid(why: str) -> Refused:
    return Refused(
        "sso.invalid",
        "Sign-in not configured",
        why,
        "Both forms of the file are described in docs/howto/single-sign-on.md.",
    )
