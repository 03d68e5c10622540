"""The form of an agency's policy: one field for each rule, with its sentence; it ends in the file that the policy is.

Owns reading the form. What it reads is checked like any other file: by `policy.agency.parse`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

from django.http import QueryDict

from plainview.policy.agency import AgencyPolicy
from plainview.policy.sentences import in_words, limits, rule_of

_ROLES = ("examiner", "verifier")  # of whom training is always asked on the page


@dataclass(frozen=True, slots=True)
class Field:
    """One rule of the page.

    Attributes:
        name: the field.
        label, says, unit: its words.
        kind: yes, number, choice, words (one a line), text or training.
        value: what the form shows.
        now: the value in force, in words.
        changed: whether the form differs from what is in force.
        low, high: limits of a number.
        choices: (value, words) of a choice.
        training: (role, course, hours).
    """

    name: str
    label: str
    says: str
    unit: str
    kind: str
    value: object
    now: str
    changed: bool
    low: int | None = None
    high: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    training: tuple[tuple[str, str, int], ...] = ()


def rows(now: AgencyPolicy, shown: AgencyPolicy) -> list[Field]:
    """Return the rows of the page: the values of `shown`, beside those in force."""
    return [_field(field.name, getattr(now, field.name), getattr(shown, field.name)) for field in fields(AgencyPolicy)]


def _field(name: str, before: object, value: object) -> Field:
    rule = rule_of(name)
    low, high = limits(name) or (None, None)
    kind = (
        "yes"
        if isinstance(value, bool)
        else "number"
        if isinstance(value, int)
        else "words"
        if isinstance(value, tuple)
        else "training"
        if isinstance(value, Mapping)
        else "choice"
        if rule.choices
        else "text"
    )
    trained = {role.value: needed for role, needed in value.items()} if isinstance(value, Mapping) else {}
    return Field(
        name,
        rule.label,
        rule.says,
        rule.unit,
        kind,
        "\n".join(value) if isinstance(value, tuple) else value,
        in_words(name, before),
        before != value,
        low,
        high,
        tuple(rule.choices.items()),
        tuple(
            (role, trained[role].course if role in trained else "", trained[role].hours if role in trained else 0)
            for role in dict.fromkeys((*_ROLES, *trained))
        )
        if kind == "training"
        else (),
    )


def text_of(posted: QueryDict, now: AgencyPolicy) -> str:
    """Return the file that the posted form states; a field that it lacks stays as it is.

    Values are written as they were typed: `policy.agency.parse` says what is wrong with them.
    """
    lines, tables = [], []
    for field in fields(AgencyPolicy):
        name, value = field.name, getattr(now, field.name)
        if isinstance(value, Mapping):
            for role in dict.fromkeys((*_ROLES, *(trained.value for trained in value))):
                course, hours = posted.get(f"course_{role}", ""), posted.get(f"hours_{role}", "")
                if course.strip():
                    tables += [
                        "",
                        f"[training.{json.dumps(role)}]",
                        f"course = {_text(course)}",
                        f"hours = {_number(hours)}",
                    ]
        elif isinstance(value, bool):
            lines.append(f"{name} = {'true' if posted.get(name) == 'yes' else 'false'}")
        elif isinstance(value, int):
            lines.append(f"{name} = {_number(posted.get(name, str(value)))}")
        elif isinstance(value, tuple):
            words = [line.strip() for line in posted.get(name, "").splitlines() if line.strip()]
            lines.append(f"{name} = {json.dumps(words, ensure_ascii=False)}")
        else:
            lines.append(f"{name} = {_text(posted.get(name, str(value)))}")
    return "\n".join(["# Every change is recorded with its author and its reason.", *lines, *tables]) + "\n"


def _text(words: str) -> str:
    return json.dumps(" ".join(words.split()), ensure_ascii=False)


def _number(words: str) -> str:
    return words if words.isascii() and words.isdigit() and len(words) < 8 else _text(words)
