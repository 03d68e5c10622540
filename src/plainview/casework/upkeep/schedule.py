"""Backups by the clock: made when due, rehearsed when due, removed by the rule of the settings.

Owns when, and which files may go. It must never remove a file that it did not make, the newest backup, or the newest one
that a rehearsal opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from django.db.models import QuerySet
from django.utils import timezone

from plainview.casework.models import BackupRecord
from plainview.casework.upkeep.backup import BackedUp, back_up
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused

AGAIN_AFTER = timedelta(hours=1)
"""How long a failed backup waits before the next try."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What [backup] of workspace.toml says: where, when (UTC), and how long files are kept."""

    folder: Path
    at: time
    keep_days: int
    keep_months: int
    rehearse_days: int


def rule() -> Rule | None:
    """Return the rule of the settings; None if nothing is scheduled.

    Raises:
        Refused: backup.settings.
    """
    section = services().workspace.settings().get("backup", {})
    if not isinstance(section, dict) or not section.get("folder"):
        return None
    days, months = section.get("keep_days", 14), section.get("keep_months", 12)
    rehearse_days, at = section.get("rehearse_days", 7), section.get("at", "02:00")
    for name, value in (("keep_days", days), ("keep_months", months), ("rehearse_days", rehearse_days)):
        if type(value) is not int or value < 0:
            raise _settings(f"backup.{name} is not a whole number from 0")
    try:
        return Rule(Path(str(section["folder"])), time.fromisoformat(str(at)), days, months, rehearse_days)
    except ValueError:
        raise _settings(f'backup.at is not a time of day such as "02:00": {at}') from None


def _settings(why: str) -> Refused:
    return Refused(
        "backup.settings", "No backup made", f"{why}.", f"Correct it in {services().workspace.settings_file}."
    )


def due(rule: Rule, now: datetime) -> bool:
    """Say whether the scheduled backup of the last passed time of day is missing."""
    moment = datetime.combine(now.astimezone(UTC).date(), rule.at, UTC)
    if moment > now:
        moment -= timedelta(days=1)
    newest = BackupRecord.objects.filter(scheduled=True).order_by("-made_at").first()
    if newest is None:
        return True
    if newest.failure:
        return now - newest.made_at >= AGAIN_AFTER
    # One whose time lies ahead was made while the clock was wrong: it is no reason to make none.
    return not moment <= newest.made_at <= now + timedelta(days=1)


def rehearsal_due(rule: Rule, now: datetime) -> BackupRecord | None:
    """Return the backup to rehearse now; None if the last rehearsal is recent enough or there is no backup."""
    newest = existing().first()
    if newest is None or not rule.rehearse_days:
        return None
    last = BackupRecord.objects.exclude(rehearsed_at=None).order_by("-rehearsed_at").first()
    if last is not None and last.rehearsed_at is not None:
        wait = timedelta(days=rule.rehearse_days) if last.rehearsal_ok else timedelta(days=1)
        if timedelta(0) <= now - last.rehearsed_at < wait:
            return None
    return newest


def existing() -> QuerySet[BackupRecord]:
    """Return the backups that were made and not removed, newest first."""
    return BackupRecord.objects.filter(removed_at=None, failure="").order_by("-made_at", "-pk")


def make_scheduled(rule: Rule, *, progress: Callable[[int], None] = lambda _: None) -> BackedUp:
    """Make the scheduled backup now, then remove what the rule no longer keeps; a failure is recorded and raised.

    Raises:
        Exception: as `back_up`.
    """
    now = timezone.now().astimezone(UTC)
    path = rule.folder / f"{services().origin}-{now:%Y%m%dT%H%M%SZ}.age"
    try:
        backup = back_up(path, scheduled=True, progress=progress)
    except Exception as error:
        BackupRecord.objects.create(
            backup=secrets.token_hex(16),
            path=str(path),
            scheduled=True,
            made_at=now,
            failure=error.why if isinstance(error, Refused) else str(error),
        )
        raise
    remove_old(rule, now)
    return backup


def remove_old(rule: Rule, now: datetime) -> list[Path]:
    """Remove scheduled backups that the rule no longer keeps; return their paths."""
    backups = list(existing())
    opened = next((backup for backup in backups if backup.rehearsal_ok), None)
    safe = {backup.pk for backup in backups[:1]} | ({opened.pk} if opened else set())
    months: set[tuple[int, int]] = set()
    removed = []
    for backup in reversed([backup for backup in backups if backup.scheduled]):
        month = (backup.made_at.year, backup.made_at.month)
        age = now - backup.made_at
        first = month not in months
        months.add(month)
        monthly = first and age < timedelta(days=31 * rule.keep_months)
        if backup.pk in safe or monthly or age < timedelta(days=rule.keep_days):
            continue
        path = Path(backup.path)
        path.unlink(missing_ok=True)
        backup.removed_at = now
        backup.save(update_fields=["removed_at"])
        removed.append(path)
    return removed
