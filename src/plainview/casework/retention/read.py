"""Reading retention: the rules in force, what is due or will be, runs with their lists, and recorded events.

Owns the facts for `policy.retention.judge`. The database only leaves out what no rule can reach; it must never decide
whether something is due: only `judge` does.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, reduce

from django.db.models import Count, Q, QuerySet

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
from plainview.casework.workspace.services import services
from plainview.policy.retention import (
    BEGINNING,
    EVENTS,
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
    happened_on = _by_gallery(agency)
    for gallery in Gallery.objects.filter(agency=agency).order_by("pk"):
        days = happened_on.get(gallery.pk, {})
        yield from _references(gallery, days, rules, holds, today, last, together=together)
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
        days = _days_of_events(RetentionEvent.objects.filter(reference=target), "reference_id") if target else {}
        judgements = (
            _references(target.gallery, days, rules, holds, today, today, only=target.pk) if target else iter(())
        )
    else:
        target = _MODELS[kind].filter(public_id=subject, case__agency=agency).first()
        judgements = _of_case(target.case, rules, holds, today, today, only=(kind, target.pk)) if target else iter(())
    return next(judgements, None)


_MODELS: dict[What, QuerySet] = {  # type: ignore[type-arg]
    What.SEARCHES: Search.objects.filter(erased_at=None),
    What.DRAFTS: Preparation.objects.filter(discarded_at=None),
    What.VIDEOS: Video.objects.exclude(state=Video.State.ERASED),
    What.ALERTS: Alert.objects.filter(closed_at__isnull=False).exclude(probe_blob=""),
}
"""What can be erased of each kind in a case; a running alert has to be ended first."""


def _reach(rule: Rule, gallery: Gallery, last: date) -> tuple[After, date] | None:
    """Return from which event and up to which day of it a rule reaches references by a day; None if it reaches none."""
    if (last - date.min).days < rule.days:
        return None
    cut = last - timedelta(days=rule.days)
    if rule.after is After.GALLERY_END and due_on(gallery.expires_on, 1) > cut:
        return None
    return rule.after, cut


def _wanted(gallery_pk: int, after: After, cut: date) -> Q:
    """Return which references of a gallery a rule may reach."""
    enrolled = Q(enrolment__started_at__lt=datetime.combine(_after(cut), time(), UTC))
    if after is After.ENROLMENT:
        return enrolled
    if after in (After.CAPTURE, After.LAST_CAPTURE):  # nothing is older than the last picture of its person
        return Q(captured_on__lte=cut) | Q(captured_on=None) & enrolled
    if after is After.GALLERY_END:
        return Q()
    happened = RetentionEvent.objects.filter(kind=after, reference__gallery=gallery_pk, happened_on__lte=cut)
    return Q(pk__in=happened.values("reference_id"))


def _reached_rows(gallery_pk: int, reach: Sequence[tuple[After, date]]) -> QuerySet[Reference]:
    """Return the references of a gallery that any of its rules may reach."""
    rows = Reference.objects.filter(gallery=gallery_pk).exclude(template=b"")
    wanted = [_wanted(gallery_pk, *which) for which in reach]
    return rows if Q() in wanted else rows.filter(reduce(operator.or_, wanted))


# A reference, its date and its subject change together with `log_head`; whether an event or a hold is about it does not
# matter here. The origin tells the workspaces of the tests apart.
@lru_cache(maxsize=256)
def _alike(
    origin: str, gallery_pk: int, log_head: int, reach: tuple[tuple[After, date], ...], subjects: bool
) -> Mapping[tuple[date | None, datetime], int]:
    """Return how many references of a gallery have one day and one enrolment, among those that rules may reach.

    `subjects`: count those of people with several pictures too.
    """
    of_dates = tuple(which for which in reach if which[0] not in EVENTS)
    if not of_dates:
        return {}
    rows = _reached_rows(gallery_pk, of_dates)
    rows = rows if subjects else rows.filter(subject=None)
    alike = rows.order_by().values_list("captured_on", "enrolment__started_at").annotate(Count("pk"))
    return {(day, began): count for day, began, count in alike}


def _after(day: date) -> date:
    return due_on(day, 1)


def _references(
    gallery: Gallery,
    happened_on: Mapping[int, Mapping[After, date]],
    rules: Rules,
    holds: InForce,
    today: date,
    last: date,
    *,
    only: int | None = None,
    together: bool = False,
) -> Iterator[Judged]:
    own = rules.of(What.REFERENCES, gallery=gallery.name)
    counting = [rule for rule in own if happened_on or rule.after not in EVENTS]
    reach = tuple(which for which in (_reach(rule, gallery, last) for rule in counting) if which is not None)
    if not reach:
        return
    rows = _reached_rows(gallery.pk, reach)
    if only is not None:
        rows = rows.filter(pk=only)
    ends = _after(gallery.expires_on)
    last_of = _last_captures(gallery) if any(rule.after is After.LAST_CAPTURE for rule in own) else {}
    every = _apart(rows)
    if together:
        every = _together(gallery, rows, reach, holds, has_events=bool(happened_on), by_subject=bool(last_of))
    for pk, public, captured, started, subject, count in every:
        enrolled = started.astimezone(UTC).date()
        happened = {
            After.ENROLMENT: enrolled,
            After.CAPTURE: captured or enrolled,
            After.LAST_CAPTURE: last_of.get(subject, captured or enrolled),
            After.GALLERY_END: ends,
            **happened_on.get(pk, {}),
        }
        item = Item(What.REFERENCES, happened, gallery=gallery.name, holds=holds.reference(pk, gallery.pk))
        yield from _reached(item, public, gallery.name, rules, today, last, count)


_Facts = tuple[int, str, date | None, datetime, int | None, int]  # and how many references are so


def _apart(rows: QuerySet[Reference]) -> Iterator[_Facts]:
    columns = ("pk", "public_id", "captured_on", "enrolment__started_at", "subject_id")
    return ((*facts, 1) for facts in rows.order_by("pk").values_list(*columns).iterator(2000))


def _together(
    gallery: Gallery,
    rows: QuerySet[Reference],
    reach: tuple[tuple[After, date], ...],
    holds: InForce,
    *,
    has_events: bool,
    by_subject: bool,
) -> Iterator[_Facts]:
    """Yield references apart where a hold, an event or their person tells them apart, the others by day and enrolment.

    Which of the others a rule reaches depends on these two alone, so what is apart is among them if its own two are.
    """
    alike = Counter(_alike(services().origin, gallery.pk, gallery.log_head, reach, not by_subject))
    alone = Q(pk__in=list(holds.references))
    if has_events:
        alone |= Q(pk__in=RetentionEvent.objects.filter(reference__gallery=gallery).values("reference_id"))
    if by_subject:
        alone |= Q(subject__isnull=False)
    apart = list(_apart(rows.filter(alone)))
    for _, _, captured, started, subject, _ in apart:
        if (captured, started) in alike and not (by_subject and subject is not None):
            alike[captured, started] -= 1
    yield from ((0, "", captured, started, None, count) for (captured, started), count in alike.items() if count)
    yield from apart


def _by_gallery(agency: Agency) -> dict[int, dict[int, dict[After, date]]]:
    """Return the first day of each kind of event, by gallery and reference."""
    first_days: dict[int, dict[int, dict[After, date]]] = {}
    rows = RetentionEvent.objects.filter(reference__gallery__agency=agency).order_by("-happened_on")
    for gallery, pk, kind, day in rows.values_list("reference__gallery_id", "reference_id", "kind", "happened_on"):
        first_days.setdefault(gallery, {}).setdefault(pk, {})[After(kind)] = day
    return first_days


def _last_captures(gallery: Gallery) -> dict[int | None, date]:
    """Return when the last picture of each subject of a gallery was taken, or enrolled where that is not known."""
    last: dict[int | None, date] = {}
    rows = Reference.objects.filter(gallery=gallery, subject__isnull=False).exclude(template=b"")
    for subject, captured, started in rows.values_list("subject_id", "captured_on", "enrolment__started_at").iterator(
        2000
    ):
        last[subject] = max(last.get(subject, date.min), captured or started.astimezone(UTC).date())
    return last


def _days_of_events(rows: QuerySet[RetentionEvent], key: str) -> dict[int, dict[After, date]]:
    """Return the first day of each kind of event, by reference or case."""
    first_days: dict[int, dict[After, date]] = {}
    for pk, kind, day in rows.order_by("-happened_on").values_list(key, "kind", "happened_on"):
        first_days.setdefault(pk, {})[After(kind)] = day
    return first_days


def _cases(agency: Agency) -> list[Case]:
    """Return the cases that are closed or have an event: no rule reaches any other."""
    with_events = RetentionEvent.objects.filter(agency=agency, case__isnull=False).values("case_id")
    rows = Case.objects.filter(Q(closed_at__isnull=False) | Q(pk__in=with_events), agency=agency)
    return list(rows.order_by("pk"))


def _of_case(
    case: Case, rules: Rules, holds: InForce, today: date, last: date, *, only: tuple[What, int] | None = None
) -> Iterator[Judged]:
    happened = dict(_days_of_events(RetentionEvent.objects.filter(case=case), "case_id").get(case.pk, {}))
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
            rows = rows.filter(pk=only[1])
        for pk, public in rows.order_by("pk").values_list("pk", "public_id"):
            item = Item(kind, happened, case=case.number, holds=holds_on(pk, public), unsolved=unsolved)
            yield from _reached(item, public, case.number, rules, today, last)


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
