"""Reads agreements of the member's own agency, whether it searches or makes the requests."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.models import Agency, Agreement, AgreementVersion, Gallery, Member, Search, SharedRequest
from plainview.casework.people.read import trial_facts
from plainview.policy.decision import Allow
from plainview.policy.sharing import SharedFacts, Terms, agreement_in_force


@dataclass(frozen=True, slots=True)
class Shown:
    """An agreement as a page shows it.

    Attributes:
        agreement: with both agencies.
        searched_by_us: the member's agency searches.
        other: the other agency.
        version: the version in force; None before the first is accepted.
        proposed: a newer version that is not accepted yet.
        versions: all versions, newest first.
        state: "in force", or why not, in a few words.
        in_force: whether requests can be made under it now.
    """

    agreement: Agreement
    searched_by_us: bool
    other: Agency
    version: AgreementVersion | None
    proposed: AgreementVersion | None
    versions: list[AgreementVersion]
    state: str
    in_force: bool


_STATES = {
    "agreement.withdrawn": "withdrawn",
    "agreement.not_accepted": "not accepted yet",
    "agreement.not_begun": "not yet in force",
    "agreement.ended": "ended",
}


def binding_version(agreement: Agreement) -> AgreementVersion | None:
    """Return the newest accepted version."""
    return agreement.versions.exclude(accepted_at=None).order_by("-number").first()


def terms_of(version: AgreementVersion | None) -> Terms | None:
    """Return the terms of a version, as the rules read them."""
    if version is None:
        return None
    names = version.galleries.order_by("name").values_list("name", flat=True)
    return Terms(
        tuple(names),
        version.starts_on,
        version.ends_on,
        tuple(version.offences),
        tuple(version.purposes),
        tuple(version.askers),
    )


def agreement_shown(public_id: str, member: Member) -> Shown:
    """Return an agreement with all its versions.

    Raises:
        Refused: agreement.unknown.
    """
    return shown(find.agreement(public_id, member), member)


def agreements(member: Member) -> list[Shown]:
    """Return every agreement of the member's agency, newest first."""
    return [shown(agreement, member) for agreement in find.agreement.rows(member).order_by("-pk")]


def agreements_to_ask(member: Member) -> list[Shown]:
    """Return the agreements under which the member's agency can make requests now."""
    return [agreement for agreement in agreements(member) if agreement.in_force and not agreement.searched_by_us]


def shown(agreement: Agreement, member: Member) -> Shown:
    """Return an agreement as the member's agency sees it."""
    rows = agreement.versions.select_related("proposed_by", "accepted_by").prefetch_related("galleries")
    versions = list(rows.order_by("-number"))
    version = next((proposal for proposal in versions if proposal.accepted_at is not None), None)
    proposed = versions[0] if versions and versions[0].accepted_at is None else None
    searched_by_us = agreement.holder_id == member.agency_id
    answer = agreement_in_force(terms_of(version), agreement.withdrawn_at is not None, timezone.now().date())
    return Shown(
        agreement,
        searched_by_us,
        agreement.asker if searched_by_us else agreement.holder,
        version,
        proposed,
        versions,
        "in force" if isinstance(answer, Allow) else _STATES[answer.rule_id],
        isinstance(answer, Allow),
    )


def partners(member: Member) -> list[Agency]:
    """Return every other open agency: their names are in the public register."""
    rows = Agency.objects.exclude(opened_at=None).filter(suspended_at=None)
    return list(rows.exclude(pk=member.agency_id).order_by("name"))


def own_galleries(member: Member) -> list[Gallery]:
    """Return the galleries of the member's agency whose legal basis has not ended, for a proposal."""
    rows = Gallery.objects.filter(agency=member.agency, expires_on__gte=timezone.now().date())
    return list(rows.order_by("name"))


def both(search: Search) -> dict[str, Value]:
    """Return more public fields for an entry about a search for another agency: for whom, by which request."""
    shared = search.shared_request
    return {} if shared is None else named(shared)


def named(request: SharedRequest) -> dict[str, Value]:
    """Return the same for a request: `agency` searches, `for_agency` made the request."""
    return {
        "shared_request": request.public_id,
        "agency": request.agreement.holder.public_id,
        "for_agency": request.agreement.asker.public_id,
    }


def facts_of(request: SharedRequest) -> SharedFacts:
    """Return the facts of a request, by the version of the agreement in force now."""
    agreement, member = request.agreement, Member.objects.get(pk=request.member_id)
    return SharedFacts(
        terms=terms_of(binding_version(agreement)),
        withdrawn=agreement.withdrawn_at is not None,
        asker_open=agreement.asker.is_open,
        holder_open=agreement.holder.is_open,
        asker=member.email,
        asker_roles=tuple(member.roles),
        asker_active=member.is_active,
        on_trial=member.on_trial,
        trial=trial_facts(member) if member.on_trial else None,
        gallery=request.gallery.name,
        offence=request.case.offence,
        purpose=request.purpose,
        origin=request.origin,
        top=request.top,
        authority=request.authority,
        case_number=request.case.number,
        case_closed_on=request.case.closed_at.date() if request.case.closed_at else None,
        authorised=request.authorised_at is not None,
        closed_as=request.closed_as,
        expires_at=request.expires_at,
        now=timezone.now(),
    )
