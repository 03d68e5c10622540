"""Making messages of log entries and of ended jobs: each entry once, in the order of the log.

Owns the table of what an entry becomes. The log is read and nothing else: an act does not know that somebody is told,
so no act can be slow or fail because of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Entry, parse_line
from plainview.casework.mail import address
from plainview.casework.models import Alert, Case, Delivery, Job, LogEntry, Member, Search, Webhook, WebhookMark
from plainview.policy.webhooks import EVENTS

_AT_ONCE = 2000
"""Entries per run, so that a run ends."""

_IDS = (
    *("agency", "alarm", "alert", "approval", "enrolment", "examination", "feed", "flag", "gallery", "grant", "job"),
    *("lead", "reference", "request", "review", "run", "search", "verification", "video"),
)
"""Names of a public part whose values are ids, and the only ones that a message has."""

_RENAMED = {"reference.expunged": "reference.erased"}
_NOT_ENTRIES = frozenset({"alert.raised", "job.done", "job.failed", "webhook.test", *_RENAMED.values()})
ACTIONS: Mapping[str, str] = MappingProxyType({name: name for name in EVENTS if name not in _NOT_ENTRIES} | _RENAMED)
"""Action of an entry -> type of its message. A search by an alert becomes `alert.raised`."""

_PAGES: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "lead": lambda key: f"leads/{key}/",
        "video": lambda key: f"videos/{key}/",
        "request": lambda key: f"shared/{key}/",
        "search": lambda key: f"searches/{key}/",
        "verification": lambda key: f"verifications/{key}/",
        "flag": lambda key: f"flags/{key}/",
        "alert": lambda _: "alerts/",
        "gallery": lambda key: f"galleries/{key}/",
    }
)
"""Id -> the page about it; the first that a message has counts."""

_JOBS = {Job.State.DONE: "job.done", Job.State.FAILED: "job.failed"}
_JOBS_WITHIN = timedelta(hours=2)  # of their end; messages are made once, so looking again is harmless


def begin() -> None:
    """Let messages begin with the next entry, in the running transaction, if they have not begun."""
    WebhookMark.objects.get_or_create(pk=1, defaults={"seq": _head()})


def gather() -> int:
    """Make the messages of what happened since the last run; return how many."""
    with transaction.atomic():
        mark = WebhookMark.objects.select_for_update().filter(pk=1).first()
        if mark is None:  # no webhook was ever added
            return 0
        hooks: dict[str, list[Webhook]] = defaultdict(list)
        for hook in Webhook.objects.filter(removed_at=None).select_related("agency"):
            hooks[hook.agency.public_id].append(hook)
        if not hooks:
            WebhookMark.objects.filter(pk=1).update(seq=_head())
            return 0
        rows = list(
            LogEntry.objects.filter(seq__gte=mark.seq).order_by("seq").values_list("seq", "canonical")[:_AT_ONCE]
        )
        entries = [parse_line(bytes(canonical)) for _, canonical in rows]
        count = sum(_of_entry(entry, hooks) for entry in entries if entry.action in ACTIONS)
        if rows:
            WebhookMark.objects.filter(pk=1).update(seq=rows[-1][0] + 1)
        return count + _of_jobs(hooks)


def _head() -> int:
    newest = LogEntry.objects.order_by("-seq").values_list("seq", flat=True).first()
    return 0 if newest is None else newest + 1


def _of_entry(entry: Entry, hooks: Mapping[str, list[Webhook]]) -> int:
    kind = ACTIONS[entry.action]
    if entry.action == "search.requested" and entry.subject.get("alert"):
        kind = "alert.raised"
    data = {name: entry.subject[name] for name in _IDS if entry.subject.get(name) not in (None, "")}
    data |= _case(entry)
    receivers = [
        hook
        for agency in _agencies(entry)
        for hook in hooks.get(agency, ())
        if entry.at >= hook.made_at.isoformat()  # both UTC, both begin with the date
    ]
    return _write(receivers, f"entry_{entry.seq}", kind, data, entry.at)


def _agencies(entry: Entry) -> set[str]:
    """Return the agencies that an entry is about; a shared search is about two."""
    named = {str(entry.subject[name]) for name in ("agency", "for_agency") if entry.subject.get(name)}
    if not named:
        named = set(Member.objects.filter(public_id=entry.actor).values_list("agency__public_id", flat=True))
    for name, model in (("search", Search), ("alert", Alert)):
        if not named and entry.subject.get(name):
            rows = model.objects.filter(public_id=entry.subject[name])
            named = set(rows.values_list("case__agency__public_id", flat=True))
    return named


def _case(entry: Entry) -> dict[str, Any]:
    """Return the agency's own number of the case that an entry is about, if there is one."""
    number = None
    key = entry.subject.get("case")
    if isinstance(key, int):
        number = Case.objects.filter(pk=key).values_list("number", flat=True).first()
    elif entry.subject.get("search") and "for_agency" not in entry.subject:
        rows = Search.objects.filter(public_id=entry.subject["search"])
        number = rows.values_list("case__number", flat=True).first()
    return {} if number is None else {"case": number}


def _of_jobs(hooks: Mapping[str, list[Webhook]]) -> int:
    recent = Job.objects.filter(state__in=_JOBS, finished_at__gte=timezone.now() - _JOBS_WITHIN)
    count = 0
    for job in recent.filter(agency__public_id__in=list(hooks)).select_related("agency").order_by("finished_at"):
        assert job.finished_at is not None  # noqa: S101  filtered
        receivers = [hook for hook in hooks[job.agency.public_id] if hook.made_at <= job.finished_at]
        # An ended job may be started again and end again.
        message = f"job_{job.public_id}_{int(job.finished_at.timestamp())}"
        data = {"job": job.public_id, "kind": job.kind}
        count += _write(receivers, message, _JOBS[Job.State(job.state)], data, _moment(job.finished_at))
    return count


def _write(hooks: Iterable[Webhook], message: str, kind: str, data: dict[str, Any], happened_at: str) -> int:
    pages = [_PAGES[name](data[name]) for name in _PAGES if name in data]
    # The id of a person's own request has the same name, and another page.
    page = pages[0] if pages and not kind.startswith("rights.") else ""
    link = {"url": f"{address()}/{page}"} if page else {}
    rows = [
        Delivery(
            webhook=hook, message=message, type=kind, data=data | link, happened_at=happened_at, due_at=timezone.now()
        )
        for hook in hooks
        if not hook.events or kind in hook.events
    ]
    return len(Delivery.objects.bulk_create(rows, ignore_conflicts=True))


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
