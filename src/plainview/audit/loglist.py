"""The logs that a witness follows, as the list that witness-network.org publishes: its format logs/v0.

Owns the reading of that file. It must never guess a key: a log whose keys are all of an unknown type is left out, and a
line that cannot be read spoils the file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from plainview.audit.checkpoint import ED25519, BadKey, VerifierKey

HEADER: Final = "logs/v0"
"""First line of the list (witness-network.org, "Log-list format")."""

PER_DAY: Final = 86_400.0
"""New checkpoints a day that a log may have cosigned where its entry states no `qpd`: one a second, chosen."""


class BadLogList(ValueError):
    """The file is not a list of logs; the message names the line."""


@dataclass(frozen=True, slots=True)
class FollowedLog:
    """One log.

    Attributes:
        origin: first line of its checkpoints.
        keys: the keys that may have signed one, in the order of the file.
        per_day: new checkpoints that may be cosigned a day.
        contact: how its operator is reached; "" if that is not stated.
    """

    origin: str
    keys: tuple[VerifierKey, ...] = ()
    per_day: float = PER_DAY
    contact: str = ""


def parse_logs(text: str) -> Mapping[str, FollowedLog]:
    """Return origin -> log. Entries of one origin add their keys: a log that changed its key has one entry a key.

    Raises:
        BadLogList: the text is not a list of the format.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line and line[0] != "#"]
    if not lines or lines[0][1].lower() != HEADER:
        raise BadLogList(f"a list of logs begins with the line {HEADER}")
    entries: list[FollowedLog] = []
    for number, line in lines[1:]:
        keyword, _, value = line.partition(" ")
        value = value.strip()
        if keyword.lower() == "vkey":
            key = _key(value, number)
            entries.append(FollowedLog(value.partition("+")[0], () if key is None else (key,)))
        elif not entries or not value:
            raise BadLogList(f"line {number}: an entry begins with its vkey, and every line has a value")
        else:
            entries[-1] = _with(entries[-1], keyword.lower(), value, number)
    logs: dict[str, FollowedLog] = {}
    for entry in entries:
        known = logs.get(entry.origin)
        if entry.keys:
            logs[entry.origin] = replace(known, keys=known.keys + entry.keys) if known else entry
    return logs


def _with(log: FollowedLog, keyword: str, value: str, number: int) -> FollowedLog:
    """Return the entry with what one more line states."""
    if keyword == "origin":
        return log if value == "none" else replace(log, origin=value)
    if keyword == "qpd":
        try:
            per_day = float(value)
        except ValueError:
            per_day = -1.0
        if not 0 <= per_day < float("inf"):
            raise BadLogList(f"line {number}: qpd is a number from 0 up")
        return replace(log, per_day=per_day)
    if keyword == "contact":
        return replace(log, contact=value)
    if keyword == "bastion":  # how some witnesses are reached; not this one
        return log
    raise BadLogList(f"line {number}: {keyword} is not a keyword of the format")


def _key(value: str, number: int) -> VerifierKey | None:
    try:
        return VerifierKey.parse(value)
    except BadKey as error:
        encoded = value.partition("+")[2].partition("+")[2]
        try:
            kind = base64.b64decode(encoded, validate=True)[:1]
        except (binascii.Error, ValueError):
            kind = b""
        if kind not in (b"", ED25519):
            return None  # a key of another type, which a witness that knows only Ed25519 cannot check
        raise BadLogList(f"line {number}: {error}") from None
