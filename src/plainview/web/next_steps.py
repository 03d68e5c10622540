"""The page of the act that a refusal names: the link that a web page adds to a next step.

Owns one row for every act that a refusal names. It must never link to a page that the member may not open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from plainview.casework.models import Member
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.pages import ACCESS

_ALERTS = ("alerts", "Alerts")
_CASES = ("cases", "Cases")
_GALLERIES = ("galleries", "Galleries")
_MEMBERS = ("members", "Members")
_REQUESTS = ("rights-requests", "Requests")
_RETENTION = ("retention", "Retention")
_REVIEWS = ("exonerations", "Reviews")
_SHARED = ("shared", "Agreements and requests")
_VIDEOS = ("videos", "Videos")

PAGES: Mapping[Permission, tuple[str, str] | None] = MappingProxyType(
    {
        Permission.AGENCY_OPEN: None,
        Permission.AGREEMENT_MANAGE: _SHARED,
        Permission.AGREEMENT_READ: _SHARED,
        Permission.ALERT_CLOSE: _ALERTS,
        Permission.ALERT_CREATE: _CASES,
        Permission.AUDIT_READ: ("log", "Log"),
        Permission.AUDIT_SAMPLE: ("samples", "Samples"),
        Permission.CANARY_MANAGE: None,
        Permission.CANARY_READ: None,
        Permission.CASE_OPEN: ("case-open", "Open a case"),
        Permission.CLOCK_SETTLE: ("clock", "Clock"),
        Permission.CASE_READ: _CASES,
        Permission.DISCLOSURE_GRANT: _CASES,
        Permission.DISCLOSURE_MAKE: None,
        Permission.DISCLOSURE_READ: ("disclosures", "Disclosed to you"),
        Permission.EXAMINATION_RECORD: ("examinations", "Examinations"),
        Permission.EXONERATION_DECIDE: _REVIEWS,
        Permission.EXONERATION_READ: _REVIEWS,
        Permission.FLAG_READ: ("flags", "Flags"),
        Permission.GALLERY_CREATE: _GALLERIES,
        Permission.GALLERY_ENROL: _GALLERIES,
        Permission.GALLERY_LIST: _GALLERIES,
        Permission.HOLD_END: ("holds", "Holds"),
        Permission.LEAD_LIST: ("leads", "Leads"),
        Permission.MEMBER_INVITE: ("member-invite", "Invite a member"),
        Permission.MEMBER_RELEASE: _MEMBERS,
        Permission.MEMBER_ROLES: _MEMBERS,
        Permission.POLICY_CHANGE: ("policy-change", "Change the policy"),
        Permission.POLICY_SHOW: ("policy", "Rules"),
        Permission.PROFICIENCY_MANAGE: ("proficiency-items", "Proficiency items"),
        Permission.PROPOSAL_DECIDE: ("proposals", "Proposals"),
        Permission.RETENTION_APPROVE: _RETENTION,
        Permission.RETENTION_PROPOSE: _RETENTION,
        Permission.RETENTION_READ: _RETENTION,
        Permission.SEARCH_APPROVE: ("approvals", "Approvals"),
        Permission.SEARCH_AUTHORISE: ("approvals", "Approvals"),
        Permission.SEARCH_RUN: ("prepare", "New search"),
        Permission.SHARED_ANSWER: _SHARED,
        Permission.SHARED_AUTHORISE: _SHARED,
        Permission.SHARED_READ: _SHARED,
        Permission.SHARED_REQUEST: _SHARED,
        Permission.RIGHTS_ANSWER: _REQUESTS,
        Permission.RIGHTS_CONFIRM: _REQUESTS,
        Permission.RIGHTS_READ: _REQUESTS,
        Permission.TOKEN_OWN: ("tokens", "Tokens"),
        Permission.TRAINING_RECORD: _MEMBERS,
        Permission.TRIAL_APPROVE: _MEMBERS,
        Permission.TRIPWIRE_OWN: None,
        Permission.VERIFICATION_RECORD: ("verifications", "Verify"),
        Permission.VIDEO_READ: _VIDEOS,
        Permission.VIDEO_UPLOAD: _VIDEOS,
    }
)
"""Act -> the name of the URL where it starts, and the label of the link; None if the act has no page."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address of this site, and the label of the link to it."""

    address: str
    label: str


def link(refused: Refused, member: Member | AnonymousUser) -> Link | None:
    """Return the link to the page of the act that helps, or None if this member may open no such page."""
    page = PAGES.get(refused.act) if isinstance(refused.act, Permission) else None
    if page is None or not isinstance(member, Member):
        return None
    url_name, label = page
    need = ACCESS[url_name]
    if isinstance(need, Permission) and not holds(member.roles, need):
        return None
    return Link(reverse(url_name), label)
