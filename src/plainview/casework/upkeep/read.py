"""The state of the deployment, part by part: what `plainview status`, the status page and the metrics show.

Owns when a part counts as well. Each part is one function that returns a dictionary with `ok` (True, False, or None if
the part is not set up) and `says`, a sentence; one that cannot be read is a finding, and stops no other. It must never
name a person, a case or a gallery.
"""

from __future__ import annotations

import pkgutil
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.x509 import load_pem_x509_certificate
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from plainview import __version__
from plainview.casework import migrations
from plainview.casework.canaries.state import state as canary_state
from plainview.casework.log.state import is_sample
from plainview.casework.mail.read import mail_state
from plainview.casework.models import BackupRecord, Job, LogEntry, RowCheck
from plainview.casework.upkeep import life
from plainview.casework.witnesses.read import witnesses_state, witnessing
from plainview.casework.workspace.lock import holders
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.witnesses import witnessed
from plainview.policy.wording import counted, day

State = dict[str, Any]

BACKUP_OLD, REHEARSAL_OLD, WITNESS_OLD = timedelta(days=2), timedelta(days=35), timedelta(days=8)
"""A nightly backup that was missed once; a rehearsal a month; a witness a week. Chosen."""

LEAST_FREE = 1 << 30
"""Bytes; under this an enrolment or a backup soon stops."""

CERTIFICATE_ENDS = timedelta(days=14)
"""Renewal programs begin 30 days before the end."""

ROWS_OLD = timedelta(days=3)
"""The records are compared with the log every night; three were missed. Chosen."""

_WAITS = timedelta(hours=1)
_AHEAD = timedelta(seconds=5)


def status() -> State:
    """Return the state of every part; `ok` is False if one of them is not well."""
    parts = {name: _guarded(read) for name, read in PARTS.items()}
    return {"ok": all(part["ok"] is not False for part in parts.values()), "version": __version__, **parts}


def ready() -> list[str]:
    """Return why the application should get no requests now; empty if it should."""
    parts = {name: _guarded(PARTS[name]) for name in ("schema", "disk")}
    return [part["says"] for part in parts.values() if part["ok"] is False]


def _guarded(read: Callable[[], State]) -> State:
    try:
        return read()
    except Refused as refused:
        return {"ok": False, "says": refused.why}
    except Exception as error:  # whatever is broken is what the page is for
        return {"ok": False, "says": f"It cannot be read: {type(error).__name__}."}


def _schema() -> State:
    mine = {module.name for module in pkgutil.iter_modules(migrations.__path__) if not module.name.startswith("_")}
    applied = set(MigrationRecorder.Migration.objects.filter(app="casework").values_list("name", flat=True))
    newest = max(applied, default="none")
    if applied - mine:
        return {"ok": False, "says": f"The database is of a newer version: {newest}.", "version": newest}
    if mine - applied:
        says = f"The database is of an older version, {newest}; this one needs {max(mine)}."
        return {"ok": False, "says": says, "version": newest}
    return {
        "ok": True,
        "says": f"The database fits this version (migration {newest.partition('_')[0]}).",
        "version": newest,
    }


def _worker() -> State:
    heard, failing = life.last_heard(), life.alarms()
    if heard is None:
        return {"ok": _only_if_real(), "says": "No worker has ever run.", "at": None}
    if timezone.now() - heard > life.SILENCE:
        return {"ok": False, "says": f"The worker has been silent since {_moment(heard)}.", "at": _json(heard)}
    if failing:
        first = failing[0]
        says = f"{counted(len(failing), 'step')} fail, {first.step!r} since {_moment(first.since)}."
        return {"ok": False, "says": says, "at": _json(heard)}
    return {"ok": True, "says": f"The worker was at work at {_moment(heard)}.", "at": _json(heard)}


def _queue() -> State:
    waiting = Job.objects.filter(state=Job.State.WAITING)
    oldest = waiting.order_by("asked_at").values_list("asked_at", flat=True).first()
    numbers = {"waiting": waiting.count(), "running": Job.objects.filter(state=Job.State.RUNNING).count()}
    says = f"{counted(numbers['waiting'], 'job')} waiting, {numbers['running']} running."
    late = oldest is not None and timezone.now() - oldest > _WAITS and not numbers["running"]
    return {"ok": not late, "says": says, **numbers, "oldest": _json(oldest)}


def _disk() -> State:
    usage = shutil.disk_usage(services().workspace.root)
    says = f"{usage.free / (1 << 30):.1f} GiB of {usage.total / (1 << 30):.1f} GiB free."
    return {"ok": usage.free >= LEAST_FREE, "says": says, "free_bytes": usage.free, "total_bytes": usage.total}


def _backup() -> State:
    newest = BackupRecord.objects.order_by("-made_at").first()
    if newest is not None and newest.failure:
        return {"ok": False, "says": f"The backup of {_moment(newest.made_at)} failed.", "at": None}
    return _regular(newest.made_at if newest else None, BACKUP_OLD, "backup")


def _rehearsal() -> State:
    tried = BackupRecord.objects.exclude(rehearsed_at=None).order_by("-rehearsed_at").first()
    last = tried.rehearsed_at if tried else None
    if tried and last and not tried.rehearsal_ok:
        return {"ok": False, "says": f"The rehearsed restore of {_moment(last)} failed.", "at": None}
    return _regular(last, REHEARSAL_OLD, "rehearsed restore")


def _regular(last: datetime | None, old: timedelta, word: str) -> State:
    if last is None:
        return {"ok": _only_if_real(), "says": f"There was no {word} yet.", "at": None}
    late = timezone.now() - last > old
    return {"ok": not late, "says": f"The last {word} was on {_moment(last)}.", "at": _json(last)}


def _witness() -> State:
    state, facts = witnesses_state(), witnessing()
    moments = [datetime.fromisoformat(known["at"]) for known in state if known["at"]]
    newest = max(moments, default=None)
    known = {
        "at": _json(newest),
        "needed": facts.needed,
        "waiting_hours": round(facts.waiting_hours, 1),
        "stop_after_hours": facts.stop_after_hours,
        "witnesses": state,
    }
    if not state:
        return {"ok": None, "says": "No witness is trusted yet.", **known}
    alarms = [witness for witness in state if witness["alarm"]]
    if alarms:
        return {"ok": False, "says": f"{alarms[0]['name']}: {alarms[0]['answer']}", **known}
    if isinstance(witnessed(facts), Refused):
        return {"ok": False, "says": "Searches have stopped: not enough witnesses cosign the log.", **known}
    if newest is None:
        return {"ok": False, "says": "No witness has cosigned the log yet.", **known}
    late = timezone.now() - newest > WITNESS_OLD or facts.waiting_hours > facts.stop_after_hours / 2
    says = f"{len(moments)} of {counted(len(state), 'witness', 'witnesses')} cosigned the log, the last on {_moment(newest)}."
    if facts.needed:
        hours = int(facts.waiting_hours)
        waits = (
            f"the oldest entry without them is {counted(hours, 'hour')} old" if hours else "no entry has waited an hour"
        )
        says += f" {facts.needed} must; {waits}."
    return {"ok": not late, "says": says, **known}


def _mail() -> State:
    mail = mail_state()
    says = f"{counted(mail.waiting, 'letter')} waiting, {mail.given_up} given up. {mail.trouble}".strip()
    return {
        "ok": mail.ok,
        "says": says,
        "server": mail.server,
        "waiting": mail.waiting,
        "given_up": mail.given_up,
        "last_sent": _json(mail.last_sent),
    }


def _canaries() -> State:
    galleries = canary_state()
    alarms = sum(len(gallery.alarms) for gallery in galleries)
    overdue = sum(gallery.overdue for gallery in galleries)
    without = sum(not gallery.canaries for gallery in galleries)
    of = counted(len(galleries), "gallery", "galleries")
    says = f"{counted(alarms, 'open alarm')}, {counted(overdue, 'overdue check')}, {without} of {of} without a canary."
    return {"ok": not alarms and not overdue, "says": says, "alarms": alarms, "overdue": overdue, "without": without}


def _rows() -> State:
    check = RowCheck.objects.filter(pk=1).exclude(done_at=None).first()
    if check is None or check.done_at is None:
        return {"ok": None, "says": "No pass over the records has ended yet.", "at": None, "problems": 0}
    known = {"at": _json(check.done_at), "problems": len(check.problems)}
    if check.problems:
        first, number = check.problems[0], counted(len(check.problems), "record")
        says = f"{number} not as the log recorded; the first: {first['key']} of the table {first['table']}."
        return {"ok": False, "says": says, **known}
    says = f"{counted(check.last_checked, 'record')} compared with the log on {_moment(check.done_at)}."
    return {"ok": timezone.now() - check.done_at <= ROWS_OLD, "says": says, **known}


def _certificate() -> State:
    certificates = {server.certificate for server in holders(services().workspace) if server.certificate}
    if not certificates:
        return {"ok": None, "says": "This server speaks no TLS itself; its proxy has the certificate.", "until": None}
    try:
        ends = min(
            load_pem_x509_certificate(Path(file).read_bytes()).not_valid_after_utc for file in sorted(certificates)
        )
    except (OSError, ValueError):
        return {"ok": False, "says": "The certificate cannot be read.", "until": None}
    says = f"The certificate is valid until {day(ends.date())}."
    return {"ok": ends - timezone.now() > CERTIFICATE_ENDS, "says": says, "until": _json(ends)}


def _clock() -> State:
    newest = LogEntry.objects.order_by("-seq").values_list("seq", "at").first()
    now = timezone.now()
    if newest is None:
        return {"ok": False, "says": "The log is empty.", "now": _json(now), "log_entries": 0}
    number, text = newest
    ahead = datetime.fromisoformat(text.replace("Z", "+00:00")) - now
    known = {"now": _json(now), "log_entries": number + 1, "ahead_s": round(max(ahead.total_seconds(), 0), 1)}
    if ahead > _AHEAD:
        return {
            "ok": False,
            "says": f"The log is {counted(round(ahead.total_seconds()), 'second')} ahead of this machine.",
            **known,
        }
    return {"ok": True, "says": "The clock is not behind the log.", **known}


PARTS: Mapping[str, Callable[[], State]] = MappingProxyType(
    {
        "schema": _schema,
        "worker": _worker,
        "queue": _queue,
        "disk": _disk,
        "backup": _backup,
        "rehearsal": _rehearsal,
        "witness": _witness,
        "mail": _mail,
        "canaries": _canaries,
        "rows": _rows,
        "certificate": _certificate,
        "clock": _clock,
    }
)
"""Part -> what reads its state."""


def _only_if_real() -> bool | None:
    """Return what a missing part is: nothing to worry about in a sample, which has nothing that anybody would miss."""
    return None if is_sample() else False


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def _json(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
