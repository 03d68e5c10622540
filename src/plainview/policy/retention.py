"""Retention rules: how long an agency keeps things, and the function that decides whether an item is due.

Owns the form of the rules (a small TOML file), which rule applies to which item, and the order of the answers: holds are checked
before anything is called due. Nothing here erases, and nothing here knows a picture.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted, day

MAX_DAYS = 36_525
"""Longest time that a rule may name, in days: a hundred years, longer than any law known to us keeps a picture."""

MAX_RULES = 500
"""Most rules of an agency: chosen, so that people can still read them all on a page."""

LEAST_WORDS = 3
"""Fewest words of a reason, as everywhere in this rulebook."""


class What(StrEnum):
    """The kind of item that a rule is about."""

    REFERENCES = "references"
    SEARCHES = "searches"
    DRAFTS = "drafts"
    VIDEOS = "videos"
    ALERTS = "alerts"


class After(StrEnum):
    """The event from which the days of a rule are counted."""

    ENROLMENT = "enrolment"
    CAPTURE = "capture"
    LAST_CAPTURE = "last capture"
    GALLERY_END = "gallery end"
    CASE_CLOSED = "case closed"
    ACQUITTAL = "acquittal"
    DISMISSAL = "dismissal"
    CONSENT_END = "consent end"
    COURT_ORDER = "court order"


OF_REFERENCES = frozenset(
    {
        After.ENROLMENT,
        After.CAPTURE,
        After.LAST_CAPTURE,
        After.GALLERY_END,
        After.ACQUITTAL,
        After.DISMISSAL,
        After.CONSENT_END,
        After.COURT_ORDER,
    }
)
OF_CASES = frozenset({After.CASE_CLOSED, After.ACQUITTAL, After.DISMISSAL})
"""What rules about references, and about everything else, may count from."""

EVENTS = (After.ACQUITTAL, After.DISMISSAL, After.CONSENT_END, After.COURT_ORDER)
"""Events that a person has to record; Plainview records the others itself."""

COUNTED = MappingProxyType(
    {
        After.ENROLMENT: "after they were enrolled",
        After.CAPTURE: "after they were taken, or enrolled where that is not known",
        After.LAST_CAPTURE: "after the last picture of the person was taken, or enrolled where that is not known",
        After.GALLERY_END: "after the gallery's passport ended",
        After.CASE_CLOSED: "after the case was closed",
        After.ACQUITTAL: "after an acquittal",
        After.DISMISSAL: "after a dismissal",
        After.CONSENT_END: "after consent ended",
        After.COURT_ORDER: "after a court ordered it",
    }
)
SUBJECTS = MappingProxyType(
    {
        What.REFERENCES: "References",
        What.SEARCHES: "Searches and ended requests to other agencies, with their probes, candidate lists and examinations",
        What.DRAFTS: "Drafts of searches",
        What.VIDEOS: "Videos with their stills",
        What.ALERTS: "Ended alerts with their probes",
    }
)
"""The words of a rule's sentence."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. It names a gallery, a case, or neither: then it is the agency's rule, for everything without a rule of its own.

    Attributes:
        id: a short name that the log, lists and the register use.
        what, after, days: erase `what`, `days` days after `after`.
        gallery: name, for references only.
        case: number, for everything else only.
    """

    id: str
    what: What
    after: After
    days: int
    gallery: str = ""
    case: str = ""

    @property
    def says(self) -> str:
        """Return the rule as a sentence."""
        where = f" of gallery {self.gallery}" if self.gallery else f" of case {self.case}" if self.case else ""
        when = "at once" if self.days == 0 else "a day" if self.days == 1 else f"{self.days:,} days"
        return f"{SUBJECTS[self.what]}{where} are erased {when} {COUNTED[self.after]}."


@dataclass(frozen=True, slots=True)
class Rules:
    """An agency's rules; `automatic`: what is due is erased without a person's approval."""

    automatic: bool
    rules: tuple[Rule, ...]

    def of(self, kind: What, *, gallery: str = "", case: str = "") -> tuple[Rule, ...]:
        """Return the rules for this kind of item in a gallery or a case: its own, and the agency's where it has none.

        A rule of its own replaces the agency's rule that counts from the same event.
        """
        own = [
            rule
            for rule in self.rules
            if rule.what is kind and (rule.gallery or rule.case) and (rule.gallery, rule.case) == (gallery, case)
        ]
        replaced = {rule.after for rule in own}
        common = [
            rule
            for rule in self.rules
            if rule.what is kind and not (rule.gallery or rule.case) and rule.after not in replaced
        ]
        return (*own, *common)


@dataclass(frozen=True, slots=True)
class Item:
    """An item whose retention is decided.

    Attributes:
        what: its kind.
        happened: the events that have happened, with their days (UTC).
        gallery, case: where it belongs.
        holds: ids of the holds in force on it.
        unsolved: its case was closed unsolved and an alert of it continues.
    """

    what: What
    happened: Mapping[After, date]
    gallery: str = ""
    case: str = ""
    holds: tuple[str, ...] = ()
    unsolved: bool = False


class State(StrEnum):
    """The answers of `judge`."""

    KEPT = "kept"
    LATER = "later"
    HELD = "held"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, with the rule that comes first and its day, if any rule applies to the item."""

    state: State
    rule: Rule | None = None
    on: date | None = None
    holds: tuple[str, ...] = field(default=())


def judge(item: Item, rules: Rules, today: date) -> Verdict:
    """Return whether an item is due to be erased on a day, and by which rule; a hold beats every rule.

    The rule whose day comes first counts. An item of an unsolved case waits for its alerts to end, but not
    if a person was acquitted or the case was dismissed.
    """
    applicable = sorted(
        (
            (due_on(item.happened[rule.after], rule.days), rule.id, rule)
            for rule in rules.of(item.what, gallery=item.gallery, case=item.case)
            if rule.after in item.happened and not (item.unsolved and rule.after is After.CASE_CLOSED)
        ),
        key=lambda dated: dated[:2],
    )
    if not applicable:
        return Verdict(State.KEPT)
    on, _, rule = applicable[0]
    if on > today:
        return Verdict(State.LATER, rule, on)
    if item.holds:
        return Verdict(State.HELD, rule, on, item.holds)
    return Verdict(State.DUE, rule, on)


def due_on(begun: date, days: int) -> date:
    """Return the day on which a rule's time is over, at most the last day that a date can express."""
    return begun + timedelta(days=min(days, (date.max - begun).days))


def free(holds: tuple[str, ...], subject: str) -> Decision:
    """Allow erasing an item that no hold keeps."""
    if holds:
        return Refused(
            "hold.in_force",
            "Nothing erased",
            f"{subject} is kept by hold{'s' if len(holds) > 1 else ''} {', '.join(holds)}.",
            "Each hold must first be ended by a person who may decide that it is over.",
            act=Permission.HOLD_END,
        )
    return Allow()


def hold_complete(reason: str, authority: str) -> Decision:
    """Allow a hold with a reason and an authority."""
    if len(reason.split()) < LEAST_WORDS or not authority.strip():
        return Refused(
            "hold.incomplete",
            "Hold refused",
            "The reason, in a sentence, or the authority for the hold is missing.",
            "State the reason, and the authority: the court, the office or the letter.",
        )
    return Allow()


def hold_review(review_on: date | None, today: date) -> Decision:
    """Allow no review day, or one in the future."""
    if review_on is not None and review_on <= today:
        return Refused(
            "hold.review",
            "Hold refused",
            f"The review day, {day(review_on)}, is not in the future.",
            "Choose a later day, or none.",
        )
    return Allow()


def event_day(happened_on: date, today: date) -> Decision:
    """Allow an event that has happened."""
    if happened_on > today:
        return Refused(
            "retention.event_day",
            "Event not recorded",
            f"{day(happened_on)} is in the future.",
            "Record the event once it has happened.",
        )
    return Allow()


def list_unchanged(gone: int, new: int) -> Decision:
    """Allow the approval of a list that has not changed since it was proposed."""
    if gone or new:
        return Refused(
            "retention.changed",
            "Not approved",
            f"The list has changed since it was proposed: {counted(gone, 'entry', 'entries')} removed, {new} added.",
            "Withdraw the list and propose a new one. A hold, an event, a rule or an erasure has changed it.",
            act=Permission.RETENTION_PROPOSE,
        )
    return Allow()


def parse(text: str) -> Rules:
    """Read a file of rules.

    Args:
        text: TOML: `automatic`, and tables [[rule]] with id, what, after, days and gallery or case, if any.

    Raises:
        Refused: retention.invalid, with the rule and what is wrong with it.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _invalid(f"The text is not TOML: {error}.") from None
    if not raw.keys() <= {"automatic", "rule"}:
        raise _invalid(f"The text has unknown fields: {', '.join(sorted(raw.keys() - {'automatic', 'rule'}))}.")
    if type(raw.get("automatic")) is not bool:
        raise _invalid("automatic is true or false.")
    tables = raw.get("rule", [])
    if not isinstance(tables, list) or len(tables) > MAX_RULES:
        raise _invalid(f"rule is a list of at most {MAX_RULES} tables: [[rule]].")
    rules = tuple(_rule(number, table) for number, table in enumerate(tables, start=1))
    _once("id", [rule.id for rule in rules])
    places = [", ".join(filter(None, (rule.what, rule.after, rule.gallery, rule.case))) for rule in rules]
    _once("what, after and place", places)
    return Rules(raw["automatic"], rules)


_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FIELDS = {"id", "what", "after", "days", "gallery", "case"}


def _rule(number: int, table: Any) -> Rule:
    if not isinstance(table, dict):
        raise _invalid("rule is a list of tables: [[rule]].")
    named = f"Rule {number}"
    unknown, missing = table.keys() - _FIELDS, {"id", "what", "after", "days"} - table.keys()
    if unknown or missing:
        raise _invalid(f"{named}: its fields do not fit ({', '.join(sorted(unknown | missing))}).")
    if not isinstance(table["id"], str) or not _ID.fullmatch(table["id"]):
        raise _invalid(f"{named}: id is 1 to 40 of a to z, 0 to 9 and hyphens.")
    named = f"Rule {table['id']}"
    if table["what"] not in list(What):
        raise _invalid(f"{named}: what is one of {', '.join(What)}.")
    kind = What(table["what"])
    able = OF_REFERENCES if kind is What.REFERENCES else OF_CASES
    if table["after"] not in able:
        raise _invalid(f"{named}: after is one of {', '.join(event for event in After if event in able)}.")
    if type(table["days"]) is not int or not 0 <= table["days"] <= MAX_DAYS:
        raise _invalid(f"{named}: days is a whole number from 0 to {MAX_DAYS:,}.")
    place, other = ("gallery", "case") if kind is What.REFERENCES else ("case", "gallery")
    if other in table:
        raise _invalid(f"{named}: {kind} belong to a {place}, not to a {other}.")
    name = table.get(place, "")
    if not isinstance(name, str) or (place in table and not name.strip()):
        raise _invalid(f"{named}: {place} is the name of one {place}, or left out.")
    return Rule(table["id"], kind, After(table["after"]), table["days"], **{place: name.strip()})


def _once(fields: str, entries: list[str]) -> None:
    twice = next((value for value in entries if entries.count(value) > 1), None)
    if twice is not None:
        raise _invalid(f"Two rules have the same {fields}: {twice}.")


def _invalid(why: str) -> Refused:
    return Refused(
        "retention.invalid",
        "Rules refused",
        why,
        "Correct the text of the rules. The rules in force are a valid example.",
        act=Permission.RETENTION_READ,
    )


BEGINNING = """\
# Retention rules: how long this agency keeps things. Every change is recorded with its author and its reason.
# A rule names a gallery = "NAME" (references) or a case = "NUMBER" (everything else), or neither: then it is the
# agency's rule, for everything without a rule of its own that counts from the same event.
automatic = false           # true: due items are erased without a person's approval, and the register says so

[[rule]]
id = "court-order"
what = "references"
after = "court order"
days = 0

[[rule]]
id = "consent-end"
what = "references"
after = "consent end"
days = 0

[[rule]]
id = "acquitted-person"
what = "references"
after = "acquittal"
days = 0

[[rule]]
id = "gallery-end"
what = "references"
after = "gallery end"
days = 30
"""
"""The rules of a new agency: those that every law asks for, and a month to renew a passport; none by age or closing of a
case, because these depend on the law of each place."""
