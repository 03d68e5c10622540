"""Casework nouns: who, which pictures, why, what was asked and answered, and the log of it all."""

from plainview.casework.models.cases import Candidate, Case, Search
from plainview.casework.models.galleries import Enrolment, Gallery, GalleryChange, Reference
from plainview.casework.models.log import LogEntry, LogOpening
from plainview.casework.models.people import Agency, Member

__all__ = [
    "Agency",
    "Candidate",
    "Case",
    "Enrolment",
    "Gallery",
    "GalleryChange",
    "LogEntry",
    "LogOpening",
    "Member",
    "Reference",
    "Search",
]
