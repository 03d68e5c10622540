"""An agency's own policy: a small TOML file that people can read, checked value by value.

Owns its fields, the limits that no agency may loosen, and the two policies that come with Plainview: the one a new
agency begins with, and the one of the sample workspace. A field that is not known is refused, never ignored.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from plainview.policy.alerts import MAX_ALERT_DAYS
from plainview.policy.decision import Refused
from plainview.policy.grounds import refused_ground
from plainview.policy.permissions import Permission
from plainview.policy.rights import COUNT, MAX_DAYS, WITHHOLD, purpose_free
from plainview.policy.roles import Role

MIN_LIST, MAX_LIST = 2, 50
"""Shortest and longest candidate list; source: FBI NGI Interstate Photo System, lists of 2 to 50, default 20."""

DEFAULT_LIST = 20
"""Default length of a candidate list; source: as above."""

MAX_URGENT_HOURS = 48
"""Longest time until an urgent search is authorised or erased; source: EU AI Act 26(10)."""

EVIDENCE_DAYS = 14
"""Days for which the evidence of an urgent search that nobody authorised is sealed for the auditor: chosen, two of the
weekly reviews of the log; docs/howto/search.md says how this and the deletion of EU AI Act 26(10) are both met."""

MAX_TRIAL_DAYS = 30
"""Longest trial; source: the vendor trials without an end that let 1,803 agencies' staff search unnoticed."""

MAX_TRIAL_SEARCHES = 200
"""Most searches that a trial may allow: chosen, about seven on each of 30 days."""

MAX_CANARY_HOURS = 7 * 24
"""Longest time between two canary checks: chosen, so that each weekly review of the log finds one."""

CAUTION, STOP = "caution", "stop"
"""What an open canary alarm does to searches of its gallery: they carry a caution, or are refused."""

PICTURES = ("all", "examined", "none")
"""Whose pictures a disclosure shows as they are, the most open first; the others are shown so coarsely that nobody is recognised."""

MAX_ONE_IN = 100
"""Rarest items with a known answer: chosen; with rarer ones no member would ever have figures."""

ALL = "all"


@dataclass(frozen=True, slots=True)
class TrainingNeeded:
    """What a role must have completed: hours of `course`, not expired."""

    course: str
    hours: int


@dataclass(frozen=True, slots=True)
class AgencyPolicy:
    """One version of an agency's policy.

    Attributes:
        offences: offence categories for which a search may be run, lower case.
        unlisted_offences: accept an offence that is not listed, recorded as it is stated.
        purposes: purposes for which a search may be run, lower case.
        unlisted_purposes: accept a purpose that is not listed, recorded as it is stated.
        origin_required: a search must declare where its probe comes from.
        quality_floor: overall quality (0 to 100) below which a supervisor must approve the probe.
        preapproval: offences that need a supervisor's approval before each search; ("all",) for every one.
        urgent: allow a search without approval when life is at risk.
        urgent_hours: hours until such a search is authorised, or erased.
        list_max: longest candidate list.
        alert_days: longest time until an alert ends or is renewed.
        unsolved_alerts: the probes of a case that is closed unsolved may be kept as alerts, reviewed every year.
        trial_days: longest trial.
        trial_searches: most searches in a trial.
        proficiency_one_in: one verification in this many has a known answer, where such items exist; 0: none.
        canary_hours: hours between two canary checks of a gallery.
        canary_alarm: what an open canary alarm does to searches of its gallery, `CAUTION` or `STOP`.
        incomplete_lists: answer a search from the parts of a gallery's index that can be compared, where one cannot.
        disclosure_pictures: whose pictures a disclosure shows as they are: all candidates', those of examined ones, or
            none (a word of `PICTURES`).
        training: role -> what it must have completed.
        rights_days: days within which a data subject's request is answered.
        rights_open_cases: what its answer says of searches under open cases, `WITHHOLD` or `COUNT`.
        rights_complaints: where a person complains: the supervisory authority, with its address.
    """

    offences: tuple[str, ...]
    purposes: tuple[str, ...]
    unlisted_offences: bool
    unlisted_purposes: bool
    origin_required: bool
    quality_floor: int
    preapproval: tuple[str, ...]
    urgent: bool
    urgent_hours: int
    list_max: int
    alert_days: int
    unsolved_alerts: bool
    trial_days: int
    trial_searches: int
    proficiency_one_in: int
    canary_hours: int
    canary_alarm: str
    incomplete_lists: bool
    disclosure_pictures: str
    training: Mapping[Role, TrainingNeeded]
    rights_days: int
    rights_open_cases: str
    rights_complaints: str

    def needs_approval(self, offence: str) -> bool:
        """Return whether a search for this offence needs a supervisor's approval beforehand."""
        return ALL in self.preapproval or offence.strip().lower() in self.preapproval


RANGES = {
    "quality_floor": (0, 100),
    "urgent_hours": (1, MAX_URGENT_HOURS),
    "list_max": (MIN_LIST, MAX_LIST),
    "alert_days": (1, MAX_ALERT_DAYS),
    "trial_days": (1, MAX_TRIAL_DAYS),
    "trial_searches": (1, MAX_TRIAL_SEARCHES),
    "proficiency_one_in": (0, MAX_ONE_IN),
    "canary_hours": (1, MAX_CANARY_HOURS),
    "rights_days": (1, MAX_DAYS),
}
"""Number -> the least and the greatest value that a policy may give it."""
_LISTS = ("offences", "purposes", "preapproval")
_CHOICES = (
    "unlisted_offences",
    "unlisted_purposes",
    "origin_required",
    "urgent",
    "unsolved_alerts",
    "incomplete_lists",
)
_MAX_ADDRESS = 300  # characters of the address for complaints
_MAX_WORDS = 120  # characters of one offence or purpose, and items of one list


def parse(text: str) -> AgencyPolicy:
    """Read a policy file.

    Args:
        text: TOML with every field of `AgencyPolicy`; training as tables [training.ROLE] with course and hours.

    Raises:
        Refused: policy.invalid, with the field and what is wrong with it; or policy.ground.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(f"It is not TOML: {error}.") from None
    names = {field.name for field in fields(AgencyPolicy)}
    unknown, missing = sorted(raw.keys() - names), sorted(names - raw.keys())
    if unknown or missing:
        parts = [f"unknown: {', '.join(unknown)}"] * bool(unknown) + [f"missing: {', '.join(missing)}"] * bool(missing)
        raise _invalid(f"Its fields do not fit ({'; '.join(parts)}).")
    values: dict[str, Any] = {name: _words(name, raw[name]) for name in _LISTS}
    for name, (low, high) in RANGES.items():
        if type(raw[name]) is not int or not low <= raw[name] <= high:
            raise _invalid(f"{name} is a whole number from {low} to {high}.")
        values[name] = raw[name]
    if values["proficiency_one_in"] == 1:
        raise _invalid("proficiency_one_in is 0 for none, or from 2: items cannot replace all ordinary work.")
    for name in _CHOICES:
        if type(raw[name]) is not bool:
            raise _invalid(f"{name} is true or false.")
        values[name] = raw[name]
    if raw["canary_alarm"] not in (CAUTION, STOP):
        raise _invalid(f"canary_alarm is {CAUTION} or {STOP}.")
    values["canary_alarm"] = raw["canary_alarm"]
    if raw["rights_open_cases"] not in (WITHHOLD, COUNT):
        raise _invalid(f"rights_open_cases is {WITHHOLD} or {COUNT}.")
    values["rights_open_cases"] = raw["rights_open_cases"]
    complaints = raw["rights_complaints"]
    if not isinstance(complaints, str) or not 1 <= len(complaints.strip()) <= _MAX_ADDRESS:
        raise _invalid(f"rights_complaints is a text of 1 to {_MAX_ADDRESS} characters.")
    values["rights_complaints"] = complaints.strip()
    if raw["disclosure_pictures"] not in PICTURES:
        raise _invalid(f"disclosure_pictures is one of: {', '.join(PICTURES)}.")
    values["disclosure_pictures"] = raw["disclosure_pictures"]
    if ALL not in values["preapproval"]:
        stray = [word for word in values["preapproval"] if word not in values["offences"]]
        if stray and not values["unlisted_offences"]:
            raise _invalid(f"preapproval names offences that are not listed: {', '.join(stray)}.")
    return AgencyPolicy(**values, training=_training(raw["training"]))


def _words(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _invalid(f"{name} is a list of texts.")
    words = tuple(" ".join(word.split()).lower() for word in value)
    if len(words) > _MAX_WORDS or any(not word or len(word) > _MAX_WORDS for word in words):
        raise _invalid(f"{name} has at most {_MAX_WORDS} texts of 1 to {_MAX_WORDS} characters.")
    if len(set(words)) != len(words):
        raise _invalid(f"{name} names one entry twice.")
    if name == "preapproval":
        return words
    if not words:
        raise _invalid(f"{name} is empty, so no search would be possible.")
    for word in words:
        ground = refused_ground(word)
        if ground is not None:
            raise Refused(
                "policy.ground",
                "Policy refused",
                f"{name} contains {word!r}, which is {ground.name}.",
                "Remove it: no policy allows a search on that ground.",
            )
        if name == "purposes" and isinstance(purpose_free(word), Refused):
            raise _invalid(f"purposes holds {word!r}, which is only for a person's own request.")
    return words


def _training(value: object) -> Mapping[Role, TrainingNeeded]:
    roles = {role.value: role for role in Role}
    if not isinstance(value, dict) or not value.keys() <= roles.keys():
        raise _invalid(f"training has tables named after roles: {', '.join(roles)}.")
    needed: dict[Role, TrainingNeeded] = {}
    for name, table in value.items():
        if not isinstance(table, dict) or table.keys() != {"course", "hours"}:
            raise _invalid(f"training.{name} has a course and hours.")
        course, hours = table["course"], table["hours"]
        if not isinstance(course, str) or not course.strip() or type(hours) is not int or not 1 <= hours <= 1000:
            raise _invalid(f"training.{name}: course is a text, hours a whole number from 1 to 1000.")
        needed[roles[name]] = TrainingNeeded(course.strip(), hours)
    if Role.EXAMINER not in needed:
        raise _invalid("training.examiner is missing: an examiner needs training before searching.")
    return MappingProxyType(needed)


def _invalid(why: str) -> Refused:
    return Refused(
        "policy.invalid",
        "Policy refused",
        why,
        "Correct the text of the policy. The policy in force is a valid example.",
        act=Permission.POLICY_SHOW,
    )


STRICTEST: Mapping[str, str] = MappingProxyType(
    {
        "unlisted_offences": "false",
        "unlisted_purposes": "false",
        "origin_required": "true",
        "quality_floor": "100",
        "preapproval": '["all"]',
        "urgent": "false",
        "urgent_hours": "1",
        "list_max": str(MIN_LIST),
        "alert_days": "1",
        "unsolved_alerts": "false",
        "trial_days": "1",
        "trial_searches": "1",
        "proficiency_one_in": "2",
        "canary_hours": "1",
        "canary_alarm": f'"{STOP}"',
        "incomplete_lists": "false",
        "disclosure_pictures": f'"{PICTURES[-1]}"',
        "rights_days": "1",
        "rights_open_cases": f'"{WITHHOLD}"',
        "rights_complaints": '"the data protection authority of your country"',
    }
)
"""Field -> its strictest value as TOML: what holds where a policy was stored before the field existed, until the agency
decides. What allows least is strictest; of what is told to others, what can be told later. Every field needs a row here,
but for those without which no policy was ever stored."""

FROM_THE_FIRST = frozenset({"offences", "purposes", "training"})
"""Fields that every stored policy has: nothing completes them."""


def complete(text: str) -> tuple[str, dict[str, str]]:
    """Return a stored policy with every missing field of `STRICTEST`, and those fields with their values.

    The text itself comes back, and no field, where none is missing, or where it is not TOML.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return text, {}
    missing = {name: value for name, value in STRICTEST.items() if name not in raw}
    if not missing:
        return text, {}
    lines = [f"{name} = {value}" for name, value in missing.items()]
    head = "# New in this version of Plainview: the strictest value holds until you decide."
    # Above everything else: below a table's head a line would belong to that table.
    return "\n".join([head, *lines, "", text]), missing


NEW_AGENCY = """\
# What may be searched for, and how. Every change is recorded with its author and its reason.
offences = [
  "homicide", "robbery", "burglary", "assault", "sexual offence", "kidnapping", "human trafficking",
  "child abuse", "arson", "fraud", "theft", "terrorism", "missing person", "unidentified remains",
]
unlisted_offences = false
purposes = [
  "find a candidate for an unknown person", "find a missing person", "identify remains",
  "find a victim", "find a witness", "exoneration review",
]
unlisted_purposes = false
origin_required = true
quality_floor = 20
preapproval = []            # offences that need a supervisor's approval before each search, or ["all"]
urgent = false              # true once the head wants it. Life at risk: search first, authorised within urgent_hours, or erased
urgent_hours = 48
list_max = 50
alert_days = 30             # an alert ends then, unless a supervisor renews it
unsolved_alerts = false     # keep the probes of cases closed unsolved as alerts, reviewed every year
trial_days = 30
trial_searches = 50
proficiency_one_in = 10     # one verification in so many has a known answer, where such items exist; 0: none
canary_hours = 24           # hours between two checks of a gallery by its canaries
canary_alarm = "caution"    # an open canary alarm: "caution" on every search of the gallery, or "stop" them
incomplete_lists = false    # a part of a gallery does not answer: refuse the search, or answer it from the others and say so
rights_days = 30           # days within which a person who asks about themselves is answered
rights_open_cases = "withhold" # in that answer, searches under open cases: "withhold", or "count" them
rights_complaints = "the data protection authority of your country"
disclosure_pictures = "all" # whose pictures the defence sees as they are: "all", "examined" or "none"; else coarsely

[training.examiner]
course = "facial examination, FISWG curriculum"
hours = 24

[training.verifier]
course = "facial examination, FISWG curriculum"
hours = 24
"""
"""The policy of a new agency; hours: chosen, the length of a three-day course (FISWG asks for no fixed number)."""

SAMPLE = (
    NEW_AGENCY.replace("unlisted_offences = false", "unlisted_offences = true")
    .replace("unlisted_purposes = false", "unlisted_purposes = true")
    .replace("origin_required = true", "origin_required = false")
    .replace("quality_floor = 20", "quality_floor = 0")
    .replace("urgent = false", "urgent = true")
)
"""The policy of the sample agency: accepts whatever a person types while trying things out, except what is always refused."""
