"""Requests to another agency: made from a prepared probe, authorised by a supervisor, taken by an examiner there.

Owns a request until it is searched. It must never show the searching agency a request that is not authorised, nor
anything of the other agency except the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.guard import locked, locked_request, require_agreed, require_asked, under_holder
from plainview.casework.agreements.read import binding_version, named, terms_of
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Approval, Case, Member, Preparation, SharedRequest
from plainview.casework.people.read import binding, training_facts
from plainview.casework.probes.approvals import request_approval
from plainview.casework.probes.photographs import further_photographs, require_faces
from plainview.casework.probes.preparations import use
from plainview.casework.probes.probe import as_further, frames_entry, frames_made_of, frames_of
from plainview.casework.probes.read import chosen_face
from plainview.casework.sharing.notices import able, owe
from plainview.policy import joining, rules
from plainview.policy import sharing as words
from plainview.policy.agency import DEFAULT_LIST
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.search import UNDECLARED, no_refused_ground, offence_listed, trained


@dataclass(frozen=True, slots=True)
class Wish:
    """The content of a request.

    Attributes:
        agreement: id of an agreement under which the member's agency makes requests.
        gallery: name of a gallery in the agreement.
        purpose: the question that the search should answer for the case.
        authority: law, warrant or order behind the request, and its jurisdiction.
        top: length of the candidate list.
    """

    agreement: str
    gallery: str
    purpose: str
    authority: str
    top: int = DEFAULT_LIST


def make_request(draft_id: str, wish: Wish, *, acting_member: Member) -> SharedRequest:
    """Make a request with a prepared probe under its case; a supervisor authorises it before it is sent.

    A second click returns the request that the first one made.

    Raises:
        Refused: no permission; the draft or the agreement is unknown, no face is chosen, or a rule of the agreement or
            of the agency's own policy refuses.
    """
    draft = find.preparation(draft_id, acting_member)
    try:
        return _new_request(draft, wish, acting_member)
    except IntegrityError:
        request = SharedRequest.objects.filter(preparation=draft, gallery__name=wish.gallery).first()
        if request is None:
            raise
        return request


def _new_request(draft: Preparation, wish: Wish, acting_member: Member) -> SharedRequest:
    with acting("shared.request", Permission.SHARED_REQUEST, acting_member):
        agreement = locked(find.agreement(wish.agreement, acting_member).pk)
        if agreement.asker_id != acting_member.agency_id:
            raise Refused(
                "agreement.other_side",
                "Nothing changed",
                "Under this agreement your agency is the one that searches.",
                "Choose an agreement under which your agency makes requests.",
                act=Permission.AGREEMENT_READ,
            )
        version = binding_version(agreement)
        terms, withdrawn = terms_of(version), agreement.withdrawn_at is not None
        rules.require(words.agreement_in_force(terms, withdrawn, timezone.now().date()))
        assert version is not None  # noqa: S101  require() raises otherwise
        gallery = version.galleries.filter(name=wish.gallery.strip()).first()
        if gallery is None:
            rules.require(words.gallery_agreed(wish.gallery, terms.galleries if terms else ()))
        assert gallery is not None  # noqa: S101
        face = _face(draft)
        require_faces(draft)
        further = as_further(frames_made_of(further_photographs(draft)))
        request = SharedRequest(
            agreement=agreement,
            version=version,
            gallery=gallery,
            case=draft.case,
            member=acting_member,
            purpose=wish.purpose.strip(),
            authority=wish.authority.strip(),
            top=wish.top,
            preparation=draft,
            origin=draft.origin or UNDECLARED,
            probe_blob=draft.blob,
            probe_name=draft.file_name,
            edits=draft.edits,
            provenance=draft.provenance,
            further=further,
            face_number=draft.face or 0,
            box=face["box"],
            quality=face["quality"],
            quality_detail=face["components"],
            expires_at=timezone.now() + timedelta(days=version.answer_days),
        )
        require_agreed(request)
        require_asked(request, acting_member)
        request.save()
        write_entry(
            "shared.requested",
            {
                **named(request),
                "agreement": agreement.public_id,
                "version": version.number,
                "case": draft.case_id,
                "offence": draft.case.offence,
                "origin": request.origin,
                "gallery": gallery.pk,
                "edits": len(draft.edits),
                **({"photographs": 1 + len(further)} if further else {}),
                "preparation": draft.public_id,
                "top": request.top,
                "expires_at": request.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            {
                "purpose": request.purpose,
                "authority": request.authority,
                "case_number": draft.case.number,
                "probe_sha256": draft.blob,
                **({"edits": list(draft.edits)} if draft.edits else {}),
                **frames_entry(frames_of(further)),
            },
            acting_member=acting_member,
            rows=[request],
        )
        use(draft, acting_member=acting_member)
        supervisors = [
            supervisor
            for supervisor in able(acting_member.agency, Permission.SHARED_AUTHORISE)
            if supervisor != acting_member
        ]
        owe(supervisors, f"Request {request.public_id} needs your authorisation.", request)
    return request


def authorise_request(public_id: str, *, reason: str = "", acting_member: Member) -> SharedRequest:
    """Authorise a colleague's request; the other agency sees it from now on.

    Raises:
        Refused: no permission, not of the member's agency, the member's own, already authorised, or a rule refuses.
    """
    with acting("shared.authorise", Permission.SHARED_AUTHORISE, acting_member):
        request = locked_request(find.shared_request(public_id, acting_member).public_id)
        if request.agreement.asker_id != acting_member.agency_id or request.authorised_at is not None:
            raise Refused(
                "shared.unknown",
                "Not found",
                "No such request is waiting for you.",
                "Check which requests are waiting.",
                act=Permission.SHARED_READ,
            )
        rules.require(joining.another_person(acting_member.public_id, request.member.public_id, "Authorisation"))
        require_agreed(request)
        require_asked(request, acting_member)
        request.authorised_by, request.authorised_at = acting_member, timezone.now()
        request.save(update_fields=["authorised_by", "authorised_at"])
        write_entry(
            "shared.authorised",
            named(request),
            {"note": reason.strip()} if reason.strip() else {},
            acting_member=acting_member,
            rows=[request],
        )
        owe(
            able(request.agreement.holder, Permission.SHARED_ANSWER),
            f"Another agency asks for a search: request {request.public_id}.",
            request,
        )
    return request


def take(public_id: str, *, acting_member: Member) -> SharedRequest:
    """Take another agency's request; opens a case in the member's agency that mirrors the other agency's case.

    Raises:
        Refused: no permission or training, unknown, taken or over, or a rule of either agency refuses.
    """
    with acting("shared.take", Permission.SHARED_ANSWER, acting_member):
        request = locked_request(find.shared_request(public_id, acting_member).public_id)
        if request.agreement.holder_id != acting_member.agency_id:
            raise Refused(
                "shared.other_side",
                "Nothing changed",
                "Your agency made this request.",
                "Wait until the other agency takes it.",
            )
        if request.taken_by is not None:
            raise Refused(
                "shared.taken",
                "Request not taken",
                "The request has already been taken.",
                "Only the member who took a request can work on it.",
            )
        _, policy = binding(acting_member.agency)
        own = (
            trained(Role.EXAMINER, training_facts(acting_member), policy, timezone.now().date()),
            no_refused_ground("offence", request.case.offence),
            offence_listed(request.case.offence, policy),
        )
        require_agreed(request)
        rules.require(
            words.authorised(request.authorised_at is not None), *(under_holder(request, decision) for decision in own)
        )
        require_asked(request, acting_member)
        request.mirror = Case.objects.create(
            agency=acting_member.agency,
            number=request.public_id,
            offence=request.case.offence,
            jurisdiction=request.case.jurisdiction,
            opened_by=acting_member,
        )
        request.taken_by, request.taken_at = acting_member, timezone.now()
        request.save(update_fields=["mirror", "taken_by", "taken_at"])
        write_entry(
            "case.opened",
            {**named(request), "case": request.mirror.pk, "offence": request.mirror.offence},
            {"number": request.mirror.number},
            acting_member=acting_member,
        )
        write_entry("shared.taken", named(request), acting_member=acting_member, rows=[request])
    return request


def ask_approval(public_id: str, *, acting_member: Member) -> Approval:
    """Ask the supervisors of the member's own agency, if its policy requires their approval of the search.

    Raises:
        Refused: unknown, not taken, or as `request_approval`.
    """
    request = find.shared_request(public_id, acting_member)
    if request.mirror is None or request.mirror.agency_id != acting_member.agency_id:
        raise Refused(
            "shared.not_taken",
            "Search refused",
            "The request has not been taken.",
            "Take the request first.",
            act=Permission.SHARED_ANSWER,
        )
    return request_approval(request.mirror.number, request.purpose, request.probe_blob, acting_member=acting_member)


def view_request(public_id: str, *, acting_member: Member) -> SharedRequest:
    """Show a request to one of its two agencies; the view is an entry.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("shared.view", Permission.SHARED_READ, acting_member):
        request = find.shared_request(public_id, acting_member)
        write_entry(
            "shared.viewed",
            {**named(request), "by_agency": acting_member.agency.public_id, "result": request.result or None},
            acting_member=acting_member,
        )
    return request


def _face(draft: Preparation) -> dict[str, Any]:
    if draft.provenance.get("with"):
        raise Refused(
            "shared.frames",
            "Request refused",
            "The probe consists of several frames of a video.",
            "Prepare the best frame alone: a request to another agency has one, or several photographs.",
            act=Permission.SEARCH_RUN,
        )
    face = chosen_face(draft)
    if face is None:
        raise Refused("preparation.no_face", "Search refused", "No face was chosen.", "Choose a face first.")
    return face
