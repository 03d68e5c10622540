"""Signs of misuse: explainable rules on plain values, each with its evidence. None of them decides.

Owns the rules and their limits. A finding goes to the agency's auditor, who decides; the searcher is not informed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# The ids by which a flag and the grounds of policy.gate name a rule.
UNRELATED_FACES = "misuse.unrelated_faces"
PORTRAIT_PROBE = "misuse.portrait_probe"
UNUSUAL_HOUR = "misuse.unusual_hour"
UNUSUAL_VOLUME = "misuse.unusual_volume"
SAME_FACE_AGAIN = "misuse.same_face_again"
CLOSED_CASE = "misuse.closed_case"
TRIPWIRE = "misuse.tripwire"
NOT_AUTHORISED = "misuse.not_authorised"
NOT_AUTHORISED_AGAIN = "misuse.not_authorised_again"
ABOUT_ONESELF = "misuse.about_oneself"
NEAR_DUPLICATES = "misuse.near_duplicates"

VIDEO_ORIGINS = frozenset({"cctv", "body camera", "dash camera", "phone video"})
"""Declared origins that do not give posed portraits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where each rule begins to report. Chosen on the simulated year (benchmarks/simulated_year.py, tuning seed).

    Attributes:
        faces_in_case: different faces searched under one case.
        portrait_share: share of the picture's width that the face takes.
        portrait_quality: overall quality (0 to 100).
        hours_days: days before the search whose times of day are compared: a shift lasts months.
        hours_history: searches in these days before hours are judged at all.
        hours_share: share of them within an hour of this time of day, up to which it is unusual.
        volume_days: working days of history before volume is judged.
        volume_chance: chance of a day as busy as this one, by the member's own history.
        same_face: searches of one face by one member under one case.
        closed_case: attempts under closed cases within `closed_days`.
        closed_days: see above.
        unauthorised_days: days in which urgent searches that nobody authorised count as repeated.
        about_oneself: requests of people about themselves that one member searched within `about_oneself_days`.
        about_oneself_days: see above.
        near_lookups: enrolments of a few pictures, within `near_days`, that named what a picture resembles.
        near_days: see above.
        near_pictures: most pictures of an enrolment that is a look-up rather than an import.
    """

    faces_in_case: int = 15
    portrait_share: float = 0.28
    portrait_quality: int = 80
    hours_days: int = 60
    hours_history: int = 30
    hours_share: float = 0.0
    volume_days: int = 30
    volume_chance: float = 1e-6
    same_face: int = 7
    closed_case: int = 3
    closed_days: int = 7
    unauthorised_days: int = 90
    about_oneself: int = 10
    about_oneself_days: int = 30
    near_lookups: int = 3
    near_days: int = 7
    near_pictures: int = 3


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class SearchFact:
    """One search as the rules see it.

    Attributes:
        search, member, case: opaque ids.
        at: when, with a time zone; the hours are those of the agency's clock.
        face: the same number for probes that show the same face, by template distance.
        origin: what was declared.
        quality: overall quality of the probe.
        face_share: width of the face / width of the picture.
    """

    search: str
    member: str
    case: str
    at: datetime
    face: int
    origin: str = "other"
    quality: int = 0
    face_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule noticed: its id, one sentence, and the evidence as plain values."""

    rule_id: str
    says: str
    evidence: Mapping[str, object] = field(default_factory=dict)


def findings(new: SearchFact, before: Sequence[SearchFact], limits: Limits = LIMITS) -> list[Finding]:
    """Return what the rules notice about a new search.

    Args:
        new: the search.
        before: earlier searches of the same case or the same member, in any order.
        limits: where the rules begin to report.
    """
    of_case = [fact for fact in before if fact.case == new.case]
    of_member = [fact for fact in before if fact.member == new.member]
    rules = (
        unrelated_faces(new, of_case, limits),
        portrait_probe(new, limits),
        unusual_hour(new, of_member, limits),
        unusual_volume(new, of_member, limits),
        same_face_again(new, [fact for fact in of_case if fact.member == new.member], limits),
    )
    return [finding for finding in rules if finding is not None]


def unrelated_faces(new: SearchFact, of_case: Iterable[SearchFact], limits: Limits) -> Finding | None:
    """Notice many different faces under one case: a real case number may hide improper searches (Evansville)."""
    known = {fact.face for fact in of_case}
    faces = known | {new.face}
    # Only for the face that passes the limit, and then at each multiple of the limit: not for every later face.
    if new.face in known or len(faces) <= limits.faces_in_case or (len(faces) - 1) % limits.faces_in_case:
        return None
    return Finding(
        UNRELATED_FACES,
        f"{len(faces)} different faces were searched under one case; more than {limits.faces_in_case} is unusual.",
        {"faces": len(faces), "case": new.case},
    )


def portrait_probe(new: SearchFact, limits: Limits) -> Finding | None:
    """Notice a posed portrait where the declaration says that it comes from a camera."""
    posed = new.face_share >= limits.portrait_share and new.quality >= limits.portrait_quality
    if new.origin not in VIDEO_ORIGINS or not posed:
        return None
    return Finding(
        PORTRAIT_PROBE,
        f"The probe is declared as {new.origin}, but the face fills {new.face_share:.0%} of the picture's width "
        f"with quality {new.quality}, as in a portrait.",
        {"face_share": round(new.face_share, 3), "quality": new.quality, "origin": new.origin},
    )


def unusual_hour(new: SearchFact, of_member: Sequence[SearchFact], limits: Limits) -> Finding | None:
    """Notice a search at a time of day at which this member has not worked for months."""
    since = new.at - timedelta(days=limits.hours_days)
    recent = [fact for fact in of_member if fact.at >= since]
    if len(recent) < limits.hours_history:
        return None
    minute = _minute(new.at)
    near = sum(1 for fact in recent if min((m := abs(_minute(fact.at) - minute)), 1440 - m) <= 60)
    if near > limits.hours_share * len(recent):
        return None
    return Finding(
        UNUSUAL_HOUR,
        f"Of this member's {len(recent)} searches in {limits.hours_days} days {near} were within an hour of "
        f"{new.at:%H:%M}.",
        {"searches": len(recent), "near": near, "time": f"{new.at:%H:%M}"},
    )


def unusual_volume(new: SearchFact, of_member: Sequence[SearchFact], limits: Limits) -> Finding | None:
    """Notice more searches in one day than this member's own history makes likely."""
    per_day = Counter(fact.at.date() for fact in of_member)
    today = per_day.pop(new.at.date(), 0) + 1
    if len(per_day) < limits.volume_days:
        return None
    # Without the busiest days: one that was misuse itself must not make the next one look normal.
    counts = sorted(per_day.values())[: -max(1, len(per_day) // 25)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    chance = chance_of_at_least(today, mean, variance)
    # Only when the day passes the limit, not for each later search.
    if chance > limits.volume_chance or chance_of_at_least(today - 1, mean, variance) <= limits.volume_chance:
        return None
    return Finding(
        UNUSUAL_VOLUME,
        f"{today} searches in one day; by {len(counts)} earlier days ({mean:.1f} on average) that is one day in "
        f"{1 / chance:,.0f}."
        if chance > 0
        else f"{today} searches in one day; {mean:.1f} is this member's average.",
        {"today": today, "mean": round(mean, 2), "days": len(counts)},
    )


def chance_of_at_least(count: int, mean: float, variance: float) -> float:
    """Return P(X >= count) of a negative binomial with this mean and variance; Poisson when it is not wider."""
    if count <= 0 or mean <= 0:
        return 1.0
    below = 0.0
    if variance <= mean * 1.001:
        term = math.exp(-mean)
        for k in range(count):
            below += term
            term *= mean / (k + 1)
    else:
        size, p = mean * mean / (variance - mean), mean / variance
        term = math.exp(size * math.log(p))
        for k in range(count):
            below += term
            term *= (size + k) / (k + 1) * (1 - p)
    return max(1.0 - below, 0.0)


def same_face_again(new: SearchFact, own_of_case: Iterable[SearchFact], limits: Limits) -> Finding | None:
    """Notice a member who searches one face under one case again and again, as if looking for another answer."""
    times = 1 + sum(1 for fact in own_of_case if fact.face == new.face)
    if times < limits.same_face or times % limits.same_face:
        return None
    return Finding(
        SAME_FACE_AGAIN,
        f"The same member searched the same face {times} times under one case.",
        {"times": times, "case": new.case},
    )


def closed_case(at: datetime, attempts: Iterable[datetime], limits: Limits = LIMITS) -> Finding | None:
    """Notice attempts to search under closed cases; `attempts` include the one at `at`."""
    since = at - timedelta(days=limits.closed_days)
    count = sum(1 for moment in attempts if since < moment <= at)
    if count < limits.closed_case or count % limits.closed_case:
        return None
    return Finding(
        CLOSED_CASE,
        f"{count} searches were tried under closed cases within {limits.closed_days} days.",
        {"attempts": count},
    )


def tripwire(label: str, score: float, once_in: str) -> Finding:
    """Return the finding that a probe resembles a person whom a member of the agency asked to be warned about."""
    return Finding(
        TRIPWIRE,
        f"The probe resembles the tripwire reference {label!r} (cosine {score:.3f}); two strangers reach that "
        f"about once in {once_in}.",
        {"score": f"{score:.3f}"},
    )


def not_authorised(at: datetime, times: Iterable[datetime], limits: Limits = LIMITS) -> Finding:
    """Return the finding about an urgent search that nobody authorised; `times`: those of the member, this one included."""
    since = at - timedelta(days=limits.unauthorised_days)
    count = sum(1 for moment in times if since < moment <= at)
    if count < 2:
        return Finding(
            NOT_AUTHORISED,
            "Nobody authorised this urgent search in time. Its evidence is sealed for you.",
            {"times": 1},
        )
    return Finding(
        NOT_AUTHORISED_AGAIN,
        f"Nobody authorised {count} urgent searches of this member within {limits.unauthorised_days} days.",
        {"times": count},
    )


def about_oneself(at: datetime, times: Iterable[datetime], limits: Limits = LIMITS) -> Finding | None:
    """Notice a member who runs many searches for people who ask about themselves; `times` include the one at `at`."""
    since = at - timedelta(days=limits.about_oneself_days)
    count = sum(1 for moment in times if since < moment <= at)
    if count < limits.about_oneself or count % limits.about_oneself:
        return None
    return Finding(
        ABOUT_ONESELF,
        f"The same member searched for {count} people who asked about themselves within {limits.about_oneself_days} days.",
        {"requests": count},
    )


def near_duplicates(at: datetime, times: Iterable[datetime], limits: Limits = LIMITS) -> Finding | None:
    """Notice enrolments of a few pictures that serve to ask what the gallery has; `times` include the one at `at`."""
    since = at - timedelta(days=limits.near_days)
    count = sum(1 for moment in times if since < moment <= at)
    if count < limits.near_lookups or count % limits.near_lookups:
        return None
    return Finding(
        NEAR_DUPLICATES,
        f"{count} enrolments of at most {limits.near_pictures} pictures within {limits.near_days} days named pictures "
        "that they resemble.",
        {"enrolments": count},
    )


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute
