"""Casework nouns: who, which pictures, why, what was asked and answered, and the log of it all."""

from plainview.casework.models.cases import Candidate, Case, Search
from plainview.casework.models.galleries import Enrolment, Gallery, GalleryChange, Reference
from plainview.casework.models.log import LogEntry, LogKey, LogOpening, LogReview
from plainview.casework.models.people import Agency, Member

__all__ = [
    "Agency",
    "Candidate",
    "Case",
    "Enrolment",
    "Gallery",
    "GalleryChange",
    "LogEntry",
    "LogKey",
    "LogOpening",
    "LogReview",
    "Member",
    "Reference",
    "Search",
]
