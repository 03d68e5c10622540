"""Watching a log from its tiles alone: what anyone can do who knows its key and its address.

Owns one visit and its alarms; the state between visits is `monitor.State`. It checks the signature, the cosignatures, every
leaf hash since the last visit against the signed root, and every entry where the tiles have entries. It must never
remember a checkpoint whose root the tiles do not give.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plainview.audit.checkpoint import (
    MAX_NOTE_BYTES,
    BadCheckpoint,
    BadKey,
    Checkpoint,
    VerifierKey,
    parse,
    verify,
)
from plainview.audit.cosignature import cosignatures
from plainview.audit.durable import replace_file
from plainview.audit.merkle import Frontier
from plainview.audit.monitor import AHEAD, Alarm, State, load_state
from plainview.audit.quorum import WitnessPolicy
from plainview.audit.record import BadEntry, parse_line
from plainview.audit.tiles import CHECKPOINT, BadTile, Read, grown, hashed, read_entries, read_leaves

MAX_AGE: Final = timedelta(hours=26)
"""How long a log may not grow: it has an entry a day while its worker runs, and its tiles are written every hour."""


def visit_tiles(
    read: Read,
    state_file: Path,
    *,
    now: datetime,
    key: str | None = None,
    policy: WitnessPolicy | None = None,
    max_age: timedelta = MAX_AGE,
    entries: bool = False,
) -> tuple[list[Alarm], int | None]:
    """Look at the log once, remember its checkpoint if everything bears it out; return alarms and the number of entries.

    Args:
        read: gives the files of the log.
        state_file: where to remember; made on the first visit.
        now: the monitor's own clock, with a time zone.
        key: a key of the log (vkey) from elsewhere; needed on the first visit, and after the log changed its key.
        policy: which witnesses are trusted and how many must have cosigned; None: they are not looked at.
        max_age: how long the log may not grow.
        entries: read and check every entry too; the tiles must have them.

    Raises:
        BadState: the state file is damaged.
        BadKey: `key` is missing or is not a verifier key.
    """
    state = load_state(state_file)
    trusted = VerifierKey.parse(_key(key, state))
    try:
        note = read(CHECKPOINT, MAX_NOTE_BYTES).decode()
        checkpoint = verify(note, [trusted])
    except OSError as error:
        return [Alarm("unreadable", f"the checkpoint cannot be read: {error.strerror or error}")], None
    except (BadCheckpoint, UnicodeDecodeError) as error:
        return [Alarm("damaged", f"checkpoint: {error}")], None
    alarms, tree = _grown(read, checkpoint, state, entries=entries)
    if tree is None:
        return alarms, None
    seen = int(now.timestamp())
    stands = state is not None and checkpoint.size <= parse(state.checkpoint).size
    grew_at = state.grew_at if state is not None and stands else seen
    remembered = State(trusted.text, note, tree.to_bytes().hex(), grew_at)
    replace_file(state_file, json.dumps(asdict(remembered), indent=1).encode())
    if seen - grew_at > max_age.total_seconds():
        quiet = (seen - grew_at) // 3600
        alarms.append(
            Alarm("silent", f"the log has not grown for {quiet} hours: logging or publishing may have failed")
        )
    return [*alarms, *_cosigned(note, policy, now)], checkpoint.size


def _key(key: str | None, state: State | None) -> str:
    trusted = key or (state.key if state is not None else "")
    if not trusted:
        raise BadKey("the key of the log is needed on the first visit: take it from another source than the tiles")
    return trusted


def _grown(
    read: Read, checkpoint: Checkpoint, state: State | None, *, entries: bool
) -> tuple[list[Alarm], Frontier | None]:
    """Return alarms, and the tree at the checkpoint if it extends what was seen before."""
    tree = Frontier.from_bytes(bytes.fromhex(state.tree)) if state is not None and state.tree else Frontier()
    if checkpoint.size < tree.size:
        return [Alarm("rewritten", f"the log went back from {tree.size} to {checkpoint.size} entries")], None
    try:
        newest = grown(tree, read, checkpoint.size)
        problems = _entries(read, checkpoint, tree.size) if entries else []
    except OSError as error:
        return [Alarm("unreadable", f"a tile cannot be read: {error}")], None
    except (BadTile, BadEntry) as error:
        return [Alarm("damaged", str(error))], None
    if newest.root() == checkpoint.root:
        return problems, None if problems else newest
    if tree.size and _root(read, checkpoint.size) == checkpoint.root:
        return [Alarm("rewritten", f"another history of the first {tree.size} entries than was seen before")], None
    return [Alarm("damaged", f"the tiles do not give the root of the {checkpoint.size} entries that were signed")], None


def _root(read: Read, size: int) -> bytes | None:
    """Return the root that the tiles give from the first leaf on, None if they cannot be read."""
    try:
        return grown(Frontier(), read, size).root()
    except (OSError, BadTile):
        return None


def _entries(read: Read, checkpoint: Checkpoint, first: int) -> list[Alarm]:
    """Check every entry since the last visit: its hash, its form, its number, its log."""
    whole = list(read_entries(read, first, checkpoint.size))
    for number, (entry, leaf, ours) in enumerate(
        zip(whole, read_leaves(read, first, checkpoint.size), hashed(whole), strict=True), start=first
    ):
        if ours != leaf:
            return [Alarm("damaged", f"entry {number} is not the one whose hash is in the tile")]
        read_entry = parse_line(entry)
        if read_entry.seq != number or read_entry.log != checkpoint.origin:
            return [Alarm("damaged", f"entry {number} says that it is entry {read_entry.seq} of {read_entry.log}")]
    return []


def _cosigned(note: str, policy: WitnessPolicy | None, now: datetime) -> list[Alarm]:
    if policy is None:
        return []
    try:
        signed = cosignatures(note, policy.keys)
    except BadCheckpoint as error:
        return [Alarm("unwitnessed", str(error))]
    ahead = [cosignature for cosignature in signed if cosignature.at > (now + AHEAD).timestamp()]
    if ahead:
        return [Alarm("clock", f"the cosignature of {ahead[0].witness.name} states a time that has not come yet")]
    if not policy.satisfied([cosignature.witness for cosignature in signed]):
        names = ", ".join(sorted(cosignature.witness.name for cosignature in signed)) or "nobody"
        return [Alarm("unwitnessed", f"cosigned by {names}: not enough for the quorum {policy.quorum}")]
    return []
