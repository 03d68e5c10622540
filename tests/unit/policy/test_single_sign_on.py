"""Whose address is believed: nobody's unless the provider says so, or was named as one that assigns its addresses."""

from __future__ import annotations

from typing import Any

import pytest

from plainview.policy.decision import Refused
from plainview.policy.single_sign_on import Trust, same_server, server_trouble, vouched_address

IDP, GOOGLE = "https://idp.example", "https://accounts.google.com"
JO = "jo@agency.example"


def rule(claims: dict[str, Any], trust: Trust) -> str:
    try:
        return vouched_address(claims, trust)
    except Refused as refused:
        return refused.rule_id


@pytest.mark.parametrize("vouches", [False, True])
@pytest.mark.parametrize("said", [False, "false", "False", "no", "", 0, 1, [True], {"a": 1}])
def test_anything_but_true_is_never_believed(vouches: bool, said: object) -> None:
    assert rule({"email": JO, "email_verified": said}, Trust(IDP, vouches)) == "sso.not_vouched"


@pytest.mark.parametrize("said", [True, "true", "True"])
def test_true_is_believed_and_the_address_is_in_lower_case(said: object) -> None:
    assert rule({"email": " Jo@Agency.Example ", "email_verified": said}, Trust(IDP, vouches=False)) == JO


def test_silence_is_believed_only_of_a_provider_that_vouches() -> None:
    assert rule({"email": JO}, Trust(IDP, vouches=False)) == "sso.not_vouched"
    assert rule({"email": JO, "email_verified": None}, Trust(IDP, vouches=False)) == "sso.not_vouched"
    assert rule({"email": JO}, Trust(IDP, vouches=True)) == JO


@pytest.mark.parametrize("address", [None, "", "jo", 7, ["jo@agency.example"]])
def test_what_is_no_address_is_none(address: object) -> None:
    assert rule({"email": address, "email_verified": True}, Trust(IDP, vouches=True)) == "sso.no_address"


def test_another_claim_can_have_the_address_and_required_claims_must_fit() -> None:
    trust = Trust(IDP, vouches=True, address_claim="upn", required={"tid": "T"})
    assert rule({"upn": JO, "tid": "T"}, trust) == JO
    assert rule({"upn": JO, "tid": "U"}, trust) == "sso.other_tenant"
    assert rule({"upn": JO}, trust) == "sso.other_tenant"
    assert rule({"email": JO, "tid": "T"}, trust) == "sso.no_address"


def test_google_is_believed_of_its_own_addresses_and_of_a_workspace() -> None:
    trust = Trust(GOOGLE, vouches=False)
    assert rule({"email": "jo@gmail.com", "email_verified": True}, trust) == "jo@gmail.com"
    assert rule({"email": JO, "email_verified": True, "hd": "agency.example"}, trust) == JO
    assert rule({"email": JO, "email_verified": True}, trust) == "sso.not_vouched"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://idp.example/realms/a", ""),
        ("http://127.0.0.1:8080", ""),
        ("http://localhost", ""),
        ("https://login.microsoftonline.com/3f1c/v2.0", ""),
        ("https://login.microsoftonline.com/3f1c/v2.0/.well-known/openid-configuration", ""),
        ("https://login.microsoftonline.us/3f1c/v2.0", ""),
        ("http://idp.example", "https://"),
        ("http://127.0.0.1.evil.example", "https://"),
        ("https://user:password@idp.example", "https://"),  # pragma: allowlist secret
        ("https://", "https://"),
        ("ftp://idp.example", "https://"),
        ("https://[", "not an address"),
        ("https://login.microsoftonline.com/common/v2.0", "every organisation"),
        ("https://login.microsoftonline.com/Organizations/v2.0", "every organisation"),
        ("https://login.microsoftonline.com/", "every organisation"),
        ("https://login.microsoftonline.com/3f1c", "version 2"),
    ],
)
def test_an_address_that_lets_strangers_in_or_listeners_listen_is_named(url: str, says: str) -> None:
    trouble = server_trouble(url)
    assert says in trouble
    assert bool(trouble) == bool(says)


@pytest.mark.parametrize(
    ("issuer", "good"),
    [
        ("https://idp.example", True),
        ("https://IDP.example/realms/a", True),
        ("https://idp.example:8443", False),
        ("http://idp.example", False),
        ("https://idp.example.evil.example", False),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", False),
        (None, False),
    ],
)
def test_the_issuer_is_the_server_that_was_configured(issuer: object, good: bool) -> None:
    assert same_server(issuer, "https://idp.example/.well-known/openid-configuration") is good
