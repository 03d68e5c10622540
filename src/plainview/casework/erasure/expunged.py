"""The expunge list: what was erased and must not come back with an older backup.

Owns the file `expunged.jsonl` of the workspace, with one line for each erased item, and the keyed digest that recognises
a picture without naming it. The file is made from the log. It is not part of a backup, so that a restore reads a
newer list than the backup's. It must never contain a hash that can be checked without the workspace's key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.db import connection

from plainview.audit.durable import locked, replace_file
from plainview.audit.record import Entry, parse_line
from plainview.casework.models import LogEntry
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused

ACTION = "reference.expunged"
"""The action of entries about erased references."""

KINDS = {
    ACTION: "reference",
    "search.erased": "search",
    "alert.erased": "alert",
    "shared.erased": "shared_request",
    "video.erased": "video",
    "preparation.discarded": "preparation",
}
"""Action of an entry -> kind of the erased item; the entry's public part has its id under that name."""

_ROWS = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One erased item.

    Attributes:
        entry: number of its log entry.
        reference: its id.
        picture: keyed digest of a reference's picture, see `mark`.
        never_again: the picture must not be enrolled again.
        kind: see KINDS.
    """

    entry: int
    reference: str
    picture: str
    never_again: bool
    kind: str = "reference"


def mark(digest: str) -> str:
    """Return the keyed digest of a picture's SHA-256: 64 hex digits that mean nothing without the key."""
    return hmac.new(
        services().expunge_key, f"plainview expunged picture v1: {digest}".encode(), hashlib.sha256
    ).hexdigest()


def list_file() -> Path:
    """Return the path of the workspace's list."""
    return services().workspace.root / "expunged.jsonl"


def read_list(path: Path) -> list[Line]:
    """Read a list; a missing one is empty.

    Raises:
        Refused: expunged.damaged.
    """
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [Line(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError):
        raise Refused(
            "expunged.damaged",
            "Nothing changed",
            f"The expunge list {path} cannot be read.",
            "Remove the file: it is made again from the log. To restore, choose another copy of it.",
        ) from None


def lines_of(entries: Iterable[Entry]) -> Iterator[Line]:
    """Yield the line of each log entry about an erasure."""
    for entry in entries:
        kind = KINDS.get(entry.action)
        if kind is not None:
            subject = entry.subject
            yield Line(
                entry.seq,
                str(subject[kind]),
                str(subject.get("picture_mark", "")),
                bool(subject.get("never_again", False)),
                kind,
            )


def about_erasing(canonical: bytes) -> bool:
    """Return True when an entry may be about an erasure, without parsing it."""
    return any(f'"{action}"'.encode() in canonical for action in KINDS)


def bring_level() -> list[Line]:
    """Add the log's newer erasures to the file, and return the whole list.

    Raises:
        Refused: expunged.damaged.
        OSError: the file cannot be written.
    """
    path = list_file()
    with locked(path.with_name(".expunged.lock")):
        stored = read_list(path)
        after = stored[-1].entry if stored else -1
        rows = LogEntry.objects.filter(seq__gt=after).order_by("seq").values_list("canonical", flat=True)
        entries = (
            parse_line(bytes(canonical)) for canonical in rows.iterator(_ROWS) if about_erasing(bytes(canonical))
        )
        fresh = list(lines_of(entries))
        if fresh:
            write_list(path, [*stored, *fresh])
        return [*stored, *fresh]


def write_list(path: Path, lines: Iterable[Line]) -> None:
    """Write the whole list; it is durable when this returns."""
    replace_file(path, "".join(json.dumps(asdict(line)) + "\n" for line in lines).encode())


def is_barred(digest: str) -> bool:
    """Return True when the picture with this SHA-256 must never be enrolled again."""
    # Plain SQL, because an enrolment of millions calls this for every picture.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM barred_picture WHERE mark = %s", [mark(digest)])
        return cursor.fetchone() is not None
