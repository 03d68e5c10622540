"""The rules of a search: everything that must hold before a face is compared, on plain values.

Owns `decisions`, which the search itself and the dry run of a policy change both use. Nothing is allowed because
a fact is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from plainview.policy import rules
from plainview.policy.agency import MIN_LIST, STOP, AgencyPolicy
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.disclosure import review_of
from plainview.policy.grounds import refused_ground
from plainview.policy.permissions import Permission
from plainview.policy.probes import approved_alone
from plainview.policy.purposes import not_copied, says_something
from plainview.policy.rights import purpose_free
from plainview.policy.roles import Role
from plainview.policy.witnesses import NOT_NEEDED, Witnessing, witnessed
from plainview.policy.wording import counted, day

ORIGINS = (
    "cctv",
    "body camera",
    "dash camera",
    "phone video",
    "photograph",
    "social media",
    "identity document",
    "other",
)
"""Where a probe may come from, as a search declares it."""

NOT_PHOTOGRAPHED = ("drawing", "composite", "generated", "look-alike")
"""What a probe may never be; source: New York's sketches and look-alike actor (Garvie,
Garbage In, Garbage Out: Face Recognition on Flawed Data, Georgetown Law 2019)."""

UNDECLARED = "not declared"

DRAFT_DAYS = 14
"""Days that a prepared probe is kept after it was last changed: chosen, twice as long as an approval can be used."""


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """One completed course of a member; `expires_on` is its last valid day."""

    course: str
    hours: int
    expires_on: date


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """A member's approved trial, both days included; `used`: searches run in it so far."""

    starts_on: date
    ends_on: date
    search_limit: int
    used: int


@dataclass(frozen=True, slots=True)
class SearchFacts:
    """The facts on which a search is decided.

    Attributes:
        roles, is_active, agency_open: the member and the agency.
        on_trial, trial: whether the member may search only in a trial, and its newest approved one.
        trainings: completed courses of the member.
        case_number, case_found, case_closed_on, offence: the case; offence is "" for an unknown case.
        purpose, origin: as stated; origin is `UNDECLARED` or a word of `ORIGINS`.
        witnessing: what the witnesses of the log vouch for. An urgent search does not wait for them.
        copied: the purpose is, word for word, that of the member's last search, in another case and with another face.
        quality: overall quality of the probe, None before it was decoded.
        top: length of the list asked for.
        gallery_name, gallery_found, gallery_expires_on, gallery_offences: the gallery and its passport; no
            offences there: for every offence of the agency.
        gallery_alarm: a canary alarm of the gallery is open.
        approved: a supervisor approved this probe for this case beforehand.
        urgent: a life is at risk; the search is authorised afterwards.
        pictures: photographs and frames of which the probe is made.
        review: it is an exoneration review that was requested and accepted; it goes on after the case is closed.
        today: the day, UTC.
    """

    roles: tuple[str, ...]
    is_active: bool
    agency_open: bool
    on_trial: bool
    trial: TrialFacts | None
    trainings: tuple[TrainingFacts, ...]
    case_number: str
    case_found: bool
    case_closed_on: date | None
    offence: str
    purpose: str
    origin: str
    quality: int | None
    top: int
    gallery_name: str
    gallery_found: bool
    gallery_expires_on: date | None
    gallery_offences: tuple[str, ...]
    gallery_alarm: bool
    approved: bool
    urgent: bool
    review: bool
    today: date
    copied: bool = False
    pictures: int = 1
    witnessing: Witnessing = NOT_NEEDED


def decisions(facts: SearchFacts, policy: AgencyPolicy) -> Iterator[Decision]:
    """Yield the answer of every rule, in the order in which a person should hear of a refusal."""
    yield rules.may(facts.roles, facts.is_active, Permission.SEARCH_RUN)
    yield rules.agency_open(facts.agency_open)
    if not facts.urgent:
        yield witnessed(facts.witnessing)
    yield in_trial(facts.on_trial, facts.trial, facts.today)
    yield trained(Role.EXAMINER, facts.trainings, policy, facts.today)
    yield rules.has_case(facts.case_number)
    yield has_purpose(facts.purpose)
    yield purpose_free(facts.purpose)
    yield list_length(facts.top, policy.list_max)
    yield no_refused_ground("purpose", facts.purpose)
    yield review_of(facts.purpose, facts.review)
    if not facts.review:
        yield purpose_listed(facts.purpose, policy)
    yield origin_allowed(facts.origin, policy)
    yield rules.case_found(facts.case_number, facts.case_found)
    if facts.case_found:
        if not facts.review:
            yield rules.case_open(facts.case_number, facts.case_closed_on)
        yield no_refused_ground("offence", facts.offence)
        yield offence_listed(facts.offence, policy)
    yield rules.gallery_found(facts.gallery_name, facts.gallery_found)
    if facts.gallery_expires_on is not None:
        yield offered(facts.gallery_name, facts.gallery_expires_on, facts.gallery_offences, facts.offence, facts.today)
        yield canary_silent(facts.gallery_name, facts.gallery_alarm, policy)
    if not facts.review:
        yield says_something(facts.purpose, facts.case_number, policy.purposes)
        yield not_copied(facts.copied and _plain(facts.purpose) not in policy.purposes)
    yield urgent_allowed(facts.urgent, policy)
    yield approval(facts, policy)


def trained(role: Role, trainings: Iterable[TrainingFacts], policy: AgencyPolicy, today: date) -> Decision:
    """Allow a member whose training for the role has enough hours and has not expired."""
    needed = policy.training.get(role)
    if needed is None:
        return Allow()
    done = [training for training in trainings if training.course.strip().lower() == needed.course.lower()]
    long_enough = [training for training in done if training.hours >= needed.hours]
    if any(training.expires_on >= today for training in long_enough):
        return Allow()
    if long_enough:
        why = f"Your training expired on {day(max(training.expires_on for training in long_enough))}."
    elif done:
        most = max(training.hours for training in done)
        why = f"Your training has {counted(most, 'hour')}; {needed.hours} are needed."
    else:
        why = f"No training in {needed.course!r} is on record."
    return Refused(
        "member.training",
        "Search refused",
        why,
        f"Complete {counted(needed.hours, 'hour')} of this course and ask your agency administrator to record it.",
        act=Permission.TRAINING_RECORD,
    )


def in_trial(on_trial: bool, trial: TrialFacts | None, today: date) -> Decision:
    """Allow a member on trial within an approved trial: between its days and below its limit of searches."""
    if not on_trial:
        return Allow()
    if trial is None:
        return Refused(
            "trial.not_approved",
            "Search refused",
            "Your trial has not been approved.",
            "Ask a supervisor of your agency to approve it. Nobody can approve their own trial.",
            act=Permission.TRIAL_APPROVE,
        )
    if not trial.starts_on <= today <= trial.ends_on:
        return Refused(
            "trial.ended",
            "Search refused",
            f"Your trial ran from {day(trial.starts_on)} to {day(trial.ends_on)}.",
            "Ask your agency administrator to make you a full member.",
        )
    if trial.used >= trial.search_limit:
        return Refused(
            "trial.used_up",
            "Search refused",
            f"{counted(trial.search_limit, 'search of your trial is', 'searches of your trial are')} used, and no more are allowed.",
            "Ask your agency administrator to make you a full member.",
        )
    return Allow()


def has_purpose(purpose: str) -> Decision:
    """Allow a search that states a purpose."""
    if not purpose.strip():
        return Refused(
            "search.purpose_missing",
            "Search refused",
            "No purpose was stated.",
            "State what the search should find out for this case.",
        )
    return Allow()


def no_refused_ground(field: str, text: str) -> Decision:
    """Allow any ground but lawful assembly, worship, journalism, immigration status alone or curiosity."""
    ground = refused_ground(text)
    if ground is not None:
        return Refused(
            "search.ground",
            "Refused",
            f"The {field} states {ground.name}.",
            "No policy allows this ground. If there is an offence, state the offence.",
        )
    return Allow()


def purpose_listed(purpose: str, policy: AgencyPolicy) -> Decision:
    """Allow a purpose on the agency's list, or any purpose if policy accepts others."""
    if not policy.unlisted_purposes and _plain(purpose) not in policy.purposes:
        return Refused(
            "search.purpose_unlisted",
            "Search refused",
            "The purpose is not on your agency's list.",
            f"Choose one of: {'; '.join(policy.purposes)}.",
        )
    return Allow()


def offence_listed(offence: str, policy: AgencyPolicy) -> Decision:
    """Allow an offence on the agency's list, or any offence if policy accepts others."""
    if not policy.unlisted_offences and _plain(offence) not in policy.offences:
        return Refused(
            "case.offence_unlisted",
            "Refused",
            f"The offence {offence!r} is not on your agency's list.",
            f"Choose one of: {'; '.join(policy.offences)}.",
        )
    return Allow()


def origin_allowed(origin: str, policy: AgencyPolicy) -> Decision:
    """Allow a photograph of the person who is sought: no drawing, composite, generated picture or look-alike."""
    if origin in NOT_PHOTOGRAPHED:
        return Refused(
            "probe.not_photographed",
            "Search refused",
            f"The probe is declared as: {origin}.",
            "Choose a photograph or a video frame of the person you are looking for.",
        )
    if origin == UNDECLARED and policy.origin_required:
        return Refused(
            "probe.origin_missing",
            "Search refused",
            "The origin of the probe is not stated.",
            f"State its origin, one of: {'; '.join(ORIGINS)}.",
        )
    if origin not in (*ORIGINS, UNDECLARED):
        return Refused(
            "probe.origin_unknown",
            "Search refused",
            f"There is no origin {origin!r}.",
            f"Choose one of: {'; '.join(ORIGINS)}.",
        )
    return Allow()


def offered(name: str, expires_on: date, offences: tuple[str, ...], offence: str, today: date) -> Decision:
    """Allow a gallery that can be searched today for this offence: a page offers exactly what a search allows."""
    current = rules.gallery_current(name, expires_on, today)
    return current if isinstance(current, Refused) else gallery_for(name, offence, offences)


def gallery_for(name: str, offence: str, offences: tuple[str, ...]) -> Decision:
    """Allow a gallery whose passport permits the offence of the case."""
    if offences and _plain(offence) not in offences:
        return Refused(
            "gallery.offence",
            "Search refused",
            f"The passport of gallery {name!r} does not allow searches for {offence!r}.",
            f"Choose another gallery. This one may be used for: {'; '.join(offences)}.",
            act=Permission.GALLERY_LIST,
        )
    return Allow()


def canary_silent(name: str, alarm: bool, policy: AgencyPolicy) -> Decision:
    """Allow a gallery without an open canary alarm, or any gallery if policy does not stop searches for alarms."""
    if alarm and policy.canary_alarm == STOP:
        return Refused(
            "gallery.canary_alarm",
            "Search refused",
            f"A canary check of gallery {name!r} failed and has not been explained yet.",
            "Ask an administrator or auditor to examine the alarm.",
            act=Permission.CANARY_READ,
        )
    return Allow()


def list_length(top: int, most: int) -> Decision:
    """Allow a candidate list of a length that a person can examine."""
    if not MIN_LIST <= top <= most:
        return Refused(
            "search.list_length",
            "Search refused",
            f"The list would have {counted(top, 'candidate')}.",
            f"Ask for {MIN_LIST} to {most} candidates.",
        )
    return Allow()


def urgent_allowed(urgent: bool, policy: AgencyPolicy) -> Decision:
    """Allow an urgent search if the agency's policy has the urgent path."""
    if urgent and not policy.urgent:
        return Refused(
            "search.urgent_closed",
            "Search refused",
            "Your agency's policy does not allow urgent searches.",
            "Ask a supervisor to approve the search before you run it.",
            act=Permission.SEARCH_RUN,
        )
    return Allow()


def approval(facts: SearchFacts, policy: AgencyPolicy) -> Decision:
    """Allow a probe that a supervisor has approved, that needs no approval, or that is urgent."""
    needed = facts.case_found and policy.needs_approval(facts.offence)
    poor = facts.quality is not None and facts.quality < policy.quality_floor
    if facts.urgent or not (needed or poor):
        return Allow()
    if facts.approved:
        return approved_alone(facts.pictures)
    if needed:
        return Refused(
            "search.approval_needed",
            "Search refused",
            f"Your agency requires a supervisor's approval before a search for {facts.offence!r}.",
            "Request approval. If a life is at risk, run an urgent search and state the reason.",
            act=Permission.SEARCH_RUN,
        )
    return Refused(
        "probe.quality_floor",
        "Search refused",
        f"The probe's quality is {facts.quality}, below your agency's minimum of {policy.quality_floor}.",
        "Use a better picture, or request a supervisor's approval.",
        act=Permission.SEARCH_RUN,
    )


def approvals_suffice(searches: int, approvals: int) -> Decision:
    """Allow as many searches as there are approvals, where approval is needed; `approval` refuses those without any."""
    if searches > max(approvals, 1):
        return Refused(
            "search.one_approval",
            "Search refused",
            f"You chose {counted(searches, 'gallery', 'galleries')} and have {counted(approvals, 'approval')}; each gallery needs its own.",
            "Choose as many galleries as you have approvals, or request another approval.",
            act=Permission.SEARCH_RUN,
        )
    return Allow()


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
