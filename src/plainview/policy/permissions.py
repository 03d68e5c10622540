"""Everything that a member may be permitted to do: one enum, so that nothing is permitted by another name."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One act. Who may do it stands in roles.py."""

    AGENCY_OPEN = "agency.open"
    AGENCY_SUSPEND = "agency.suspend"
    MEMBER_INVITE = "member.invite"
    MEMBER_LIST = "member.list"
    MEMBER_ROLES = "member.roles"
    MEMBER_DEACTIVATE = "member.deactivate"
    MEMBER_RELEASE = "member.release"
    TRAINING_RECORD = "training.record"
    TRIAL_APPROVE = "trial.approve"
    TRIAL_REPORT = "trial.report"
    POLICY_SHOW = "policy.show"
    POLICY_CHANGE = "policy.change"
    GALLERY_LIST = "gallery.list"
    GALLERY_CREATE = "gallery.create"
    GALLERY_ENROL = "gallery.enrol"
    GALLERY_EXPORT = "gallery.export"
    REFERENCE_EXPUNGE = "reference.expunge"
    CASE_OPEN = "case.open"
    CASE_CLOSE = "case.close"
    CASE_READ = "case.read"
    SEARCH_RUN = "search.run"
    SEARCH_APPROVE = "search.approve"
    SEARCH_AUTHORISE = "search.authorise"
    EXAMINATION_RECORD = "examination.record"
    VERIFICATION_RECORD = "verification.record"
    LEAD_RELEASE = "lead.release"
    LEAD_LIST = "lead.list"
    OUTCOME_REPORT = "outcome.report"
    DISCLOSURE_MAKE = "disclosure.make"
    REGISTER_EXPORT = "register.export"
    AUDIT_READ = "audit.read"
    AUDIT_REVIEW = "audit.review"
    AUDIT_ROTATE = "audit.rotate"
    FLAG_READ = "flag.read"
    FLAG_DECIDE = "flag.decide"
    TRIPWIRE_OWN = "tripwire.own"
    TOKEN_OWN = "token.own"  # noqa: S105  an act, not a secret
    SESSION_OWN = "session.own"
