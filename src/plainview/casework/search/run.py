"""Searching a gallery with a probe: authorise, prepare and record, and only then compare.

Owns the order of these steps. It must never compare a face before the audit entry of the search is durable, nor show a
candidate before the answer is recorded. The probe's own template is made while the entry is flushed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework.agreements.guard import under_holder
from plainview.casework.canaries.read import alarm_open
from plainview.casework.gate.packs import engine_of
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.misuse.flags import inspect_closed
from plainview.casework.misuse.inspection import Comparison, read_ahead
from plainview.casework.models import (
    AlertSeen,
    Approval,
    Case,
    Gallery,
    Member,
    PolicyVersion,
    Preparation,
    Search,
)
from plainview.casework.people.read import binding, training_facts, trial_facts
from plainview.casework.probes.approvals import usable_approval
from plainview.casework.probes.preparations import use
from plainview.casework.probes.probe import Embedding, Probe, StoredProbe, store, stored_meanwhile, template_of
from plainview.casework.search.answers import Answer, record_answer
from plainview.casework.search.candidates import answered, candidates_of
from plainview.casework.search.grounds import ORDINARY, Ground, GroundFacts
from plainview.casework.search.ranking import Ranked, compare_all, ready
from plainview.casework.search.urgent import sweep
from plainview.casework.witnesses.read import witnessing
from plainview.casework.workspace.insert import insert
from plainview.casework.workspace.prepared import Prepared
from plainview.casework.workspace.services import index_reached
from plainview.policy import rules
from plainview.policy.agency import DEFAULT_LIST, AgencyPolicy
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.purposes import plain_purpose
from plainview.policy.search import UNDECLARED, SearchFacts, decisions
from plainview.scores.cautions import PHOTOGRAPHS_ALIKE
from plainview.storage.base import digest_of


@dataclass(frozen=True, slots=True)
class Request:
    """A member's request for a search.

    Attributes:
        case, gallery: the case number and the gallery name in the member's agency.
        purpose: the question that the search should answer for the case.
        top: length of the candidate list.
        origin: where the probe comes from, one of policy.search.ORIGINS.
        probe_sha256: digest of the probe, if known before the probe is prepared.
    """

    case: str
    purpose: str
    gallery: str
    top: int = DEFAULT_LIST
    origin: str = UNDECLARED
    probe_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Authorised:
    """A request that every rule allows, with the records it names."""

    case: Case
    gallery: Gallery
    version: PolicyVersion
    policy: AgencyPolicy
    approval: Approval | None
    ground: GroundFacts


def authorise(request: Request, ground: Ground = ORDINARY, *, acting_member: Member) -> None:
    """Check before anything is decoded whether the search may be run; a refusal is recorded.

    Raises:
        Refused: the first rule that refuses.
    """
    sweep()
    with _watched(acting_member, ground):
        authorised(request, ground, None, acting_member)


def run_search(
    probe: Probe,
    request: Request,
    ground: Ground = ORDINARY,
    *,
    preparation: Preparation | None = None,
    acting_member: Member,
) -> Answer:
    """Record the search, then answer it, then record the answer.

    Args:
        probe: the prepared probe.
        request: case, gallery, purpose and origin.
        ground: why the search is allowed.
        preparation: the draft that the probe comes from; each gallery is searched with it once.
        acting_member: the member who searches.

    Raises:
        Refused: a rule refuses, or the server of the gallery's index does not answer; recorded.
        IntegrityError: this gallery was already searched with this draft; nothing was recorded.
        LogFolderError, DatabaseError: the log cannot be written; then nothing was compared.
    """
    sweep()
    with _watched(acting_member, ground), transaction.atomic():
        may = authorised(request, ground, probe, acting_member)
        embedding = Embedding(probe, engine_of(may.gallery))
        with stored_meanwhile(probe):
            search, asked = _record(probe, request, may, preparation, acting_member)
    with _withheld_where_refused(ground, search, asked, acting_member):
        incomplete = may.policy.incomplete_lists  # of an index in parts, those that answer are enough
        with _comparing(acting_member):
            galleries = ready([search.gallery], search.pack, incomplete=incomplete)
        history = read_ahead(search)
        template, alike = template_of(embedding)
        if alike is not None:
            search.quality_detail = {**search.quality_detail, PHOTOGRAPHS_ALIKE: alike}
        ground.still_holds()
        why = Comparison(
            may.ground.name,
            acting_member.agency,
            (asked.entry,),
            acting_member,
            (template,),
            search,
            search.box[2] / probe.picture.pixels.shape[1],
            history,
        )
        outcome: list[Answer | Refused] = []

        def record(ranked: list[Ranked]) -> None:
            try:
                outcome.append(record_answer(search, ranked[0], asked, ground, acting_member=acting_member))
            except Refused as refused:  # what the inspection found stays on record
                outcome.append(refused)

        with _comparing(acting_member):
            compare_all(why, galleries, template, request.top, record=record, incomplete=incomplete)
        if isinstance(outcome[0], Refused):
            raise outcome[0]
        return outcome[0]


@contextmanager
def _watched(member: Member, ground: Ground) -> Iterator[None]:
    """Record a refusal, and check it for signs of misuse."""
    try:
        with refusals_recorded("search", member, ground.refusal_fields()):
            yield
    except Refused as refused:
        if refused.rule_id == "case.closed":
            inspect_closed(member)
        raise


@contextmanager
def _withheld_where_refused(ground: Ground, search: Search, asked: Receipt, member: Member) -> Iterator[None]:
    """Let the ground record the outcome of a search that a rule refuses to answer; the refusal is raised again."""
    try:
        yield
    except Refused as refused:
        ground.withhold(search, asked.entry, refused, member)
        raise


_CASES = Prepared(
    lambda agency, number: Case.objects.select_related("mirrored").filter(agency=agency, number=number)[:1], int, str
)
_GALLERIES = Prepared(lambda agency, name: Gallery.objects.filter(agency=agency, name=name)[:1], int, str)
_SEARCHES = Prepared(lambda member: Search.objects.filter(member=member, alert=None).order_by("-pk")[:1], int)


def authorised(request: Request, ground: Ground, probe: Probe | None, member: Member) -> Authorised:
    """Gather the facts and check every rule; without a probe, only the rules that need none.

    Raises:
        Refused: the first rule that refuses.
    """
    standing(member, Permission.SEARCH_RUN)
    case: Case | None = _CASES.first(member.agency_id, request.case.strip())
    stated = ground.facts(case, member)
    gallery: Gallery | None = _GALLERIES.first(member.agency_id, request.gallery)
    version, policy = binding(member.agency)
    digest = digest_of(probe.data) if probe else request.probe_sha256
    wants = case is not None and (policy.needs_approval(case.offence) or policy.quality_floor > 0)
    approval = usable_approval(case, digest, member) if case and wants else None
    facts = SearchFacts(
        roles=tuple(member.roles),
        is_active=member.is_active,
        agency_open=member.agency.is_open,
        on_trial=member.on_trial,
        trial=trial_facts(member) if member.on_trial else None,
        trainings=training_facts(member),
        case_number=request.case,
        case_found=case is not None,
        case_closed_on=case.closed_at.date() if case and case.closed_at else None,
        offence=case.offence if case else "",
        purpose=request.purpose,
        origin=request.origin,
        quality=probe.face.quality.overall if probe else None,
        top=request.top,
        gallery_name=request.gallery,
        gallery_found=gallery is not None,
        gallery_expires_on=gallery.expires_on if gallery else None,
        gallery_offences=tuple(gallery.offences) if gallery else (),
        gallery_alarm=gallery is not None and alarm_open(gallery),
        approved=approval is not None,
        urgent=bool(stated.urgent_reason),
        review=stated.review is not None,
        today=timezone.now().date(),
        copied=case is not None and _copied(request.purpose, case, digest, member),
        pictures=probe.pictures if probe else 1,
        witnessing=witnessing(),
    )
    rules.require(*(under_holder(stated.shared, decision) for decision in decisions(facts, policy)))
    assert case is not None  # noqa: S101  require() raises otherwise
    assert gallery is not None  # noqa: S101
    covered = approval if facts.pictures == 1 else None  # nobody approved the other pictures
    return Authorised(case, gallery, version, policy, covered, stated)


def _copied(purpose: str, case: Case, digest: str, member: Member) -> bool:
    """Return whether the purpose is that of the member's last search, which had another case and another probe."""
    last: Search | None = _SEARCHES.first(member.pk)
    if last is None or not digest or last.case_id == case.pk or last.probe_blob in ("", digest):
        return False
    return plain_purpose(last.purpose) == plain_purpose(purpose)


def _record(
    probe: Probe, request: Request, may: Authorised, preparation: Preparation | None, member: Member
) -> tuple[Search, Receipt]:
    """Write the search and its entry in the running transaction, in which the rules were checked."""
    gallery, ground = may.gallery, may.ground
    pack = engine_of(gallery).pack
    stored = store(probe)
    search = Search(
        case=may.case,
        member=member,
        gallery=gallery,
        purpose=request.purpose.strip(),
        origin=request.origin,
        policy=may.version,
        approval=may.approval,
        review=ground.review,
        shared_request=ground.shared,
        urgent_reason=ground.urgent_reason,
        authorise_by=timezone.now() + timedelta(hours=may.policy.urgent_hours) if ground.urgent_reason else None,
        top=request.top,
        preparation=preparation,
        pack=pack.identity,
        pack_sha256=pack.recogniser.sha256,
        **stored.columns,
    )
    asked = _write_requested(search, stored, ground)
    if preparation is not None:
        use(preparation, acting_member=member)
    return search, asked


def _write_requested(search: Search, stored: StoredProbe, ground: GroundFacts) -> Receipt:
    approval, preparation = search.approval, search.preparation
    return write_entry(
        "search.requested",
        {
            "search": search.public_id,
            "agency": search.member.agency.public_id,
            "case": search.case_id,
            "offence": search.case.offence,
            "origin": search.origin,
            "gallery": search.gallery_id,
            "policy": search.policy.number,
            "approval": approval.public_id if approval else None,
            "top": search.top,
            "preparation": preparation.public_id if preparation else None,
            "pack": search.pack,
            "pack_sha256": search.pack_sha256,
            **stored.entry_fields,
            **ground.entry_fields(),
        },
        {
            "purpose": search.purpose,
            "case_number": search.case.number,
            **stored.sealed_fields,
            **ground.sealed_fields(),
        },
        acting_member=search.member,
        rows=lambda entry: _inserted(search, stored, entry),
    )


def _inserted(search: Search, stored: StoredProbe, entry: int) -> list[Search]:
    search.request_entry = entry
    insert(search)
    for frame in stored.frames:
        frame.search = search
        frame.save()
    return [search]


@contextmanager
def _comparing(member: Member) -> Iterator[None]:
    """Record a refusal; an index that does not answer is one."""
    with refusals_recorded("search", member), index_reached():
        yield


def view_candidates(public_id: str, *, acting_member: Member) -> Answer:
    """Show the candidate list of a search again, as it was recorded; the view is an entry.

    Raises:
        Refused: no permission, unknown, not answered, or erased.
    """
    with acting("candidates.view", Permission.CASE_READ, acting_member):
        search = answered(public_id, acting_member)
        candidates = candidates_of(search)
        receipt = write_entry(
            "candidates.viewed",
            {
                "agency": acting_member.agency.public_id,
                "search": search.public_id,
                "candidates": len(candidates),
            },
            acting_member=acting_member,
        )
        if search.alert_id is not None and search.member_id == acting_member.pk:
            AlertSeen.objects.get_or_create(search=search, defaults={"member": acting_member})
    return Answer(search, candidates, receipt)
