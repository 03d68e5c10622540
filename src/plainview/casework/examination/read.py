"""Reads examinations, verifications and leads of the member's own agency."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from plainview.casework import find
from plainview.casework.models import (
    Draft,
    Examination,
    Lead,
    Member,
    Outcome,
    VerificationItem,
)
from plainview.casework.pictures import EXAMINED, aligned_jpeg
from plainview.casework.search.candidates import picture_of
from plainview.casework.workspace.prepared import Prepared
from plainview.policy import examination as looking
from plainview.policy.decision import Allow, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds


def examined_picture(
    search_id: str, rank: int, which: str, member: Member, *, picture: str = "", side: int = EXAMINED
) -> bytes:
    """Return the probe's or the candidate's face for a member who has opened the examination page (an entry).

    Of a candidate with several pictures, `picture` names the one that was opened.

    Raises:
        Refused: unknown, erased, or the page was not opened.
    """
    candidate = find.candidate(search_id, rank, member)
    seen = Draft.objects.filter(candidate=candidate, member=member).exists()
    if not seen and not Examination.objects.filter(candidate=candidate, member=member).exists():
        raise Refused(
            "examination.not_opened",
            "Nothing shown",
            "The page of this picture was not opened.",
            "Open the page first.",
            act=Permission.EXAMINATION_RECORD,
        )
    if which == "probe":
        return aligned_jpeg(candidate.search.probe_blob, candidate.search.box, edits=candidate.search.edits, side=side)
    shown = picture_of(candidate, picture)
    return aligned_jpeg(shown.blob, shown.box, shown.points, side=side)


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of an examination, in words; `whose` turn is next: "verifier", "supervisor" or "" for nobody."""

    text: str
    whose: str = ""


def standing_of(examination: Examination) -> Standing:
    """Return the status of an examination: verification, a third person, the supervisor's decision, or its end."""
    if examination.conclusion != looking.POTENTIAL:
        return Standing("Ended: not a potential candidate.")
    if hasattr(examination, "lead"):
        return Standing(f"Released as lead {examination.lead.public_id}.")
    if hasattr(examination, "withheld"):
        return Standing("Ended: not released.")
    tasks = list(examination.verifications.all())
    if not tasks:
        return Standing("Waiting for a trained verifier.", "verifier")
    words = [word for _, word in verdicts(examination)]
    if len(words) < len(tasks):
        if words:
            return Standing("The verifier disagreed. Waiting for a third person.", "verifier")
        return Standing("Waiting for verification.", "verifier")
    if isinstance(looking.verified(examination.conclusion, words, False), Allow):
        return Standing("Verified. A supervisor may release it.", "supervisor")
    return Standing("The verifiers disagreed. A supervisor decides.", "supervisor")


def verdicts(examination: Examination) -> list[tuple[str, str]]:
    """Return (verifier's id, conclusion on the candidate) of every answered verification, in order."""
    return [(item.verification.verifier.public_id, item.conclusion) for item in _ANSWERED(examination.pk)]


_ANSWERED = Prepared(
    lambda examination: (
        VerificationItem.objects.filter(
            verification__examination=examination, verification__answered_at__isnull=False, is_candidate=True
        )
        .select_related("verification__verifier")
        .order_by("verification__answered_at")
    ),
    int,
)


def kept_blind(member: Member, search: str) -> Q:
    """Return the condition on rows of a search's review, by `member`, that keeps a reader who may have to verify blind.

    Such a member sees their own rows, and those of searches of which every potential candidate is decided.

    Args:
        member: the reader.
        search: path from the rows to their search.
    """
    if not holds(member.roles, Permission.VERIFICATION_RECORD):
        return Q()
    undecided = Examination.objects.filter(candidate__search=OuterRef(search), conclusion=looking.POTENTIAL)
    undecided = undecided.filter(lead=None, withheld=None, candidate__search__erased_at=None)
    return Q(member=member) | ~Q(Exists(undecided))


def examinations(member: Member) -> list[Examination]:
    """Return the examinations of the member's agency, newest first.

    A member who may have to verify a candidate blind sees their own, and those of searches of which every potential
    candidate is decided: this list is no view of a search in the log.
    """
    rows = Examination.objects.filter(kept_blind(member, "candidate__search"), member__agency=member.agency)
    rows = rows.select_related("member", "candidate__search__case", "lead", "withheld").prefetch_related(
        "verifications"
    )
    return list(rows.order_by("-pk"))


def handed_on(member: Member) -> list[Examination]:
    """Return the member's own potential candidates whose outcome is not reported: the newest twelve."""
    return list(_HANDED_ON(member.pk))


def _handed_on(member: int) -> QuerySet[Examination]:
    reported = Outcome.objects.filter(lead__examination=OuterRef("pk"))
    rows = Examination.objects.filter(~Exists(reported), member=member, conclusion=looking.POTENTIAL)
    rows = rows.filter(candidate__search__erased_at=None, candidate__search__sealed_at=None)
    rows = rows.select_related("candidate__search__case", "lead", "withheld").prefetch_related("verifications")
    return rows.order_by("-pk")[:12]


_HANDED_ON = Prepared(_handed_on, int)


def leads(member: Member) -> list[Lead]:
    """Return every lead of the member's agency, newest first."""
    rows = Lead.objects.filter(released_by__agency=member.agency).prefetch_related("outcomes")
    return list(rows.select_related("examination__candidate__search__case", "released_by").order_by("-pk"))
