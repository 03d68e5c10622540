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
from plainview.casework.models.flags import Flag, ProbeTemplate, Tripwire
from plainview.casework.models.galleries import (
    Enrolment,
    Gallery,
    GalleryCalibration,
    GalleryChange,
    Reference,
)
from plainview.casework.models.jobs import Job
from plainview.casework.models.joining import Invitation, Token, Training, Trial
from plainview.casework.models.log import LogEntry, LogKey, LogOpening, LogReview
from plainview.casework.models.people import Agency, Member
from plainview.casework.models.policy import PolicyVersion
from plainview.casework.models.preparations import Preparation
from plainview.casework.models.videos import ProbeFrame, Still, Video, VideoPart, VideoSegment, VideoTrack

__all__ = [
    "Agency",
    "Alert",
    "AlertGallery",
    "AlertMark",
    "AlertPreference",
    "AlertSeen",
    "Approval",
    "Candidate",
    "Case",
    "Enrolment",
    "Examination",
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
    "Notice",
    "Outcome",
    "PolicyVersion",
    "Preparation",
    "ProbeFrame",
    "ProbeTemplate",
    "Reference",
    "Search",
    "SignInFailure",
    "SignInReset",
    "Still",
    "Token",
    "Training",
    "Trial",
    "Tripwire",
    "Verification",
    "VerificationItem",
    "Video",
    "VideoPart",
    "VideoSegment",
    "VideoTrack",
    "Webhook",
]
