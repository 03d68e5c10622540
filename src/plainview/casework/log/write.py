"""Writing the log: the only way to add an entry.

Owns the entry's place in the database transaction of the act that it records, and its publication after the commit. It
must never be called outside a transaction, and nothing else writes these tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from plainview.audit.logfile import LogFolderError, Record
from plainview.audit.merkle import Frontier
from plainview.audit.record import CLOCK, CLOCK_AHEAD, SYSTEM, Value, format_time, is_behind, next_entry
from plainview.casework.log.channel import channel
from plainview.casework.log.commit import MOST, ROWS, Unit, commitments_to, public, require_unaltered, store, units_of
from plainview.casework.models import ClockFault, LogKey, Member
from plainview.casework.models.rows import Recorded
from plainview.casework.workspace.services import services

_ROWS = 500  # an entry is at most 64 KiB


@dataclass(frozen=True, slots=True)
class Receipt:
    """A member's receipt: the number of the entry, and the log's size and root (hex) just after it."""

    entry: int
    size: int
    root: str


def write_entry(
    action: str,
    subject: Mapping[str, Value],
    secret: Mapping[str, Value] | None = None,
    *,
    acting_member: Member | None,
    rows: Iterable[Recorded | Unit] | Callable[[int], Iterable[Recorded | Unit]] = (),
) -> Receipt:
    """Append one entry in the running transaction; it is published to the log folder after the commit.

    The entry also names the channel through which the member acted (log.channel).

    Args:
        action: its name, e.g. "search.requested".
        subject: public facts without personal data.
        secret: facts that may have to be erased; only their commitments enter the log.
        acting_member: the member who acted; None for the system itself.
        rows: the rows that this act has written, changed or deleted: the entry commits to each as it is stored now
            (log.committed). Or a function that writes them, for rows that need the number of the entry.

    Raises:
        Refused: rows.altered, for what the act has loaded.
        TransactionManagementError: no transaction is running.
        LogFolderError: raised by the commit, if the public copy does not match the database.
    """
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an entry must be written in the transaction of its act")
    # Before anything is written: without the signing key or its folder the act must not happen at all.
    services().signer  # noqa: B018
    services().log_folder  # noqa: B018
    require_unaltered()
    through = channel()
    now = timezone.now()
    # Plain SQL: this runs twice in every search, and the ORM takes three times as long for the same rows.
    with connection.cursor() as cursor:
        cursor.execute("SELECT canonical, frontier FROM log_entry ORDER BY seq DESC LIMIT 1")
        newest = cursor.fetchone()
        newest_fields = json.loads(bytes(newest[0])) if newest else {}
        newest_at = newest_fields.get("at")
        if newest_at and is_behind(now, newest_at) and CLOCK not in newest_fields["subject"] and action != CLOCK_AHEAD:
            _begin_fault(now, newest_at)
            return write_entry(action, subject, secret, acting_member=acting_member, rows=rows)
        frontier = Frontier.from_bytes(bytes(newest[1])) if newest else Frontier(0, ())
        units = units_of(rows(frontier.size) if callable(rows) else rows)
        committing = commitments_to(units[:MOST])
        appended = next_entry(
            frontier,
            log=services().origin,
            at=now,
            action=action,
            actor=SYSTEM if acting_member is None else acting_member.public_id,
            subject={
                **subject,
                "via": through.via,
                **({"by_token": through.token} if through.token else {}),
                **({ROWS: public(committing)} if committing else {}),
            },
            secret={**(secret or {}), **through.sealed},
            previous_at=newest_at,
        )
        entry, tree = appended.entry, appended.frontier
        cursor.execute(
            "INSERT INTO log_entry (seq, at, canonical, leaf, frontier) VALUES (%s, %s, %s, %s, %s)",
            [entry.seq, entry.time, entry.canonical, appended.leaf, tree.to_bytes()],
        )
        store(committing, entry.seq)
        sealer = services().openings
        sealed = [
            (entry.seq, opening.name, sealer.seal(opening.to_json(), f"opening:{entry.seq}:{opening.name}".encode()))
            for opening in appended.openings
        ]
        cursor.executemany("INSERT INTO log_opening (entry_id, name, sealed) VALUES (%s, %s, %s)", sealed)
    for more in range(MOST, len(units), MOST):
        write_entry("rows.committed", {"of": entry.seq}, acting_member=acting_member, rows=units[more : more + MOST])
    transaction.on_commit(publish)
    return Receipt(entry.seq, tree.size, tree.root().hex())


def saved_with(record: Recorded, entry: int) -> list[Recorded]:
    """Save a row whose column `entry` has the number of its entry: for `rows` of `write_entry`."""
    record.entry = entry  # type: ignore[attr-defined]
    record.save()
    return [record]


_held_back: ContextVar[bool] = ContextVar("held_back", default=False)


@contextmanager
def unpublished() -> Iterator[None]:
    """Leave the entries of the block to the next opening of the workspace: for acts on a copy of the database."""
    token = _held_back.set(True)
    try:
        yield
    finally:
        _held_back.reset(token)


def _begin_fault(now: datetime, newest_at: str) -> None:
    """Log that the log is ahead of the clock, and keep it until two people have explained it."""
    clock = format_time(now)
    receipt = write_entry(CLOCK_AHEAD, {"ahead": newest_at}, acting_member=None)
    ClockFault.objects.create(first=receipt.entry, ahead=newest_at, clock=clock)


def publish() -> None:
    """Bring the public copy of the log up to date with the database.

    Raises:
        LogFolderError: the folder differs from the database, or cannot be written.
    """
    if _held_back.get():
        return
    try:
        services().log_folder.publish(records)
    except OSError as error:
        raise LogFolderError(
            f"The log folder {services().workspace.audit} cannot be written: {error.strerror or error}.",
            "Free space on its disk or repair it. No search runs until then. Committed entries are published afterwards.",
        ) from None


def records(first: int) -> Iterator[Record]:
    """Yield the entries from number `first` on, each with a checkpoint of the log ending with it.

    Of the entries before a change of the key, only the one that made the change has a checkpoint: the key that could
    sign the others is destroyed, and the stored checkpoint covers them.

    Raises:
        LogFolderError: the key in force is not in the workspace.
    """
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT vkey FROM log_key WHERE entry_id < %s ORDER BY entry_id DESC LIMIT 1", [first])
        newest_key = cursor.fetchone()
        vkey = newest_key[0] if newest_key else services().first_key.text
        cursor.execute(
            "SELECT canonical, leaf, frontier, vkey, checkpoint FROM log_entry "
            "LEFT JOIN log_key ON entry_id = seq WHERE seq >= %s ORDER BY seq",
            [first],
        )
        signer = services().signer_of(vkey)
        number = first
        while rows := cursor.fetchmany(_ROWS):
            for canonical, leaf, frontier, successor, checkpoint in rows:
                if successor is not None:
                    signer = services().signer_of(successor)
                elif signer is not None:
                    tree = Frontier.from_bytes(bytes(frontier))
                    checkpoint = signer.sign(tree.size, tree.root())
                elif not LogKey.objects.filter(entry_id__gt=number).exists():
                    raise LogFolderError(
                        "The key that signs the log is not in the workspace.",
                        "Copy the folder keys back from where you keep it: no backup has it.",
                        number,
                    )
                yield Record(bytes(canonical), bytes(leaf), checkpoint)
                number += 1


def newest_checkpoint() -> str:
    """Return the signed checkpoint of the newest entry that has one."""
    newest = ""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT max(seq) FROM log_entry")
        (newest,) = cursor.fetchone()
    for record in records(newest):
        newest = record.checkpoint or newest
    return newest
