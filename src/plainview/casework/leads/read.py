"""Reading examinations that wait for a supervisor, with their verifiers' answers; leads; and outcomes that are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.models import (
    Candidate,
    Examination,
    Lead,
    Member,
    Outcome,
    Search,
    VerificationItem,
    Withheld,
)
from plainview.casework.pictures import EXAMINED, SIDES, aligned_jpeg, probe_jpeg, reference_jpeg
from plainview.casework.search.candidates import candidates_of
from plainview.casework.search.meaning import Meaning, cautions, meanings
from plainview.casework.workspace.prepared import Prepared
from plainview.policy import examination as looking
from plainview.policy.decision import Allow
from plainview.recognition.edits import read, says
from plainview.scores.cautions import Caution


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verifier's answer on the candidate; `seconds` from the first look to the answer."""

    verifier: Member
    conclusion: str
    agrees: bool
    seconds: int
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """An examined candidate that waits for a decision.

    Attributes:
        examination: the examiner's.
        verdicts: the verifiers' answers so far, in order.
        pending: number of verifications that are assigned and not answered.
        state: "ready", "divided" (the supervisor has to give a reason) or "waiting" (for a verification).
    """

    examination: Examination
    verdicts: list[Verdict]
    pending: int
    state: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A candidate in its list: what the release page, the lead and its sheet show.

    Attributes:
        candidates: the whole list with the meaning of each score, in order.
        meaning: the meaning of this candidate's score.
        cautions: those about the whole list and about this candidate.
        edits: the edits of the probe, in words and in order.
        still: the video and the position that the probe comes from, "" when it is not a still.
    """

    candidate: Candidate
    search: Search
    candidates: list[tuple[Candidate, Meaning]]
    meaning: Meaning
    cautions: list[Caution]
    edits: list[str]
    still: str


_WITH = ("member__agency", "candidate__reference", "candidate__search__case", "candidate__search__member")


def verdicts_of(examination: Examination) -> list[Verdict]:
    """Return every verifier's answer on the candidate, oldest first."""
    rows = VerificationItem.objects.filter(
        verification__examination=examination, verification__answered_at__isnull=False, is_candidate=True
    )
    answers = []
    for item in rows.select_related("verification__verifier").order_by("verification__answered_at"):
        task = item.verification
        began, ended = task.shown_at or task.assigned_at, task.answered_at or task.assigned_at
        answers.append(
            Verdict(
                task.verifier,
                item.conclusion,
                item.conclusion == examination.conclusion,
                int((ended - began).total_seconds()),
                ended,
            )
        )
    return answers


def due(examination: Examination) -> Due:
    """Return the progress of an examination's verification."""
    answers = verdicts_of(examination)
    pending = examination.verifications.filter(answered_at=None).count()
    answer = looking.verified(examination.conclusion, [verdict.conclusion for verdict in answers], False)
    if isinstance(answer, Allow):
        state = "ready"
    elif answer.rule_id == "lead.disagreement" and not pending:
        state = "divided"
    else:
        state = "waiting"
    return Due(examination, answers, pending, state)


def decisions(member: Member) -> list[Due]:
    """Return the potential candidates of the member's agency that are neither released nor withheld, oldest first."""
    rows = Examination.objects.filter(
        member__agency=member.agency,
        conclusion=looking.POTENTIAL,
        lead=None,
        withheld=None,
        candidate__search__erased_at=None,
        candidate__search__sealed_at=None,
    )
    return [due(examination) for examination in rows.select_related(*_WITH).order_by("pk")]


def withheld(member: Member, *, limit: int = 50) -> list[Withheld]:
    """Return the candidates that the member's agency withheld, newest first."""
    rows = Withheld.objects.filter(examination__member__agency=member.agency)
    return list(rows.select_related("decided_by", "examination__candidate__search__case").order_by("-pk")[:limit])


def facts_about(examination: Examination) -> Facts:
    """Return the candidate with its list, the meaning of its score, and the cautions."""
    search = examination.candidate.search
    rows = candidates_of(search)
    with_meanings = list(zip(rows, meanings(search, rows), strict=True))
    rank = examination.candidate.rank
    meaning = next(meaning for candidate, meaning in with_meanings if candidate.rank == rank)
    own = [caution for caution in cautions(search, rows) if caution.rank in (None, rank)]
    edits = [says(edit) for edit in read(search.edits)]
    return Facts(examination.candidate, search, with_meanings, meaning, own, edits, _still(search))


def _still(search: Search) -> str:
    still = search.provenance
    if not still:
        return ""
    return f"Still {still.get('still')} of video {still.get('video')}, frame {still.get('frame')} at {still.get('time_s')} s"


def face_of(candidate: Candidate, which: str, *, side: int = EXAMINED) -> bytes | None:
    """Return the face of the "probe" or the "candidate" as a JPEG, upright, both at the same scale; None when erased.

    Args:
        candidate: of the lead.
        which: "probe" or "candidate".
        side: of the square, pixels; one of `pictures.ALIGNED`.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    search, reference = candidate.search, candidate.reference
    if which == "probe" and search.probe_blob:
        return aligned_jpeg(search.probe_blob, search.box, edits=search.edits, side=side)
    if which == "candidate" and reference.template:
        return aligned_jpeg(reference.blob, reference.box, reference.points, side=side)
    return None


def small_face_of(candidate: Candidate, which: str) -> bytes | None:
    """Return the face of the "probe" or the "candidate" as a small JPEG for a list; None when erased.

    Raises:
        BadMedia, StorageError: the stored picture cannot be read.
    """
    search, reference = candidate.search, candidate.reference
    if which == "probe" and search.probe_blob:
        return probe_jpeg(search, SIDES[0])
    if which == "candidate" and reference.template:
        return reference_jpeg(reference, SIDES[0])
    return None


def lead_shown(public_id: str, member: Member) -> Lead:
    """Return a lead of the member's agency with all that its page shows.

    Raises:
        Refused: lead.unknown.
    """
    lead = find.lead(public_id, member)
    find.require_open_to_view(lead.examination.candidate.search)
    return lead


def outcomes_of(lead: Lead) -> list[Outcome]:
    """Return the reported outcomes of a lead, newest first."""
    return list(lead.outcomes.select_related("reported_by__agency").order_by("-pk"))


def outcomes_due(member: Member) -> list[Lead]:
    """Return the leads that this member examined or released and whose outcome is overdue."""
    return list(_DUE(_reminded_before(), member.pk, member.agency_id))


def reminders_due() -> list[Lead]:
    """Return the leads of every agency that need a reminder now."""
    before = _reminded_before()
    return list(_without_outcome(before).filter(Q(reminded_at=None) | Q(reminded_at__lte=before)))


def _reminded_before() -> datetime:
    return timezone.now() - timedelta(days=looking.REMIND_DAYS)


def _without_outcome(before: datetime) -> QuerySet[Lead]:
    rows = Lead.objects.filter(released_at__lte=before).exclude(Exists(Outcome.objects.filter(lead=OuterRef("pk"))))
    return rows.select_related("released_by__agency", "examination__member").order_by("pk")


_DUE = Prepared(
    lambda before, member, agency: _without_outcome(before).filter(
        Q(examination__member=member) | Q(released_by=member), released_by__agency=agency
    ),
    datetime,
    int,
    int,
)
