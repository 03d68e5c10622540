"""What is disclosed of one search: the search with its whole list, who worked on it, what they concluded, its case.

Owns the one form in which the package, the page of the defence and the page of the supervisor tell it. It reads one
search and never asks who reads: actions.disclose and actions.grants decide that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from plainview.casework.agreements.read import both
from plainview.casework.examination.read import verdicts
from plainview.casework.galleries.read import open_template
from plainview.casework.models import Approval, Candidate, Case, Examination, Flag, Lead, Member, Search
from plainview.casework.proficiency.read import figures_of
from plainview.policy.disclosure import WHOLE, shown_as
from plainview.policy.examination import POTENTIAL
from plainview.policy.proficiency import Share
from plainview.recognition.edits import read, says
from plainview.storage.base import digest_of

NULL_RESULTS = ("no candidate", "no candidate put forward")
"""Results of a search that must be told as null results; source: the settlement of Williams v.
City of Detroit, 2024."""


def moment(at: datetime | None) -> str | None:
    """A time as files carry it."""
    return at.isoformat() if at is not None else None


def examined_ranks(search: Search) -> set[int]:
    """Ranks of the candidates that somebody has examined."""
    rows = Examination.objects.filter(candidate__search=search)
    return set(rows.values_list("candidate__rank", flat=True))


def candidates_shown(search: Search, pictures: str) -> list[tuple[Candidate, str]]:
    """The whole list, each row with how its picture is shown (policy.disclosure)."""
    examined = examined_ranks(search)
    rows = Candidate.objects.filter(search=search).select_related("reference").order_by("rank")
    return [(row, shown_as(pictures, row.rank, examined, erased=not row.reference.template)) for row in rows]


def search_facts(search: Search, shown: list[tuple[Candidate, str]]) -> dict[str, Any]:
    """The search, its settings and the whole list."""
    gallery = search.gallery
    return {
        "search": search.public_id,
        "agency": search.case.agency.public_id,
        "case_number": search.case.number,
        "offence": search.case.offence,
        "purpose": search.purpose,
        "origin": search.origin,
        "top": search.top,
        "urgent": bool(search.urgent_reason),
        "policy": search.policy.number,
        "approval": search.approval.public_id if search.approval else None,
        "review": search.review.public_id if search.review else None,
        "alert": search.alert.public_id if search.alert else None,
        "requested_at": search.requested_at.isoformat(),
        "answered_at": f"{search.answered_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "request_entry": search.request_entry,
        "answer_entry": search.answer_entry,
        "pack": search.pack,
        "pack_sha256": search.pack_sha256,
        "probe_sha256": search.probe_blob,
        "probe_name": search.probe_name,
        "probe_edits": search.edits,
        "probe_edits_in_words": [says(edit) for edit in read(search.edits)],
        "probe_captured_on": search.captured_on and search.captured_on.isoformat(),
        "face_number": search.face_number,
        "box": search.box,
        "quality": search.quality,
        "quality_detail": search.quality_detail,
        "probe_still": search.provenance,
        "probe_frames": [
            {
                "number": frame.number,
                "sha256": frame.blob,
                "face_number": frame.face_number,
                "quality": frame.quality,
                "still": frame.provenance,
            }
            for frame in search.frames.order_by("number")
        ],
        "gallery": {
            "name": gallery.name,
            "legal_basis": gallery.legal_basis,
            "source": gallery.source,
            "owner": gallery.owner,
            "expires_on": gallery.expires_on.isoformat(),
            "offences": gallery.offences,
        },
        "gallery_size": search.gallery_size,
        "gallery_seq": search.gallery_seq,
        "erased_since": [row.reference.public_id for row, _ in shown if not row.reference.template],
        "scorer": search.scorer,
        **both(search),
        "candidates": [_candidate(row, how) for row, how in shown],
    }


def _candidate(row: Candidate, how: str) -> dict[str, Any]:
    reference = row.reference
    held = bool(reference.template)
    template = open_template(reference.public_id, reference.template).tobytes() if held else b""
    return {
        "rank": row.rank,
        "reference": reference.public_id,
        "score": str(row.score),
        "adjusted": str(row.adjusted),
        "picture": how,
        "picture_sha256": reference.blob if how == WHOLE else None,
        "template_sha256": digest_of(template) if held else None,
        "source_url": reference.source_url,
        "page_url": reference.page_url,
        "captured_on": reference.captured_on and reference.captured_on.isoformat(),
        "quality": reference.quality,
    }


def people(search: Search, looked: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Everybody who worked on the search, what they did, their training then and how well they compare.

    Args:
        search: the search.
        looked: id of a member -> what they opened, from the log.
    """
    found: dict[int, tuple[Member, set[str]]] = {}

    def did(member: Member | None, what: str) -> None:
        if member is not None:
            found.setdefault(member.pk, (member, set()))[1].add(what)

    did(search.member, "searched")
    did(search.authorised_by, "authorised the urgent search")
    did(search.approval.decided_by if search.approval else None, "approved the search beforehand")
    for row in examined(search):
        did(row.member, "examined")
        for task in row.verifications.all():
            did(task.verifier, "verified")
        did(row.lead.released_by if hasattr(row, "lead") else None, "released the lead")
        did(row.withheld.decided_by if hasattr(row, "withheld") else None, "decided not to release")
    for member in Member.objects.filter(public_id__in=looked, agency=search.case.agency):
        for what in looked[member.public_id]:
            did(member, what)
    return [_person(member, what, search) for member, what in found.values()]


def _person(member: Member, did: set[str], search: Search) -> dict[str, Any]:
    day = search.requested_at.date()
    return {
        "member": member.public_id,
        "name": member.name,
        "roles": member.roles,
        "did": sorted(did),
        "training": [
            {
                "course": done.course,
                "hours": done.hours,
                "completed_on": done.completed_on.isoformat(),
                "expires_on": done.expires_on.isoformat(),
                "on_record_at_the_search": done.recorded_at <= search.requested_at,
                "valid_at_the_search": done.completed_on <= day <= done.expires_on,
            }
            for done in member.trainings.order_by("pk")
        ],
        "proficiency": _proficiency(member),
    }


def _proficiency(member: Member) -> dict[str, Any]:
    held = figures_of(member, timezone.now())
    shares: dict[str, Share] = {
        "verifications_that_agreed_with_the_examiner": held.agreed,
        "own_examinations_with_which_the_verifier_agreed": held.upheld,
        "known_same_person_found": held.known.found,
        "known_same_person_missed": held.known.missed,
        "known_other_person_told_apart": held.known.told_apart,
        "known_other_person_mistaken": held.known.mistaken,
        "known_undecided": held.known.undecided,
    }
    return {
        "verifications": held.verified,
        "median_seconds": held.seconds,
        "until": held.until.isoformat(),
        **{name: share.text for name, share in shares.items()},
    }


def examined(search: Search) -> list[Examination]:
    """Every examination of the search, with what hangs on it."""
    rows = Examination.objects.filter(candidate__search=search)
    rows = rows.select_related("candidate", "member", "lead__released_by", "withheld__decided_by")
    return list(rows.prefetch_related("verifications__verifier", "lead__outcomes").order_by("pk"))


def examinations(search: Search) -> list[dict[str, Any]]:
    """Every examination, its blind verifications with their times, and what a supervisor decided."""
    return [
        {
            "examination": row.public_id,
            "rank": row.candidate.rank,
            "member": row.member.public_id,
            "recorded_at": row.recorded_at.isoformat(),
            "components": row.components,
            "conclusion": row.conclusion,
            "notes": row.notes,
            "cautions_acknowledged": row.acknowledged,
            "verifications": [
                {
                    "verification": task.public_id,
                    "verifier": task.verifier.public_id,
                    "assigned_at": task.assigned_at.isoformat(),
                    "shown_at": moment(task.shown_at),
                    "answered_at": moment(task.answered_at),
                }
                for task in row.verifications.all()
            ],
            "verdicts": [{"verifier": who, "conclusion": word} for who, word in verdicts(row)],
            "lead": _lead(row.lead) if hasattr(row, "lead") else None,
            "withheld": {
                "by": row.withheld.decided_by.public_id,
                "at": row.withheld.decided_at.isoformat(),
                "reason": row.withheld.reason,
            }
            if hasattr(row, "withheld")
            else None,
        }
        for row in examined(search)
    ]


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "lead": lead.public_id,
        "released_by": lead.released_by.public_id,
        "released_at": lead.released_at.isoformat(),
        "contradictions": lead.contradictions,
        "override": lead.override,
        "evidence": lead.evidence,
        "evidence_at": moment(lead.evidence_at),
        "outcomes": [
            {"outcome": outcome.outcome, "note": outcome.note, "reported_at": outcome.reported_at.isoformat()}
            for outcome in lead.outcomes.order_by("pk")
        ],
    }


def result_of(search: Search) -> tuple[str, list[str]]:
    """What a search came to in words, and the references that were put forward from its list."""
    if search.erased_at is not None:
        return "erased", []
    if search.answered_at is None:
        return "not answered", []
    if not Candidate.objects.filter(search=search).exists():
        return NULL_RESULTS[0], []
    rows = list(Examination.objects.filter(candidate__search=search).select_related("candidate__reference"))
    named = [row.candidate.reference.public_id for row in rows if row.conclusion == POTENTIAL]
    if Lead.objects.filter(examination__in=rows).exists():
        return "lead released", named
    if named:
        return "potential candidate", named
    return (NULL_RESULTS[1] if rows else "nobody has examined it"), []


def case_facts(search: Search) -> dict[str, Any]:
    """The case with every other search of it, those without a result and those that named somebody else too."""
    case = search.case
    others = Search.objects.filter(case=case).exclude(pk=search.pk).select_related("gallery", "member")
    return {
        "number": case.number,
        "offence": case.offence,
        "jurisdiction": case.jurisdiction,
        "opened_at": case.opened_at.isoformat(),
        "closed_at": moment(case.closed_at),
        "other_searches": [_other(row) for row in others.order_by("pk")],
        "approvals": [
            {
                "approval": row.public_id,
                "granted": row.granted,
                "note": row.note,
                "probe_sha256": row.probe_sha256,
                "requested_at": row.requested_at.isoformat(),
                "decided_at": moment(row.decided_at),
            }
            for row in Approval.objects.filter(case=case).order_by("pk")
        ],
        "misuse_upheld": _upheld(case),
    }


def _other(row: Search) -> dict[str, Any]:
    result, named = result_of(row)
    return {
        "search": row.public_id,
        "requested_at": row.requested_at.isoformat(),
        "member": row.member.public_id,
        "gallery": row.gallery.name,
        "gallery_size": row.gallery_size,
        "purpose": row.purpose,
        "probe_sha256": row.probe_blob,
        "probe_edits": row.edits,
        "top": row.top,
        "candidates": Candidate.objects.filter(search=row).count(),
        "raised_by_an_alert": row.alert_id is not None,
        "review": row.review_id is not None,
        "result": result,
        "null_result": result in NULL_RESULTS,
        "put_forward": named,
        "erased_at": moment(row.erased_at),
    }


def _upheld(case: Case) -> list[dict[str, Any]]:
    """Signs of misuse about searches of the case that an auditor has upheld; others are nobody's finding."""
    rows = Flag.objects.filter(search__case=case, outcome="upheld").select_related("search").order_by("pk")
    return [
        {"rule": row.rule, "search": row.search.public_id, "decided_at": moment(row.decided_at)}
        for row in rows
        if row.search
    ]
