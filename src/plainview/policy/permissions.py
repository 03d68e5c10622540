"""Everything that a member may be permitted to do: one enum, so that nothing is permitted under another name."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """One act. roles.py says which role may do it."""

    AGENCY_OPEN = "agency.open"
    AGENCY_SUSPEND = "agency.suspend"
    MEMBER_INVITE = "member.invite"
    MEMBER_LIST = "member.list"
    MEMBER_ROLES = "member.roles"
    MEMBER_DEACTIVATE = "member.deactivate"
    MEMBER_RELEASE = "member.release"
    PROPOSAL_READ = "proposal.read"
    PROPOSAL_DECIDE = "proposal.decide"
    TRAINING_RECORD = "training.record"
    TRIAL_APPROVE = "trial.approve"
    TRIAL_REPORT = "trial.report"
    POLICY_SHOW = "policy.show"
    POLICY_CHANGE = "policy.change"
    GALLERY_LIST = "gallery.list"
    GALLERY_CREATE = "gallery.create"
    GALLERY_ENROL = "gallery.enrol"
    GALLERY_EXPORT = "gallery.export"
    SUBJECT_CHANGE = "subject.change"
    REFERENCE_EXPUNGE = "reference.expunge"
    CANARY_MANAGE = "canary.manage"
    CANARY_READ = "canary.read"
    CANARY_ACKNOWLEDGE = "canary.acknowledge"
    CASE_OPEN = "case.open"
    CASE_CLOSE = "case.close"
    CASE_READ = "case.read"
    VIDEO_UPLOAD = "video.upload"
    VIDEO_READ = "video.read"
    VIDEO_ERASE = "video.erase"
    SEARCH_RUN = "search.run"
    SEARCH_APPROVE = "search.approve"
    SEARCH_AUTHORISE = "search.authorise"
    URGENT_REVIEW = "urgent.review"
    EXAMINATION_RECORD = "examination.record"
    VERIFICATION_RECORD = "verification.record"
    PROFICIENCY_READ = "proficiency.read"
    PROFICIENCY_REPORT = "proficiency.report"
    PROFICIENCY_MANAGE = "proficiency.manage"
    LEAD_RELEASE = "lead.release"
    LEAD_LIST = "lead.list"
    OUTCOME_REPORT = "outcome.report"
    DISCLOSURE_MAKE = "disclosure.make"
    REGISTER_EXPORT = "register.export"
    AUDIT_READ = "audit.read"
    AUDIT_REVIEW = "audit.review"
    AUDIT_ROTATE = "audit.rotate"
    CLOCK_SETTLE = "clock.settle"
    STATUS_READ = "status.read"
    FLAG_READ = "flag.read"
    FLAG_DECIDE = "flag.decide"
    TRIPWIRE_OWN = "tripwire.own"
    TOKEN_OWN = "token.own"  # noqa: S105  an act, not a secret
    SESSION_OWN = "session.own"
    ALERT_CREATE = "alert.create"
    ALERT_READ = "alert.read"
    ALERT_RENEW = "alert.renew"
    ALERT_CLOSE = "alert.close"
    ALERT_OWN = "alert.own"
    WEBHOOK_SET = "webhook.set"
    JOB_OWN = "job.own"
    # Searching for another agency
    AGREEMENT_MANAGE = "agreement.manage"
    AGREEMENT_READ = "agreement.read"
    SHARED_READ = "shared.read"
    SHARED_REQUEST = "shared.request"
    SHARED_AUTHORISE = "shared.authorise"
    SHARED_ANSWER = "shared.answer"
    # The public register.
    REGISTER_ATTEST = "register.attest"
    # Retention and holds.
    RETENTION_READ = "retention.read"
    RETENTION_SET = "retention.set"
    RETENTION_EVENT = "retention.event"
    RETENTION_PROPOSE = "retention.propose"
    RETENTION_APPROVE = "retention.approve"
    HOLD_PLACE = "hold.place"
    HOLD_END = "hold.end"
    # Reports of the agency's own work.
    REPORT_READ = "report.read"
    REPORT_SCHEDULE = "report.schedule"
    # Requests of people about themselves.
    RIGHTS_READ = "rights.read"
    RIGHTS_CONFIRM = "rights.confirm"
    RIGHTS_ANSWER = "rights.answer"
    # Outsiders: disclosure, exoneration review, sampling.
    DISCLOSURE_GRANT = "disclosure.grant"
    DISCLOSURE_READ = "disclosure.read"
    EXONERATION_ASK = "exoneration.ask"
    EXONERATION_READ = "exoneration.read"
    EXONERATION_DECIDE = "exoneration.decide"
    AUDIT_SAMPLE = "audit.sample"


MEANINGS: Mapping[Permission, str] = MappingProxyType(
    {
        Permission.AGENCY_OPEN: "Open an agency, so that its members may work.",
        Permission.AGENCY_SUSPEND: "Stop everything that the members of an agency may do.",
        Permission.MEMBER_INVITE: "Invite a person by name; for a role with power, propose the invitation.",
        Permission.MEMBER_LIST: "List the members of the agency.",
        Permission.MEMBER_ROLES: "Propose a change of a member's roles.",
        Permission.MEMBER_DEACTIVATE: "Deactivate an account; propose it for the only auditor's.",
        Permission.MEMBER_RELEASE: "Propose to unlock an account, or to reset its password and second factor.",
        Permission.PROPOSAL_READ: "Read the proposals that need a second person.",
        Permission.PROPOSAL_DECIDE: "Approve or reject another member's proposal, and withdraw one's own.",
        Permission.TRAINING_RECORD: "Record that a member completed a training.",
        Permission.TRIAL_APPROVE: "Approve a member's trial, with an end and a number of searches.",
        Permission.TRIAL_REPORT: "Read the weekly letter about trials.",
        Permission.POLICY_SHOW: "Read the rules that bind the agency.",
        Permission.POLICY_CHANGE: "Propose a new version of the agency's policy, and try it out first.",
        Permission.GALLERY_LIST: "Read the galleries' passports and figures.",
        Permission.GALLERY_CREATE: "Create a gallery, change its passport, move it, and manage its feeds.",
        Permission.GALLERY_ENROL: "Enrol pictures into a gallery.",
        Permission.GALLERY_EXPORT: "Export a gallery as ANSI/NIST-ITL files.",
        Permission.SUBJECT_CHANGE: "Read the source's numbers of people in a gallery, and change whose pictures they are.",
        Permission.REFERENCE_EXPUNGE: "Erase one reference for good.",
        Permission.CANARY_MANAGE: "Add and retire canaries.",
        Permission.CANARY_READ: "Read the canary checks and alarms.",
        Permission.CANARY_ACKNOWLEDGE: "Acknowledge a canary alarm, with a reason.",
        Permission.CASE_OPEN: "Open a case.",
        Permission.CASE_CLOSE: "Close a case, with a reason.",
        Permission.CASE_READ: "Read cases, candidate lists and examinations.",
        Permission.VIDEO_UPLOAD: "Upload and process a video under a case.",
        Permission.VIDEO_READ: "Read and export the stills of a video.",
        Permission.VIDEO_ERASE: "Erase a video with its stills.",
        Permission.SEARCH_RUN: "Prepare a probe and search a gallery with it.",
        Permission.SEARCH_APPROVE: "Approve or deny a search beforehand.",
        Permission.SEARCH_AUTHORISE: "Authorise an urgent search afterwards.",
        Permission.URGENT_REVIEW: "Open the sealed evidence of an urgent search that nobody authorised in time.",
        Permission.EXAMINATION_RECORD: "Examine a candidate and record a conclusion.",
        Permission.VERIFICATION_RECORD: "Verify a candidate blind and record an answer.",
        Permission.PROFICIENCY_READ: "Read one's own proficiency figures.",
        Permission.PROFICIENCY_REPORT: "Read the proficiency figures of every member.",
        Permission.PROFICIENCY_MANAGE: "Add and retire pairs with a known answer.",
        Permission.LEAD_RELEASE: "Release a candidate as a lead, or withhold it, and record independent evidence.",
        Permission.LEAD_LIST: "Read the leads.",
        Permission.OUTCOME_REPORT: "Report the outcome of a lead.",
        Permission.DISCLOSURE_MAKE: "Make the disclosure package of a search.",
        Permission.REGISTER_EXPORT: "Export the public register.",
        Permission.AUDIT_READ: "Read the agency's part of the log.",
        Permission.AUDIT_REVIEW: "Record the weekly review of the log.",
        Permission.AUDIT_ROTATE: "Replace the key that signs the log.",
        Permission.CLOCK_SETTLE: "Explain, or confirm, why the log was ahead of the clock.",
        Permission.STATUS_READ: "Read the state of the deployment: worker, disk, backup, mail, certificate.",
        Permission.FLAG_READ: "Read the flags of likely misuse.",
        Permission.FLAG_DECIDE: "Decide on a flag.",
        Permission.TRIPWIRE_OWN: "Ask to be warned when one's own face, or that of a person who consented, is searched for.",
        Permission.TOKEN_OWN: "Make and revoke one's own tokens.",
        Permission.SESSION_OWN: "Read and end one's own sessions.",
        Permission.ALERT_CREATE: "Save a probe as an alert.",
        Permission.ALERT_READ: "Read the agency's alerts.",
        Permission.ALERT_RENEW: "Extend a colleague's alert, with a reason.",
        Permission.ALERT_CLOSE: "End an alert, with a reason.",
        Permission.ALERT_OWN: "Mute one's own alerts, and choose when their letters come.",
        Permission.WEBHOOK_SET: "Manage webhooks: addresses of the agency's own systems that receive messages.",
        Permission.JOB_OWN: "Follow and cancel one's own background work.",
        Permission.AGREEMENT_MANAGE: "Propose, accept and withdraw agreements with other agencies.",
        Permission.AGREEMENT_READ: "Read the agreements with other agencies.",
        Permission.SHARED_READ: "Read the requests between two agencies.",
        Permission.SHARED_REQUEST: "Ask another agency to search.",
        Permission.SHARED_AUTHORISE: "Authorise a request to another agency.",
        Permission.SHARED_ANSWER: "Search for another agency and answer it.",
        Permission.REGISTER_ATTEST: "Attest that no search was run in a month.",
        Permission.RETENTION_READ: "Read the retention rules, lists and holds.",
        Permission.RETENTION_SET: "Propose new retention rules.",
        Permission.RETENTION_EVENT: "Record an event that starts a retention period, such as an acquittal.",
        Permission.RETENTION_PROPOSE: "Propose a list of things to be erased.",
        Permission.RETENTION_APPROVE: "Approve another member's list, and carry it out.",
        Permission.HOLD_PLACE: "Place a hold.",
        Permission.HOLD_END: "End a hold.",
        Permission.REPORT_READ: "Read the reports on the agency's work.",
        Permission.REPORT_SCHEDULE: "Schedule reports by e-mail.",
        Permission.RIGHTS_READ: "Read the requests of people who ask about themselves.",
        Permission.RIGHTS_CONFIRM: "Confirm the identity of a person who asks about themselves; another member answers.",
        Permission.RIGHTS_ANSWER: "Search for, decide and answer such a request.",
        Permission.DISCLOSURE_GRANT: "Give a named person access to one search until a day.",
        Permission.DISCLOSURE_READ: "Read the searches that were disclosed to oneself.",
        Permission.EXONERATION_ASK: "Ask for an exoneration review.",
        Permission.EXONERATION_READ: "Read exoneration reviews and their answers.",
        Permission.EXONERATION_DECIDE: "Accept, decline and answer an exoneration review.",
        Permission.AUDIT_SAMPLE: "Draw a random sample of searches and record findings.",
    }
)
"""What each permission allows, in one sentence for people."""
