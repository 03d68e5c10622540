"""Searching for the pictures of a person who asked about themselves, and deciding which faces are theirs.

Owns the one search whose purpose is a person's own request. It covers every gallery of the agency, is in the log before
anything is compared, and people decide which faces show the person. It must never run before the identity is
confirmed, nor keep a template: not in a table, a file or a cache, nor for the misuse rules.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.galleries.read import shown_references
from plainview.casework.log.guard import acting, refusals_recorded
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Gallery, Member, Reference, SubjectFinding, SubjectRequest
from plainview.casework.models.subjects import RECEIVED
from plainview.casework.rights.letters import reference_facts, seal_facts
from plainview.casework.rights.read import (
    OPEN,
    filing_of,
    findings_of,
    has_photo,
    named_references,
    photo_of,
)
from plainview.casework.search.ranking import compare
from plainview.casework.workspace.services import index_reached, services
from plainview.policy import rights as policy
from plainview.policy import rules
from plainview.policy.agency import DEFAULT_LIST, MAX_LIST
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.search import list_length
from plainview.recognition.types import Vector
from plainview.scores.scoring import Listed


@dataclass(frozen=True, slots=True)
class _Looked:
    """The search of one gallery: its entry, the number of references compared, and the most similar ones."""

    gallery: Gallery
    asked: Receipt
    compared: int
    listed: list[Listed]


def search_person(public_id: str, *, top: int = DEFAULT_LIST, acting_member: Member) -> list[SubjectFinding]:
    """Compare the person's photograph with every gallery of the agency, and look up what they named.

    A second run replaces the undecided faces; decisions stay.

    Args:
        public_id: the request.
        top: the number of faces listed from each gallery, most similar first.
        acting_member: who answers the request.

    Raises:
        Refused: no permission, unknown, identity not checked, closed, nothing to look for, or a gallery whose templates
            are being recomputed; logged, and nothing was compared.
    """
    request, asked = _record(public_id, top, acting_member)
    looked: list[_Looked] = []
    if asked:
        with refusals_recorded("rights.search", acting_member), index_reached():
            template = _template(request)
            looked = [_look(gallery, receipt, template, top) for gallery, receipt in asked]
    with transaction.atomic():
        request = find.rights_request(request.public_id, acting_member, lock=True)
        rules.require(policy.still_open(request.state not in OPEN))
        _keep(request, looked, acting_member)
    return findings_of(request)


def _record(public_id: str, top: int, acting_member: Member) -> tuple[SubjectRequest, list[tuple[Gallery, Receipt]]]:
    """Log the search of every gallery; the entries are durable when this returns."""
    with acting("rights.search", Permission.RIGHTS_ANSWER, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(request.state not in OPEN),
            policy.identity_checked(request.state != RECEIVED),
            list_length(top, MAX_LIST),
        )
        named = filing_of(request).named
        if not has_photo(request) and not named:
            raise Refused(
                "rights.nothing_to_find",
                "Nothing searched",
                "The person sent no photograph and named no reference.",
                "Answer the request, or ask the person for a photograph of themselves.",
                act=Permission.RIGHTS_ANSWER,
            )
        galleries = list(Gallery.objects.filter(agency=acting_member.agency).order_by("pk"))
        pack = services().engine.pack
        asked = []
        # Search a gallery whose legal basis has ended too: its references are still there.
        for gallery in galleries if has_photo(request) else ():
            rules.require(rules.gallery_of_pack(gallery.name, gallery.pack, pack.identity, gallery.re_embedding))
            receipt = write_entry(
                "rights.search_requested",
                {
                    "request": request.public_id,
                    "agency": acting_member.agency.public_id,
                    "gallery": gallery.pk,
                    "purpose": policy.PURPOSE,
                    "top": top,
                    "pack": pack.identity,
                    "pack_sha256": pack.recogniser.sha256,
                },
                acting_member=acting_member,
            )
            asked.append((gallery, receipt))
    return request, asked


def _template(request: SubjectRequest) -> Vector:
    """Return the template of the person's face, for this call alone."""
    data = photo_of(request)
    assert data is not None  # noqa: S101  `_record` checked it
    engine, picture = services().engine, services().decoder.decode(data)
    _, face = engine.probe_face(picture)
    return engine.template(picture, face.detection)


def _look(gallery: Gallery, receipt: Receipt, template: Vector, top: int) -> _Looked:
    gallery.refresh_from_db(fields=["log_head"])
    ranked = compare(gallery, template, top)
    return _Looked(gallery, receipt, ranked.compared, ranked.listed)


def _keep(request: SubjectRequest, looked: list[_Looked], acting_member: Member) -> None:
    """Store the lists for people to decide on; the answer erases the scores."""
    request.searched_at = timezone.now()
    request.findings.filter(is_person=None).delete()
    decided = set(request.findings.values_list("reference_id", flat=True))
    request.searched = []
    for gallery_search in looked:
        references = shown_references([match.reference for match in gallery_search.listed])
        for rank, match in enumerate(gallery_search.listed, start=1):
            if match.reference not in decided:
                SubjectFinding.objects.create(
                    request=request,
                    reference=references[match.reference],
                    rank=rank,
                    score=Decimal(f"{match.cosine:.6f}"),
                )
        request.searched.append(
            {
                "gallery": gallery_search.gallery.name,
                "compared": gallery_search.compared,
                "listed": len(gallery_search.listed),
                "entry": gallery_search.asked.entry,
            }
        )
        write_entry(
            "rights.search_answered",
            {
                "request": request.public_id,
                "agency": acting_member.agency.public_id,
                "gallery": gallery_search.gallery.pk,
                "requested_in": gallery_search.asked.entry,
                "candidates": len(gallery_search.listed),
                "gallery_size": gallery_search.compared,
            },
            acting_member=acting_member,
        )
    for reference in named_references(request, filing_of(request).named):
        SubjectFinding.objects.update_or_create(request=request, reference=reference, defaults={"is_named": True})
    request.save(update_fields=["searched_at", "searched"])


def decide(
    public_id: str, persons: Collection[str], others: Collection[str], *, acting_member: Member
) -> list[SubjectFinding]:
    """Record which faces show the person; a decision can be changed until the request is answered.

    Args:
        public_id: the request.
        persons: ids of references that show the person.
        others: ids of references that show another person.
        acting_member: who decides.

    Raises:
        Refused: no permission, unknown, closed, or a reference that the request does not list.
    """
    with acting("rights.decide", Permission.RIGHTS_ANSWER, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(policy.still_open(request.state not in OPEN))
        findings = {finding.reference.public_id: finding for finding in findings_of(request)}
        unknown = (set(persons) | set(others)) - findings.keys()
        if unknown or set(persons) & set(others):
            raise Refused(
                "finding.unknown",
                "Not found",
                f"The request lists no such reference: {', '.join(sorted(unknown)) or 'one was named for both'}.",
                "Choose references that the request lists.",
                act=Permission.RIGHTS_READ,
            )
        for reference in [*persons, *others]:
            _decide(findings[reference], reference in persons, request, acting_member)
    return findings_of(request)


def _decide(finding: SubjectFinding, is_person: bool, request: SubjectRequest, acting_member: Member) -> None:
    if finding.is_person is is_person or finding.outcome:  # its erasure has begun
        return
    finding.is_person, finding.decided_by, finding.decided_at = is_person, acting_member, timezone.now()
    reference: Reference = finding.reference
    finding.sealed = seal_facts(finding, reference_facts(reference)) if is_person and reference.template else b""
    finding.save(update_fields=["is_person", "decided_by", "decided_at", "sealed"])
    write_entry(
        "rights.decided",
        {"request": request.public_id, "agency": acting_member.agency.public_id},
        # Which reference shows the person is sealed: the log is public.
        {"reference": reference.public_id, "is_person": is_person},
        acting_member=acting_member,
    )
