"""Reading retention: the rules in force, what is due or will be, runs with their lists, and recorded events.

Owns the facts for `policy.retention.judge`. The database only leaves out what no rule can reach; it must never decide
whether something is due: only `judge` does.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import lru_cache

from django.db.models import Q, QuerySet

from plainview.casework.erasure.read import InForce, held_request, in_force
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
    SharedRequest,
    Video,
)
from plainview.casework.retention.reach import days_of_events, events_by_gallery, items_of_gallery
from plainview.policy.retention import (
    BEGINNING,
    After,
    Item,
    Rule,
    Rules,
    State,
    Verdict,
    What,
    judge,
    parse,
)

AHEAD_DAYS = 90
"""How many days the page looks ahead: a quarter, as its issue asks."""

MOST_LINES = 20_000
"""Most lines of a run: chosen, so that a person can still check it and a page can propose it; the rest waits for the
next run."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with its verdict: its kind, its id, and the name of its gallery or number of its case.

    `count` is above 1, and `subject` empty, for references that are alike to every rule; see `judged`.
    """

    kind: What
    subject: str
    place: str
    verdict: Verdict
    count: int = 1

    @property
    def line(self) -> list[object]:
        """The values that a list freezes."""
        rule, on = self.verdict.rule, self.verdict.on
        return [
            self.kind.value,
            self.subject,
            rule.id if rule else "",
            on.isoformat() if on else "",
            self.verdict.state is State.DUE,
            list(self.verdict.holds),
        ]


def digest_of_lines(lines: Sequence[list[object]]) -> str:
    """Return the SHA-256 (hex) of a list, one JSON array a line, so that what is approved is what was proposed."""
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def rules_of(agency: Agency) -> tuple[RetentionVersion | None, Rules]:
    """Return the newest version of the agency's rules, None while it has the initial ones, and the rules themselves."""
    version = RetentionVersion.objects.filter(agency=agency).order_by("-number").first()
    return version, _parsed(version.text if version else BEGINNING)


@lru_cache(maxsize=64)
def _parsed(text: str) -> Rules:
    return parse(text)


def rules_history(member: Member) -> list[RetentionVersion]:
    """Return every version of the rules of the member's agency, newest first."""
    rows = RetentionVersion.objects.filter(agency=member.agency).select_related("changed_by", "approved_by")
    return list(rows.order_by("-number"))


def judged(
    agency: Agency, today: date, *, until: date | None = None, rules: Rules | None = None, together: bool = False
) -> Iterator[Judged]:
    """Yield every item of the agency that is due on a day, on hold, or due by a later day; in a fixed order.

    Args:
        agency: the agency.
        today: the day (UTC) of the judgement.
        until: include what becomes due up to this day.
        rules: judge by these instead of the rules in force.
        together: judge the references of a gallery that are alike to every rule once, with their number.
    """
    rules = rules or rules_of(agency)[1]
    holds = in_force(agency)
    last = until or today
    happened_on = events_by_gallery(agency)
    for gallery in Gallery.objects.filter(agency=agency).order_by("pk"):
        days = happened_on.get(gallery.pk, {})
        for item, public, count in items_of_gallery(gallery, days, rules, holds, last, together=together):
            yield from _reached(item, public, gallery.name, rules, today, last, count)
    for case in _cases(agency):
        yield from _of_case(case, rules, holds, today, last)


def due(agency: Agency, today: date) -> list[Judged]:
    """Return what is due on a day and what is past its time but on hold: the list of a run, at most MOST_LINES of each."""
    judgements: list[Judged] = []
    lines = {True: 0, False: 0}
    for judgement in judged(agency, today):
        is_due = judgement.verdict.state is State.DUE
        if lines[is_due] < MOST_LINES:
            lines[is_due] += 1
            judgements.append(judgement)
        elif is_due:
            break
    return judgements


def judged_again(kind: What, subject: str, agency: Agency, today: date) -> Judged | None:
    """Judge one item again; None when it does not exist, was erased, or no rule reaches it."""
    _, rules = rules_of(agency)
    holds = in_force(agency)
    if kind is What.REFERENCES:
        target = Reference.objects.filter(public_id=subject, gallery__agency=agency).first()
        days = days_of_events(RetentionEvent.objects.filter(reference=target), "reference_id") if target else {}
        reached = items_of_gallery(target.gallery, days, rules, holds, today, only=target.pk) if target else iter(())
        judgements: Iterator[Judged] = (
            judgement
            for item, public, _ in reached
            for judgement in _reached(item, public, item.gallery, rules, today, today)
        )
    else:
        named = (rows.filter(public_id=subject, case__agency=agency).first() for rows in _rows_of(kind))
        target = next(filter(None, named), None)
        judgements = _of_case(target.case, rules, holds, today, today, only=(kind, subject)) if target else iter(())
    return next(judgements, None)


_MODELS: dict[What, QuerySet] = {  # type: ignore[type-arg]
    What.SEARCHES: Search.objects.filter(erased_at=None),
    What.DRAFTS: Preparation.objects.filter(discarded_at=None),
    What.VIDEOS: Video.objects.exclude(state=Video.State.ERASED),
    What.ALERTS: Alert.objects.filter(closed_at__isnull=False).exclude(probe_blob=""),
}
"""What can be erased of each kind in a case; a running alert has to be ended first."""

_ENDED_REQUESTS = (
    SharedRequest.objects.filter(closed_at__isnull=False)
    .exclude(probe_blob="")
    .exclude(pk__in=Search.objects.filter(erased_at=None, shared_request__isnull=False).values("shared_request"))
)
"""Requests to another agency that no search keeps any longer: a rule about searches reaches them in the asking case."""


def _rows_of(kind: What) -> tuple[QuerySet, ...]:  # type: ignore[type-arg]
    """Return what a rule about a kind reaches in a case."""
    return (_MODELS[kind].all(), _ENDED_REQUESTS.all()) if kind is What.SEARCHES else (_MODELS[kind].all(),)


def _cases(agency: Agency) -> list[Case]:
    """Return the cases that are closed or have an event: no rule reaches any other."""
    with_events = RetentionEvent.objects.filter(agency=agency, case__isnull=False).values("case_id")
    rows = Case.objects.filter(Q(closed_at__isnull=False) | Q(pk__in=with_events), agency=agency)
    return list(rows.order_by("pk"))


def _of_case(
    case: Case, rules: Rules, holds: InForce, today: date, last: date, *, only: tuple[What, str] | None = None
) -> Iterator[Judged]:
    happened = dict(days_of_events(RetentionEvent.objects.filter(case=case), "case_id").get(case.pk, {}))
    if case.closed_at is not None:
        happened[After.CASE_CLOSED] = case.closed_at.astimezone(UTC).date()
    unsolved = Alert.objects.filter(case=case, unsolved=True, closed_at=None).exists()
    of: dict[What, Callable[[int, str], tuple[str, ...]]] = {
        What.SEARCHES: lambda pk, public: holds.search(pk, case.pk),
        What.DRAFTS: lambda pk, public: holds.draft(pk, case.pk),
        What.VIDEOS: lambda pk, public: holds.video(public, case.pk),
        What.ALERTS: lambda pk, public: holds.alert(pk, case.pk),
    }
    for kind, holds_on in of.items():
        if (only is not None and only[0] is not kind) or not rules.of(kind, case=case.number):
            continue
        rows = _MODELS[kind].filter(case=case)
        if only is not None:
            rows = rows.filter(public_id=only[1])
        for pk, public in rows.order_by("pk").values_list("pk", "public_id"):
            item = Item(kind, happened, case=case.number, holds=holds_on(pk, public), unsolved=unsolved)
            yield from _reached(item, public, case.number, rules, today, last)
        if kind is not What.SEARCHES:
            continue
        for request in _ENDED_REQUESTS.filter(case=case).order_by("pk"):
            if only is None or request.public_id == only[1]:
                kept_by = tuple(hold.public_id for hold in held_request(request))
                item = Item(kind, happened, case=case.number, holds=kept_by, unsolved=unsolved)
                yield from _reached(item, request.public_id, case.number, rules, today, last)


def _reached(
    item: Item, subject: str, place: str, rules: Rules, today: date, last: date, count: int = 1
) -> Iterator[Judged]:
    verdict = judge(item, rules, today)
    if verdict.state in (State.DUE, State.HELD) or (
        verdict.state is State.LATER and verdict.on is not None and verdict.on <= last
    ):
        yield Judged(item.what, subject, place, verdict, count)


def runs(member: Member, *, limit: int = 50) -> list[RetentionRun]:
    """Return the runs of the member's agency, newest first."""
    rows = RetentionRun.objects.filter(agency=member.agency).select_related("proposed_by", "approved_by")
    return list(rows.order_by("-pk")[:limit])


def to_approve(member: Member) -> list[RetentionRun]:
    """Return the agency's proposed lists that the member may approve: not their own."""
    rows = RetentionRun.objects.filter(agency=member.agency, state=RetentionRun.State.PROPOSED)
    mine = rows.filter(proposed_by=member).values("pk")
    return list(rows.exclude(pk__in=mine).select_related("proposed_by").order_by("pk"))


def items_of(run: RetentionRun) -> list[RetentionItem]:
    """Return the lines of a run's list, in order."""
    return list(RetentionItem.objects.filter(run=run).order_by("number"))


def frozen_lines(items: Sequence[RetentionItem]) -> list[list[object]]:
    """Return the lines as they were proposed, whatever their outcome; see `digest_of_lines`."""
    return [[item.what, item.subject, item.rule, item.due_on.isoformat(), item.planned, item.holds] for item in items]


def changes_since(run: RetentionRun) -> tuple[int, int]:
    """Return how many lines of a proposed list no longer apply, and how many are new, for the day of the proposal."""
    before = {json.dumps(line) for line in frozen_lines(items_of(run))}
    now = {json.dumps(judgement.line) for judgement in due(run.agency, run.day)}
    return len(before - now), len(now - before)


def rules_of_run(run: RetentionRun) -> dict[str, Rule]:
    """Return the rules by which a run was proposed, by id."""
    return {rule.id: rule for rule in _parsed(run.rules.text if run.rules else BEGINNING).rules}


def events(member: Member, *, limit: int = 100) -> list[RetentionEvent]:
    """Return the events recorded for cases and references of the member's agency, newest first."""
    rows = RetentionEvent.objects.filter(agency=member.agency).select_related("case", "reference", "recorded_by")
    return list(rows.order_by("-pk")[:limit])


def csv_of(run: RetentionRun) -> str:
    """Return a run's list as CSV: kind, id, place, rule, the rule in words, due day, state, holds, entry."""
    says = rules_of_run(run)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["number", "what", "id", "of", "rule", "says", "due_on", "state", "held_by", "entry"])
    for item in items_of(run):
        rule = says.get(item.rule)
        writer.writerow(
            [
                item.number,
                item.what,
                item.subject,
                _plain(item.place),
                item.rule,
                _plain(rule.says if rule else ""),
                item.due_on,
                item.state,
                " ".join(item.held_by),
                "" if item.entry is None else item.entry,
            ]
        )
    return out.getvalue()


def _plain(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
