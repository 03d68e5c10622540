"""Casework nouns: who, which pictures, why, what was asked and answered, and the log of it all."""

from plainview.casework.models.access import SignInFailure, SignInReset
from plainview.casework.models.alerts import (
    Alert,
    AlertGallery,
    AlertMark,
    AlertPreference,
    AlertSeen,
    Notice,
    Webhook,
)
from plainview.casework.models.cases import Approval, Candidate, Case, Search
from plainview.casework.models.examination import (
    Examination,
    Lead,
    Outcome,
    Verification,
    VerificationItem,
)
from plainview.casework.models.feeds import Feed, FeedLink
from plainview.casework.models.flags import Flag, ProbeTemplate, Tripwire
from plainview.casework.models.galleries import (
    BarredPicture,
    Enrolment,
    Gallery,
    GalleryCalibration,
    GalleryChange,
    NearDuplicate,
    PendingErasure,
    Reference,
)
from plainview.casework.models.jobs import Job
from plainview.casework.models.joining import Invitation, Token, Training, Trial
from plainview.casework.models.log import LogEntry, LogKey, LogOpening, LogReview
from plainview.casework.models.people import Agency, Member
from plainview.casework.models.policy import PolicyVersion

__all__ = [
    "Agency",
    "Alert",
    "AlertGallery",
    "AlertMark",
    "AlertPreference",
    "AlertSeen",
    "Approval",
    "BarredPicture",
    "Candidate",
    "Case",
    "Enrolment",
    "Examination",
    "Feed",
    "FeedLink",
    "Flag",
    "Gallery",
    "GalleryCalibration",
    "GalleryChange",
    "Invitation",
    "Job",
    "Lead",
    "LogEntry",
    "LogKey",
    "LogOpening",
    "LogReview",
    "Member",
    "NearDuplicate",
    "Notice",
    "Outcome",
    "PendingErasure",
    "PolicyVersion",
    "ProbeTemplate",
    "Reference",
    "Search",
    "SignInFailure",
    "SignInReset",
    "Token",
    "Training",
    "Trial",
    "Tripwire",
    "Verification",
    "VerificationItem",
    "Webhook",
]
