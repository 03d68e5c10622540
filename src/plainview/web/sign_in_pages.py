"""Who may open each page of the sign-in library (allauth), and who may open a page that needs no permission.

Owns the rows of the library's pages, which `site.urls` includes under /accounts/. It must never open a page of the
library that has no row here.
"""

from __future__ import annotations

from enum import Enum

from plainview.policy.permissions import Permission


class Anyone(Enum):
    """People who may open a page that needs no permission."""

    PUBLIC = "anyone"
    SETUP = "a signed-in member, even before a second factor is set up"
    MEMBER = "a signed-in member with a second factor"
    CLOSED = "nobody: the library has this page, Plainview does not"


PUBLIC, SETUP, MEMBER, CLOSED = Anyone.PUBLIC, Anyone.SETUP, Anyone.MEMBER, Anyone.CLOSED

SIGN_IN: dict[str, Permission | Anyone] = {
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_inactive": PUBLIC,
    "mfa_authenticate": PUBLIC,
    "mfa_login_webauthn": PUBLIC,
    "openid_connect_login": PUBLIC,
    "openid_connect_callback": PUBLIC,
    "saml_login": PUBLIC,
    "saml_acs": PUBLIC,
    "saml_finish_acs": PUBLIC,
    "saml_sls": PUBLIC,
    "saml_metadata": PUBLIC,
    "socialaccount_login_error": PUBLIC,
    "socialaccount_login_cancelled": PUBLIC,
    "account_reauthenticate": SETUP,
    "account_change_password": SETUP,
    "mfa_index": SETUP,
    "mfa_activate_totp": SETUP,
    "mfa_list_webauthn": SETUP,
    "mfa_add_webauthn": SETUP,
    "mfa_reauthenticate": MEMBER,
    "mfa_reauthenticate_webauthn": MEMBER,
    "mfa_deactivate_totp": MEMBER,
    "mfa_view_recovery_codes": MEMBER,
    "mfa_generate_recovery_codes": MEMBER,
    "mfa_download_recovery_codes": MEMBER,
    "mfa_remove_webauthn": MEMBER,
    "mfa_edit_webauthn": MEMBER,
    "socialaccount_signup": CLOSED,
    "socialaccount_connections": CLOSED,
    "account_signup": CLOSED,
    "account_email": CLOSED,
    "account_email_verification_sent": CLOSED,
    "account_confirm_email": CLOSED,
    "account_set_password": CLOSED,
    "account_reset_password": CLOSED,
    "account_reset_password_done": CLOSED,
    "account_reset_password_from_key": CLOSED,
    "account_reset_password_from_key_done": CLOSED,
    "account_confirm_login_code": CLOSED,
}
"""Who may open each page of the sign-in library, by the name that the library gives it."""
