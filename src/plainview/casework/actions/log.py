"""Writing the log: the one way an entry comes to be.

Owns the entry's place in the database transaction of the act that it records, and its publication after the
commit. It must never be called outside a transaction, and nothing else writes these tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from plainview.audit.logfile import Record
from plainview.audit.merkle import Frontier
from plainview.audit.record import SYSTEM, Value, next_entry
from plainview.casework.models import LogEntry, LogOpening, Member
from plainview.casework.services import services


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a member takes away: the number of the entry, and the log's size and root (hex) just after it."""

    entry: int
    size: int
    root: str


def write_entry(
    action: str,
    subject: Mapping[str, Value],
    secret: Mapping[str, Value] | None = None,
    *,
    acting_member: Member | None,
) -> Receipt:
    """Append one entry in the running transaction; it is published to the log folder after the commit.

    Args:
        action: what happened, e.g. "search.requested".
        subject: public facts without personal data.
        secret: facts that may have to be erased one day; only their commitments enter the log.
        acting_member: who did it; None for the system itself.

    Raises:
        TransactionManagementError: no transaction is running.
        ClockWentBack: the clock was set back.
        LogFolderError: raised by the commit, when the public copy does not fit the database.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an entry is written in the transaction of its act")
    newest = LogEntry.objects.order_by("-seq").values_list("at", "frontier").first()
    made = next_entry(
        Frontier.from_bytes(bytes(newest[1])) if newest else Frontier(0, ()),
        log=services().origin,
        at=timezone.now(),
        action=action,
        actor=SYSTEM if acting_member is None else acting_member.public_id,
        subject=subject,
        secret=secret,
        previous_at=newest[0] if newest else None,
    )
    entry = LogEntry.objects.create(
        seq=made.entry.seq,
        at=made.entry.at,
        canonical=made.entry.canonical,
        leaf=made.leaf,
        frontier=made.frontier.to_bytes(),
    )
    sealer = services().openings
    LogOpening.objects.bulk_create(
        LogOpening(
            entry=entry,
            name=opening.name,
            sealed=sealer.seal(opening.to_json(), f"opening:{entry.seq}:{opening.name}".encode()),
        )
        for opening in made.openings
    )
    transaction.on_commit(publish)
    return Receipt(entry.seq, made.frontier.size, made.frontier.root().hex())


def publish() -> None:
    """Bring the public copy of the log level with the database.

    Raises:
        LogFolderError: the folder holds something else than the database.
    """
    services().log_folder.publish(records)


def records(first: int) -> Iterator[Record]:
    """Yield the entries from number `first` on, each with a checkpoint of the log that ends with it."""
    signer = services().signer
    rows = LogEntry.objects.filter(seq__gte=first).order_by("seq")
    for canonical, leaf, frontier in rows.values_list("canonical", "leaf", "frontier").iterator():
        tree = Frontier.from_bytes(bytes(frontier))
        yield Record(bytes(canonical), bytes(leaf), signer.sign(tree.size, tree.root()))
