"""Which references retention rules may reach by a day, as items for `policy.retention.judge`.

Owns the queries of a gallery's references. They only leave out what no rule can reach; it must never decide whether
something is due.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, reduce

from django.db.models import Count, Q, QuerySet

from plainview.casework.erasure.read import InForce
from plainview.casework.models import Agency, Gallery, Reference, RetentionEvent
from plainview.casework.workspace.services import services
from plainview.policy.retention import EVENTS, After, Item, Rule, Rules, What, due_on


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


def items_of_gallery(
    gallery: Gallery,
    happened_on: Mapping[int, Mapping[After, date]],
    rules: Rules,
    holds: InForce,
    last: date,
    *,
    only: int | None = None,
    together: bool = False,
) -> Iterator[tuple[Item, str, int]]:
    """Yield the references of a gallery that a rule may reach by a day, with their id, as items to judge.

    Args:
        gallery: its row, just read.
        happened_on: id of a reference -> the first day of each kind of event about it; see `eventsevents_by_gallery`.
        rules: those that apply.
        holds: the holds in force.
        last: the day.
        only: look at this reference alone.
        together: yield those that are alike to every rule once, with "" for their id and their number.
    """
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
        yield (
            Item(What.REFERENCES, happened, gallery=gallery.name, holds=holds.reference(pk, gallery.pk)),
            public,
            count,
        )


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


def events_by_gallery(agency: Agency) -> dict[int, dict[int, dict[After, date]]]:
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


def days_of_events(rows: QuerySet[RetentionEvent], key: str) -> dict[int, dict[After, date]]:
    """Return the first day of each kind of event, by reference or case."""
    first_days: dict[int, dict[After, date]] = {}
    for pk, kind, day in rows.order_by("-happened_on").values_list(key, "kind", "happened_on"):
        first_days.setdefault(pk, {})[After(kind)] = day
    return first_days
