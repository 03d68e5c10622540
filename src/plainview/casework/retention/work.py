"""Carrying out an approved retention run, one line at a time, from where it was interrupted.

Owns the last check before each erasure: the list is the approved one, the line is still due, and there is no hold. It
must never erase more than the list names, nor in any way but by the eraser of each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.alerts.erase import erase_alert
from plainview.casework.erasure.expunge import erase_reference, finish, forget_pages
from plainview.casework.erasure.holds import lock_holds
from plainview.casework.erasure.requests import erase_request, request_locked
from plainview.casework.jobs import beat, progressed
from plainview.casework.log.read import newest_entry
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Alert,
    Gallery,
    Job,
    Preparation,
    Reference,
    RetentionItem,
    RetentionRun,
    Search,
    SharedRequest,
    Video,
)
from plainview.casework.probes.preparations import erase_draft
from plainview.casework.retention.read import digest_of_lines, frozen_lines, items_of, judged_again, rules_of_run
from plainview.casework.search.erase import erase_search
from plainview.casework.videos.erase import drop_blobs, erase_rows
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.retention import State, What

Progress = Callable[[int, int], None]

_TOGETHER = 50  # lines after which their pictures are removed, so that few are pending in a long run

WHY = "a retention rule"
"""The public reason in log entries, which also have the rule and the run."""


def work_off(job: Job, progress: Progress = lambda done, total: None) -> str:
    """Do a run's job; lines that were done before stay done.

    Raises:
        Cancelled: it was cancelled; the run stays approved and can be started again.
        Refused: retention.list_damaged: the list is no longer the approved one.
        StorageError, OSError: something could not be removed; run it again.
    """
    run = RetentionRun.objects.select_related("agency", "rules").get(pk=job.subject)
    if run.state != RetentionRun.State.APPROVED:
        return f"The run is {run.state}."
    items = items_of(run)
    if digest_of_lines(frozen_lines(items)) != run.digest:
        raise Refused(
            "retention.list_damaged",
            "Nothing erased",
            "The list differs from the one that was approved.",
            "Have the database examined, and propose a new run.",
            act=Permission.RETENTION_PROPOSE,
        )
    planned = [item for item in items if item.planned]
    beat(job, 0, len(planned))
    for done, item in enumerate(planned, start=1):
        if item.state == RetentionItem.State.PLANNED:
            blobs = _line(run, item, job, done)
            drop_blobs(blobs)
        progress(done, len(planned))
        if done % _TOGETHER == 0:
            finish()
    galleries = Gallery.objects.filter(agency=run.agency, name__in={item.place for item in planned})
    # Also when every line was done before: a process that was killed may have left this undone.
    finish(*galleries)
    forget_pages()
    return _end(run)


def _line(run: RetentionRun, item: RetentionItem, job: Job, done: int) -> set[str]:
    """Erase one line, or record why not, in one transaction; return the stored parts of a video to remove afterwards."""
    blobs: set[str] = set()
    with transaction.atomic():
        lock_holds(run.agency)
        locked_item = RetentionItem.objects.select_for_update().get(pk=item.pk)
        if locked_item.state == RetentionItem.State.PLANNED:
            again = judged_again(What(locked_item.what), locked_item.subject, run.agency, timezone.now().date())
            if _is_gone(locked_item):
                locked_item.state = RetentionItem.State.GONE
            elif again is not None and again.verdict.state is State.HELD:
                locked_item.state, locked_item.held_by = RetentionItem.State.HELD, list(again.verdict.holds)
            elif again is None or again.verdict.state is not State.DUE:
                locked_item.state = RetentionItem.State.KEPT
            else:
                locked_item.entry, blobs = _erase(run, locked_item)
                locked_item.state = RetentionItem.State.ERASED
            locked_item.save(update_fields=["state", "held_by", "entry"])
        progressed(job, done)
    return blobs


def _is_gone(item: RetentionItem) -> bool:
    """Return True when the item has been erased in another way since."""
    living = {
        What.REFERENCES: Reference.objects.exclude(template=b""),
        What.SEARCHES: Search.objects.filter(erased_at=None),
        What.DRAFTS: Preparation.objects.filter(discarded_at=None),
        What.VIDEOS: Video.objects.exclude(state=Video.State.ERASED),
        What.ALERTS: Alert.objects.exclude(probe_blob=""),
    }[What(item.what)]
    return not living.filter(public_id=item.subject).exists() and not _is_request(item)


def _is_request(item: RetentionItem) -> bool:
    """Return True when the line of a rule about searches is an ended request to another agency, not erased yet."""
    rows = SharedRequest.objects.exclude(probe_blob="")
    return item.what == What.SEARCHES and rows.filter(public_id=item.subject).exists()


def _erase(run: RetentionRun, item: RetentionItem) -> tuple[int, set[str]]:
    cause: dict[str, Value] = {"run": run.public_id, "rule": item.rule}
    rule = rules_of_run(run).get(item.rule)
    words = f"{rule.says if rule else item.rule} Run {run.public_id}."
    kind = What(item.what)
    if kind is What.REFERENCES:
        rows = Reference.objects.select_for_update(of=("self",))
        reference = rows.select_related("gallery__agency", "enrolment").get(public_id=item.subject)
        return erase_reference(reference, words, cause=cause, acting_member=None)[1], set()
    if _is_request(item):
        return erase_request(request_locked(item.subject), WHY, cause=cause).entry, set()
    if kind is What.SEARCHES:
        searches = Search.objects.select_for_update(of=("self",)).select_related("case__agency", "member")
        return erase_search(searches.get(public_id=item.subject), WHY, cause=cause).entry, set()
    if kind is What.ALERTS:
        alerts = Alert.objects.select_for_update(of=("self",)).select_related("case__agency")
        return erase_alert(alerts.get(public_id=item.subject), WHY, cause=cause).entry, set()
    if kind is What.DRAFTS:
        # `judge` has already excluded drafts on hold, under the same lock.
        draft = Preparation.objects.select_for_update().get(public_id=item.subject)
        entry = erase_draft(draft, WHY, cause={**cause, "agency": run.agency.public_id})
        assert entry is not None  # noqa: S101  a discarded draft is gone already
        return entry, set()
    video = Video.objects.select_related("case__agency").get(public_id=item.subject)
    blobs = erase_rows(video, words, cause=cause, acting_member=None)
    return newest_entry(), blobs  # its own entry: this transaction has the log locked


def _end(run: RetentionRun) -> str:
    with transaction.atomic():
        locked_run = RetentionRun.objects.select_for_update().get(pk=run.pk)
        items = items_of(locked_run)
        states = Counter(item.state for item in items)
        if locked_run.state == RetentionRun.State.APPROVED:
            by_rule = Counter(item.rule for item in items if item.state == RetentionItem.State.ERASED)
            locked_run.state, locked_run.ended_at = RetentionRun.State.DONE, timezone.now()
            locked_run.ended_entry = write_entry(
                "retention.done",
                {
                    "agency": run.agency.public_id,
                    "run": run.public_id,
                    "list_sha256": run.digest,
                    "by_rule": dict(sorted(by_rule.items())),
                    "erased": states[RetentionItem.State.ERASED],
                    "held": states[RetentionItem.State.HELD],
                    "gone": states[RetentionItem.State.GONE],
                    "kept": states[RetentionItem.State.KEPT],
                },
                acting_member=None,
            ).entry
            locked_run.save()
    return (
        f"{states[RetentionItem.State.ERASED]} erased, {states[RetentionItem.State.HELD]} held back, "
        f"{states[RetentionItem.State.GONE]} erased before, {states[RetentionItem.State.KEPT]} no longer due."
    )
