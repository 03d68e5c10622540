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
        "job": Permission.JOB_OWN,
        "job-cancel": Permission.JOB_OWN,
        "join": Anyone.PUBLIC,
        "policy-change": Permission.POLICY_CHANGE,
        "members": Permission.MEMBER_LIST,
        "member": Permission.MEMBER_LIST,
        "member-invite": Permission.MEMBER_INVITE,
        "member-roles": Permission.MEMBER_ROLES,
        "member-training": Permission.TRAINING_RECORD,
        "member-trial": Permission.TRIAL_APPROVE,
        "member-release": Permission.MEMBER_RELEASE,
        "member-reset": Permission.MEMBER_RELEASE,
        "member-deactivate": Permission.MEMBER_DEACTIVATE,
        "approvals": Permission.SEARCH_APPROVE,
        "approval-decide": Permission.SEARCH_APPROVE,
        "approval-picture": Permission.SEARCH_APPROVE,
        "urgent-authorise": Permission.SEARCH_AUTHORISE,
        "flags": Permission.FLAG_READ,
        "flag": Permission.FLAG_READ,
        "log": Permission.AUDIT_READ,
        "log-checkpoint": Permission.AUDIT_READ,
        "log-entry": Permission.AUDIT_READ,
        "log-proof": Permission.AUDIT_READ,
        "me": Permission.SESSION_OWN,
        "me-export": Permission.SESSION_OWN,
        "galleries": Permission.GALLERY_LIST,
        "gallery": Permission.GALLERY_LIST,
        "gallery-new": Permission.GALLERY_CREATE,
        "gallery-passport": Permission.GALLERY_CREATE,
        "gallery-enrol": Permission.GALLERY_ENROL,
        "enrolment": Permission.GALLERY_ENROL,
        "enrolment-erase": Permission.GALLERY_ENROL,
        "enrolment-failure": Permission.GALLERY_ENROL,
        "reference-find": Permission.REFERENCE_EXPUNGE,
        "reference": Permission.REFERENCE_EXPUNGE,
        "reference-picture": Permission.REFERENCE_EXPUNGE,
        "leads": Permission.LEAD_LIST,
        "lead": Permission.LEAD_LIST,
        "lead-evidence": Permission.LEAD_RELEASE,
        "lead-outcome": Permission.OUTCOME_REPORT,
        "lead-sheet": Permission.LEAD_LIST,
        "lead-picture": Permission.LEAD_LIST,
        "release": Permission.LEAD_RELEASE,
        "withhold": Permission.LEAD_RELEASE,
        "release-picture": Permission.LEAD_RELEASE,
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
