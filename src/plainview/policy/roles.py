"""Which role holds which permission. What is not listed is denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from plainview.policy.permissions import Permission


class Role(StrEnum):
    """The roles of an agency, the operator's, and those of outsiders, whose accounts end on a day."""

    EXAMINER = "examiner"
    VERIFIER = "verifier"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "agency administrator"
    AUDITOR = "auditor"
    DEFENCE = "defence"
    OUTSIDE_AUDITOR = "outside auditor"
    OPERATOR = "platform operator"


OUTSIDERS = frozenset({Role.DEFENCE, Role.OUTSIDE_AUDITOR})
"""Roles of people from outside the agency: their account has a last day, and each page that they open is an entry."""


_OWN = frozenset(
    {
        Permission.POLICY_SHOW,
        Permission.TOKEN_OWN,
        Permission.SESSION_OWN,
        Permission.TRIPWIRE_OWN,
        Permission.JOB_OWN,
        Permission.ALERT_OWN,
    }
)
"""What every member may do: use their own things, and read the rules that bind them."""

GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.EXAMINER: _OWN
        | {
            Permission.GALLERY_LIST,
            Permission.CASE_OPEN,
            Permission.CASE_CLOSE,
            Permission.CASE_READ,
            Permission.VIDEO_UPLOAD,
            Permission.VIDEO_READ,
            Permission.SEARCH_RUN,
            Permission.ALERT_CREATE,
            Permission.ALERT_READ,
            Permission.ALERT_CLOSE,
            Permission.EXAMINATION_RECORD,
            Permission.VERIFICATION_RECORD,
            Permission.PROFICIENCY_READ,
            Permission.LEAD_LIST,
            Permission.OUTCOME_REPORT,
            Permission.AGREEMENT_READ,
            Permission.SHARED_READ,
            Permission.SHARED_REQUEST,
            Permission.SHARED_ANSWER,
            Permission.EXONERATION_READ,
        },
        Role.VERIFIER: _OWN | {Permission.VERIFICATION_RECORD, Permission.PROFICIENCY_READ},
        Role.SUPERVISOR: _OWN
        | {
            Permission.GALLERY_LIST,
            Permission.CASE_OPEN,
            Permission.CASE_CLOSE,
            Permission.CASE_READ,
            Permission.VIDEO_READ,
            Permission.VIDEO_ERASE,
            Permission.MEMBER_LIST,
            Permission.SEARCH_APPROVE,
            Permission.SEARCH_AUTHORISE,
            Permission.ALERT_READ,
            Permission.ALERT_RENEW,
            Permission.ALERT_CLOSE,
            Permission.PROFICIENCY_READ,
            Permission.PROFICIENCY_REPORT,
            Permission.PROFICIENCY_MANAGE,
            Permission.LEAD_RELEASE,
            Permission.DISCLOSURE_MAKE,
            Permission.LEAD_LIST,
            Permission.OUTCOME_REPORT,
            Permission.TRIAL_APPROVE,
            Permission.TRIAL_REPORT,
            Permission.AGREEMENT_READ,
            Permission.SHARED_READ,
            Permission.SHARED_AUTHORISE,
            Permission.REGISTER_ATTEST,
            Permission.RETENTION_READ,
            Permission.RETENTION_EVENT,
            Permission.RETENTION_PROPOSE,
            Permission.RETENTION_APPROVE,
            Permission.HOLD_PLACE,
            Permission.HOLD_END,
            Permission.REPORT_READ,
            Permission.REPORT_SCHEDULE,
            Permission.DISCLOSURE_GRANT,
            Permission.EXONERATION_ASK,
            Permission.EXONERATION_READ,
            Permission.EXONERATION_DECIDE,
            Permission.RIGHTS_READ,
            Permission.RIGHTS_CONFIRM,
            Permission.PROPOSAL_READ,
            Permission.PROPOSAL_DECIDE,
        },
        Role.ADMINISTRATOR: _OWN
        | {
            Permission.STATUS_READ,
            Permission.GALLERY_LIST,
            Permission.GALLERY_CREATE,
            Permission.GALLERY_ENROL,
            Permission.GALLERY_EXPORT,
            Permission.SUBJECT_CHANGE,
            Permission.REFERENCE_EXPUNGE,
            Permission.CANARY_MANAGE,
            Permission.CANARY_READ,
            Permission.CANARY_ACKNOWLEDGE,
            Permission.MEMBER_INVITE,
            Permission.MEMBER_LIST,
            Permission.MEMBER_ROLES,
            Permission.MEMBER_DEACTIVATE,
            Permission.MEMBER_RELEASE,
            Permission.PROPOSAL_READ,
            Permission.PROPOSAL_DECIDE,
            Permission.TRAINING_RECORD,
            Permission.PROFICIENCY_READ,
            Permission.PROFICIENCY_MANAGE,
            Permission.TRIAL_REPORT,
            Permission.POLICY_CHANGE,
            Permission.CLOCK_SETTLE,
            Permission.WEBHOOK_SET,
            Permission.REGISTER_EXPORT,
            Permission.AGREEMENT_READ,
            Permission.AGREEMENT_MANAGE,
            Permission.REGISTER_ATTEST,
            Permission.RETENTION_SET,
            Permission.RETENTION_READ,
            Permission.RETENTION_EVENT,
            Permission.RETENTION_PROPOSE,
            Permission.RETENTION_APPROVE,
            Permission.HOLD_PLACE,
            Permission.HOLD_END,
            Permission.REPORT_READ,
            Permission.REPORT_SCHEDULE,
            Permission.RIGHTS_READ,
            Permission.RIGHTS_CONFIRM,
            Permission.RIGHTS_ANSWER,
        },
        Role.AUDITOR: _OWN
        | {
            Permission.GALLERY_LIST,
            Permission.CASE_READ,
            Permission.MEMBER_LIST,
            Permission.PROPOSAL_READ,
            Permission.ALERT_READ,
            Permission.STATUS_READ,
            Permission.AUDIT_READ,
            Permission.AUDIT_REVIEW,
            Permission.CLOCK_SETTLE,
            Permission.CANARY_READ,
            Permission.CANARY_ACKNOWLEDGE,
            Permission.LEAD_LIST,
            Permission.FLAG_READ,
            Permission.FLAG_DECIDE,
            Permission.URGENT_REVIEW,
            Permission.TRIAL_REPORT,
            Permission.AGREEMENT_READ,
            Permission.SHARED_READ,
            Permission.RETENTION_READ,
            Permission.REPORT_READ,
            Permission.RIGHTS_READ,
            Permission.EXONERATION_READ,
            Permission.AUDIT_SAMPLE,
        },
        # Only what was disclosed; no token, so no command line.
        Role.DEFENCE: frozenset({Permission.SESSION_OWN, Permission.DISCLOSURE_READ, Permission.EXONERATION_ASK}),
        # Reads what the auditor reads; decides no flag, acknowledges no alarm, reviews nothing for the agency.
        Role.OUTSIDE_AUDITOR: frozenset(
            {
                Permission.SESSION_OWN,
                Permission.TOKEN_OWN,
                Permission.POLICY_SHOW,
                Permission.GALLERY_LIST,
                Permission.CASE_READ,
                Permission.MEMBER_LIST,
                Permission.PROPOSAL_READ,
                Permission.ALERT_READ,
                Permission.AUDIT_READ,
                Permission.CANARY_READ,
                Permission.LEAD_LIST,
                Permission.FLAG_READ,
                Permission.TRIAL_REPORT,
                Permission.EXONERATION_READ,
                Permission.AUDIT_SAMPLE,
            }
        ),
        Role.OPERATOR: _OWN
        | {
            Permission.AGENCY_OPEN,
            Permission.AGENCY_SUSPEND,
            Permission.AUDIT_READ,
            Permission.AUDIT_ROTATE,
            Permission.STATUS_READ,
        },
    }
)


def holds(roles: Iterable[str], permission: Permission) -> bool:
    """Return whether one of the roles grants the permission; an unknown role grants nothing."""
    known = {role.value: role for role in Role}
    return any(permission in GRANTS[known[name]] for name in roles if name in known)
