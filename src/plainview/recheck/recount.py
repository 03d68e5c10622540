"""Counting an agency's work from the entries of the log alone: what a report states, and what anybody counts again.

Owns what each number means. It reads no database and nothing that is sealed: a copy of the log is enough, so anyone who
holds one gets the same numbers as the agency.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from statistics import median, quantiles
from typing import Any

from plainview.audit.monitor import REVIEWED
from plainview.audit.record import BadEntry, written
from plainview.policy.examination import CONCLUSIONS, OUTCOMES, POTENTIAL
from plainview.policy.reporting import Period
from plainview.policy.triage import OTHER_PERSON
from plainview.recognition.foreign import reason

FEWEST_FOR_QUARTILES = 4
"""With fewer leads than this the quartiles of a time would be made up between them: chosen."""

_ACTION = re.compile(rb'\{"action":"([a-z0-9_.]+)"')  # keys are sorted in canonical form: the action comes first
_COUNTED = {
    b"search.requested",
    b"search.answered",
    b"search.erased",
    b"candidate.set_aside",
    b"candidates.none",
    b"examination.recorded",
    b"verification.recorded",
    b"lead.released",
    b"lead.withheld",
    b"outcome.reported",
    b"flag.raised",
    b"flag.decided",
    REVIEWED.encode(),
}
_REFUSED = b".refused"
_OF_MEMBER = (
    "searches",
    "without_candidate",
    "refused",
    "set_aside",
    "other_person",
    "none_of_these",
    "examinations",
    "verifications",
    "leads",
)


@dataclass(slots=True)
class _Search:
    at: str
    member: str
    offence: str
    gallery: str
    urgent: bool
    alert: bool
    program: bool
    candidates: int | None = None
    conclusions: list[str] = field(default_factory=list)
    lead: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class _Act:
    """Something done on a day; `about` is a search or a lead, `word` what it came to."""

    day: str
    actor: str
    word: str = ""
    about: str = ""


class Recount:
    """Takes the entries of a log in order, keeps those of one agency, and counts them for any period.

    What was done with a search that was erased because nobody authorised it is not counted, but that it was asked is.
    """

    def __init__(self, agency: str) -> None:
        self._agency = agency
        self._searches: dict[str, _Search] = {}
        self._leads: dict[str, tuple[str, str]] = {}  # lead -> (time, search)
        self._acts: dict[str, list[_Act]] = {}

    def add(self, canonical: bytes) -> None:
        """Take one entry in canonical form. Whether it is what was signed is for the log's verification to say.

        Raises:
            BadEntry: not a valid entry, or a counted field is missing.
        """
        match = _ACTION.match(canonical)
        if match is None:
            raise BadEntry("it does not begin with an action")
        if match[1] in _COUNTED or match[1].endswith(_REFUSED):
            try:
                # Not parse_line: it takes eight times as long, and a log of years is counted at once.
                fields = json.loads(canonical)
                self._take(fields["action"], fields["actor"], written(fields), fields["subject"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadEntry(f"it lacks what is counted: {reason(error)}") from None

    def _take(self, action: str, actor: str, at: str, subject: Mapping[str, Any]) -> None:
        day = at[:10]
        search = self._searches.get(str(subject.get("search")))
        if action == "search.answered":
            if search is not None:
                search.candidates = int(str(subject["candidates"]))
            return
        if subject.get("agency") != self._agency:
            return
        match action:
            case "search.requested":
                self._searches[str(subject["search"])] = _Search(
                    at,
                    actor,
                    str(subject["offence"]),
                    str(subject["gallery"]),
                    bool(subject.get("urgent")),
                    "alert" in subject,
                    subject.get("via") == "api",
                )
            case "search.erased":
                if search is not None:
                    search.erased = True
            case "examination.recorded":
                word = str(subject["conclusion"])
                self._did("examinations", _Act(day, actor, word, str(subject["search"])))
                if search is not None:
                    search.conclusions.append(word)
            case "candidate.set_aside":
                self._did("set_aside", _Act(day, actor, str(subject["reason"]), str(subject["search"])))
            case "candidates.none":
                self._did("none_of_these", _Act(day, actor, about=str(subject["search"])))
            case "lead.released":
                self._leads[str(subject["lead"])] = (at, str(subject["search"]))
                if search is not None:
                    search.lead = True
            case "outcome.reported":
                self._did("outcomes", _Act(day, actor, str(subject["outcome"]), str(subject["lead"])))
            case "flag.decided":
                self._did("flags", _Act(day, actor, str(subject["outcome"]), str(subject["rule"])))
            case "lead.withheld":
                self._did("withheld", _Act(day, actor, about=str(subject["search"])))
            case "verification.recorded" | "flag.raised" | "log.reviewed":
                self._did(action, _Act(day, actor))
            case _:
                self._did("refusals", _Act(day, actor, str(subject.get("rule", "-")), action))

    def _did(self, kind: str, act: _Act) -> None:
        self._acts.setdefault(kind, []).append(act)

    def figures(self, period: Period) -> dict[str, Any]:
        """Every number of one period, as plain values.

        Searches are those asked in the period, with what has come of them since; all else is what was done in it.
        `seconds_to_release` is of the leads released in it: from the entry of the search to that of the release.
        """
        searches = [search for search in self._searches.values() if _within(search.at[:10], period)]
        remaining = [search for search in searches if not search.erased]
        examined = [search for search in remaining if search.conclusions]
        similar = [search for search in examined if POTENTIAL in search.conclusions]
        examinations = [act for act in self._in("examinations", period) if self._lives(act.about)]
        refusals, flags = list(self._in("refusals", period)), list(self._in("flags", period))
        leads = [
            (at, self._searches.get(about))
            for at, about in self._leads.values()
            if _within(at[:10], period) and self._lives(about)
        ]
        return {
            "searches": len(searches),
            "answered": sum(search.candidates is not None for search in remaining),
            "without_candidate": sum(search.candidates == 0 for search in remaining),
            "examined": len(examined),
            "nothing_similar": len(examined) - len(similar),
            "potential": len(similar),
            "came_to_a_lead": sum(search.lead for search in remaining),
            "urgent": sum(search.urgent for search in searches),
            "erased": len(searches) - len(remaining),
            "by_alerts": sum(search.alert for search in searches),
            "by_programs": sum(search.program for search in searches),
            "by_member": self._by_member(period, searches, refusals, examinations, leads),
            "by_offence": _counted(search.offence for search in searches),
            "by_gallery": _counted(search.gallery for search in searches),
            "by_day": _counted(search.at[:10] for search in searches),
            "by_hour": _counted(search.at[11:13] for search in searches),
            "by_weekday": _counted(str(date.fromisoformat(search.at[:10]).isoweekday()) for search in searches),
            "refusals": _nested(refusals),
            "examinations": {word: sum(search.word == word for search in examinations) for word in CONCLUSIONS},
            "verifications": len(list(self._in("verification.recorded", period))),
            "leads": len(leads),
            "withheld": sum(self._lives(search.about) for search in self._in("withheld", period)),
            "seconds_to_release": _spread(
                [int((_moment(at) - _moment(search.at)).total_seconds()) for at, search in leads if search]
            ),
            "outcomes": self._outcomes(period),
            "flags_decided": _nested(flags),
            "flags_raised": len(list(self._in("flag.raised", period))),
            "log_reviews": len(list(self._in(REVIEWED, period))),
        }

    def _in(self, kind: str, period: Period) -> Iterator[_Act]:
        return (act for act in self._acts.get(kind, ()) if _within(act.day, period))

    def _lives(self, search: str) -> bool:
        recorded = self._searches.get(search)
        return recorded is None or not recorded.erased

    def _outcomes(self, period: Period) -> dict[str, int]:
        """What was reported in the period; of several reports on one lead the newest counts."""
        newest = {
            outcome.about: outcome.word
            for outcome in self._in("outcomes", period)
            if self._lives(self._leads.get(outcome.about, ("", ""))[1])
        }
        return {word: sum(result == word for result in newest.values()) for word in OUTCOMES}

    def _by_member(
        self,
        period: Period,
        searches: list[_Search],
        refusals: list[_Act],
        examinations: list[_Act],
        leads: list[tuple[str, _Search | None]],
    ) -> dict[str, dict[str, int]]:
        aside = [act for act in self._in("set_aside", period) if self._lives(act.about)]
        columns = {
            "searches": Counter(search.member for search in searches),
            "without_candidate": Counter(
                search.member for search in searches if search.candidates == 0 and not search.erased
            ),
            "refused": Counter(act.actor for act in refusals),
            "set_aside": Counter(act.actor for act in aside),
            "other_person": Counter(act.actor for act in aside if act.word == OTHER_PERSON),
            "none_of_these": Counter(act.actor for act in self._in("none_of_these", period) if self._lives(act.about)),
            "examinations": Counter(act.actor for act in examinations),
            "verifications": Counter(act.actor for act in self._in("verification.recorded", period)),
            "leads": Counter(search.member for _, search in leads if search is not None),
        }
        people = sorted({name for column in columns.values() for name in column})
        return {name: {column: columns[column][name] for column in _OF_MEMBER} for name in people}


def _within(day: str, period: Period) -> bool:
    return period.since.isoformat() <= day <= period.until.isoformat()


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


def _counted(words: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _nested(acts: list[_Act]) -> dict[str, dict[str, int]]:
    nested: dict[str, Counter[str]] = {}
    for act in acts:
        nested.setdefault(act.about, Counter())[act.word] += 1
    return {about: dict(sorted(words.items())) for about, words in sorted(nested.items())}


def _spread(seconds: list[int]) -> dict[str, int | None]:
    """Whole seconds; no median of nothing, no quartiles of too few."""
    lower = upper = None
    if len(seconds) >= FEWEST_FOR_QUARTILES:
        lower, _, upper = (round(value) for value in quantiles(seconds, n=4, method="inclusive"))
    return {
        "leads": len(seconds),
        "lower": lower,
        "median": round(median(seconds)) if seconds else None,
        "upper": upper,
    }
