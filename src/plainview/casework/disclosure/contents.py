"""What is disclosed of one search: the search with its whole list, who worked on it, their conclusions, its case.

Owns the one form of these facts, for the package, the defence's page and the supervisor's page. It must never decide
who may read: `disclosure.make` and `disclosure.grants` do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from plainview.audit.record import parse_line
from plainview.casework.agreements.read import both
from plainview.casework.examination.read import verdicts
from plainview.casework.galleries.read import open_template
from plainview.casework.log.read import canonical_of
from plainview.casework.models import (
    Approval,
    Candidate,
    Case,
    Examination,
    Flag,
    Lead,
    Member,
    NoneOfThese,
    Search,
    Token,
)
from plainview.casework.proficiency.read import figures_of
from plainview.policy.disclosure import WHOLE, shown_as
from plainview.policy.examination import POTENTIAL
from plainview.policy.proficiency import Share
from plainview.recognition.edits import read, says
from plainview.storage.base import digest_of

NULL_RESULTS = ("no candidate", "no candidate put forward")
"""Results of a search that must be disclosed as null results; source: the settlement of Williams v. City of
Detroit, 28 June 2024."""


def moment(at: datetime | None) -> str | None:
    """Return a time in the form that the files use."""
    return at.isoformat() if at is not None else None


def examined_ranks(search: Search) -> set[int]:
    """Return the ranks of the candidates that have been examined."""
    rows = Examination.objects.filter(candidate__search=search)
    return set(rows.values_list("candidate__rank", flat=True))


def candidates_shown(search: Search, pictures: str) -> list[tuple[Candidate, str]]:
    """Return the whole list, with how each picture is shown (policy.disclosure)."""
    examined = examined_ranks(search)
    rows = Candidate.objects.filter(search=search).select_related("reference", "search").order_by("rank")
    return [
        (candidate, shown_as(pictures, candidate.rank, examined, erased=not candidate.reference.template))
        for candidate in rows
    ]


def channel_of(search: Search) -> dict[str, str | None]:
    """Return how the search was asked for: page, command line or API, and the token of a program, from the log."""
    subject = parse_line(canonical_of(search.request_entry)).subject
    return {"via": str(subject["via"]), "by_token": str(subject["by_token"]) if "by_token" in subject else None}


def search_facts(search: Search, shown: list[tuple[Candidate, str]]) -> dict[str, Any]:
    """Return the search, its settings and the whole list."""
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
        **channel_of(search),
        "answer_entry": search.answer_entry,
        "pack": search.pack,
        "pack_sha256": search.pack_sha256,
        "probe_sha256": search.probe_blob,
        "probe_name": search.probe_name,
        "probe_edits": search.edits,
        "probe_edits_in_words": [says(edit) for edit in read(search.edits)],
        "probe_notes": search.notes,
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
        "erased_since": [candidate.reference.public_id for candidate, _ in shown if not candidate.reference.template],
        "scorer": search.scorer,
        **both(search),
        **({"gallery_pictures": search.gallery_pictures} if search.gallery_pictures != search.gallery_size else {}),
        **(search.incomplete or {}),
        "candidates": [_candidate(candidate, how) for candidate, how in shown],
    }


def _candidate(candidate: Candidate, how: str) -> dict[str, Any]:
    reference = candidate.reference
    # That of the search's pack: the gallery may have been re-embedded since.
    sealed = reference.template if reference.pack == candidate.search.pack else reference.other_template or b""
    has_template = bool(sealed)
    template = open_template(reference.public_id, sealed).tobytes() if has_template else b""
    return {
        "rank": candidate.rank,
        "reference": reference.public_id,
        "score": str(candidate.score),
        "adjusted": str(candidate.adjusted),
        "picture": how,
        "picture_sha256": reference.blob if how == WHOLE else None,
        "template_sha256": digest_of(template) if has_template else None,
        "source_url": reference.source_link,
        "page_url": reference.page_url,
        "captured_on": reference.captured_iso,
        "quality": reference.quality,
        **_subject(candidate),
    }


def _subject(candidate: Candidate) -> dict[str, Any]:
    """Return whose pictures were compared, where the source says that a candidate is a person."""
    if candidate.subject is None:
        return {}
    return {
        "subject": candidate.subject.public_id,
        "pictures": [
            {
                "reference": picture.reference.public_id,
                "score": str(picture.score),
                "captured_on": picture.reference.captured_iso,
                "source_url": picture.reference.source_url,
                "quality": picture.reference.quality,
            }
            for picture in candidate.pictures.select_related("reference").order_by("reference_id")
        ],
    }


def _searched_how(search: Search) -> str:
    """Return in words how the member searched, with the name of the agency's service where one acted for them."""
    channel = channel_of(search)
    if channel["via"] != "api":
        return "searched"
    service = Token.objects.filter(public_id=channel["by_token"]).exclude(service="").first()
    return f"searched with {service.service if service else 'a program'}, through the API"


def people(search: Search, looked: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return everyone who worked on the search, what they did, their training then and their proficiency.

    Args:
        search: the search.
        looked: id of a member -> the pages that they opened, from the log.
    """
    deeds: dict[int, tuple[Member, set[str]]] = {}

    def did(member: Member | None, deed: str) -> None:
        if member is not None:
            deeds.setdefault(member.pk, (member, set()))[1].add(deed)

    did(search.member, _searched_how(search))
    did(search.authorised_by, "authorised the urgent search")
    did(search.approval.decided_by if search.approval else None, "approved the search beforehand")
    for examination in examined(search):
        did(examination.member, "examined")
        for task in examination.verifications.all():
            did(task.verifier, "verified")
        did(examination.lead.released_by if hasattr(examination, "lead") else None, "released the lead")
        did(examination.withheld.decided_by if hasattr(examination, "withheld") else None, "decided not to release")
    for member in Member.objects.filter(public_id__in=looked, agency=search.case.agency):
        for deed in looked[member.public_id]:
            did(member, deed)
    return [_person(member, done, search) for member, done in deeds.values()]


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
    figures = figures_of(member, timezone.now())
    shares: dict[str, Share] = {
        "verifications_that_agreed_with_the_examiner": figures.agreed,
        "own_examinations_with_which_the_verifier_agreed": figures.upheld,
        "known_same_person_found": figures.known.found,
        "known_same_person_missed": figures.known.missed,
        "known_other_person_told_apart": figures.known.told_apart,
        "known_other_person_mistaken": figures.known.mistaken,
        "known_undecided": figures.known.undecided,
    }
    return {
        "verifications": figures.verified,
        "median_seconds": figures.seconds,
        "until": figures.until.isoformat(),
        **{name: share.text for name, share in shares.items()},
    }


def examined(search: Search) -> list[Examination]:
    """Return every examination of the search, with its verifications and decision."""
    rows = Examination.objects.filter(candidate__search=search)
    rows = rows.select_related("candidate", "member", "lead__released_by", "withheld__decided_by")
    return list(rows.prefetch_related("verifications__verifier", "lead__outcomes").order_by("pk"))


def examinations(search: Search) -> list[dict[str, Any]]:
    """Return every examination, its blind verifications with their times, and the supervisor's decision."""
    return [
        {
            "examination": examination.public_id,
            "rank": examination.candidate.rank,
            "member": examination.member.public_id,
            "recorded_at": examination.recorded_at.isoformat(),
            "components": examination.components,
            "conclusion": examination.conclusion,
            "notes": examination.notes,
            "marks": examination.marks,
            "cautions_acknowledged": examination.acknowledged,
            **({"pictures": examination.pictures} if examination.pictures else {}),
            "verifications": [
                {
                    "verification": task.public_id,
                    "verifier": task.verifier.public_id,
                    "assigned_at": task.assigned_at.isoformat(),
                    "shown_at": moment(task.shown_at),
                    "answered_at": moment(task.answered_at),
                }
                for task in examination.verifications.all()
            ],
            "verdicts": [{"verifier": who, "conclusion": word} for who, word in verdicts(examination)],
            "lead": _lead(examination.lead) if hasattr(examination, "lead") else None,
            "withheld": {
                "by": examination.withheld.decided_by.public_id,
                "at": examination.withheld.decided_at.isoformat(),
                "reason": examination.withheld.reason,
            }
            if hasattr(examination, "withheld")
            else None,
        }
        for examination in examined(search)
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
    """Return the result of a search in words, and the references that were put forward from its list."""
    if search.erased_at is not None:
        return "erased", []
    if search.answered_at is None:
        return "not answered", []
    if not Candidate.objects.filter(search=search).exists():
        return NULL_RESULTS[0], []
    rows = list(Examination.objects.filter(candidate__search=search).select_related("candidate__reference"))
    named = [examination.candidate.reference.public_id for examination in rows if examination.conclusion == POTENTIAL]
    if Lead.objects.filter(examination__in=rows).exists():
        return "lead released", named
    if named:
        return "potential candidate", named
    if rows or NoneOfThese.objects.filter(search=search, undone_at=None).exists():
        return NULL_RESULTS[1], []
    return "not examined", []


def case_facts(search: Search) -> dict[str, Any]:
    """Return the case with all its other searches, including null results and those that put forward another person."""
    case = search.case
    others = Search.objects.filter(case=case).exclude(pk=search.pk).select_related("gallery", "member")
    return {
        "number": case.number,
        "offence": case.offence,
        "jurisdiction": case.jurisdiction,
        "opened_at": case.opened_at.isoformat(),
        "closed_at": moment(case.closed_at),
        "other_searches": [_other(other) for other in others.order_by("pk")],
        "approvals": [
            {
                "approval": approval.public_id,
                "granted": approval.granted,
                "note": approval.note,
                "probe_sha256": approval.probe_sha256,
                "requested_at": approval.requested_at.isoformat(),
                "decided_at": moment(approval.decided_at),
            }
            for approval in Approval.objects.filter(case=case).order_by("pk")
        ],
        "misuse_upheld": _upheld(case),
    }


def _other(search: Search) -> dict[str, Any]:
    result, named = result_of(search)
    return {
        "search": search.public_id,
        "requested_at": search.requested_at.isoformat(),
        "member": search.member.public_id,
        "gallery": search.gallery.name,
        "gallery_size": search.gallery_size,
        "purpose": search.purpose,
        "probe_sha256": search.probe_blob,
        "probe_edits": search.edits,
        "top": search.top,
        "candidates": Candidate.objects.filter(search=search).count(),
        "raised_by_an_alert": search.alert_id is not None,
        "review": search.review_id is not None,
        "result": result,
        "null_result": result in NULL_RESULTS,
        "put_forward": named,
        "erased_at": moment(search.erased_at),
    }


def _upheld(case: Case) -> list[dict[str, Any]]:
    """Return the flags of misuse on searches of the case that an auditor upheld; others are not findings."""
    rows = Flag.objects.filter(search__case=case, outcome="upheld").select_related("search").order_by("pk")
    return [
        {"rule": flag.rule, "search": flag.search.public_id, "decided_at": moment(flag.decided_at)}
        for flag in rows
        if flag.search
    ]
