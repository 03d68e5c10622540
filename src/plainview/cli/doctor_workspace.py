"""What `plainview doctor` checks inside a workspace; Django has been started on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from plainview.casework.canaries.state import GalleryState, state
from plainview.casework.erasure.expunge import finish, forget_pages
from plainview.casework.examination.seen import disagreements, rebuild
from plainview.casework.log.read import verify_log
from plainview.casework.log.state import is_sample
from plainview.casework.models import Alert, BackupRecord, Gallery
from plainview.casework.upkeep import life, schedule
from plainview.casework.upkeep.clock import faults, work_may_go_on
from plainview.casework.upkeep.read import PARTS
from plainview.casework.workspace.folder import read_only
from plainview.casework.workspace.lock import holders
from plainview.casework.workspace.services import services
from plainview.cli.common import moment
from plainview.cli.doctor_check import Check, guarded
from plainview.policy.decision import Refused
from plainview.policy.wording import counted


def checks() -> tuple[list[Check], dict[str, Any]]:
    """Return the findings, and the facts that scripts read."""
    facts: dict[str, Any] = {}
    findings = [
        *guarded("declared use", _declared_use),
        *guarded("permissions", _permissions),
        *guarded("pictures", _pictures),
        *guarded("erasures", lambda: _erasures(facts)),
        *guarded("log", lambda: _log(facts)),
        *guarded("clock", _clock),
        *guarded("backups", lambda: _backups(facts)),
        *guarded("views", _views),
        *guarded("canaries", lambda: _canaries(facts)),
        *guarded("worker", lambda: _worker(facts)),
        *guarded("parts", _parts),
    ]
    services().close()
    return findings, facts


def _declared_use() -> Iterator[Check]:
    engine = services().engine  # raises when the pack's licence forbids what the workspace declares
    yield Check("declared use", "ok", f"The workspace may use {engine.pack.identity}.")


def _permissions() -> Iterator[Check]:
    root = services().workspace.root
    private = [*sorted((root / "keys").iterdir()), root / "keys", services().workspace.database]
    private += list((root / "outbox").glob("*"))
    open_to_others = [path for path in private if path.exists() and path.stat().st_mode & 0o077]
    if not open_to_others:
        yield Check("permissions", "ok", "Only you can read the keys, the database and the letters.")
    for path in open_to_others:
        yield Check(
            "permissions",
            "fail",
            f"Other users of this machine may open {path}.",
            f"Take the right away: chmod go= {path}. If it is a key, replace it.",
        )


def _pictures() -> Iterator[Check]:
    services().blobs.exists("0" * 64)  # raises when they cannot be reached
    where = services().workspace.settings().get("blobs", "the folder")
    yield Check("pictures", "ok", f"They can be reached: {where}.")


def _clock() -> Iterator[Check]:
    open_faults = faults()
    for fault in open_faults:
        yield Check(
            "clock",
            "warn",
            f"At entry {fault.first} the log was of {fault.ahead} and the clock said {fault.clock}.",
            "Compare the clock with another one; two members settle it with `plainview clock explain` and `confirm`.",
        )
    answer = work_may_go_on()
    if isinstance(answer, Refused):
        yield Check("clock", "warn", answer.why, answer.next_step)
    elif not open_faults:
        yield Check("clock", "ok", "The log is not ahead of it.")


def _backups(facts: dict[str, Any]) -> Iterator[Check]:
    rule, newest = schedule.rule(), schedule.existing().first()
    rehearsed = BackupRecord.objects.exclude(rehearsed_at=None).order_by("-rehearsed_at").first()
    facts["backup"] = {
        "made_at": newest.made_at if newest else None,
        "rehearsed_at": rehearsed.rehearsed_at if rehearsed else None,
        "rehearsal_ok": rehearsed.rehearsal_ok if rehearsed else None,
    }
    last = f"The last one is of {moment(newest.made_at)}." if newest else "There is none."
    failed = BackupRecord.objects.filter(scheduled=True).order_by("-made_at").first()
    if failed is not None and failed.failure:
        yield Check("backups", "fail", f"The scheduled backup failed: {failed.failure} {last}", "Correct that.")
    elif rule is None and newest is None and is_sample():
        yield Check("backups", "ok", "A sample needs none.")
    elif rule is None and newest is None:
        says = f"{last} Nothing is scheduled."
        yield Check("backups", "warn", says, "Name a folder below [backup] in workspace.toml.")
    elif rule is not None and schedule.due(rule, timezone.now()):
        yield Check(
            "backups", "warn", f"{last} One is due.", "Is the worker running? `plainview backups run` makes it."
        )
    else:
        yield Check("backups", "ok", last)
    if rehearsed is not None and not rehearsed.rehearsal_ok:
        yield Check(
            "backups", "fail", f"The rehearsal of {rehearsed.path} failed: {rehearsed.rehearsal}", "Make another."
        )
    elif newest is not None and rehearsed is None:
        yield Check("backups", "warn", "None was ever restored.", "Run `plainview backups rehearse`.")


def _erasures(facts: dict[str, Any]) -> Iterator[Check]:
    if read_only(services().workspace.root):
        yield Check("erasures", "warn", "The disk is read-only: what was interrupted cannot be finished.", "")
        return
    finish(*Gallery.objects.all())  # what an interrupted expunge left, in the indexes too
    facts["journal_emptied"] = forget_pages()
    if facts["journal_emptied"]:
        yield Check("erasures", "ok", "All are finished.")
    else:
        yield Check(
            "erasures",
            "warn",
            "A long-running read keeps the database's journal from being emptied.",
            "Run this again once it has ended.",
        )


def _log(facts: dict[str, Any]) -> Iterator[Check]:
    report = verify_log()
    facts["log_entries"] = report.entries
    if report.ok:
        yield Check("log", "ok", f"It is whole: {counted(report.entries, 'entry', 'entries')}.")
    else:
        yield Check("log", "fail", "; ".join(report.problems), "Keep the log as it is and inform your auditor.")


_NEXT = {
    "mail": "See `plainview mail list`; then `plainview mail retry`.",
    "witness": "Ask your witness for a cosignature.",
    "certificate": "Renew it, and start the server again.",
}


def _parts() -> Iterator[Check]:
    """Yield what `plainview status` finds, except what is checked more thoroughly here."""
    for name, read in PARTS.items():
        if name not in ("disk", "canaries", "worker", "backup", "rehearsal", "clock"):
            part = read()
            if part["ok"] is not None:
                step = "" if part["ok"] else _NEXT.get(name, "docs/howto/deploy.md says what each part needs.")
                yield Check(name, "ok" if part["ok"] else "warn", part["says"], step)


def _views() -> Iterator[Check]:
    wrong = disagreements()
    if not wrong:
        yield Check("views", "ok", "Who has seen which search agrees with the log.")
        return
    rebuild()
    entries = ", ".join(str(entry) for entry in wrong[:5])
    yield Check(
        "views",
        "fail",
        f"The table of who has seen which search differed from the log in {len(wrong)} entries ({entries}); it was made again.",
        "Somebody has changed the database. Inform your auditor.",
    )


def _canaries(facts: dict[str, Any]) -> Iterator[Check]:
    galleries = state()
    facts["canaries"] = {
        "galleries": len(galleries),
        "without": [gallery.gallery for gallery in galleries if not gallery.canaries],
        "overdue": [gallery.gallery for gallery in galleries if gallery.overdue],
        "alarms": [alarm.public_id for gallery in galleries for alarm in gallery.alarms],
    }
    for gallery in galleries:
        yield from _faults(gallery)
    without = facts["canaries"]["without"]
    if without:
        yield Check(
            "canaries",
            "warn",
            f"These galleries have no canary: {', '.join(without)}. A damaged index or a different model would go unnoticed.",
            "Add a pair with `plainview canary add`.",
        )
    fine = sum(bool(gallery.canaries) and not gallery.alarms and not gallery.overdue for gallery in galleries)
    if not galleries:
        yield Check("canaries", "ok", "There is no gallery yet.")
    elif fine:
        yield Check("canaries", "ok", f"{fine} {'gallery' if fine == 1 else 'galleries'} without an alarm.")


def _faults(gallery: GalleryState) -> Iterator[Check]:
    where = f"{gallery.gallery} ({gallery.agency})"
    for alarm in gallery.alarms:
        yield Check(
            "canaries",
            "fail",
            f"ALARM {alarm.public_id} in {where}: {alarm.says}",
            "Close it with `plainview canary acknowledge` once it is explained.",
        )
    if gallery.overdue:
        last = f"the last one was on {moment(gallery.checked_at)}" if gallery.checked_at else "there was none"
        yield Check("canaries", "fail", f"The check of {where} is overdue: {last}.", "Run `plainview canary run`.")


def _worker(facts: dict[str, Any]) -> Iterator[Check]:
    """Report a worker that is missing beside a server, steps that fail, and alerts that cannot be read."""
    servers, living, heard = holders(services().workspace), life.living(), life.last_heard()
    alarms, damaged = life.alarms(), list(Alert.objects.filter(closed_at=None).exclude(unreadable_at=None))
    facts["worker"] = {
        "living": len(living),
        "last_heard": heard,
        "failing": [alarm.step for alarm in alarms],
        "unreadable_alerts": [alert.public_id for alert in damaged],
    }
    if servers and not living:
        last = f"The last sign of one was on {moment(heard)}" if heard else "There never was one"
        yield Check(
            "worker",
            "fail",
            f"The workspace is served on {servers[0].address}, but no worker runs. {last}.",
            "See the server's output, or run `plainview worker`.",
        )
    for alarm in alarms:
        yield Check(
            "worker",
            "fail",
            f"The step {alarm.step!r} fails since {moment(alarm.since)}, {alarm.failures} times: {alarm.error}.",
            "The server's output has the whole error. The other steps go on.",
        )
    for alert in damaged:
        yield Check(
            "worker",
            "fail",
            f"The alert {alert.public_id} is damaged and no longer compared with new references.",
            "Restore a backup, or close the alert and create it again.",
        )
    if not alarms and not damaged and (living or not servers):
        yield Check(
            "worker", "ok", f"{len(living)} running, no step fails." if living else "Not served now; no step fails."
        )
