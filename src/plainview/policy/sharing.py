"""The rules of searching for another agency: agreements between two, and the requests that are made under them.

Owns what must hold at every moment from the request to its answer. The rules of a search hold besides, under the policy
of the agency that searches; those that concern the request hold under the policy of the agency that asks too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
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

MAX_AGREEMENT_DAYS = 3 * 366
"""Longest agreement: chosen, three years; whoever wants to go on reads it again and proposes a new version."""

DEFAULT_ANSWER_DAYS, MAX_ANSWER_DAYS = 14, 90
"""Days until a request expires unanswered: chosen, two weeks and at most a quarter."""

LEAD, LIST = "lead", "list"
GIVES = (LEAD, LIST)
"""What the asker gets: a released lead or that nothing was found; or the whole candidate list, and leads if any."""

ANSWERED, DECLINED, NOT_AUTHORISED = "answered", "declined", "not authorised"
TAKEN_BACK, EXPIRED, AGREEMENT_ENDED = "taken back", "expired", "agreement ended"
ENDS = (ANSWERED, DECLINED, NOT_AUTHORISED, TAKEN_BACK, EXPIRED, AGREEMENT_ENDED)
"""How a request can be over."""

A_LEAD, A_LIST, NOTHING = "lead", "candidate list", "nothing found"
"""What an answered request brought."""

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
    """What is known of a request at one moment.

    Attributes:
        terms: of the agreement; None while no version was accepted.
        withdrawn: the agreement was.
        asker_open, holder_open: whether the agencies are.
        asker: address of the member who asks; `asker_roles`, `asker_active`: theirs now.
        on_trial, trial: whether that member may search only in a trial, and the newest approved one.
        gallery, offence, purpose, origin, top, authority: as asked for.
        case_closed_on: of the asker's case.
        authorised: a supervisor of the asker did.
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
    case_closed_on: date | None
    authorised: bool
    closed_as: str
    expires_at: datetime | None
    now: datetime


def agreed(facts: SharedFacts) -> Iterator[Decision]:
    """Yield what must hold at every moment: when it is asked for, taken, searched, compared and answered."""
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
    """Yield what the policy of the agency that asks says about the request; authorisation stands for its approval."""
    yield in_trial(facts.on_trial, facts.trial, facts.now.date())
    yield has_purpose(facts.purpose)
    yield no_refused_ground("purpose", facts.purpose)
    yield purpose_listed(facts.purpose, policy)
    yield origin_allowed(facts.origin, policy)
    yield list_length(facts.top, policy.list_max)
    yield no_refused_ground("offence", facts.offence)
    yield offence_listed(facts.offence, policy)
    yield authority_stated(facts.authority)


def proposable(
    galleries: Sequence[str], starts_on: date, ends_on: date, gives: str, answer_days: int, today: date
) -> Iterator[Decision]:
    """Yield whether a version of an agreement can be proposed."""
    if not galleries:
        yield Refused("agreement.galleries", "Agreement refused", "It names no gallery.", "Name at least one of yours.")
    if not today <= ends_on or not starts_on <= ends_on or (ends_on - starts_on).days > MAX_AGREEMENT_DAYS:
        yield Refused(
            "agreement.days",
            "Agreement refused",
            f"It would run from {starts_on} to {ends_on}.",
            f"It begins before it ends, does not end in the past, and runs at most {MAX_AGREEMENT_DAYS} days.",
        )
    if gives not in GIVES:
        yield Refused(
            "agreement.gives",
            "Agreement refused",
            f"An answer cannot be {gives!r}.",
            f"Use one of: {', '.join(GIVES)}.",
        )
    if not 1 <= answer_days <= MAX_ANSWER_DAYS:
        yield Refused(
            "agreement.answer_days",
            "Agreement refused",
            f"{answer_days} days to answer were proposed.",
            f"Use 1 to {MAX_ANSWER_DAYS}.",
        )


def agreement_in_force(terms: Terms | None, withdrawn: bool, today: date) -> Decision:
    """Both agencies have agreed, neither has withdrawn, and today is one of its days."""
    if withdrawn:
        return Refused(
            "agreement.withdrawn",
            _SEARCH,
            "The agreement was withdrawn.",
            "Nothing runs under it any more; the administrators can agree anew.",
        )
    if terms is None:
        return Refused(
            "agreement.not_accepted",
            _SEARCH,
            "Nobody of the other agency has accepted the agreement.",
            "Its administrator does so with `plainview agreement accept`.",
        )
    if today < terms.starts_on:
        return Refused(
            "agreement.not_begun", _SEARCH, f"The agreement begins on {terms.starts_on}.", "Wait until then."
        )
    if today > terms.ends_on:
        return Refused(
            "agreement.ended",
            _SEARCH,
            f"The agreement ended on {terms.ends_on}.",
            "The administrators can agree on a new version.",
        )
    return Allow()


def agencies_open(asker_open: bool, holder_open: bool) -> Decision:
    """Neither of the two agencies is suspended."""
    if not (asker_open and holder_open):
        which = "The agency that asks" if holder_open else "The agency that searches"
        return Refused(
            "shared.agency",
            _SEARCH,
            f"{which} is not open.",
            "Wait until the platform operator has opened it again.",
        )
    return Allow()


def asker_may(roles: tuple[str, ...], is_active: bool) -> Decision:
    """Whoever asked is still a member who may ask."""
    if not is_active or not holds(roles, Permission.SHARED_REQUEST):
        return Refused(
            "shared.member",
            _SEARCH,
            "The member who asked may not ask any more.",
            "Somebody else of that agency asks anew.",
        )
    return Allow()


def case_open(closed_on: date | None) -> Decision:
    """The case of the agency that asks is still open."""
    if closed_on is not None:
        return Refused(
            "shared.case", _SEARCH, f"The case that it was asked for was closed on {closed_on}.", "Nothing is needed."
        )
    return Allow()


def gallery_agreed(name: str, galleries: tuple[str, ...]) -> Decision:
    """The gallery is one that the agreement names."""
    if name not in galleries:
        return Refused(
            "shared.gallery",
            _SEARCH,
            f"The agreement does not name the gallery {name!r}.",
            f"It names: {', '.join(galleries)}.",
        )
    return Allow()


def asker_agreed(email: str, askers: tuple[str, ...]) -> Decision:
    """The member is one of those who may ask, where the agreement names them."""
    if askers and email.lower() not in askers:
        return Refused(
            "shared.asker",
            _SEARCH,
            "The agreement does not name the member who asks.",
            "Have one ask whom it names, or the administrators agree on a new version.",
        )
    return Allow()


def offence_agreed(offence: str, offences: tuple[str, ...]) -> Decision:
    """The offence is one that the agreement names, if it names any."""
    if offences and _plain(offence) not in offences:
        return Refused(
            "shared.offence",
            _SEARCH,
            f"The agreement does not allow a search for {offence!r}.",
            f"It allows: {'; '.join(offences)}.",
        )
    return Allow()


def purpose_agreed(purpose: str, purposes: tuple[str, ...]) -> Decision:
    """The purpose is one that the agreement names, if it names any."""
    if purposes and _plain(purpose) not in purposes:
        return Refused(
            "shared.purpose",
            _SEARCH,
            "The agreement does not allow this purpose.",
            f"It allows: {'; '.join(purposes)}.",
        )
    return Allow()


def authority_stated(text: str) -> Decision:
    """The request says by what right the agency asks."""
    if not text.strip():
        return Refused(
            "shared.authority",
            "Request refused",
            "It does not say by what authority you ask.",
            "State the law, warrant or order, and the jurisdiction it comes from.",
        )
    return Allow()


def request_open(closed_as: str, expires_at: datetime | None, now: datetime) -> Decision:
    """The request is not over, and its time has not run out."""
    if closed_as:
        return Refused("shared.closed", _SEARCH, f"The request is over: {closed_as}.", "The other agency can ask anew.")
    if expires_at is not None and expires_at <= now:
        return Refused(
            "shared.expired",
            _SEARCH,
            f"The request expired on {expires_at:%Y-%m-%d %H:%M} UTC.",
            "The other agency can ask anew.",
        )
    return Allow()


def authorised(is_authorised: bool) -> Decision:
    """A supervisor of the agency that asks has authorised the request."""
    if not is_authorised:
        return Refused(
            "shared.not_authorised",
            _SEARCH,
            "No supervisor of the agency that asks has authorised it.",
            "One does so with `plainview request authorise`.",
        )
    return Allow()


def taken_by(taker: str, member: str) -> Decision:
    """Whoever searches is who took the request: one examiner answers for it."""
    if not taker or taker != member:
        return Refused(
            "shared.not_taken",
            _SEARCH,
            "A colleague has taken it." if taker else "You have not taken it.",
            "Only who took a request works on it.",
        )
    return Allow()


def mirror_only_by_request(is_mirror: bool, by_request: bool) -> Decision:
    """The case that stands for another agency's is searched with that agency's probe, and nothing else."""
    if is_mirror and not by_request:
        return Refused(
            "shared.mirror",
            _SEARCH,
            "This case stands for another agency's request.",
            "Search it from the request; for work of your own open a case of your own.",
        )
    return Allow()


def answerable(searched: bool, gives: str, *, listed: int, examined: int, leads: int, undecided: int) -> Decision:
    """A request is answered once it was searched, somebody has looked, and no candidate still waits for a decision.

    Args:
        searched: there is a recorded answer of the index.
        gives: what the agreement gives, a word of `GIVES`.
        listed, examined: candidates of the list, and those of them that somebody has examined.
        leads, undecided: those that were released, and potential ones neither released nor withheld.
    """
    if not searched:
        return Refused(
            "shared.not_searched", "Not answered", "It was not searched.", "Search, or decline with a reason."
        )
    if gives == LEAD and listed and not examined:
        return Refused(
            "shared.not_examined",
            "Not answered",
            "Nobody has examined a candidate.",
            "Examine them; only then can it be said that nothing was found.",
        )
    if gives == LEAD and undecided and not leads:
        return Refused(
            "shared.undecided",
            "Not answered",
            f"{undecided} examined candidates wait for a verifier or a supervisor.",
            "Answer once each is released or withheld.",
        )
    return Allow()


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
