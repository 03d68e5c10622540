"""Watching a log from outside: what an auditor's cron job asks every few minutes.

Owns the list of alarms and the small state between two visits. It only reads the log. It must never forget a
checkpoint that it has seen because a later one does not fit it, and never be silent because something is
missing: a log that cannot be read is an alarm.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plainview.audit.checkpoint import parse
from plainview.audit.durable import replace_file
from plainview.audit.logfile import LOG_NAME, read_lines, split_line
from plainview.audit.record import Entry, parse_line
from plainview.audit.verify import Report, verify_folder

MAX_AGE: Final = timedelta(minutes=45)
"""How old the newest entry may be. A failure is noticed within the hour (CJIS 5.9.4) when a heartbeat is
written every 15 minutes and the monitor runs every 10."""

REVIEW_EVERY: Final = timedelta(days=7)
"""How long a review of the log stays good (CJIS 5.9.4: weekly)."""

AHEAD: Final = timedelta(minutes=5)
"""How far the newest entry may lie ahead of the monitor's clock."""

REVIEWED: Final = "log.reviewed"
AGENCY_OPENED: Final = "agency.opened"
ROWS_ALTERED: Final = "rows.altered"
_MATTER = tuple(action.encode() for action in (REVIEWED, AGENCY_OPENED, ROWS_ALTERED))


class BadState(ValueError):
    """The state file is damaged: what was seen last is not known."""


@dataclass(frozen=True, slots=True)
class State:
    """What the monitor remembers.

    Attributes:
        key: the log's first key (vkey), trusted since the first visit.
        checkpoint: the newest checkpoint that was seen and that extended the one before.
        tree: of a log that is read as tiles, its frontier at that checkpoint, in hex.
        grew_at: of such a log, when it was last seen to have grown, seconds since 1970 UTC.
    """

    key: str
    checkpoint: str
    tree: str = ""
    grew_at: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One reason to call somebody.

    Attributes:
        kind: "unreadable", "damaged", "rewritten", "silent", "clock", "review", "records" or "unwitnessed".
        text: one sentence.
    """

    kind: str
    text: str


def load_state(path: Path) -> State | None:
    """Read the state file; None before the first visit.

    Raises:
        BadState: it is damaged.
    """
    try:
        return State(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        raise BadState(f"{path} is damaged; restore it from a backup") from None


def visit(
    folder: Path,
    state_file: Path,
    *,
    now: datetime,
    key: str | None = None,
    max_age: timedelta = MAX_AGE,
    review_every: timedelta = REVIEW_EVERY,
) -> tuple[list[Alarm], Report | None]:
    """Look at the log once, remember its newest checkpoint if all before it is still there, return alarms.

    Args:
        folder: a copy of the log, or the folder itself.
        state_file: where to remember; made on the first visit.
        now: the monitor's own clock, with a time zone.
        key: the log's first key (vkey) from elsewhere; without it the folder's own is trusted once.
        max_age: how old the newest entry may be.
        review_every: how long a review stays good.

    Raises:
        BadState: the state file is damaged.
        BadKey: `key` is not a verifier key.
    """
    state = load_state(state_file)
    trusted = key or (state.key if state else None)
    try:
        report = verify_folder(folder, vkey=trusted, kept_checkpoint=state.checkpoint if state else None)
        entries = _entries(folder, report.entries) if report.ok else []
    except OSError as error:
        return [Alarm("unreadable", f"the log in {folder} cannot be read: {error.strerror or error}")], None
    if not report.ok:
        whole = verify_folder(folder, vkey=trusted).ok
        kind = "rewritten" if whole else "damaged"
        return [Alarm(kind, problem) for problem in report.problems], report
    seen = parse(state.checkpoint).size if state else 0
    if report.checkpoint is not None:
        state = State(report.keys[0], report.checkpoint)
        replace_file(state_file, json.dumps(asdict(state), indent=1).encode())
    return [*_silence(entries, now, max_age), *_reviews(entries, now, review_every), *_records(entries, seen)], report


def _entries(folder: Path, count: int) -> list[Entry]:
    """The newest entry and those that matter for the reviews; the folder was just verified so far."""
    entries: list[Entry] = []
    path = folder / LOG_NAME
    for number, line in enumerate(read_lines(path, path.stat().st_size)):
        if number == count:
            break
        if number in (0, count - 1) or any(action in line for action in _MATTER):
            entries.append(parse_line(split_line(line)[0]))
    return entries


def _records(entries: list[Entry], seen: int) -> list[Alarm]:
    """One alarm for every entry since the last visit that says that records differ from the log."""
    return [
        Alarm("records", f"entry {entry.seq}: {entry.subject.get('rows')} records are not as the log recorded them")
        for entry in entries
        if entry.action == ROWS_ALTERED and entry.seq >= seen
    ]


def _silence(entries: list[Entry], now: datetime, max_age: timedelta) -> list[Alarm]:
    if not entries:
        return [Alarm("silent", "the log holds no entry")]
    age = now - datetime.fromisoformat(entries[-1].time)
    if age > max_age:
        return [
            Alarm(
                "silent",
                f"nothing was logged for {int(age.total_seconds() // 60)} minutes "
                f"(since entry {entries[-1].seq} of {entries[-1].time}): logging may have failed",
            )
        ]
    if age < -AHEAD:
        return [Alarm("clock", f"entry {entries[-1].seq} is of {entries[-1].time}, ahead of this clock")]
    if entries[-1].time != entries[-1].at:
        stated = f"entry {entries[-1].seq} states the clock as {entries[-1].time}"
        return [Alarm("clock", f"{stated}: the log is ahead of it since an entry of {entries[-1].at}")]
    return []


def _reviews(entries: list[Entry], now: datetime, every: timedelta) -> list[Alarm]:
    """One alarm for every agency whose last review, or whose beginning, lies too far back."""
    due: dict[str, tuple[str, str]] = {}
    for entry in entries:
        if entry.action in (AGENCY_OPENED, REVIEWED):
            event = "was reviewed" if entry.action == REVIEWED else "was opened and never reviewed"
            due[str(entry.subject.get("agency", "-"))] = (entry.time, event)
    if not due and entries:
        due["-"] = (entries[0].at, "was begun and never reviewed")
    return [
        Alarm("review", f"the log of agency {agency} {event} last on {at[:10]}: a review is due")
        for agency, (at, event) in sorted(due.items())
        if now - datetime.fromisoformat(at) > every
    ]
