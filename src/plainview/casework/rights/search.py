"""Searching for the pictures of a person who asked about themselves, and deciding which faces are theirs.

Owns the one search whose purpose is a person's own request. It covers every gallery of the agency, is in the log before
anything is compared, and people decide which faces show the person. It must never run before another member confirmed
the identity, nor show more than the answer needs, nor keep a template: not in a table, a file or a cache.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from secrets import SystemRandom
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.galleries.read import shown_references
from plainview.casework.gate.packs import engine_of
from plainview.casework.log.guard import acting, refusals_recorded
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.misuse.inspection import Comparison
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
from plainview.casework.search.ranking import Ranked, compare_all, ready
from plainview.casework.workspace.services import index_reached, services
from plainview.policy import rights as policy
from plainview.policy import rules
from plainview.policy.agency import MAX_LIST
from plainview.policy.decision import Refused
from plainview.policy.gate import ABOUT_ONESELF
from plainview.policy.permissions import Permission
from plainview.recognition.types import Vector
from plainview.scores.same_face import LIKELY
from plainview.scores.scoring import Listed

if TYPE_CHECKING:
    from plainview.recognition.engine import Engine


@dataclass(frozen=True, slots=True)
class _Looked:
    """The search of one gallery: its entry, the number of references compared, and the faces that may be the person's."""

    gallery: Gallery
    asked: Receipt
    compared: int
    likely: list[Listed]


def search_person(public_id: str, *, acting_member: Member) -> list[SubjectFinding]:
    """Compare the person's photograph with every gallery of the agency, and look up what they named.

    Only the faces that may be the person's are listed, without score, rank and order. A second run replaces the undecided
    faces; decisions stay, and each face that is the person's makes room for more.

    Args:
        public_id: the request.
        acting_member: who answers the request.

    Raises:
        Refused: no permission, unknown, identity not checked, or checked by the same member, closed, nothing to look for,
            or a gallery whose templates are being recomputed; logged, and nothing was compared.
    """
    request, asked = _record(public_id, acting_member)
    looked: list[_Looked] = []
    if asked:
        with refusals_recorded("rights.search", acting_member), index_reached():
            looked = list(_look(request, asked, acting_member))
    with transaction.atomic():
        request = find.rights_request(request.public_id, acting_member, lock=True)
        rules.require(policy.still_open(request.state not in OPEN))
        _keep(request, looked, acting_member)
    return findings_of(request)


def _record(public_id: str, acting_member: Member) -> tuple[SubjectRequest, list[tuple[Gallery, Receipt]]]:
    """Log the search of every gallery; the entries are durable when this returns."""
    with acting("rights.search", Permission.RIGHTS_ANSWER, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(request.state not in OPEN),
            policy.identity_checked(request.state != RECEIVED),
            policy.not_alone(acting_member.pk, (request.confirmed_by_id, request.filed_by_id)),
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
        request.searched_by, request.asked_at = acting_member, timezone.now()
        request.save(update_fields=["searched_by", "asked_at"])
        galleries = list(Gallery.objects.filter(agency=acting_member.agency).order_by("pk"))
        asked = []
        # Search a gallery whose legal basis has ended too: its references are still there.
        for gallery in galleries if has_photo(request) else ():
            pack = engine_of(gallery).pack
            receipt = write_entry(
                "rights.search_requested",
                {
                    "request": request.public_id,
                    "agency": acting_member.agency.public_id,
                    "gallery": gallery.pk,
                    "purpose": policy.PURPOSE,
                    "pack": pack.identity,
                    "pack_sha256": pack.recogniser.sha256,
                },
                acting_member=acting_member,
                rows=[request],
            )
            asked.append((gallery, receipt))
        if not asked:
            _commit(request, acting_member)
    return request, asked


def _template(request: SubjectRequest, engine: Engine) -> Vector:
    """Return the template of the person's face, for this call alone."""
    data = photo_of(request)
    assert data is not None  # noqa: S101  `_record` checked it
    picture = services().decoder.decode(data)
    _, face = engine.probe_face(picture)
    return engine.template(picture, face.detection)


def _look(request: SubjectRequest, asked: list[tuple[Gallery, Receipt]], acting_member: Member) -> Iterator[_Looked]:
    """Compare with the galleries of each model pack in turn: templates of two are never compared."""
    for gallery, _ in asked:
        gallery.refresh_from_db(fields=["log_head"])
    by_pack: dict[str, list[tuple[Gallery, Receipt]]] = {}
    for gallery, receipt in asked:
        by_pack.setdefault(engine_of(gallery).pack.identity, []).append((gallery, receipt))
    for pack, alike in by_pack.items():
        template = _template(request, services().engine_of(pack))
        entries = tuple(receipt.entry for _, receipt in alike)
        why = Comparison(ABOUT_ONESELF, acting_member.agency, entries, acting_member, (template,))
        galleries = ready([gallery for gallery, _ in alike], pack)
        answers = compare_all(why, galleries, template, MAX_LIST)
        for (gallery, receipt), answer in zip(alike, answers, strict=True):
            yield _Looked(gallery, receipt, answer.compared_pictures or answer.compared, _likely(answer))


def _likely(answer: Ranked) -> list[Listed]:
    """Return the faces that may be the person's; of a person with several pictures, every one is listed."""
    likely: list[Listed] = []
    for match in answer.listed:
        pictures = answer.pictures.get(match.reference, [(match.reference, match.cosine)])
        best = max(match.cosine, *(score for _, score in pictures)) if len(pictures) > 1 else match.cosine
        if best >= LIKELY:
            likely += [Listed(reference, best, best) for reference, _ in pictures]
    return likely


def _keep(request: SubjectRequest, looked: list[_Looked], acting_member: Member) -> None:
    """Store the faces for people to decide on, in random order: neither scores nor ranks are kept."""
    request.searched_at = timezone.now()
    request.findings.filter(is_person=None).delete()
    decided = set(request.findings.values_list("reference_id", flat=True))
    room = policy.faces_listed(request.findings.filter(is_person=True).count())
    matches = [match for search in looked for match in search.likely if match.reference not in decided]
    nearest = sorted(matches, key=lambda match: (-match.cosine, match.reference))[:room]
    listed = {match.reference for match in nearest}
    request.searched = [
        {
            "gallery": search.gallery.name,
            "compared": search.compared,
            "listed": sum(match.reference in listed for match in search.likely),
            "entry": search.asked.entry,
        }
        for search in looked
    ]
    request.save(update_fields=["searched_at", "searched"])
    if not looked:
        _commit(request, acting_member)
    for search, searched in zip(looked, request.searched, strict=True):
        write_entry(
            "rights.search_answered",
            {
                "request": request.public_id,
                "agency": acting_member.agency.public_id,
                "gallery": search.gallery.pk,
                "requested_in": search.asked.entry,
                "candidates": searched["listed"],
                "gallery_size": search.compared,
            },
            acting_member=acting_member,
            rows=[request],
        )
    references = list(shown_references(list(listed)).values())
    SystemRandom().shuffle(references)
    SubjectFinding.objects.bulk_create(SubjectFinding(request=request, reference=reference) for reference in references)
    for reference in named_references(request, filing_of(request).named):
        SubjectFinding.objects.update_or_create(request=request, reference=reference, defaults={"is_named": True})


def _commit(request: SubjectRequest, acting_member: Member) -> None:
    """Commit to a request for which no gallery was searched, because the person named references alone."""
    about = {"request": request.public_id, "agency": acting_member.agency.public_id}
    write_entry("rows.committed", about, acting_member=acting_member, rows=[request])


def decide(
    public_id: str, persons: Collection[int], others: Collection[int], *, acting_member: Member
) -> list[SubjectFinding]:
    """Record which faces show the person; a decision can be changed until the request is answered.

    Args:
        public_id: the request.
        persons: numbers of the faces (`SubjectFinding.pk`) that show the person.
        others: numbers of the faces that show another person.
        acting_member: who decides.

    Raises:
        Refused: no permission, unknown, closed, or a face that the request does not list.
    """
    with acting("rights.decide", Permission.RIGHTS_ANSWER, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(request.state not in OPEN),
            policy.not_alone(acting_member.pk, (request.confirmed_by_id, request.filed_by_id)),
        )
        findings = {finding.pk: finding for finding in findings_of(request)}
        unknown = (set(persons) | set(others)) - findings.keys()
        if unknown or set(persons) & set(others):
            raise Refused(
                "finding.unknown",
                "Not found",
                f"The request lists no such face: {', '.join(map(str, sorted(unknown))) or 'one was named for both'}.",
                "Choose faces that the request lists.",
                act=Permission.RIGHTS_READ,
            )
        for number in [*persons, *others]:
            _decide(findings[number], number in persons, request, acting_member)
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
