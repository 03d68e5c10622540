"""Reading retention: the rules that bind, what is due or will be, runs with their lists, and what was told from outside.

Owns the facts that the judge is given (policy.retention.judge). The database only leaves out what no rule can reach;
whether a thing is due is the judge's word alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice

from django.db.models import Q, QuerySet

from plainview.casework.erasure.read import InForce, in_force
from plainview.casework.models import (
    Agency,
    Alert,
    Case,
    Gallery,
    Member,
    Preparation,
    Reference,
    RetentionEvent,
    RetentionItem,
    RetentionRun,
    RetentionVersion,
    Search,
    Video,
)
from plainview.policy.retention import (
    BEGINNING,
    After,
    Item,
    Rule,
    Rules,
    State,
    Verdict,
    What,
    due_on,
    judge,
    parse,
)

AHEAD_DAYS = 90
"""How far the page looks ahead: a quarter, as its issue asks."""

MOST_LINES = 20_000
"""Lines of a run: chosen, so that a person can still look at it and a page can propose it; the next run has the rest."""

MOST_COUNTED = 50_000
"""Things that the page counts ahead: chosen, about two seconds of judging."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A thing with its verdict: id, and name of its gallery or number of its case."""

    what: What
    subject: str
    place: str
    verdict: Verdict

    @property
    def line(self) -> list[object]:
        """What of it a list freezes."""
        rule, on = self.verdict.rule, self.verdict.on
        return [
            self.what.value,
            self.subject,
            rule.id if rule else "",
            on.isoformat() if on else "",
            self.verdict.state is State.DUE,
            list(self.verdict.holds),
        ]


def digest_of_lines(lines: Sequence[list[object]]) -> str:
    """SHA-256 (hex) of a list, one JSON array a line in its order: what is approved is what was proposed."""
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def rules_of(agency: Agency) -> tuple[RetentionVersion | None, Rules]:
    """The newest version of the agency's rules and the rules themselves; None while it has the beginning ones."""
    version = RetentionVersion.objects.filter(agency=agency).order_by("-number").first()
    return version, _parsed(version.text if version else BEGINNING)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Rules:
    return parse(text)


def rules_history(member: Member) -> list[RetentionVersion]:
    """Every version of the member's agency's rules, newest first."""
    rows = RetentionVersion.objects.filter(agency=member.agency).select_related("changed_by")
    return list(rows.order_by("-number"))


def judged(agency: Agency, today: date, *, until: date | None = None) -> Iterator[Judged]:
    """Every thing of the agency that is due on a day, held back, or due until a later day; in a fixed order.

    Args:
        agency: whose.
        today: the day (UTC) for which it is judged.
        until: also what will be due up to this day.
    """
    _, rules = rules_of(agency)
    holds = in_force(agency)
    last = until or today
    for gallery in Gallery.objects.filter(agency=agency).order_by("pk"):
        yield from _references(gallery, rules, holds, today, last)
    for case in _cases(agency):
        yield from _of_case(case, rules, holds, today, last)


def due(agency: Agency, today: date) -> list[Judged]:
    """What is due on a day and what a hold keeps back of it: the list of a run, at most MOST_LINES of either."""
    found: list[Judged] = []
    lines = {True: 0, False: 0}
    for one in judged(agency, today):
        is_due = one.verdict.state is State.DUE
        if lines[is_due] < MOST_LINES:
            lines[is_due] += 1
            found.append(one)
        elif is_due:
            break
    return found


def judged_again(what: What, subject: str, agency: Agency, today: date) -> Judged | None:
    """One thing judged anew; None when it is not there, was erased, or no rule reaches it."""
    _, rules = rules_of(agency)
    holds = in_force(agency)
    if what is What.REFERENCES:
        row = Reference.objects.filter(public_id=subject, gallery__agency=agency).first()
        found = _references(row.gallery, rules, holds, today, today, only=row.pk) if row else iter(())
    else:
        row = _MODELS[what].filter(public_id=subject, case__agency=agency).first()
        found = _of_case(row.case, rules, holds, today, today, only=(what, row.pk)) if row else iter(())
    return next(found, None)


_MODELS: dict[What, QuerySet] = {  # type: ignore[type-arg]
    What.SEARCHES: Search.objects.filter(erased_at=None),
    What.DRAFTS: Preparation.objects.filter(discarded_at=None),
    What.VIDEOS: Video.objects.exclude(state=Video.State.ERASED),
    What.ALERTS: Alert.objects.filter(closed_at__isnull=False).exclude(probe_blob=""),
}
"""What of each kind of a case can be erased; an alert that goes on is ended first."""


def _wanted(rule: Rule, gallery: Gallery, last: date) -> Q | None:
    """Which references of a gallery a rule may reach until a day; None: none of them."""
    if (last - date.min).days < rule.days:
        return None
    cut = last - timedelta(days=rule.days)
    enrolled = Q(enrolment__started_at__lt=datetime.combine(_after(cut), time(), UTC))
    if rule.after is After.ENROLMENT:
        return enrolled
    if rule.after is After.CAPTURE:
        return Q(captured_on__lte=cut) | Q(captured_on=None) & enrolled
    if rule.after is After.GALLERY_END:
        return Q() if due_on(gallery.expires_on, 1) <= cut else None
    told = RetentionEvent.objects.filter(kind=rule.after, reference__gallery=gallery, happened_on__lte=cut)
    return Q(pk__in=told.values("reference_id"))


def _after(day: date) -> date:
    return due_on(day, 1)


def _references(
    gallery: Gallery, rules: Rules, holds: InForce, today: date, last: date, *, only: int | None = None
) -> Iterator[Judged]:
    own = rules.of(What.REFERENCES, gallery=gallery.name)
    reach = [which for which in (_wanted(rule, gallery, last) for rule in own) if which is not None]
    if not reach:
        return
    rows = Reference.objects.filter(gallery=gallery).exclude(template=b"")
    if Q() not in reach:
        either = reach[0]
        for which in reach[1:]:
            either |= which
        rows = rows.filter(either)
    if only is not None:
        rows = rows.filter(pk=only)
    of = Q(reference__gallery=gallery) if only is None else Q(reference_id=only)
    told = _told(RetentionEvent.objects.filter(of), "reference_id")
    ends = _after(gallery.expires_on)
    columns = ("pk", "public_id", "captured_on", "enrolment__started_at")
    for pk, public, captured, started in rows.order_by("pk").values_list(*columns).iterator(2000):
        enrolled = started.astimezone(UTC).date()
        happened = {
            After.ENROLMENT: enrolled,
            After.CAPTURE: captured or enrolled,
            After.GALLERY_END: ends,
            **told.get(pk, {}),
        }
        thing = Item(What.REFERENCES, happened, gallery=gallery.name, holds=holds.reference(pk, gallery.pk))
        yield from _reached(thing, public, gallery.name, rules, today, last)


def _told(rows: QuerySet[RetentionEvent], key: str) -> dict[int, dict[After, date]]:
    """What was told of each reference or case: the first day of each kind."""
    found: dict[int, dict[After, date]] = {}
    for pk, kind, day in rows.order_by("-happened_on").values_list(key, "kind", "happened_on"):
        found.setdefault(pk, {})[After(kind)] = day
    return found


def _cases(agency: Agency) -> list[Case]:
    """Cases that are closed, or of which something was told: no rule reaches another."""
    told = RetentionEvent.objects.filter(agency=agency, case__isnull=False).values("case_id")
    rows = Case.objects.filter(Q(closed_at__isnull=False) | Q(pk__in=told), agency=agency)
    return list(rows.order_by("pk"))


def _of_case(
    case: Case, rules: Rules, holds: InForce, today: date, last: date, *, only: tuple[What, int] | None = None
) -> Iterator[Judged]:
    happened = dict(_told(RetentionEvent.objects.filter(case=case), "case_id").get(case.pk, {}))
    if case.closed_at is not None:
        happened[After.CASE_CLOSED] = case.closed_at.astimezone(UTC).date()
    unsolved = Alert.objects.filter(case=case, unsolved=True, closed_at=None).exists()
    of: dict[What, Callable[[int, str], tuple[str, ...]]] = {
        What.SEARCHES: lambda pk, public: holds.search(pk, case.pk),
        What.DRAFTS: lambda pk, public: holds.draft(pk, case.pk),
        What.VIDEOS: lambda pk, public: holds.video(public, case.pk),
        What.ALERTS: lambda pk, public: holds.alert(pk, case.pk),
    }
    for what, held in of.items():
        if (only is not None and only[0] is not what) or not rules.of(what, case=case.number):
            continue
        rows = _MODELS[what].filter(case=case)
        if only is not None:
            rows = rows.filter(pk=only[1])
        for pk, public in rows.order_by("pk").values_list("pk", "public_id"):
            thing = Item(what, happened, case=case.number, holds=held(pk, public), unsolved=unsolved)
            yield from _reached(thing, public, case.number, rules, today, last)


def _reached(thing: Item, subject: str, place: str, rules: Rules, today: date, last: date) -> Iterator[Judged]:
    verdict = judge(thing, rules, today)
    if verdict.state in (State.DUE, State.HELD) or (
        verdict.state is State.LATER and verdict.on is not None and verdict.on <= last
    ):
        yield Judged(thing.what, subject, place, verdict)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What rules will reach: `weeks`: (first day, count); `rows`: (rule, place, count, first day, held).

    `more`: there is more than MOST_COUNTED, and the rest was not counted.
    """

    now: int
    held: int
    more: bool
    weeks: list[tuple[date, int]]
    rows: list[tuple[Rule, str, int, date, int]]


def ahead(agency: Agency, today: date, days: int = AHEAD_DAYS) -> Ahead:
    """Count what is due now and in the coming days, by week, rule and place."""
    now = held = 0
    weeks = {today + timedelta(days=first): 0 for first in range(0, days, 7)}
    rows: dict[tuple[str, str], list[tuple[Rule, date, bool]]] = {}
    counted = 0
    for one in islice(judged(agency, today, until=today + timedelta(days=days)), MOST_COUNTED + 1):
        counted += 1
        if counted > MOST_COUNTED:
            break
        rule, on = one.verdict.rule, one.verdict.on
        if rule is None or on is None:
            continue
        kept = bool(one.verdict.holds)
        if one.verdict.state is State.LATER:
            weeks[today + timedelta(days=min((on - today).days, days - 1) // 7 * 7)] += 1
        else:
            now, held = now + (not kept), held + kept
        rows.setdefault((rule.id, one.place), []).append((rule, on, kept))
    told = [
        (found[0][0], place, len(found), min(on for _, on, _ in found), sum(kept for *_, kept in found))
        for (_, place), found in rows.items()
    ]
    return Ahead(
        now,
        held,
        counted > MOST_COUNTED,
        list(weeks.items()),
        sorted(told, key=lambda row: (row[3], row[0].id, row[1])),
    )


def runs(member: Member, *, limit: int = 50) -> list[RetentionRun]:
    """The runs of the member's agency, newest first."""
    rows = RetentionRun.objects.filter(agency=member.agency).select_related("proposed_by", "approved_by")
    return list(rows.order_by("-pk")[:limit])


def to_approve(member: Member) -> list[RetentionRun]:
    """The agency's proposed lists that the member may approve: not their own."""
    rows = RetentionRun.objects.filter(agency=member.agency, state=RetentionRun.State.PROPOSED)
    mine = rows.filter(proposed_by=member).values("pk")
    return list(rows.exclude(pk__in=mine).select_related("proposed_by").order_by("pk"))


def items_of(run: RetentionRun) -> list[RetentionItem]:
    """The lines of a run's list, in order."""
    return list(RetentionItem.objects.filter(run=run).order_by("number"))


def frozen_lines(items: Sequence[RetentionItem]) -> list[list[object]]:
    """The lines as they were proposed, whatever became of them since; see `digest_of_lines`."""
    return [[row.what, row.subject, row.rule, row.due_on.isoformat(), row.planned, row.holds] for row in items]


def changes_since(run: RetentionRun) -> tuple[int, int]:
    """How many lines of a proposed list no longer hold, and how many are new, for the day of the proposal."""
    before = {json.dumps(line) for line in frozen_lines(items_of(run))}
    now = {json.dumps(one.line) for one in due(run.agency, run.day)}
    return len(before - now), len(now - before)


def rules_of_run(run: RetentionRun) -> dict[str, Rule]:
    """The rules by which a run was proposed, by their ids."""
    return {rule.id: rule for rule in _parsed(run.rules.text if run.rules else BEGINNING).rules}


def events(member: Member, *, limit: int = 100) -> list[RetentionEvent]:
    """What was told of the member's agency's cases and references, newest first."""
    rows = RetentionEvent.objects.filter(agency=member.agency).select_related("case", "reference", "recorded_by")
    return list(rows.order_by("-pk")[:limit])


def csv_of(run: RetentionRun) -> str:
    """A run's list as CSV: what, id, place, rule, what the rule says, due day, state, holds, entry."""
    says = rules_of_run(run)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["number", "what", "id", "of", "rule", "says", "due_on", "state", "held_by", "entry"])
    for row in items_of(run):
        rule = says.get(row.rule)
        writer.writerow(
            [
                row.number,
                row.what,
                row.subject,
                _plain(row.place),
                row.rule,
                _plain(rule.says if rule else ""),
                row.due_on,
                row.state,
                " ".join(row.held_by),
                "" if row.entry is None else row.entry,
            ]
        )
    return out.getvalue()


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
