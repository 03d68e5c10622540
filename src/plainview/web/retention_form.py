"""The form of an agency's retention rules: one row for each rule, with its sentence; it ends in the file that they are.

Owns reading the form. What it reads is checked like any other file: by `policy.retention.parse`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from django.http import QueryDict

from plainview.policy.retention import MAX_RULES, Rules, What

COLUMNS = ("id", "kind", "after", "days", "place")
_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of the page.

    Attributes:
        number: of the row, from 1.
        id, kind, after, days, place: what its fields show; place is the name of a gallery or the number of a case.
        says: the rule of the form as a sentence; "" while there is none.
        now: the sentence in force of the rule with this id; "" for a new rule.
        changed: whether the form differs from what is in force.
    """

    number: int
    id: str
    kind: str
    after: str
    days: str
    place: str
    says: str
    now: str

    @property
    def changed(self) -> bool:
        """Say whether this row would change anything."""
        return self.says != self.now


def rows(now: Rules, shown: Rules) -> list[Line]:
    """Return a row for each rule of `shown`, beside the rules in force, and an empty one for a new rule."""
    in_force = {rule.id: rule.says for rule in now.rules}
    filled = [
        Line(
            number,
            rule.id,
            rule.what.value,
            rule.after.value,
            str(rule.days),
            rule.gallery or rule.case,
            rule.says,
            in_force.get(rule.id, ""),
        )
        for number, rule in enumerate(shown.rules, start=1)
    ]
    return [*filled, _empty(len(filled) + 1)]


def posted_rows(posted: QueryDict, now: Rules) -> list[Line]:
    """Return the rows as they were typed, for a form with a fault in it."""
    in_force = {rule.id: rule.says for rule in now.rules}
    typed = [
        Line(
            number,
            fields["id"],
            fields["kind"],
            fields["after"],
            fields["days"],
            fields["place"],
            "",
            in_force.get(fields["id"], ""),
        )
        for number, fields in enumerate(_read(posted), start=1)
    ]
    return [*typed, _empty(len(typed) + 1)]


def differences(before: Rules, after: Rules) -> list[tuple[str, str, str]]:
    """Return (id, sentence in force, new sentence) of each rule that differs; "" where there is none."""
    old, new = ({rule.id: rule.says for rule in rules.rules} for rules in (before, after))
    ids = dict.fromkeys([*old, *new])
    changed = [(key, old.get(key, ""), new.get(key, "")) for key in ids if old.get(key) != new.get(key)]
    if before.automatic == after.automatic:
        return changed
    return [("approval", approval(before), approval(after)), *changed]


def approval(rules: Rules) -> str:
    """Say who decides about what is due."""
    return (
        "Due items are erased without a person's approval."
        if rules.automatic
        else "One person proposes a list of due items, another approves it."
    )


def text_of(posted: QueryDict) -> str:
    """Return the file that the posted form states.

    Values are written as they were typed: `policy.retention.parse` says what is wrong with them. A row that is ticked
    for removal, or has neither days nor a place, is left out.
    """
    lines = [
        "# Retention rules: how long this agency keeps things. Every change is recorded with its author and its reason.",
        f"automatic = {'true' if posted.get('automatic') == 'yes' else 'false'}",
    ]
    for fields in _read(posted):
        place = "gallery" if fields["kind"] == What.REFERENCES else "case"
        days = fields["days"]
        lines += [
            "",
            "[[rule]]",
            f"id = {_text(fields['id'])}",
            f"what = {_text(fields['kind'])}",
            f"after = {_text(fields['after'])}",
            f"days = {days if days.isascii() and days.isdigit() and len(days) < 8 else _text(days)}",
            *([f"{place} = {_text(fields['place'])}"] if fields["place"] else []),
        ]
    return "\n".join(lines) + "\n"


def _read(posted: QueryDict) -> list[dict[str, str]]:
    columns = [posted.getlist(name)[: MAX_RULES + 1] for name in COLUMNS]
    removed = set(posted.getlist("remove"))
    read: list[dict[str, str]] = []
    for number, values in enumerate(zip(*columns, strict=False), start=1):
        fields = {name: " ".join(value.split()) for name, value in zip(COLUMNS, values, strict=True)}
        if str(number) not in removed and (fields["days"] or fields["place"] or fields["id"]):
            read.append(fields | {"id": fields["id"] or _free_id(fields, {other["id"] for other in read})})
    return read


def _free_id(fields: dict[str, str], taken: set[str]) -> str:
    """Return a name for a new rule: what, from when, and where."""
    words = " ".join(filter(None, (fields["kind"], fields["after"], fields["place"]))).lower()
    name = _NO_WORD.sub("-", words).strip("-")[:36].rstrip("-")
    return next(free for free in (name, *(f"{name}-{i}" for i in range(2, MAX_RULES + 3))) if free not in taken)


def _empty(number: int) -> Line:
    return Line(number, "", What.REFERENCES.value, "enrolment", "", "", "", "")


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
