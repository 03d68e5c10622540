"""Single sign-on: the OIDC or SAML provider that vouches for an agency's own members.

Owns the only row that names the provider. A person who signs in through it must be an invited member of that agency
(plainview.web.adapters) and still needs Plainview's second factor. It must never vouch for another agency's members.
"""

from __future__ import annotations

import re
import tomllib

from allauth.socialaccount.models import SocialApp
from django.db import transaction

from plainview.casework.find import agency_named
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency
from plainview.policy.decision import Refused

_KINDS = {
    "oidc": ("openid_connect", {"server_url", "client_id", "client_secret"}),
    "saml": ("saml", {"entity_id", "sso_url", "x509cert"}),
}
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")


def configure_sign_in(agency_name: str, slug: str, text: str) -> Agency:
    """Let the members of an agency sign in through its own provider; a second call replaces the first.

    Args:
        agency_name: the agency.
        slug: a short name for the addresses.
        text: TOML: kind = "oidc" with server_url, client_id, client_secret; or kind = "saml" with entity_id,
            sso_url, x509cert.

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
    if values.keys() != fields or not all(isinstance(value, str) and value.strip() for value in values.values()):
        raise _invalid(f"`{kind}` needs exactly these texts: {', '.join(sorted(fields))}.")
    if not _SLUG.fullmatch(slug):
        raise _invalid(f"The short name does not have the form {_SLUG.pattern}.")
    if any(
        not values[name].startswith(("https://", "http://127.0.0.1")) for name in fields & {"server_url", "sso_url"}
    ):
        raise _invalid("The provider's address does not begin with https://.")
    with transaction.atomic():
        agency = agency_named(agency_name)
        taken = SocialApp.objects.filter(client_id=slug if kind == "saml" else values["client_id"]).first()
        if taken is not None and taken.settings.get("agency") != agency.public_id:
            raise _invalid("Another agency already uses this short name or client.")
        for app in SocialApp.objects.all():
            if app.settings.get("agency") == agency.public_id:
                app.delete()
        # SAML identifies its row by the client id, OIDC by the provider id.
        SocialApp.objects.create(
            provider=provider,
            provider_id=slug,
            name=agency.name,
            client_id=slug if kind == "saml" else values["client_id"],
            secret=values.get("client_secret", ""),
            settings=_settings(kind, values, agency),
        )
        write_entry(
            "agency.sign_in_configured",
            {"agency": agency.public_id, "kind": kind, "slug": slug},
            acting_member=None,
        )
    return agency


def _settings(kind: str, values: dict[str, str], agency: Agency) -> dict[str, object]:
    if kind == "oidc":
        return {"agency": agency.public_id, "server_url": values["server_url"], "oauth_pkce_enabled": True}
    idp = {"entity_id": values["entity_id"], "sso_url": values["sso_url"], "x509cert": values["x509cert"]}
    return {
        "agency": agency.public_id,
        "idp": idp,
        # The agency's provider vouches for its members' addresses.
        "verified_email": True,
        "attribute_mapping": {
            "uid": "urn:oasis:names:tc:SAML:attribute:subject-id",
            "email": "urn:oid:0.9.2342.19200300.100.1.3",
        },
        "advanced": {
            "want_assertion_signed": True,
            "want_message_signed": False,
            "reject_deprecated_algorithm": True,
            "allow_repeat_attribute_name": True,
        },
    }


def _invalid(why: str) -> Refused:
    return Refused(
        "sso.invalid", "Sign-in not configured", why, "Both forms of the file are described in docs/howto/sign-in.md."
    )
