"""An agency's policy as people read and change it: a name, a sentence and a unit for each field, and what a change changes.

Owns the words, and writing a policy back as the file that `agency.parse` reads. It must never decide what is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from plainview.policy.agency import CAUTION, PICTURES, RANGES, STOP, AgencyPolicy
from plainview.policy.rights import COUNT, WITHHOLD
from plainview.policy.roles import Role


@dataclass(frozen=True, slots=True)
class Rule:
    """How a field is shown: its name, what it means, the unit of a number, and the words of a choice."""

    label: str
    says: str
    unit: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "offences": Rule("Offences", "A search is allowed in a case about one of these."),
        "unlisted_offences": Rule(
            "Other offences", "A case may also be about an offence that is not listed; it is recorded as stated."
        ),
        "purposes": Rule("Purposes", "What a search may be for."),
        "unlisted_purposes": Rule(
            "Other purposes", "A member may also state a purpose in their own words; it is recorded as stated."
        ),
        "origin_required": Rule("Origin of the probe", "A search must state where its photograph comes from."),
        "quality_floor": Rule("Lowest quality", "Below this, a supervisor must approve the probe.", "of 100"),
        "preapproval": Rule(
            "Approval beforehand",
            'A search for one of these offences needs a supervisor first; "all" for every search.',
        ),
        "urgent": Rule(
            "Urgent searches", "When a life is at risk, a search may run before a supervisor authorises it."
        ),
        "urgent_hours": Rule(
            "Time to authorise an urgent search", "After it, the search and its data are erased.", "hours"
        ),
        "list_max": Rule(
            "Longest candidate list", "A longer list has more people who only look similar.", "candidates"
        ),
        "alert_days": Rule("Longest alert", "An alert ends after this time unless a supervisor renews it.", "days"),
        "unsolved_alerts": Rule(
            "Alerts of unsolved cases",
            "The probes of a case that is closed unsolved may stay as alerts, reviewed every year.",
        ),
        "trial_days": Rule("Longest trial", "A new member on trial may search for this long.", "days"),
        "trial_searches": Rule("Searches in a trial", "A new member on trial may search this often.", "searches"),
        "proficiency_one_in": Rule(
            "Verifications with a known answer", "One in this many tests the verifier; 0 for none.", "verifications"
        ),
        "canary_hours": Rule(
            "Time between gallery checks", "Each gallery is tested with known pairs this often.", "hours"
        ),
        "canary_alarm": Rule(
            "A gallery that fails its check",
            "What happens to searches of it until the fault is explained.",
            choices=MappingProxyType({CAUTION: "carry a caution", STOP: "are refused"}),
        ),
        "incomplete_lists": Rule(
            "Incomplete lists",
            "While a part of a gallery's index does not answer, a search is answered from the other parts, and says so.",
        ),
        "disclosure_pictures": Rule(
            "Pictures for the defence",
            "Whose pictures a disclosure shows as they are; the others are too coarse to recognise anyone.",
            choices=MappingProxyType(
                dict(zip(PICTURES, ("every candidate's", "those of examined candidates", "nobody's"), strict=True))
            ),
        ),
        "training": Rule("Training", "What each role must have completed before it may work."),
        "rights_days": Rule(
            "Time to answer a person", "Within this time, a person who asks about themselves is answered.", "days"
        ),
        "rights_open_cases": Rule(
            "Open cases in that answer",
            "What the answer says about searches in open cases.",
            choices=MappingProxyType({WITHHOLD: "nothing", COUNT: "how many there were"}),
        ),
        "rights_complaints": Rule("Where a person complains", "The supervisory authority, with its address."),
    }
)
"""Field of `AgencyPolicy` -> how it is shown, in the order of the page."""


_NAMES = tuple(entry.name for entry in fields(AgencyPolicy))


def rule_of(name: str) -> Rule:
    """Return how a field is shown; one without a row of its own by its name."""
    return RULES.get(name) or Rule(name.replace("_", " ").capitalize(), "")


def written(policy: AgencyPolicy) -> str:
    """Return the policy as the file that `agency.parse` reads back to the same values."""
    lines = ["# Every change is recorded with its author and its reason."]
    for name in _NAMES:
        value = getattr(policy, name)
        if name != "training":
            lines.append(f"{name} = {_toml(value)}")
    for role, needed in policy.training.items():
        lines += ["", f"[training.{_key(role)}]", f"course = {_toml(needed.course)}", f"hours = {needed.hours}"]
    return "\n".join(lines) + "\n"


def differences(before: AgencyPolicy, after: AgencyPolicy) -> list[tuple[str, str, str]]:
    """Return (name, value before, value after) of each field that differs, in words."""
    return [
        (rule_of(name).label, in_words(name, old), in_words(name, new))
        for name, old, new in _pairs(before, after)
        if old != new
    ]


def _pairs(before: AgencyPolicy, after: AgencyPolicy) -> Iterator[tuple[str, object, object]]:
    for name in _NAMES:
        yield name, getattr(before, name), getattr(after, name)


def in_words(name: str, value: object) -> str:
    """Return the value of a field as a person says it."""
    rule = rule_of(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{role}: {needed.hours} hours of {needed.course}" for role, needed in value.items())
    if isinstance(value, str) and value in rule.choices:
        return rule.choices[value]
    return f"{value} {rule.unit}".strip()


def limits(name: str) -> tuple[int, int] | None:
    """Return the least and the greatest value of a number that no agency may leave; None for another field."""
    return RANGES.get(name)


def _key(role: Role) -> str:
    return role.value if role.value.isalpha() else json.dumps(role.value)


def _toml(value: object) -> str:
    # A JSON string is a TOML basic string, and so are a list of them, true, false and whole numbers.
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
