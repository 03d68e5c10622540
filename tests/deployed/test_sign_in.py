"""Signing in through an agency's own provider: whole exchanges between the served application and a real provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.factories import forks
from tests.factories.certificates import self_signed
from tests.factories.live import Live, serve
from tests.factories.providers import CLIENT, SECRET, free_port, oidc_provider, saml_provider
from tests.factories.web_person import walk

pytestmark = pytest.mark.slow  # real providers, which `make providers` installs

AGENCY, SLUG = "Sample Agency (not real)", "harbour"
EMAIL = "examiner@agency.example"
TENANT = "3f1c2b7e-0000-4000-8000-5a4e7d6c5b4a"

ACCOUNTS: dict[str, dict[str, Any]] = {
    "vouched": {"email": EMAIL, "email_verified": True},
    "as-text": {"email": "verifier@agency.example", "email_verified": "true"},
    "unverified": {"email": EMAIL, "email_verified": False},
    "false-as-text": {"email": EMAIL, "email_verified": "false"},
    "entra": {"email": EMAIL, "tid": TENANT, "preferred_username": EMAIL},
    "entra-without-address": {"tid": TENANT, "preferred_username": EMAIL},
    "other-tenant": {"email": EMAIL, "tid": "another", "preferred_username": EMAIL},
    "uninvited": {"email": "nobody@agency.example", "email_verified": True},
    "second": {"email": EMAIL, "email_verified": True},
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("sign-in") / "workspace"
    assert forks.run(home, ["init", "--sample"]).returncode == 0
    served = serve(home)
    walk({"get": f"{served.url}/accounts/login/", "wait": 120})
    yield served
    served.stop()


@pytest.fixture
def unlinked(live: Live) -> None:
    """Nobody is linked to an account of a provider, and nobody is locked."""
    live.python(
        "from allauth.socialaccount.models import SocialAccount as s; s.objects.all().delete(); "
        "from plainview.casework.models import Member, SignInFailure; SignInFailure.objects.all().delete(); "
        "Member.objects.update(locked_at=None); print(1)"
    )


def configure(live: Live, folder: Path, text: str, code: int = 0) -> str:
    (folder / "sign-in.toml").write_text(text)
    done = forks.run(live.home, ["agency", "sign-in", AGENCY, SLUG, str(folder / "sign-in.toml")])
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def oidc(address: str, *more: str) -> str:
    return "\n".join(
        ['kind = "oidc"', f'server_url = "{address}"', f'client_id = "{CLIENT}"', f'client_secret = "{SECRET}"', *more]
    )


def sign_in(live: Live, account: str) -> dict[str, Any]:
    """The last page of a whole exchange: our sign-in page, the provider's own sign-in and consent, and back."""
    return walk(
        {"get": f"{live.url}/accounts/oidc/{SLUG}/login/"},
        {"form": {}},
        {"form": {"login": account, "password": "x"}},
        {"form": {}},
    )[-1]


@pytest.fixture(scope="module")
def provider(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    redirect = f"{live.url}/accounts/oidc/{SLUG}/login/callback/"
    with oidc_provider(tmp_path_factory.mktemp("oidc"), redirect, ACCOUNTS) as address:
        yield address


@pytest.mark.parametrize("account", ["vouched", "as-text"])
def test_an_invited_member_comes_as_far_as_the_second_factor(
    live: Live, provider: str, unlinked: None, tmp_path: Path, account: str
) -> None:
    said = configure(live, tmp_path, oidc(provider))
    assert "only if the provider says `email_verified`" in said
    page = sign_in(live, account)
    assert (page["status"], page["url"]) == (200, f"{live.url}/accounts/2fa/authenticate/"), page["text"]
    assert sign_in(live, account)["url"].endswith("/2fa/authenticate/")  # the second time, now linked
    stored = live.python(
        "import json; from allauth.socialaccount.models import SocialAccount as s; print(json.dumps(s.objects.get().extra_data))"
    )
    assert stored == {}


@pytest.mark.parametrize(
    ("account", "more", "rule"),
    [
        ("unverified", "", "sso.not_vouched"),
        ("false-as-text", "", "sso.not_vouched"),
        ("false-as-text", "vouches_for_addresses = true", "sso.not_vouched"),
        ("entra", "", "sso.not_vouched"),
        ("entra-without-address", "vouches_for_addresses = true", "sso.no_address"),
        ("other-tenant", f'vouches_for_addresses = true\nrequire = {{tid = "{TENANT}"}}', "sso.other_tenant"),
        ("uninvited", "", "member.unknown"),
    ],
)
def test_an_address_that_nobody_vouches_for_links_no_account(
    live: Live, provider: str, unlinked: None, tmp_path: Path, account: str, more: str, rule: str
) -> None:
    configure(live, tmp_path, oidc(provider, more))
    page = sign_in(live, account)
    assert page["status"] == 403
    assert rule in page["text"]
    links = live.python(
        "import json; from allauth.socialaccount.models import SocialAccount as s; print(json.dumps(s.objects.count()))"
    )
    assert links == 0


@pytest.mark.parametrize(
    ("account", "more"),
    [
        ("entra", f'vouches_for_addresses = true\nrequire = {{tid = "{TENANT}"}}'),
        ("entra-without-address", 'vouches_for_addresses = true\naddress_claim = "preferred_username"'),
    ],
)
@pytest.mark.parametrize("in_id_token", [False, True])
def test_members_of_a_tenant_that_vouches_come_in_without_email_verified(
    live: Live, unlinked: None, tmp_path: Path, account: str, more: str, in_id_token: bool
) -> None:
    redirect = f"{live.url}/accounts/oidc/{SLUG}/login/callback/"
    with oidc_provider(tmp_path, redirect, ACCOUNTS, in_id_token=in_id_token) as address:
        configure(live, tmp_path, oidc(address, more))
        page = sign_in(live, account)
    assert page["url"] == f"{live.url}/accounts/2fa/authenticate/", page["text"]


def test_a_second_account_with_the_same_address_is_not_linked_until_an_administrator_resets_it(
    live: Live, provider: str, unlinked: None, tmp_path: Path
) -> None:
    configure(live, tmp_path, oidc(provider))
    assert sign_in(live, "vouched")["url"].endswith("/2fa/authenticate/")
    page = sign_in(live, "second")
    assert (page["status"], "sso.other_account" in page["text"]) == (403, True)


def test_a_provider_that_is_away_gets_a_page_and_not_an_error(live: Live, tmp_path: Path) -> None:
    configure(live, tmp_path, oidc("http://127.0.0.1:9"))
    page = walk({"get": f"{live.url}/accounts/oidc/{SLUG}/login/"}, {"form": {}})[-1]
    assert (page["status"], "sso.unreachable" in page["text"]) == (502, True)


def test_the_file_of_an_entra_tenant_needs_no_word_more(live: Live, tmp_path: Path) -> None:
    text = oidc("https://login.microsoftonline.example/tenant/v2.0")
    assert "The provider vouches for its addresses" in configure(live, tmp_path, text)
    stored = live.python(
        "import json; from allauth.socialaccount.models import SocialApp as a; print(json.dumps(a.objects.get().settings))"
    )
    assert (stored["vouches"], stored["address_claim"]) == (True, "email")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (oidc("https://login.microsoftonline.com/common/v2.0"), "accounts of every organisation"),
        (oidc("https://login.microsoftonline.com/organizations/v2.0"), "accounts of every organisation"),
        (oidc("https://login.microsoftonline.com/tenant"), "version 2"),
        (oidc("http://127.0.0.1.evil.example"), "https://"),
        (oidc("https://idp.example", 'vouches_for_addresses = "false"'), "must be true or false"),
        (oidc("https://idp.example", "verified_email = true"), "does not know verified_email"),
        (oidc("https://idp.example", "require = {hd = 1}"), "must be a text"),
        ('kind = "saml"\nentity_id = "e"\nsso_url = "https://i.example"\nx509cert = "abc"', "not a certificate"),
    ],
)
def test_a_file_that_would_let_strangers_in_is_refused(live: Live, tmp_path: Path, text: str, says: str) -> None:
    said = configure(live, tmp_path, text, code=1)
    assert "sso.invalid" in said
    assert says in said


CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
EVERYBODY = {
    # AD FS: claim URIs, the NameID a persistent number or the address.
    "adfs": {
        "attributes": {f"{CLAIMS}/emailaddress": [EMAIL], f"{CLAIMS}/upn": ["exa@corp.example"]},
        "name_id": ["persistent", "S-1-5-21-1"],
    },
    "adfs-name-id-only": {"attributes": {}, "name_id": ["email", "verifier@agency.example"]},
    "adfs-upn": {"attributes": {f"{CLAIMS}/upn": [EMAIL]}, "name_id": ["persistent", "S-1-5-21-1"]},
    # Entra ID: the identifier of its directory stays when the address changes.
    "entra": {
        "attributes": {
            "http://schemas.microsoft.com/identity/claims/tenantid": [TENANT],
            "http://schemas.microsoft.com/identity/claims/objectidentifier": ["11111111-2222"],
            f"{CLAIMS}/emailaddress": [EMAIL],
            f"{CLAIMS}/name": [EMAIL],
        },
        "name_id": ["email", EMAIL],
    },
    "no-address": {"attributes": {f"{CLAIMS}/upn": ["exa"]}, "name_id": ["persistent", "S-1-5-21-1"]},
    "uninvited": {"attributes": {f"{CLAIMS}/emailaddress": ["nobody@agency.example"]}, "name_id": ["persistent", "2"]},
    "unsigned": {"attributes": {"mail": [EMAIL]}, "name_id": ["persistent", "3"], "behaviour": "unsigned"},
    "changed": {
        "attributes": {"mail": ["nobody@agency.example"]},
        "name_id": ["persistent", "3"],
        "behaviour": "changed",
    },
}


@pytest.fixture(scope="module")
def saml(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that configures sign-in through a running SAML provider."""
    folder, port = tmp_path_factory.mktemp("saml"), free_port()
    _, certificate = self_signed(folder)
    text = "\n".join(
        [
            'kind = "saml"',
            f'entity_id = "http://127.0.0.1:{port}/adfs/services/trust"',
            f'sso_url = "http://127.0.0.1:{port}/sso"',
            f'x509cert = """\n{certificate.read_text()}"""',
        ]
    )
    configure(live, folder, text)
    metadata = walk({"get": f"{live.url}/accounts/saml/{SLUG}/metadata/"})[0]["text"]
    with saml_provider(folder, port, metadata, EVERYBODY):
        yield folder / "sign-in.toml"


def sign_in_by_saml(live: Live, account: str) -> dict[str, Any]:
    return walk(
        {"get": f"{live.url}/accounts/saml/{SLUG}/login/"}, {"form": {}}, {"form": {"name": account}}, {"form": {}}
    )[-1]


@pytest.mark.parametrize("account", ["adfs", "adfs-name-id-only", "entra"])
def test_members_come_in_with_the_attributes_that_microsofts_providers_send(
    live: Live, saml: Path, unlinked: None, tmp_path: Path, account: str
) -> None:
    configure(live, tmp_path, saml.read_text())
    for _ in range(2):  # the second time the account is linked
        page = sign_in_by_saml(live, account)
        assert (page["status"], page["url"]) == (200, f"{live.url}/accounts/2fa/authenticate/"), page["text"]


def test_another_attribute_can_have_the_address(live: Live, saml: Path, unlinked: None, tmp_path: Path) -> None:
    configure(live, tmp_path, f'{saml.read_text()}\nemail_attribute = "{CLAIMS}/upn"')
    assert sign_in_by_saml(live, "adfs-upn")["url"].endswith("/2fa/authenticate/")


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ("no-address", "sso.no_address"),
        ("uninvited", "member.unknown"),
        ("unsigned", ""),
        ("changed", ""),
    ],
)
def test_an_answer_that_is_not_signed_or_names_nobody_signs_nobody_in(
    live: Live, saml: Path, unlinked: None, tmp_path: Path, account: str, says: str
) -> None:
    configure(live, tmp_path, saml.read_text())
    page = sign_in_by_saml(live, account)
    assert "/2fa/" not in page["url"]
    assert "Traceback" not in page["text"]
    assert says in page["text"]
    assert page["status"] < 500
