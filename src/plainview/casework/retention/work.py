"""Working off an approved retention run, one line at a time, from wherever it was interrupted.

Owns the last look before each erasure: the list is the approved one, the line is still due, and no hold keeps it. It
erases through the erasers of each thing and nothing else, and never more than the list names.
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

_TOGETHER = 50  # lines after which their pictures go, so that a long run keeps few of them waiting

WHY = "a retention rule"
"""What entries say publicly of why; the rule and the run stand beside it."""


def work_off(job: Job, progress: Progress = lambda done, total: None) -> str:
    """Do a run's job; whatever was done before stays done.

    Raises:
        Cancelled: it stopped; the run stays approved and can be asked for again.
        Refused: retention.list_damaged: the list is not the approved one any more.
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
    planned = [row for row in items if row.planned]
    beat(job, 0, len(planned))
    for done, row in enumerate(planned, start=1):
        if row.state == RetentionItem.State.PLANNED:
            blobs = _line(run, row, job, done)
            drop_blobs(blobs)
        progress(done, len(planned))
        if done % _TOGETHER == 0:
            finish()
    galleries = Gallery.objects.filter(agency=run.agency, name__in={row.place for row in planned})
    # Also when all lines were done before: a process that was killed may have left this.
    finish(*galleries)
    forget_pages()
    return _end(run)


def _line(run: RetentionRun, item: RetentionItem, job: Job, done: int) -> set[str]:
    """Erase one line, or say why not, in one transaction; returns stored pieces of a video to remove after it."""
    blobs: set[str] = set()
    with transaction.atomic():
        lock_holds(run.agency)
        row = RetentionItem.objects.select_for_update().get(pk=item.pk)
        if row.state == RetentionItem.State.PLANNED:
            again = judged_again(What(row.what), row.subject, run.agency, timezone.now().date())
            if _is_gone(row):
                row.state = RetentionItem.State.GONE
            elif again is not None and again.verdict.state is State.HELD:
                row.state, row.held_by = RetentionItem.State.HELD, list(again.verdict.holds)
            elif again is None or again.verdict.state is not State.DUE:
                row.state = RetentionItem.State.KEPT
            else:
                row.entry, blobs = _erase(run, row)
                row.state = RetentionItem.State.ERASED
            row.save(update_fields=["state", "held_by", "entry"])
        progressed(job, done)
    return blobs


def _is_gone(item: RetentionItem) -> bool:
    """True when somebody else has erased it since."""
    living = {
        What.REFERENCES: Reference.objects.exclude(template=b""),
        What.SEARCHES: Search.objects.filter(erased_at=None),
        What.DRAFTS: Preparation.objects.filter(discarded_at=None),
        What.VIDEOS: Video.objects.exclude(state=Video.State.ERASED),
        What.ALERTS: Alert.objects.exclude(probe_blob=""),
    }[What(item.what)]
    return not living.filter(public_id=item.subject).exists()


def _erase(run: RetentionRun, item: RetentionItem) -> tuple[int, set[str]]:
    cause: dict[str, Value] = {"run": run.public_id, "rule": item.rule}
    rule = rules_of_run(run).get(item.rule)
    words = f"{rule.says if rule else item.rule} Run {run.public_id}."
    what = What(item.what)
    if what is What.REFERENCES:
        rows = Reference.objects.select_for_update(of=("self",))
        reference = rows.select_related("gallery__agency", "enrolment").get(public_id=item.subject)
        return erase_reference(reference, words, cause=cause, acting_member=None)[1], set()
    if what is What.SEARCHES:
        found = Search.objects.select_for_update(of=("self",)).select_related("case__agency", "member")
        return erase_search(found.get(public_id=item.subject), WHY, cause=cause).entry, set()
    if what is What.ALERTS:
        alerts = Alert.objects.select_for_update(of=("self",)).select_related("case__agency")
        return erase_alert(alerts.get(public_id=item.subject), WHY, cause=cause).entry, set()
    if what is What.DRAFTS:
        # Held drafts were sorted out by the judge, under the same lock.
        draft = Preparation.objects.select_for_update().get(public_id=item.subject)
        entry = erase_draft(draft, WHY, cause={**cause, "agency": run.agency.public_id})
        assert entry is not None  # noqa: S101  one that was discarded is gone
        return entry, set()
    video = Video.objects.select_related("case__agency").get(public_id=item.subject)
    blobs = erase_rows(video, words, cause=cause, acting_member=None)
    return newest_entry(), blobs  # its own: this transaction holds the log


def _end(run: RetentionRun) -> str:
    with transaction.atomic():
        held = RetentionRun.objects.select_for_update().get(pk=run.pk)
        items = items_of(held)
        states = Counter(row.state for row in items)
        if held.state == RetentionRun.State.APPROVED:
            by_rule = Counter(row.rule for row in items if row.state == RetentionItem.State.ERASED)
            held.state, held.ended_at = RetentionRun.State.DONE, timezone.now()
            held.ended_entry = write_entry(
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
            held.save()
    return (
        f"{states[RetentionItem.State.ERASED]} erased, {states[RetentionItem.State.HELD]} held back, "
        f"{states[RetentionItem.State.GONE]} erased before, {states[RetentionItem.State.KEPT]} not due any more."
    )
