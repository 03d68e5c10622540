"""Who may open which page: one row for every URL name; a URL without a row is refused.

Owns the table; `middleware.Access` holds it before every view, and tests/integration/test_url_matrix.py walks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from plainview.policy.permissions import Permission


class Anyone(Enum):
    """What stands in for a permission."""

    PUBLIC = "whoever asks"
    SETUP = "a signed-in member, also before a second factor is set up"
    MEMBER = "a signed-in member with a second factor"
    CLOSED = "nobody: the library has this page, Plainview does not"


ACCESS: Mapping[str, Permission | Anyone] = MappingProxyType(
    {
        "home": Anyone.MEMBER,
        "alerts": Permission.ALERT_READ,
        "alert-act": Permission.ALERT_OWN,
        "alert-unmute": Permission.ALERT_OWN,
        "alert-preference": Permission.ALERT_OWN,
        "job": Permission.JOB_OWN,
        "job-cancel": Permission.JOB_OWN,
        "examinations": Permission.CASE_READ,
        "examine": Permission.EXAMINATION_RECORD,
        "examine-draft": Permission.EXAMINATION_RECORD,
        "examine-picture": Permission.EXAMINATION_RECORD,
        "verifications": Permission.VERIFICATION_RECORD,
        "verification": Permission.VERIFICATION_RECORD,
        "verification-probe": Permission.VERIFICATION_RECORD,
        "verification-picture": Permission.VERIFICATION_RECORD,
        "verification-face": Permission.VERIFICATION_RECORD,
        "verification-draft": Permission.VERIFICATION_RECORD,
        "proficiency": Permission.PROFICIENCY_READ,
        "proficiency-items": Permission.PROFICIENCY_MANAGE,
        "proficiency-retire": Permission.PROFICIENCY_MANAGE,
        "proficiency-picture": Permission.PROFICIENCY_MANAGE,
        "join": Anyone.PUBLIC,
        "cases": Permission.CASE_READ,
        "case": Permission.CASE_READ,
        "case-open": Permission.CASE_OPEN,
        "case-close": Permission.CASE_CLOSE,
        "prepare": Permission.SEARCH_RUN,
        "preparation": Permission.SEARCH_RUN,
        "preparation-picture": Permission.SEARCH_RUN,
        "preparation-face": Permission.SEARCH_RUN,
        "preparation-save": Permission.SEARCH_RUN,
        "preparation-edit": Permission.SEARCH_RUN,
        "preparation-again": Permission.SEARCH_RUN,
        "preparation-discard": Permission.SEARCH_RUN,
        "preparation-approval": Permission.SEARCH_RUN,
        "preparation-search": Permission.SEARCH_RUN,
        "search": Permission.CASE_READ,
        "search-probe": Permission.CASE_READ,
        "candidate-face": Permission.CASE_READ,
        "candidate-whole": Permission.CASE_READ,
        "policy": Permission.POLICY_SHOW,
        "sessions": Permission.SESSION_OWN,
        "session-end": Permission.SESSION_OWN,
        "account_login": Anyone.PUBLIC,
        "account_logout": Anyone.PUBLIC,
        "account_inactive": Anyone.PUBLIC,
        "account_reauthenticate": Anyone.SETUP,
        "account_change_password": Anyone.SETUP,
        "mfa_authenticate": Anyone.PUBLIC,
        "mfa_login_webauthn": Anyone.PUBLIC,
        "mfa_reauthenticate": Anyone.MEMBER,
        "mfa_reauthenticate_webauthn": Anyone.MEMBER,
        "mfa_index": Anyone.SETUP,
        "mfa_activate_totp": Anyone.SETUP,
        "mfa_deactivate_totp": Anyone.MEMBER,
        "mfa_view_recovery_codes": Anyone.MEMBER,
        "mfa_generate_recovery_codes": Anyone.MEMBER,
        "mfa_download_recovery_codes": Anyone.MEMBER,
        "mfa_list_webauthn": Anyone.SETUP,
        "mfa_add_webauthn": Anyone.SETUP,
        "mfa_remove_webauthn": Anyone.MEMBER,
        "mfa_edit_webauthn": Anyone.MEMBER,
        "openid_connect_login": Anyone.PUBLIC,
        "openid_connect_callback": Anyone.PUBLIC,
        "saml_login": Anyone.PUBLIC,
        "saml_acs": Anyone.PUBLIC,
        "saml_finish_acs": Anyone.PUBLIC,
        "saml_sls": Anyone.PUBLIC,
        "saml_metadata": Anyone.PUBLIC,
        "socialaccount_login_error": Anyone.PUBLIC,
        "socialaccount_login_cancelled": Anyone.PUBLIC,
        "socialaccount_signup": Anyone.CLOSED,
        "socialaccount_connections": Anyone.CLOSED,
        "account_signup": Anyone.CLOSED,
        "account_email": Anyone.CLOSED,
        "account_email_verification_sent": Anyone.CLOSED,
        "account_confirm_email": Anyone.CLOSED,
        "account_set_password": Anyone.CLOSED,
        "account_reset_password": Anyone.CLOSED,
        "account_reset_password_done": Anyone.CLOSED,
        "account_reset_password_from_key": Anyone.CLOSED,
        "account_reset_password_from_key_done": Anyone.CLOSED,
        "account_confirm_login_code": Anyone.CLOSED,
    }
)
