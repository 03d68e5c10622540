"""Agreements between two agencies: the searching agency proposes, the requesting one accepts, either may withdraw.

Owns that only terms accepted by both administrators bind, that every version is kept, and that a withdrawal ends all
open requests in the same transaction. Only the searching agency proposes: it alone knows its galleries and their law.
It must never let one side change the terms alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.agreements.guard import locked
from plainview.casework.agreements.read import partners
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Agreement, AgreementVersion, Gallery, Member
from plainview.casework.sharing.ends import end_all
from plainview.casework.sharing.notices import able, owe
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.joining import address
from plainview.policy.permissions import Permission
from plainview.policy.search import no_refused_ground
from plainview.policy.sharing import DEFAULT_ANSWER_DAYS, LEAD, proposable


@dataclass(frozen=True, slots=True)
class Proposal:
    """The terms of a version; see `policy.sharing.Terms`.

    Attributes:
        galleries: names of galleries of the proposing agency.
        starts_on, ends_on: first and last day, UTC.
        offences, purposes, askers: no limit if empty.
        gives: one of `policy.sharing.GIVES`.
        answer_days: days from a request to its expiry.
    """

    galleries: Sequence[str]
    starts_on: date
    ends_on: date
    offences: Sequence[str] = ()
    purposes: Sequence[str] = ()
    askers: Sequence[str] = ()
    gives: str = LEAD
    answer_days: int = DEFAULT_ANSWER_DAYS


def propose(other: str, proposal: Proposal, *, acting_member: Member) -> Agreement:
    """Offer to search galleries for another agency; nothing binds before that agency accepts.

    Raises:
        Refused: no permission, no such open agency, the member's own, an unknown gallery, or terms that are not allowed.
    """
    with acting("agreement.propose", Permission.AGREEMENT_MANAGE, acting_member):
        agreement = Agreement.objects.create(holder=acting_member.agency, asker=_partner(other, acting_member))
        _version(agreement, proposal, acting_member)
    return agreement


def propose_version(public_id: str, proposal: Proposal, *, acting_member: Member) -> Agreement:
    """Propose new terms for an agreement; until the other agency accepts, the older version binds.

    Raises:
        Refused: as `propose`; or unknown, not for the member's agency to propose, or withdrawn.
    """
    with acting("agreement.propose", Permission.AGREEMENT_MANAGE, acting_member):
        agreement = _locked(public_id, acting_member)
        if agreement.holder_id != acting_member.agency_id:
            raise _others("Only the searching agency can propose a version.")
        _version(agreement, proposal, acting_member)
    return agreement


def accept(public_id: str, number: int, *, acting_member: Member) -> Agreement:
    """Accept the newest version of an agreement, which binds from now on.

    Args:
        public_id: the agreement.
        number: of the version that was read: nobody accepts a version that they have not seen.
        acting_member: an administrator of the requesting agency.

    Raises:
        Refused: no permission, unknown, not for this agency to accept, withdrawn, or no such version waits.
    """
    with acting("agreement.accept", Permission.AGREEMENT_MANAGE, acting_member):
        agreement = _locked(public_id, acting_member)
        if agreement.asker_id != acting_member.agency_id:
            raise _others("Only the requesting agency can accept a version.")
        newest = agreement.versions.order_by("-number")[0]
        if newest.number != number or newest.accepted_at is not None:
            raise Refused(
                "agreement.version",
                "Agreement not accepted",
                f"Version {number} is not waiting for acceptance.",
                "Read the newest version first.",
                act=Permission.AGREEMENT_READ,
            )
        newest.accepted_by, newest.accepted_at = acting_member, timezone.now()
        newest.save(update_fields=["accepted_by", "accepted_at"])
        write_entry("agreement.accepted", {**_named(agreement), "version": number}, acting_member=acting_member)
        owe(
            able(agreement.holder, Permission.AGREEMENT_MANAGE),
            f"Agreement {agreement.public_id} was accepted.",
            agreement,
        )
    return agreement


def withdraw(public_id: str, *, reason: str, acting_member: Member) -> Agreement:
    """End an agreement at once, from either side: no new search runs, and every open request is closed.

    A search that is running at this moment is not answered (agreements.guard).

    Raises:
        Refused: no permission, unknown, already withdrawn, or no reason in words.
    """
    with acting("agreement.withdraw", Permission.AGREEMENT_MANAGE, acting_member):
        agreement = _locked(public_id, acting_member)
        rules.require(explained(reason, "The reason"))
        agreement.withdrawn_at, agreement.withdrawn_by = timezone.now(), acting_member
        agreement.withdrawn_why = reason.strip()
        agreement.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_why"])
        ended = end_all(agreement, "the agreement was withdrawn")
        write_entry(
            "agreement.withdrawn",
            {
                **_named(agreement),
                "by_agency": acting_member.agency.public_id,
                "requests": list[Value](ended),
            },
            {"why": agreement.withdrawn_why},
            acting_member=acting_member,
        )
        both = [
            *able(agreement.holder, Permission.AGREEMENT_MANAGE),
            *able(agreement.asker, Permission.AGREEMENT_MANAGE),
        ]
        recipients = [member for member in both if member != acting_member]
        owe(recipients, f"Agreement {agreement.public_id} was withdrawn.", agreement)
    return agreement


def _version(agreement: Agreement, proposal: Proposal, acting_member: Member) -> AgreementVersion:
    names = list(dict.fromkeys(name.strip() for name in proposal.galleries if name.strip()))
    galleries = {
        gallery.name: gallery for gallery in Gallery.objects.filter(agency=acting_member.agency, name__in=names)
    }
    today = timezone.now().date()
    rules.require(
        *proposable(names, proposal.starts_on, proposal.ends_on, proposal.gives, proposal.answer_days, today),
        *(rules.gallery_found(name, name in galleries) for name in names),
        *(rules.gallery_current(name, gallery.expires_on, today) for name, gallery in galleries.items()),
        *(no_refused_ground("offence", word) for word in proposal.offences),
        *(no_refused_ground("purpose", word) for word in proposal.purposes),
        *(address(email) for email in proposal.askers),
    )
    newest = agreement.versions.order_by("-number").first()
    version = AgreementVersion.objects.create(
        agreement=agreement,
        number=newest.number + 1 if newest else 1,
        starts_on=proposal.starts_on,
        ends_on=proposal.ends_on,
        offences=_words(proposal.offences),
        purposes=_words(proposal.purposes),
        askers=_words(proposal.askers),
        gives=proposal.gives,
        answer_days=proposal.answer_days,
        proposed_by=acting_member,
    )
    version.galleries.set(galleries.values())
    write_entry(
        "agreement.proposed",
        {
            **_named(agreement),
            "version": version.number,
            "galleries": [galleries[name].pk for name in names],
            "starts_on": version.starts_on.isoformat(),
            "ends_on": version.ends_on.isoformat(),
            "offences": version.offences,
            "purposes": version.purposes,
            "askers": len(version.askers),
            "gives": version.gives,
            "answer_days": version.answer_days,
        },
        {"askers": version.askers} if version.askers else {},
        acting_member=acting_member,
    )
    owe(
        able(agreement.asker, Permission.AGREEMENT_MANAGE),
        f"Agreement {agreement.public_id} needs your acceptance.",
        agreement,
    )
    return version


def _words(texts: Sequence[str]) -> list[Value]:
    return list(dict.fromkeys(" ".join(text.split()).lower() for text in texts if text.strip()))


def _partner(name: str, member: Member) -> Agency:
    partner = next((agency for agency in partners(member) if agency.name == name.strip()), None)
    if partner is None:
        raise Refused(
            "agency.unknown",
            "Not found",
            f"There is no other open agency {name!r}.",
            "Enter the agency's name as in the public register.",
        )
    return partner


def _locked(public_id: str, member: Member) -> Agreement:
    """Return an agreement of the member's agency that is not withdrawn, its row locked until the transaction ends."""
    agreement = locked(find.agreement(public_id, member).pk)
    if agreement.withdrawn_at is not None:
        raise Refused(
            "agreement.over",
            "Nothing changed",
            "The agreement was withdrawn.",
            "Propose a new agreement.",
            act=Permission.AGREEMENT_MANAGE,
        )
    return agreement


def _others(why: str) -> Refused:
    return Refused("agreement.other_side", "Nothing changed", why, "Ask the other agency's administrator.")


def _named(agreement: Agreement) -> dict[str, Value]:
    return {
        "agreement": agreement.public_id,
        "agency": agreement.holder.public_id,
        "for_agency": agreement.asker.public_id,
    }
