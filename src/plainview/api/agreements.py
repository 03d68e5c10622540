"""Agreements between two agencies: the terms under which one searches for the other."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Because, Cut, Day, In, Out, Short, member_of, slice_of
from plainview.casework.agreements import read
from plainview.casework.models import AgreementVersion
from plainview.casework.sharing import agree
from plainview.policy.sharing import DEFAULT_ANSWER_DAYS, GIVES, LEAD, MAX_ANSWER_DAYS


class TermsIn(In):
    """The terms of a version."""

    galleries: list[Short] = Field(min_length=1, max_length=1000, description="Names of your galleries.")
    starts_on: Day
    ends_on: Day
    offences: list[Short] = Field(default=[], max_length=1000, description="Empty: all that both policies allow.")
    purposes: list[Short] = Field(default=[], max_length=1000, description="Empty: all that both policies allow.")
    askers: list[Short] = Field(default=[], max_length=1000, description="Who may ask; empty: all their examiners.")
    gives: Short = Field(default=LEAD, description=f"What they receive: {' or '.join(GIVES)}.")
    answer_days: int = Field(default=DEFAULT_ANSWER_DAYS, ge=1, le=MAX_ANSWER_DAYS)

    def proposal(self) -> agree.Proposal:
        """Return the terms as the act takes them."""
        return agree.Proposal(**{name: getattr(self, name) for name in TermsIn.model_fields})


class AgreementIn(TermsIn):
    """The first version, and the agency for which yours would search."""

    agency: Short = Field(max_length=200, description="Name of the agency that may ask yours.")


class AcceptIn(In):
    """Which version is accepted."""

    version: int = Field(ge=1, le=99_999)


class TermsOut(Out):
    """A version of an agreement."""

    version: int
    galleries: list[str]
    starts_on: date
    ends_on: date
    offences: list[str]
    purposes: list[str]
    askers: list[str]
    gives: str
    answer_days: int
    accepted: bool


class AgreementOut(Out):
    """An agreement."""

    id: str
    searches: str = Field(description="The agency that searches its galleries.")
    asks: str = Field(description="The agency that may ask it.")
    state: str
    in_force: bool
    version: int | None = Field(description="The version that binds.")
    to_accept: int | None = Field(description="A newer version that waits for the asking agency.")
    versions: list[TermsOut] = Field(description="The newest first.")
    withdrawn_because: str


class AgreementsOut(Out):
    """A part of the list of agreements."""

    items: list[AgreementOut]
    next: str | None


def _terms(version: AgreementVersion) -> TermsOut:
    return TermsOut(
        version=version.number,
        galleries=[gallery.name for gallery in version.galleries.all()],
        starts_on=version.starts_on,
        ends_on=version.ends_on,
        offences=version.offences,
        purposes=version.purposes,
        askers=version.askers,
        gives=version.gives,
        answer_days=version.answer_days,
        accepted=version.accepted_at is not None,
    )


def _shown(view: read.Shown) -> AgreementOut:
    agreement = view.agreement
    return AgreementOut(
        id=agreement.public_id,
        searches=agreement.holder.name,
        asks=agreement.asker.name,
        state=view.state,
        in_force=view.in_force,
        version=view.version.number if view.version else None,
        to_accept=view.proposed.number if view.proposed else None,
        versions=[_terms(version) for version in view.versions],
        withdrawn_because=agreement.withdrawn_why,
    )


def agreement_list(request: HttpRequest, page: Cut) -> object:
    """List the agreements of your agency, the newest first."""
    return slice_of(read.agreements(member_of(request)), page, _shown)


def agreement_show(request: HttpRequest, id: str) -> AgreementOut:  # noqa: A002  the name in the path
    """Return an agreement with all its versions."""
    return _shown(read.agreement_shown(id, member_of(request)))


def agreement_propose(request: HttpRequest, wanted: Body[AgreementIn]) -> AgreementOut:
    """Offer to search galleries of yours for another agency; nothing binds until it accepts."""
    member = member_of(request)
    agreement = agree.propose(wanted.agency, wanted.proposal(), acting_member=member)
    return _shown(read.shown(agreement, member))


def agreement_change(request: HttpRequest, id: str, wanted: Body[TermsIn]) -> AgreementOut:  # noqa: A002
    """Propose another version; the older one binds until the other agency accepts this one."""
    member = member_of(request)
    return _shown(read.shown(agree.propose_version(id, wanted.proposal(), acting_member=member), member))


def agreement_accept(request: HttpRequest, id: str, wanted: Body[AcceptIn]) -> AgreementOut:  # noqa: A002
    """Accept the newest version of an agreement."""
    member = member_of(request)
    return _shown(read.shown(agree.accept(id, wanted.version, acting_member=member), member))


def agreement_withdraw(request: HttpRequest, id: str, because: Body[Because]) -> AgreementOut:  # noqa: A002
    """Withdraw from an agreement at once; every open request under it ends."""
    member = member_of(request)
    return _shown(read.shown(agree.withdraw(id, reason=because.reason, acting_member=member), member))
