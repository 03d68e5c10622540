"""The rules of searching for another agency: agreements between two, and the requests that are made under them.

Owns what must hold at every moment from the request to its answer. The rules of a search apply too, under the policy
of the agency that searches; those about the request also apply under the policy of the agency that asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.purposes import says_something
from plainview.policy.roles import holds
from plainview.policy.search import (
    TrialFacts,
    has_purpose,
    in_trial,
    list_length,
    no_refused_ground,
    offence_listed,
    origin_allowed,
    purpose_listed,
)
from plainview.policy.wording import counted, day

MAX_AGREEMENT_DAYS = 3 * 366
"""Longest agreement: chosen, three years; to continue, the agencies read it again and agree on a new version."""

DEFAULT_ANSWER_DAYS, MAX_ANSWER_DAYS = 14, 90
"""Days until a request expires unanswered: chosen, two weeks and at most a quarter."""

LEAD, LIST = "lead", "list"
GIVES = (LEAD, LIST)
"""What the asker gets: a released lead or that nothing was found; or the whole candidate list, and leads if any."""

ANSWERED, DECLINED, NOT_AUTHORISED = "answered", "declined", "not authorised"
TAKEN_BACK, EXPIRED, AGREEMENT_ENDED = "taken back", "expired", "agreement ended"
ENDS = (ANSWERED, DECLINED, NOT_AUTHORISED, TAKEN_BACK, EXPIRED, AGREEMENT_ENDED)
"""The ways in which a request is closed."""

A_LEAD, A_LIST, NOTHING = "lead", "candidate list", "nothing found"
"""The results of an answered request."""

_SEARCH = "Search refused"


@dataclass(frozen=True, slots=True)
class Terms:
    """What two agencies agreed on: the newest accepted version.

    Attributes:
        galleries: names of the holder's galleries.
        starts_on, ends_on: first and last day, UTC.
        offences, purposes: lower case; empty: whatever both policies allow.
        askers: addresses of the members who may ask; empty: every examiner of the asker.
    """

    galleries: tuple[str, ...]
    starts_on: date
    ends_on: date
    offences: tuple[str, ...]
    purposes: tuple[str, ...]
    askers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SharedFacts:
    """The facts about a request at one moment.

    Attributes:
        terms: of the agreement; None while no version was accepted.
        withdrawn: whether the agreement was withdrawn.
        asker_open, holder_open: whether the agencies are.
        asker: address of the member who asks; `asker_roles`, `asker_active`: theirs now.
        on_trial, trial: whether that member may search only in a trial, and the newest approved one.
        gallery, offence, purpose, origin, top, authority: as asked for.
        case_number, case_closed_on: of the asker's case.
        authorised: whether a supervisor of the asker authorised the request.
        closed_as: a word of ENDS; "" while it is open.
        expires_at: last moment at which it can be answered; None before it is made.
        now: UTC.
    """

    terms: Terms | None
    withdrawn: bool
    asker_open: bool
    holder_open: bool
    asker: str
    asker_roles: tuple[str, ...]
    asker_active: bool
    on_trial: bool
    trial: TrialFacts | None
    gallery: str
    offence: str
    purpose: str
    origin: str
    top: int
    authority: str
    case_number: str
    case_closed_on: date | None
    authorised: bool
    closed_as: str
    expires_at: datetime | None
    now: datetime


def agreed(facts: SharedFacts) -> Iterator[Decision]:
    """Yield the answers that must hold at every moment: request, taking, search, comparison and answer."""
    yield agreement_in_force(facts.terms, facts.withdrawn, facts.now.date())
    yield request_open(facts.closed_as, facts.expires_at, facts.now)
    yield agencies_open(facts.asker_open, facts.holder_open)
    yield asker_may(facts.asker_roles, facts.asker_active)
    yield case_open(facts.case_closed_on)
    if facts.terms is not None:
        yield gallery_agreed(facts.gallery, facts.terms.galleries)
        yield asker_agreed(facts.asker, facts.terms.askers)
        yield offence_agreed(facts.offence, facts.terms.offences)
        yield purpose_agreed(facts.purpose, facts.terms.purposes)


def asked(facts: SharedFacts, policy: AgencyPolicy) -> Iterator[Decision]:
    """Yield the answers of the requesting agency's policy; authorisation replaces its approval."""
    yield in_trial(facts.on_trial, facts.trial, facts.now.date())
    yield has_purpose(facts.purpose)
    yield no_refused_ground("purpose", facts.purpose)
    yield purpose_listed(facts.purpose, policy)
    if facts.purpose.strip():
        yield says_something(facts.purpose, facts.case_number, policy.purposes)
    yield origin_allowed(facts.origin, policy)
    yield list_length(facts.top, policy.list_max)
    yield no_refused_ground("offence", facts.offence)
    yield offence_listed(facts.offence, policy)
    yield authority_stated(facts.authority)


def proposable(
    galleries: Sequence[str], starts_on: date, ends_on: date, gives: str, answer_days: int, today: date
) -> Iterator[Decision]:
    """Yield a refusal for everything that is wrong with a proposed version."""
    if not galleries:
        yield Refused(
            "agreement.galleries",
            "Agreement refused",
            "The agreement names no gallery.",
            "Name at least one of your galleries.",
        )
    if not today <= ends_on or not starts_on <= ends_on or (ends_on - starts_on).days > MAX_AGREEMENT_DAYS:
        yield Refused(
            "agreement.days",
            "Agreement refused",
            f"The agreement would run from {day(starts_on)} to {day(ends_on)}.",
            f"Choose a first day before the last day, a last day that is not in the past, and at most {MAX_AGREEMENT_DAYS} days in all.",
        )
    if gives not in GIVES:
        yield Refused(
            "agreement.gives",
            "Agreement refused",
            f"An answer cannot be {gives!r}.",
            f"Choose one of: {', '.join(GIVES)}.",
        )
    if not 1 <= answer_days <= MAX_ANSWER_DAYS:
        yield Refused(
            "agreement.answer_days",
            "Agreement refused",
            f"The agreement would allow {counted(answer_days, 'day')} to answer.",
            f"Choose 1 to {MAX_ANSWER_DAYS} days.",
        )


def agreement_in_force(terms: Terms | None, withdrawn: bool, today: date) -> Decision:
    """Allow on the days of an agreement that both agencies accepted and neither has withdrawn."""
    if withdrawn:
        return Refused(
            "agreement.withdrawn",
            _SEARCH,
            "The agreement was withdrawn.",
            "Ask the administrators of both agencies to make a new agreement.",
        )
    if terms is None:
        return Refused(
            "agreement.not_accepted",
            _SEARCH,
            "The other agency has not accepted the agreement.",
            "Ask its administrator to accept it.",
            act=Permission.AGREEMENT_MANAGE,
        )
    if today < terms.starts_on:
        return Refused(
            "agreement.not_begun", _SEARCH, f"The agreement begins on {day(terms.starts_on)}.", "Wait until that day."
        )
    if today > terms.ends_on:
        return Refused(
            "agreement.ended",
            _SEARCH,
            f"The agreement ended on {day(terms.ends_on)}.",
            "Ask the administrators of both agencies to agree on a new version.",
        )
    return Allow()


def agencies_open(asker_open: bool, holder_open: bool) -> Decision:
    """Allow if both agencies are open."""
    if not (asker_open and holder_open):
        which = "The requesting agency" if holder_open else "The searching agency"
        return Refused(
            "shared.agency",
            _SEARCH,
            f"{which} is not open.",
            "Wait until the platform operator has opened it again.",
        )
    return Allow()


def asker_may(roles: tuple[str, ...], is_active: bool) -> Decision:
    """Allow a request by a member who may still make requests."""
    if not is_active or not holds(roles, Permission.SHARED_REQUEST):
        return Refused(
            "shared.member",
            _SEARCH,
            "The member who made the request may no longer make requests.",
            "Ask another member of that agency to make a new request.",
        )
    return Allow()


def case_open(closed_on: date | None) -> Decision:
    """Allow while the case of the requesting agency is open."""
    if closed_on is not None:
        return Refused(
            "shared.case",
            _SEARCH,
            f"The case of the requesting agency was closed on {day(closed_on)}.",
            "No search is needed.",
        )
    return Allow()


def gallery_agreed(name: str, galleries: tuple[str, ...]) -> Decision:
    """Allow a gallery that the agreement names."""
    if name not in galleries:
        return Refused(
            "shared.gallery",
            _SEARCH,
            f"The agreement does not include gallery {name!r}.",
            f"Choose a gallery that it includes: {', '.join(galleries)}.",
        )
    return Allow()


def asker_agreed(email: str, askers: tuple[str, ...]) -> Decision:
    """Allow a member whom the agreement names, or anyone if it names nobody."""
    if askers and email.lower() not in askers:
        return Refused(
            "shared.asker",
            _SEARCH,
            "The agreement does not name the member who made the request.",
            "Have a named member make the request, or ask the administrators to agree on a new version.",
        )
    return Allow()


def offence_agreed(offence: str, offences: tuple[str, ...]) -> Decision:
    """Allow an offence that the agreement names, or any if it names none."""
    if offences and _plain(offence) not in offences:
        return Refused(
            "shared.offence",
            _SEARCH,
            f"The agreement does not allow a search for {offence!r}.",
            f"It allows searches for: {'; '.join(offences)}.",
        )
    return Allow()


def purpose_agreed(purpose: str, purposes: tuple[str, ...]) -> Decision:
    """Allow a purpose that the agreement names, or any if it names none."""
    if purposes and _plain(purpose) not in purposes:
        return Refused(
            "shared.purpose",
            _SEARCH,
            "The agreement does not allow this purpose.",
            f"It allows these purposes: {'; '.join(purposes)}.",
        )
    return Allow()


def authority_stated(text: str) -> Decision:
    """Allow a request that states its authority."""
    if not text.strip():
        return Refused(
            "shared.authority",
            "Request refused",
            "The authority for the request is missing.",
            "State the law, warrant or order, and its jurisdiction.",
        )
    return Allow()


def request_open(closed_as: str, expires_at: datetime | None, now: datetime) -> Decision:
    """Allow a request that is neither closed nor expired."""
    if closed_as:
        return Refused(
            "shared.closed", _SEARCH, f"The request is closed: {closed_as}.", "The other agency can make a new request."
        )
    if expires_at is not None and expires_at <= now:
        return Refused(
            "shared.expired",
            _SEARCH,
            f"The request expired on {day(expires_at)} at {expires_at:%H:%M} UTC.",
            "The other agency can make a new request.",
        )
    return Allow()


def authorised(is_authorised: bool) -> Decision:
    """Allow a request that a supervisor of the requesting agency has authorised."""
    if not is_authorised:
        return Refused(
            "shared.not_authorised",
            _SEARCH,
            "No supervisor of the requesting agency has authorised the request.",
            "Ask one of its supervisors to authorise the request.",
            act=Permission.SHARED_AUTHORISE,
        )
    return Allow()


def taken_by(taker: str, member: str) -> Decision:
    """Allow the examiner who took the request: one examiner is responsible for it."""
    if not taker or taker != member:
        return Refused(
            "shared.not_taken",
            _SEARCH,
            "A colleague has taken the request." if taker else "You have not taken the request.",
            "Only the member who took a request can work on it.",
        )
    return Allow()


def mirror_only_by_request(is_mirror: bool, by_request: bool) -> Decision:
    """Allow the case that represents another agency's request to be searched only from that request."""
    if is_mirror and not by_request:
        return Refused(
            "shared.mirror",
            _SEARCH,
            "This case represents another agency's request.",
            "Search from the request. For your own work, open a case of your own.",
            act=Permission.SHARED_READ,
        )
    return Allow()


def answerable(searched: bool, gives: str, *, listed: int, examined: int, leads: int, undecided: int) -> Decision:
    """Allow an answer once the request was searched and examined and no candidate waits for a decision.

    Args:
        searched: there is a recorded answer of the index.
        gives: what the agreement gives, a word of `GIVES`.
        listed, examined: candidates of the list, and those that have been examined.
        leads, undecided: those that were released, and potential ones neither released nor withheld.
    """
    if not searched:
        return Refused(
            "shared.not_searched",
            "Request not answered",
            "The request has not been searched.",
            "Search for it, or decline it with a reason.",
            act=Permission.SHARED_ANSWER,
        )
    if gives == LEAD and listed and not examined:
        return Refused(
            "shared.not_examined",
            "Request not answered",
            "No candidate has been examined.",
            "Examine the candidates first: only then can you answer that nothing was found.",
            act=Permission.EXAMINATION_RECORD,
        )
    if gives == LEAD and undecided and not leads:
        return Refused(
            "shared.undecided",
            "Request not answered",
            f"{counted(undecided, 'examined candidate waits', 'examined candidates wait')} for a verifier or a supervisor.",
            "Answer the request once each candidate is released or withheld.",
        )
    return Allow()


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
