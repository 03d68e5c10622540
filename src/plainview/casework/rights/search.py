"""Looking for a person who asked about themself: the search with their own photograph, and whose face each one is.

Owns the one search whose purpose is a data subject's request. It runs only once identity was checked, is in the log
before anything is compared, reaches every gallery of the agency, and keeps no template: none in a table, a file or a
cache, and none for the rules of misuse. People decide which faces are the person's.
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
from plainview.casework.rights.letters import held_facts, seal_facts
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
    """One gallery: what was asked, how many references were compared, and the most similar ones."""

    gallery: Gallery
    asked: Receipt
    compared: int
    listed: list[Listed]


def search_person(public_id: str, *, top: int = DEFAULT_LIST, acting_member: Member) -> list[SubjectFinding]:
    """Compare the person's photograph with every gallery of the agency, and look up what they named.

    Run again, it replaces faces that nobody has decided on; decisions stay.

    Args:
        public_id: the request.
        top: how many of the most similar faces of each gallery people look at.
        acting_member: who answers the request.

    Raises:
        Refused: no permission, unknown, identity not checked, closed, nothing to look for, or a gallery whose templates
            are being made anew; recorded, and nothing was compared.
    """
    row, asked = _record(public_id, top, acting_member)
    looked: list[_Looked] = []
    if asked:
        with refusals_recorded("rights.search", acting_member), index_reached():
            template = _template(row)
            looked = [_look(gallery, receipt, template, top) for gallery, receipt in asked]
    with transaction.atomic():
        row = find.rights_request(row.public_id, acting_member, lock=True)
        rules.require(policy.still_open(row.state not in OPEN))
        _keep(row, looked, acting_member)
    return findings_of(row)


def _record(public_id: str, top: int, acting_member: Member) -> tuple[SubjectRequest, list[tuple[Gallery, Receipt]]]:
    """Record the search of every gallery, durable before this returns."""
    with acting("rights.search", Permission.RIGHTS_ANSWER, acting_member):
        row = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(row.state not in OPEN),
            policy.identity_checked(row.state != RECEIVED),
            list_length(top, MAX_LIST),
        )
        named = filing_of(row).named
        if not has_photo(row) and not named:
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
        # A gallery whose legal basis has ended is looked through too: what it still holds is held.
        for gallery in galleries if has_photo(row) else ():
            rules.require(rules.gallery_of_pack(gallery.name, gallery.pack, pack.identity, gallery.re_embedding))
            receipt = write_entry(
                "rights.search_requested",
                {
                    "request": row.public_id,
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
    return row, asked


def _template(row: SubjectRequest) -> Vector:
    """The template of the person's face, for this call alone."""
    data = photo_of(row)
    assert data is not None  # noqa: S101  the record has just found it
    engine, picture = services().engine, services().decoder.decode(data)
    _, face = engine.probe_face(picture)
    return engine.template(picture, face.detection)


def _look(gallery: Gallery, receipt: Receipt, template: Vector, top: int) -> _Looked:
    gallery.refresh_from_db(fields=["log_head"])
    ranked = compare(gallery, template, top)
    return _Looked(gallery, receipt, ranked.compared, ranked.listed)


def _keep(row: SubjectRequest, looked: list[_Looked], acting_member: Member) -> None:
    """Record what was listed, for people to decide on; the scores are erased with the answer."""
    row.searched_at = timezone.now()
    row.findings.filter(is_person=None).delete()
    decided = set(row.findings.values_list("reference_id", flat=True))
    row.searched = []
    for one in looked:
        references = shown_references([found.reference for found in one.listed])
        for rank, found in enumerate(one.listed, start=1):
            if found.reference not in decided:
                SubjectFinding.objects.create(
                    request=row,
                    reference=references[found.reference],
                    rank=rank,
                    score=Decimal(f"{found.cosine:.6f}"),
                )
        row.searched.append(
            {
                "gallery": one.gallery.name,
                "compared": one.compared,
                "listed": len(one.listed),
                "entry": one.asked.entry,
            }
        )
        write_entry(
            "rights.search_answered",
            {
                "request": row.public_id,
                "agency": acting_member.agency.public_id,
                "gallery": one.gallery.pk,
                "requested_in": one.asked.entry,
                "candidates": len(one.listed),
                "gallery_size": one.compared,
            },
            acting_member=acting_member,
        )
    for reference in named_references(row, filing_of(row).named):
        SubjectFinding.objects.update_or_create(request=row, reference=reference, defaults={"is_named": True})
    row.save(update_fields=["searched_at", "searched"])


def decide(
    public_id: str, persons: Collection[str], others: Collection[str], *, acting_member: Member
) -> list[SubjectFinding]:
    """Record of faces whether they are the person's; a decision can be changed until the answer.

    Args:
        public_id: the request.
        persons: ids of references that show the person.
        others: ids of references that show somebody else.
        acting_member: who looked.

    Raises:
        Refused: no permission, unknown, closed, or a reference that the request does not list.
    """
    with acting("rights.decide", Permission.RIGHTS_ANSWER, acting_member):
        row = find.rights_request(public_id, acting_member, lock=True)
        rules.require(policy.still_open(row.state not in OPEN))
        held = {one.reference.public_id: one for one in findings_of(row)}
        unknown = (set(persons) | set(others)) - held.keys()
        if unknown or set(persons) & set(others):
            raise Refused(
                "finding.unknown",
                "Not found",
                f"The request lists no such reference: {', '.join(sorted(unknown)) or 'one was named for both'}.",
                "Choose references that the request lists.",
                act=Permission.RIGHTS_READ,
            )
        for reference in [*persons, *others]:
            _decide(held[reference], reference in persons, row, acting_member)
    return findings_of(row)


def _decide(one: SubjectFinding, is_person: bool, row: SubjectRequest, acting_member: Member) -> None:
    if one.is_person is is_person or one.outcome:  # its erasure has begun
        return
    one.is_person, one.decided_by, one.decided_at = is_person, acting_member, timezone.now()
    reference: Reference = one.reference
    one.sealed = seal_facts(one, held_facts(reference)) if is_person and reference.template else b""
    one.save(update_fields=["is_person", "decided_by", "decided_at", "sealed"])
    write_entry(
        "rights.decided",
        {"request": row.public_id, "agency": acting_member.agency.public_id},
        # Whose face a reference is stays sealed: the log is public.
        {"reference": reference.public_id, "is_person": is_person},
        acting_member=acting_member,
    )
