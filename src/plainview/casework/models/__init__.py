"""The tables of casework: people, pictures, grounds, searches, conclusions, and the log."""

from plainview.casework.models.access import (
    SignInDelay,
    SignInFailure,
    SignInRepeat,
    SignInReset,
)
from plainview.casework.models.alerts import (
    Alert,
    AlertGallery,
    AlertMark,
    AlertPreference,
    AlertSeen,
    Notice,
)
from plainview.casework.models.canaries import (
    Canary,
    CanaryAlarm,
    CanaryCheck,
)
from plainview.casework.models.cases import (
    Approval,
    Candidate,
    CandidatePicture,
    Case,
    LapsedSearch,
    Search,
)
from plainview.casework.models.disclosure import (
    DisclosureDownload,
    DisclosureGrant,
    DisclosurePackage,
    ExonerationReview,
)
from plainview.casework.models.examination import (
    Draft,
    Examination,
    Lead,
    Outcome,
    ProficiencyItem,
    Verification,
    VerificationItem,
    View,
    ViewMark,
    Withheld,
)
from plainview.casework.models.feeds import (
    Feed,
    FeedLink,
    FeedWithdrawal,
)
from plainview.casework.models.flags import (
    Flag,
    ProbeTemplate,
    Tripwire,
)
from plainview.casework.models.galleries import (
    BarredPicture,
    Enrolment,
    Gallery,
    GalleryCalibration,
    GalleryChange,
    GalleryFavourite,
    NearDuplicate,
    PendingErasure,
    Reference,
    Subject,
)
from plainview.casework.models.jobs import Job
from plainview.casework.models.joining import (
    ApiAnswer,
    Invitation,
    Token,
    Training,
    Trial,
)
from plainview.casework.models.letters import Letter
from plainview.casework.models.log import (
    LogEntry,
    LogKey,
    LogOpening,
    LogReview,
    LogWitness,
    WitnessRule,
)
from plainview.casework.models.news import (
    News,
)
from plainview.casework.models.people import (
    Agency,
    Member,
)
from plainview.casework.models.policy import PolicyVersion
from plainview.casework.models.preparations import Preparation, PreparationPhotograph
from plainview.casework.models.proposals import Proposal
from plainview.casework.models.register import (
    Attestation,
    PublishedRegister,
)
from plainview.casework.models.reporting import ReportSchedule
from plainview.casework.models.retention import (
    Hold,
    RetentionEvent,
    RetentionItem,
    RetentionRun,
    RetentionVersion,
)
from plainview.casework.models.rows import (
    RowCheck,
    RowCommitment,
)
from plainview.casework.models.sampling import (
    AuditSample,
    AuditSampleItem,
)
from plainview.casework.models.sharing import (
    Agreement,
    AgreementVersion,
    SharedLead,
    SharedNotice,
    SharedRequest,
)
from plainview.casework.models.subjects import (
    SubjectAnswer,
    SubjectFinding,
    SubjectPhoto,
    SubjectRequest,
)
from plainview.casework.models.triage import (
    NoneOfThese,
    SetAside,
)
from plainview.casework.models.videos import (
    ProbeFrame,
    SamePerson,
    Still,
    Video,
    VideoPart,
    VideoSegment,
    VideoTrack,
)
from plainview.casework.models.webhooks import (
    Delivery,
    Webhook,
    WebhookMark,
    WebhookSecret,
)
from plainview.casework.models.work import (
    WorkerLife,
    WorkerStep,
)
from plainview.casework.models.workspace import (
    BackupRecord,
    ClockFault,
    WorkspaceState,
)

__all__ = [
    "Agency",
    "Agreement",
    "AgreementVersion",
    "Alert",
    "AlertGallery",
    "AlertMark",
    "AlertPreference",
    "AlertSeen",
    "ApiAnswer",
    "Approval",
    "Attestation",
    "AuditSample",
    "AuditSampleItem",
    "BackupRecord",
    "BarredPicture",
    "Canary",
    "CanaryAlarm",
    "CanaryCheck",
    "Candidate",
    "CandidatePicture",
    "Case",
    "ClockFault",
    "Delivery",
    "DisclosureDownload",
    "DisclosureGrant",
    "DisclosurePackage",
    "Draft",
    "Enrolment",
    "Examination",
    "ExonerationReview",
    "Feed",
    "FeedLink",
    "FeedWithdrawal",
    "Flag",
    "Gallery",
    "GalleryCalibration",
    "GalleryChange",
    "GalleryFavourite",
    "Hold",
    "Invitation",
    "Job",
    "LapsedSearch",
    "Lead",
    "Letter",
    "LogEntry",
    "LogKey",
    "LogOpening",
    "LogReview",
    "LogWitness",
    "Member",
    "NearDuplicate",
    "News",
    "NoneOfThese",
    "Notice",
    "Outcome",
    "PendingErasure",
    "PolicyVersion",
    "Preparation",
    "PreparationPhotograph",
    "ProbeFrame",
    "ProbeTemplate",
    "ProficiencyItem",
    "Proposal",
    "PublishedRegister",
    "Reference",
    "ReportSchedule",
    "RetentionEvent",
    "RetentionItem",
    "RetentionRun",
    "RetentionVersion",
    "RowCheck",
    "RowCommitment",
    "SamePerson",
    "Search",
    "SetAside",
    "SharedLead",
    "SharedNotice",
    "SharedRequest",
    "SignInDelay",
    "SignInFailure",
    "SignInRepeat",
    "SignInReset",
    "Still",
    "Subject",
    "SubjectAnswer",
    "SubjectFinding",
    "SubjectPhoto",
    "SubjectRequest",
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
    "View",
    "ViewMark",
    "Webhook",
    "WebhookMark",
    "WebhookSecret",
    "Withheld",
    "WitnessRule",
    "WorkerLife",
    "WorkerStep",
    "WorkspaceState",
]
