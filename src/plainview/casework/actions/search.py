"""Searching a gallery with a probe: authorise, prepare, record, and only then compare.

Owns the order of these steps. No candidate is computed before the audit entry of the search is durable, and
none is shown unless the answer is recorded too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from plainview.casework.actions.guard import refusals_recorded
from plainview.casework.actions.log import Receipt, write_entry
from plainview.casework.actions.rows import insert, insert_many
from plainview.casework.models import Candidate, Case, Gallery, Member, Search
from plainview.casework.queries.galleries import changes_after, shown_references
from plainview.casework.services import services
from plainview.index.base import Scored, catch_up
from plainview.policy import rules
from plainview.policy.permissions import Permission
from plainview.recognition.decode import read_file
from plainview.recognition.types import Face, Picture


@dataclass(frozen=True, slots=True)
class Probe:
    """A prepared probe: the original bytes, the decoded picture and the face that was chosen."""

    name: str
    data: bytes
    picture: Picture
    number: int
    face: Face


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded search with its candidates (reference loaded) and the receipt of its last entry."""

    search: Search
    candidates: list[Candidate]
    receipt: Receipt


def prepare_probe(path: Path, number: int | None = None) -> Probe:
    """Read, decode and detect: touches neither gallery nor log (docs/adr/0002).

    Raises:
        BadMedia: the picture cannot be used.
    """
    data = read_file(path)
    picture = services().decoder.decode(data)
    chosen, face = services().engine.probe_face(picture, number)
    return Probe(path.name, data, picture, chosen, face)


def authorise(
    case_number: str, purpose: str, gallery_name: str, top: int, *, acting_member: Member
) -> tuple[Case, Gallery]:
    """Run every rule that stands before a search; a refusal is recorded.

    Raises:
        Refused: the first rule that says no.
    """
    with refusals_recorded("search", acting_member):
        today = timezone.now().date()
        rules.require(
            rules.may(acting_member.roles, acting_member.is_active, Permission.SEARCH_RUN),
            rules.trained(acting_member.trained_until, today),
            rules.has_case(case_number),
            rules.has_purpose(purpose),
            rules.list_length(top),
        )
        case = Case.objects.filter(agency=acting_member.agency, number=case_number.strip()).first()
        rules.require(rules.case_found(case_number, case is not None))
        gallery = Gallery.objects.filter(agency=acting_member.agency, name=gallery_name).first()
        rules.require(rules.gallery_found(gallery_name, gallery is not None))
        assert case is not None  # noqa: S101  require() has raised otherwise
        assert gallery is not None  # noqa: S101
        rules.require(
            rules.case_open(case.number, case.closed_at.date() if case.closed_at else None),
            rules.gallery_current(gallery.name, gallery.expires_on, today),
        )
        return case, gallery


def run_search(
    probe: Probe, case_number: str, purpose: str, gallery_name: str, top: int, *, acting_member: Member
) -> Answer:
    """Record the search, then answer it, then record the answer.

    Raises:
        Refused: a rule says no; recorded.
        LogFolderError, DatabaseError: the log cannot be written; then nothing was compared.
    """
    search, asked = _record(probe, case_number, purpose, gallery_name, top, acting_member=acting_member)
    template = services().engine.template(probe.picture, probe.face.detection)
    index = services().index(search.gallery_id, search.pack, len(template))
    search.gallery_seq = catch_up(index, changes_after(search.gallery_id))
    found = index.search(template, top)
    search.gallery_size = len(index)
    return _record_answer(search, found, asked, acting_member=acting_member)


def _record(
    probe: Probe, case_number: str, purpose: str, gallery_name: str, top: int, *, acting_member: Member
) -> tuple[Search, Receipt]:
    """Store the probe and the search, durable before this returns; the rules are run again inside."""
    case, gallery = authorise(case_number, purpose, gallery_name, top, acting_member=acting_member)
    blob = services().blobs.put(probe.data)
    pack = services().engine.pack
    with transaction.atomic():
        search = Search(
            case=case,
            member=acting_member,
            gallery=gallery,
            purpose=purpose.strip(),
            top=top,
            probe_blob=blob,
            probe_name=probe.name,
            face_number=probe.number,
            box=[round(float(value), 1) for value in probe.face.detection.box],
            quality=probe.face.quality.overall,
            quality_detail=probe.face.quality.components,
            pack=pack.identity,
            pack_sha256=pack.recogniser.sha256,
        )
        receipt = write_entry(
            "search.requested",
            {
                "search": search.public_id,
                "agency": acting_member.agency.public_id,
                "case": case.pk,
                "offence": case.offence,
                "gallery": gallery.pk,
                "top": top,
                "pack": pack.identity,
                "pack_sha256": pack.recogniser.sha256,
            },
            {"purpose": search.purpose, "case_number": case.number, "probe_sha256": blob},
            acting_member=acting_member,
        )
        search.request_entry = receipt.entry
        insert(search)
    return search, receipt


def _record_answer(search: Search, found: list[Scored], asked: Receipt, *, acting_member: Member) -> Answer:
    references = shown_references([row.reference for row in found])
    candidates = [
        Candidate(
            search=search,
            rank=rank,
            score=Decimal(f"{row.score:.6f}"),
            reference=references[row.reference],
        )
        for rank, row in enumerate(found, start=1)
    ]
    answer = [[row.rank, row.reference.public_id, str(row.score)] for row in candidates]
    with transaction.atomic():
        insert_many(candidates)
        receipt = write_entry(
            "search.answered",
            {
                "search": search.public_id,
                "requested_in": asked.entry,
                "candidates": len(candidates),
                "gallery_size": search.gallery_size,
                "gallery_seq": search.gallery_seq,
            },
            {"list_sha256": hashlib.sha256(json.dumps(answer).encode()).hexdigest()},
            acting_member=acting_member,
        )
        search.answer_entry = receipt.entry
        search.answered_at = timezone.now()
        Search.objects.filter(pk=search.pk).update(
            answer_entry=search.answer_entry,
            answered_at=search.answered_at,
            gallery_size=search.gallery_size,
            gallery_seq=search.gallery_seq,
        )
    return Answer(search, candidates, receipt)
