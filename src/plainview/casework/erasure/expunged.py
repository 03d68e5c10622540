"""The expunge list: what was erased and must not come back with an older backup.

Owns the file `expunged.jsonl` of the workspace, one line for each erased thing, and the keyed digest by which a picture
is recognised without being named. The log's entries are the truth and the file is made from them; it lies outside
every backup, so that a restore reads a newer list than the backup holds. It must never hold a hash that could be
checked without the workspace's key.
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
"""The action of the entries about references, from which the list began."""

KINDS = {
    ACTION: "reference",
    "search.erased": "search",
    "alert.erased": "alert",
    "video.erased": "video",
    "preparation.discarded": "preparation",
}
"""Action of an entry -> what it erased; the entry's public part has its id under that name."""

_ROWS = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was erased.

    Attributes:
        entry: number of the log's entry about it.
        reference: its id.
        picture: keyed digest of a reference's picture, see `mark`.
        never_again: the picture must not be enrolled again either.
        kind: what it was, see KINDS.
    """

    entry: int
    reference: str
    picture: str
    never_again: bool
    kind: str = "reference"


def mark(digest: str) -> str:
    """Return the keyed digest of a picture's SHA-256: 64 hex digits that mean nothing without the key."""
    key = services().workspace.key("expunge.key")
    return hmac.new(key, f"plainview expunged picture v1: {digest}".encode(), hashlib.sha256).hexdigest()


def list_file() -> Path:
    """Where the workspace keeps its list."""
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
    """Yield the lines that these entries of the log stand for."""
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
    """Say, without reading it, whether an entry may be one from which the list is made."""
    return any(f'"{action}"'.encode() in canonical for action in KINDS)


def bring_level() -> list[Line]:
    """Add to the file what the log has and it lacks, and return the whole list.

    Raises:
        Refused: expunged.damaged.
        OSError: the file cannot be written.
    """
    path = list_file()
    with locked(path.with_name(".expunged.lock")):
        held = read_list(path)
        after = held[-1].entry if held else -1
        rows = LogEntry.objects.filter(seq__gt=after).order_by("seq").values_list("canonical", flat=True)
        found = (parse_line(bytes(row)) for row in rows.iterator(_ROWS) if about_erasing(bytes(row)))
        fresh = list(lines_of(found))
        if fresh:
            write_list(path, [*held, *fresh])
        return [*held, *fresh]


def write_list(path: Path, lines: Iterable[Line]) -> None:
    """Make these the whole list, on the disk before this returns."""
    replace_file(path, "".join(json.dumps(asdict(line)) + "\n" for line in lines).encode())


def is_barred(digest: str) -> bool:
    """Say whether the picture of this SHA-256 must never be enrolled again."""
    # Plain SQL: asked for every picture of a list of millions.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM barred_picture WHERE mark = %s", [mark(digest)])
        return cursor.fetchone() is not None
