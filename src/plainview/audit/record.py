"""One entry of the log: its fields, its only spelling in bytes, and the commitments that it carries.

Owns the format of an entry (docs/reference/log-format.md is the same text for outsiders). It must never let
personal data into an entry in the clear: an entry holds opaque ids, counts, hashes and words of fixed lists,
and whatever may have to be erased one day goes in as a salted commitment. It must never accept a second
spelling of the same entry: what is hashed is what is stored is what is published.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn, TypeAlias

import rfc8785

from plainview.audit.merkle import Frontier, leaf_hash

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value] | None"
"""What an entry may hold. No floats: a number with a fraction prints differently in different languages, and whether a
log is intact must not hang on that. Scores are strings with fixed decimals ("0.4317")."""

FORMAT_VERSION: Final = 1
"""The `v` of every entry of this format."""

MAX_ENTRY_BYTES: Final = 65_536
"""Longest canonical entry, bytes: room for a few hundred ids, and a bound when a hostile file is read."""

MAX_NEW_BYTES: Final = 65_535
"""Longest that is written now: what fits a bundle of c2sp.org/tlog-tiles."""

MAX_DEPTH: Final = 8
"""Deepest nesting of lists and objects inside `subject`, levels."""

MAX_INTEGER: Final = 2**53 - 1
"""Largest magnitude of an integer that every JSON reader keeps exactly (RFC 7493, 2.2; RFC 8785 needs it)."""

SALT_BYTES: Final = 32
"""Length of a commitment's salt, bytes: guessing it is no easier than guessing the hash."""

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
"""How far the clock may lie behind the previous entry and still be taken as that entry's time: two processes
that commit at the same moment, or the small step of a time daemon."""

CLOCK: Final = "clock"
"""The key in `subject` under which an entry states the clock while that is behind the entries before it."""

CLOCK_AHEAD: Final = "clock.ahead"
"""The action of the first entry that states the clock."""

SYSTEM: Final = "system"
"""The actor of what no member did: scheduled erasure, an alert, a check."""

KEY_ROTATED: Final = "log.key_rotated"
"""The action of the entry that introduces the log's next signing key: `subject.key` is its vkey."""

ORIGIN_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}")
"""The name of a log. It is also the name of its key, so no spaces and no plus (C2SP signed-note)."""

_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_ACTOR = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEAL_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_COMMITMENT = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{2}Z")
_MAX_ACTION = 64
_FIELDS = {"v", "seq", "at", "log", "action", "actor", "subject", "sealed"}
_SEAL_DOMAIN = b"plainview.audit.seal.v1\x00"


class BadEntry(ValueError):
    """These fields or bytes are not an entry of the log; the message says which rule they break."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, checked when it is made; `canonical` is its only spelling.

    Attributes:
        seq: 0-based number of the entry, which is also the index of its leaf.
        at: UTC to 1/100 s, "2026-11-23T03:38:24.12Z".
        log: the origin of the log, see `ORIGIN_PATTERN`.
        action: what happened, one word of a fixed list such as "search.requested".
        actor: the opaque id of the member who did it, or `SYSTEM`. An e-mail address does not fit.
        subject: public facts that name no person: ids, counts, hashes, words of fixed lists.
        sealed: name -> commitment (64 hex digits) to a value that may be erased later, see `seal`.
        canonical: the entry in RFC 8785 form, UTF-8, at most `MAX_ENTRY_BYTES`.

    Raises:
        BadEntry: a field breaks its rule.
    """

    seq: int
    at: str
    log: str
    action: str
    actor: str
    subject: Mapping[str, Value]
    sealed: Mapping[str, str]
    canonical: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.seq) is not int or not 0 <= self.seq <= MAX_INTEGER:
            raise BadEntry("seq is not a number from 0 up")
        _require_time(self.at)
        _require(ORIGIN_PATTERN, "log", self.log)
        _require(_ACTION, "action", self.action)
        if len(self.action) > _MAX_ACTION:
            raise BadEntry(f"action is longer than {_MAX_ACTION} characters")
        _require(_ACTOR, "actor", self.actor)
        if not isinstance(self.subject, Mapping) or not isinstance(self.sealed, Mapping):
            raise BadEntry("subject and sealed are objects")
        for name, commitment in self.sealed.items():
            _require(_SEAL_NAME, "a name in sealed", name)
            _require(_COMMITMENT, f"sealed.{name}", commitment)
        # Own copies: an entry cannot change after it was hashed because a caller changed a dictionary.
        object.__setattr__(self, "subject", _plain(self.subject, MAX_DEPTH))
        object.__setattr__(self, "sealed", dict(self.sealed))
        object.__setattr__(self, "canonical", self._spell())

    def _spell(self) -> bytes:
        fields = {
            "v": FORMAT_VERSION,
            "seq": self.seq,
            "at": self.at,
            "log": self.log,
            "action": self.action,
            "actor": self.actor,
            "subject": self.subject,
            "sealed": self.sealed,
        }
        canonical = _jcs(fields)
        if len(canonical) > MAX_ENTRY_BYTES:
            raise BadEntry(f"the entry is longer than {MAX_ENTRY_BYTES} bytes")
        return canonical

    @property
    def time(self) -> str:
        """Return when it was written: `at`, unless the entry states a clock that was behind the log."""
        stated = self.subject.get(CLOCK)
        return stated if isinstance(stated, str) and _TIME.fullmatch(stated) else self.at

    def leaf(self) -> bytes:
        """Return the 32-byte leaf hash of the entry (RFC 9162, 2.1.1)."""
        return leaf_hash(self.canonical)


def parse_line(data: bytes) -> Entry:
    """Read one entry from its canonical bytes, UTF-8 without a newline.

    Raises:
        BadEntry: the bytes are not, byte for byte, the canonical form of a valid entry.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise BadEntry(f"the entry is longer than {MAX_ENTRY_BYTES} bytes")
    fields = _load(data)
    if not isinstance(fields, dict) or fields.keys() != _FIELDS:
        raise BadEntry(f"an entry is an object with exactly the fields {', '.join(sorted(_FIELDS))}")
    if type(fields["v"]) is not int or fields.pop("v") != FORMAT_VERSION:
        raise BadEntry(f"v is not {FORMAT_VERSION}")
    entry = Entry(**fields)
    if entry.canonical != data:
        raise BadEntry("the bytes are not the canonical form (RFC 8785) of what they say")
    return entry


def written(fields: Mapping[str, Any]) -> str:
    """Return when an entry was written, from its JSON: `Entry.time` for a reader who need not check the entry.

    Raises:
        KeyError, TypeError: it is not the JSON of an entry.
    """
    stated = fields["subject"].get(CLOCK)
    return stated if isinstance(stated, str) and _TIME.fullmatch(stated) else str(fields["at"])


def format_time(moment: datetime) -> str:
    """Return a moment as entries write it: UTC, cut (not rounded) to 1/100 s.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("the time of an entry needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:22] + "Z"


# --- commitments --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment. Erase it and the value cannot be found again, while the log stays valid.

    Attributes:
        name: the key of the commitment in `Entry.sealed`.
        salt: 32 random bytes, drawn for this commitment alone; kept out of `repr`, as is the value.
        value: what was committed to.
    """

    name: str
    salt: bytes = field(repr=False)
    value: Value = field(repr=False)

    def to_json(self) -> bytes:
        """Return the opening as canonical JSON {"name", "salt" (hex), "value"}, to be stored elsewhere."""
        return _jcs({"name": self.name, "salt": self.salt.hex(), "value": _plain(self.value, MAX_DEPTH)})

    @classmethod
    def from_json(cls, data: bytes) -> Opening:
        """Read what `to_json` wrote.

        Raises:
            BadEntry: the bytes are not an opening.
        """
        fields = _load(data)
        if not isinstance(fields, dict) or fields.keys() != {"name", "salt", "value"}:
            raise BadEntry("an opening is an object with name, salt and value")
        _require(_SEAL_NAME, "name", fields["name"])
        _require(_COMMITMENT, "salt", fields["salt"])
        return cls(fields["name"], bytes.fromhex(fields["salt"]), fields["value"])


def seal(name: str, value: Value) -> tuple[str, Opening]:
    """Commit to a value without showing it.

    The commitment is SHA-256("plainview.audit.seal.v1" 0x00 || salt || n || name || m || value) where n and m
    are the lengths in bytes of the name (UTF-8) and of the value (RFC 8785), each as 8 bytes, big-endian. The
    lengths make the encoding unambiguous; the first words keep it from ever equalling a hash made for
    something else. The salt is fresh for every call, so that no commitment can be guessed or compared.

    Returns:
        The commitment (64 hex digits) for `Entry.sealed`, and the opening, to be stored apart from the log.

    Raises:
        BadEntry: the name or the value breaks the rules of entries.
    """
    _require(_SEAL_NAME, "name", name)
    opening = Opening(name, secrets.token_bytes(SALT_BYTES), _plain(value, MAX_DEPTH))
    return _commitment(opening), opening


def check_opening(commitment: str, opening: Opening) -> bool:
    """Say whether the opening is the one that the commitment (64 hex digits) was made from.

    Raises:
        BadEntry: the value of the opening breaks the rules of entries.
    """
    return len(opening.salt) == SALT_BYTES and hmac.compare_digest(commitment, _commitment(opening))


def _commitment(opening: Opening) -> str:
    name, value = opening.name.encode(), _jcs(_plain(opening.value, MAX_DEPTH))
    parts = (_SEAL_DOMAIN, opening.salt, len(name).to_bytes(8, "big"), name, len(value).to_bytes(8, "big"), value)
    return hashlib.sha256(b"".join(parts)).hexdigest()


# --- the next entry -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextEntry:
    """Everything that one transaction stores when it appends to the log.

    Attributes:
        entry: the entry; `entry.canonical` is what is stored and published.
        leaf: its 32-byte leaf hash.
        frontier: the tree after it; `frontier.root()` is the root that the next checkpoint signs.
        openings: one for every sealed value, to be stored where they can be erased.
    """

    entry: Entry
    leaf: bytes
    frontier: Frontier
    openings: tuple[Opening, ...]


def is_behind(at: datetime, previous_at: str | None) -> bool:
    """Say whether the clock is so far behind the newest entry that the next one states it."""
    if previous_at is None:
        return False
    return format_time(at) < format_time(datetime.fromisoformat(previous_at) - CLOCK_TOLERANCE)


def next_entry(
    frontier: Frontier,
    *,
    log: str,
    at: datetime,
    action: str,
    actor: str,
    subject: Mapping[str, Value],
    secret: Mapping[str, Value] | None = None,
    previous_at: str | None = None,
) -> NextEntry:
    """Make the entry that follows `frontier`; nothing is written.

    The order of the log never goes back: while the clock is behind the newest entry, the new one takes that entry's
    `at`, and by more than `CLOCK_TOLERANCE` it also states the clock.

    Args:
        frontier: the tree before the entry; its size is the number of the new entry.
        log: the origin of the log.
        at: now, with a time zone.
        action: what happened, see `Entry`.
        actor: who did it, see `Entry`.
        subject: public facts, see `Entry`.
        secret: name -> value to be sealed: what may have to be erased one day.
        previous_at: the `at` of the newest entry, None for the first.

    Raises:
        BadEntry: a field breaks its rule.
    """
    stamp = format_time(at)
    if previous_at is not None and stamp < previous_at:
        subject = {**subject, CLOCK: stamp} if is_behind(at, previous_at) else subject
        stamp = previous_at
    sealed, openings = {}, []
    for name, value in (secret or {}).items():
        sealed[name], opening = seal(name, value)
        openings.append(opening)
    entry = Entry(frontier.size, stamp, log, action, actor, subject, sealed)
    if len(entry.canonical) > MAX_NEW_BYTES:
        raise BadEntry(f"the entry is longer than {MAX_NEW_BYTES} bytes")
    leaf = entry.leaf()
    return NextEntry(entry, leaf, frontier.append(leaf), tuple(openings))


# --- rules --------------------------------------------------------------------------------------------------


def _require(pattern: re.Pattern[str], field: str, value: object) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadEntry(f"{field} is not of the form {pattern.pattern}")


def _require_time(value: object) -> None:
    _require(_TIME, "at", value)
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        raise BadEntry("at is not a day of the calendar") from None


def _plain(value: object, depth: int) -> Any:
    """Return a copy made of dict, list, str, int, bool and None only, at most `depth` levels deep."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # a member of a str enumeration becomes its plain value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        raise BadEntry("a number with a fraction is written as a string with fixed decimals")
    if depth == 0:
        raise BadEntry(f"lists and objects are nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, Mapping):
        return {_plain_key(key): _plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    raise BadEntry(f"a value of type {type(value).__name__} cannot be part of an entry")


def _plain_key(key: object) -> str:
    if not isinstance(key, str):
        raise BadEntry("the keys of an object are strings")
    return str.__str__(key)


_ordinary = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
_EXTRAORDINARY = re.compile(r"[^\x00-\x7e]|[0-9]{16}")
"""Where RFC 8785 differs from Python's JSON, or refuses: keys beyond ASCII, half pairs, integers of over 15 digits."""


def _jcs(value: Any) -> bytes:
    text = _ordinary(value)
    if _EXTRAORDINARY.search(text) is None:
        return text.encode()
    try:
        return rfc8785.dumps(value)
    except ValueError as error:  # an integer beyond 2**53 - 1, or half a surrogate pair
        raise BadEntry(str(error)) from None


def _load(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), parse_float=_refuse_number, parse_constant=_refuse_number)
    except BadEntry:
        raise
    except (ValueError, RecursionError):
        raise BadEntry("the bytes are not JSON") from None


def _refuse_number(text: str) -> NoReturn:
    raise BadEntry("a number with a fraction is written as a string with fixed decimals")
