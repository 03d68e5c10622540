"""Searching a gallery with a probe: authorise, prepare, record, and only then compare.

Owns the order of these steps. No candidate is computed before the audit entry of the search is durable, and
none is shown unless the answer is recorded too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.agreements import guard as shared_guard
from plainview.casework.agreements.read import both
from plainview.casework.canaries.checks import look_again
from plainview.casework.canaries.read import alarm_open, hidden
from plainview.casework.galleries.calibrate import calibrate
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.misuse.flags import inspect, inspect_closed
from plainview.casework.models import (
    AlertSeen,
    Approval,
    Case,
    ExonerationReview,
    Gallery,
    Member,
    PolicyVersion,
    Preparation,
    Search,
    SharedRequest,
)
from plainview.casework.people.read import binding, training_facts, trial_facts
from plainview.casework.probes.approvals import usable_approval
from plainview.casework.probes.frames import further_rows, public_part, secret_part, template_of
from plainview.casework.probes.preparations import use
from plainview.casework.probes.probe import Probe
from plainview.casework.search.answers import Answer, record_answer
from plainview.casework.search.candidates import answered, candidates_of
from plainview.casework.search.ranking import Ranked, answer
from plainview.casework.search.reviewed import review_to_search
from plainview.casework.search.urgent import sweep
from plainview.casework.workspace.insert import insert
from plainview.casework.workspace.services import index_reached, services
from plainview.policy import rules
from plainview.policy.agency import DEFAULT_LIST, AgencyPolicy
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.search import UNDECLARED, SearchFacts, decisions
from plainview.recognition.types import Vector
from plainview.storage.base import digest_of


@dataclass(frozen=True, slots=True)
class Request:
    """What a member asks for.

    Attributes:
        case, gallery: their number and name in the member's agency.
        purpose: what the search is to find out for the case.
        top: length of the candidate list.
        origin: where the probe comes from, a word of policy.search.ORIGINS.
        urgent: why life is at risk, when the search cannot wait for a supervisor; else "".
        probe_sha256: digest of the probe, where it is known before it is prepared.
        shared: id of the other agency's request that is searched, else "".
        review: id of the accepted exoneration review that it answers, else "".
    """

    case: str
    purpose: str
    gallery: str
    top: int = DEFAULT_LIST
    origin: str = UNDECLARED
    urgent: str = ""
    probe_sha256: str = ""
    shared: str = ""
    review: str = ""


def authorise(request: Request, *, acting_member: Member) -> None:
    """Say before anything is decoded whether the search may be run; a refusal is recorded.

    Raises:
        Refused: the first rule that says no.
    """
    sweep()
    with _watched(acting_member, request):
        authorised(request, None, acting_member)


def run_search(
    probe: Probe, request: Request, *, preparation: Preparation | None = None, acting_member: Member
) -> Answer:
    """Record the search, then answer it, then record the answer.

    Args:
        probe: what is searched with.
        request: what is asked.
        preparation: the draft that the probe comes from; it is searched in a gallery once.
        acting_member: who asks.

    Raises:
        Refused: a rule says no, or the server of the gallery's index does not answer; recorded.
        IntegrityError: this preparation was searched in this gallery already; nothing was recorded.
        LogFolderError, DatabaseError: the log cannot be written; then nothing was compared.
    """
    sweep()
    search, asked = _record(probe, request, preparation, acting_member=acting_member)
    with shared_guard.withheld_where_over(search, asked, acting_member):
        template = template_of(probe.picture, probe.face, probe.further)
        shared_guard.still_agreed(search)
        ranked = _compared(search, template, request.top, acting_member)
        recorded = record_answer(search, ranked.listed, asked, acting_member=acting_member)
    inspect(search, template, probe.picture)
    return recorded


def _compared(search: Search, template: Vector, top: int, acting_member: Member) -> Ranked:
    """Compare every reference of the gallery; what was reached is noted in the search, which is not saved here."""
    with refusals_recorded("search", acting_member), index_reached():
        index = services().index(search.gallery_id, search.pack, len(template), search.gallery.index_adapter)
        look_again(search.gallery, index)
        search.calibration = calibrate(search.gallery)
        ranked = answer(index, search.calibration, template, top)
        search.gallery_seq, search.scorer = ranked.reached, ranked.scorer
        search.nearness = Decimal(f"{ranked.nearness:.6f}")
        search.gallery_size = len(index) - hidden(search.gallery_id, ranked.reached).present
    return ranked


@contextmanager
def _watched(member: Member, request: Request) -> Iterator[None]:
    """Record a refusal, and look at it for signs of misuse."""
    try:
        with refusals_recorded("search", member, shared_guard.named_if_any(request.shared)):
            yield
    except Refused as refused:
        if refused.rule_id == "case.closed":
            inspect_closed(member)
        raise


@dataclass(frozen=True, slots=True)
class Authorised:
    """What a request that every rule allows comes to."""

    case: Case
    gallery: Gallery
    version: PolicyVersion
    policy: AgencyPolicy
    approval: Approval | None
    shared: SharedRequest | None
    review: ExonerationReview | None


def authorised(request: Request, probe: Probe | None, member: Member) -> Authorised:
    """Gather the facts and ask every rule; without a probe, those that need none.

    Raises:
        Refused: the first rule that says no.
    """
    standing(member, Permission.SEARCH_RUN)
    cases = Case.objects.select_related("mirrored").filter(agency=member.agency)
    case = cases.filter(number=request.case.strip()).first()
    shared = shared_guard.searched_for(request.shared, case, member)
    gallery = Gallery.objects.filter(agency=member.agency, name=request.gallery).first()
    version, policy = binding(member.agency)
    digest = digest_of(probe.data) if probe else request.probe_sha256
    wants = case is not None and (policy.needs_approval(case.offence) or policy.quality_floor > 0)
    approval = usable_approval(case, digest, member) if case and wants else None
    review = review_to_search(request.review, case, member) if request.review else None
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
        urgent=bool(request.urgent.strip()),
        review=review is not None,
        today=timezone.now().date(),
    )
    rules.require(*(shared_guard.under_holder(shared, decision) for decision in decisions(facts, policy)))
    assert case is not None  # noqa: S101  require() has raised otherwise
    assert gallery is not None  # noqa: S101
    return Authorised(case, gallery, version, policy, approval, shared, review)


def _record(
    probe: Probe, request: Request, preparation: Preparation | None, *, acting_member: Member
) -> tuple[Search, Receipt]:
    """Store the probe and the search, durable before this returns; the rules hold inside its transaction."""
    pack = services().engine.pack
    urgent = request.urgent.strip()
    with _watched(acting_member, request), transaction.atomic():
        may = authorised(request, probe, acting_member)
        held = may.gallery
        rules.require(rules.gallery_of_pack(held.name, held.pack, pack.identity, held.re_embedding))
        blob = services().blobs.put(probe.data)
        now = timezone.now()
        search = Search(
            case=may.case,
            member=acting_member,
            gallery=may.gallery,
            purpose=request.purpose.strip(),
            origin=request.origin,
            captured_on=probe.picture.captured_on,
            provenance=probe.provenance,
            policy=may.version,
            approval=may.approval,
            review=may.review,
            urgent_reason=urgent,
            authorise_by=now + timedelta(hours=may.policy.urgent_hours) if urgent else None,
            top=request.top,
            probe_blob=blob,
            probe_name=probe.name,
            edits=list(probe.edits),
            preparation=preparation,
            shared_request=may.shared,
            face_number=probe.number,
            box=[round(float(value), 1) for value in probe.face.detection.box],
            quality=probe.face.quality.overall,
            quality_detail=probe.face.quality.components,
            pack=pack.identity,
            pack_sha256=pack.recogniser.sha256,
        )
        secret: dict[str, Value] = {
            "purpose": search.purpose,
            "case_number": may.case.number,
            "probe_sha256": blob,
        }
        if probe.edits:
            secret["edits"] = list(probe.edits)
        secret |= secret_part(probe.provenance)
        frames = further_rows(search, probe.further)
        if frames:
            secret["frames"] = [[row.blob, str(row.provenance["frame_sha256"])] for row in frames]
        receipt = write_entry(
            "search.requested",
            {
                "search": search.public_id,
                "agency": acting_member.agency.public_id,
                "case": may.case.pk,
                "offence": may.case.offence,
                "origin": search.origin,
                "gallery": may.gallery.pk,
                "policy": may.version.number,
                "approval": may.approval.public_id if may.approval else None,
                "urgent": bool(urgent),
                "review": may.review.public_id if may.review else None,
                "top": request.top,
                "edits": len(probe.edits),
                "frames": 1 + len(frames),
                "preparation": preparation.public_id if preparation else None,
                "pack": pack.identity,
                "pack_sha256": pack.recogniser.sha256,
                **({"still": public_part(probe.provenance)} if probe.provenance else {}),
                **both(search),
            },
            secret | ({"urgent_reason": urgent} if urgent else {}),
            acting_member=acting_member,
        )
        search.request_entry = receipt.entry
        insert(search)
        for row in frames:
            row.search = search
            row.save()
        if preparation is not None:
            use(preparation, acting_member=acting_member)
    return search, receipt


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
