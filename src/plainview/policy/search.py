"""The rules of a search: everything that must hold before a face is compared, on plain values.

Owns `decisions`, which the search itself and the dry run of a policy change both ask. Nothing is allowed because
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
from plainview.policy.rights import purpose_free
from plainview.policy.roles import Role

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
"""What a probe may never be; source: the sketches and the look-alike actor of Garvie,
"Garbage In, Garbage Out", Georgetown Law, 2019."""

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
    """What is known when a search is asked for.

    Attributes:
        roles, is_active, agency_open: the member and the agency.
        on_trial, trial: whether the member may search only in a trial, and its newest approved one.
        trainings: completed courses of the member.
        case_number, case_found, case_closed_on, offence: the case; offence is "" for an unknown case.
        purpose, origin: as stated; origin is `UNDECLARED` or a word of `ORIGINS`.
        quality: overall quality of the probe, None before it was decoded.
        top: length of the list asked for.
        gallery_name, gallery_found, gallery_expires_on, gallery_offences: the gallery and its passport; no
            offences there: for every offence of the agency.
        gallery_alarm: a canary alarm of the gallery is open.
        approved: a supervisor approved this probe for this case beforehand.
        urgent: life is at risk; the search is authorised afterwards.
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


def decisions(facts: SearchFacts, policy: AgencyPolicy) -> Iterator[Decision]:
    """Yield the answer of every rule, in the order in which a person should hear of a refusal."""
    yield rules.may(facts.roles, facts.is_active, Permission.SEARCH_RUN)
    yield rules.agency_open(facts.agency_open)
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
    yield urgent_allowed(facts.urgent, policy)
    yield approval(facts, policy)


def trained(role: Role, trainings: Iterable[TrainingFacts], policy: AgencyPolicy, today: date) -> Decision:
    """Whoever acts in a role has completed its course, with its hours, and it has not run out."""
    needed = policy.training.get(role)
    if needed is None:
        return Allow()
    done = [row for row in trainings if row.course.strip().lower() == needed.course.lower()]
    long_enough = [row for row in done if row.hours >= needed.hours]
    if any(row.expires_on >= today for row in long_enough):
        return Allow()
    if long_enough:
        why = f"Your training ran out on {max(row.expires_on for row in long_enough)}."
    elif done:
        most = max(row.hours for row in done)
        why = f"Your training has {most} hours; {needed.hours} are needed."
    else:
        why = f"No training in {needed.course!r} is on record."
    return Refused(
        "member.training",
        "Search refused",
        why,
        f"Complete {needed.hours} hours of it and have your agency administrator record them.",
    )


def in_trial(on_trial: bool, trial: TrialFacts | None, today: date) -> Decision:
    """A member on trial searches only within an approved trial: between its days and below its limit."""
    if not on_trial:
        return Allow()
    if trial is None:
        return Refused(
            "trial.not_approved",
            "Search refused",
            "Your trial has not been approved.",
            "Ask a supervisor of your agency; nobody approves their own.",
        )
    if not trial.starts_on <= today <= trial.ends_on:
        return Refused(
            "trial.ended",
            "Search refused",
            f"Your trial ran from {trial.starts_on} to {trial.ends_on}.",
            "Ask your agency administrator to make you a full member.",
        )
    if trial.used >= trial.search_limit:
        return Refused(
            "trial.used_up",
            "Search refused",
            f"All {trial.search_limit} searches of your trial are used.",
            "Ask your agency administrator to make you a full member.",
        )
    return Allow()


def has_purpose(purpose: str) -> Decision:
    """A search states a purpose."""
    if not purpose.strip():
        return Refused(
            "search.purpose_missing",
            "Search refused",
            "No purpose was stated.",
            "Say with --purpose TEXT what the search is to find out for this case.",
        )
    return Allow()


def no_refused_ground(field: str, text: str) -> Decision:
    """Nobody is searched for lawful assembly, worship, journalism, immigration status alone or curiosity."""
    ground = refused_ground(text)
    if ground is not None:
        return Refused(
            "search.ground",
            "Refused",
            f"The {field} states {ground.name}.",
            "No policy allows this ground. If there is an offence, name the offence.",
        )
    return Allow()


def purpose_listed(purpose: str, policy: AgencyPolicy) -> Decision:
    """The purpose is one of the agency's list, unless its policy takes others."""
    if not policy.unlisted_purposes and _plain(purpose) not in policy.purposes:
        return Refused(
            "search.purpose_unlisted",
            "Search refused",
            "The purpose is not on your agency's list.",
            f"Use one of: {'; '.join(policy.purposes)}.",
        )
    return Allow()


def offence_listed(offence: str, policy: AgencyPolicy) -> Decision:
    """The offence is one of the agency's list, unless its policy takes others."""
    if not policy.unlisted_offences and _plain(offence) not in policy.offences:
        return Refused(
            "case.offence_unlisted",
            "Refused",
            f"The offence {offence!r} is not on your agency's list.",
            f"Use one of: {'; '.join(policy.offences)}.",
        )
    return Allow()


def origin_allowed(origin: str, policy: AgencyPolicy) -> Decision:
    """The probe is a photograph of the person who is sought: no drawing, composite, generated picture, look-alike."""
    if origin in NOT_PHOTOGRAPHED:
        return Refused(
            "probe.not_photographed",
            "Search refused",
            f"The probe is declared as: {origin}.",
            "Only a photograph or a frame of the person who is sought can be a probe.",
        )
    if origin == UNDECLARED and policy.origin_required:
        return Refused(
            "probe.origin_missing",
            "Search refused",
            "It is not declared where the probe comes from.",
            f"Declare it with --origin, one of: {'; '.join(ORIGINS)}.",
        )
    if origin not in (*ORIGINS, UNDECLARED):
        return Refused(
            "probe.origin_unknown",
            "Search refused",
            f"There is no origin {origin!r}.",
            f"Use one of: {'; '.join(ORIGINS)}.",
        )
    return Allow()


def offered(name: str, expires_on: date, offences: tuple[str, ...], offence: str, today: date) -> Decision:
    """The gallery can be searched today for this offence: what a page offers is what a search allows."""
    current = rules.gallery_current(name, expires_on, today)
    return current if isinstance(current, Refused) else gallery_for(name, offence, offences)


def gallery_for(name: str, offence: str, offences: tuple[str, ...]) -> Decision:
    """The gallery's passport allows it for the offence of the case."""
    if offences and _plain(offence) not in offences:
        return Refused(
            "gallery.offence",
            "Search refused",
            f"The passport of gallery {name!r} does not allow it for {offence!r}.",
            f"It is for: {'; '.join(offences)}. Choose another gallery.",
        )
    return Allow()


def canary_silent(name: str, alarm: bool, policy: AgencyPolicy) -> Decision:
    """No canary alarm of the gallery is open, where policy stops searches for one."""
    if alarm and policy.canary_alarm == STOP:
        return Refused(
            "gallery.canary_alarm",
            "Search refused",
            f"A check of gallery {name!r} by its canaries failed, and nobody has explained it yet.",
            "Your administrator or auditor looks into it: `plainview canary alarms`.",
        )
    return Allow()


def list_length(top: int, most: int) -> Decision:
    """A candidate list has a length that a person can examine."""
    if not MIN_LIST <= top <= most:
        return Refused(
            "search.list_length",
            "Search refused",
            f"A list of {top} candidates was asked for.",
            f"Ask for {MIN_LIST} to {most}.",
        )
    return Allow()


def urgent_allowed(urgent: bool, policy: AgencyPolicy) -> Decision:
    """The urgent path exists in the agency's policy."""
    if urgent and not policy.urgent:
        return Refused(
            "search.urgent_closed",
            "Search refused",
            "Your agency's policy has no urgent path.",
            "Ask a supervisor to approve the search beforehand.",
        )
    return Allow()


def approval(facts: SearchFacts, policy: AgencyPolicy) -> Decision:
    """A supervisor has approved the probe where policy or its quality asks for it; urgent ones come after."""
    if facts.approved or facts.urgent:
        return Allow()
    if facts.case_found and policy.needs_approval(facts.offence):
        return Refused(
            "search.approval_needed",
            "Search refused",
            f"Your agency wants a supervisor's approval before a search for {facts.offence!r}.",
            "Ask for it with `plainview approval request`; if life is at risk, use --urgent REASON.",
        )
    if facts.quality is not None and facts.quality < policy.quality_floor:
        return Refused(
            "probe.quality_floor",
            "Search refused",
            f"The probe's quality is {facts.quality}, below your agency's floor of {policy.quality_floor}.",
            "Use a better picture, or ask a supervisor with `plainview approval request`.",
        )
    return Allow()


def approvals_suffice(searches: int, approvals: int) -> Decision:
    """An approval is of one search: where approval is needed, each gallery needs its own; without any, `approval` speaks."""
    if searches > max(approvals, 1):
        return Refused(
            "search.one_approval",
            "Search refused",
            f"You chose {searches} galleries; an approval is of one search, and you have {approvals}.",
            "Choose as many galleries as you have approvals, or ask for another.",
        )
    return Allow()


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
