"""What the log commits to: every table of records, its columns, and how a row becomes the digest in an entry.

Owns `COMMITTED`, the one list of these tables, and the bytes that are hashed. A commitment is public in the entry
(`rows`) and says nothing without its salt; the salt is sealed beside the row (`RowCommitment`) and goes with it. It must
never leave a column out without saying why: whatever is left out can be changed unseen.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model
from django.db.models.expressions import Col

from plainview.casework import models
from plainview.casework.models.rows import Recorded
from plainview.casework.workspace.services import services
from plainview.storage.seal import SealBroken

SALT_BYTES: Final = 32
"""As of a sealed value of an entry (audit.record)."""

DIGEST_BYTES: Final = 16
"""Of a row, beside the salt: nobody who lacks the salt can make another row with the same one (2^128 trials)."""

_OF_ONE, _OF_ALL = b"plainview.row.v1\x00", b"plainview.rows.v1\x00"


@dataclass(frozen=True, eq=False)
class Committed:
    """A table whose rows the log commits to.

    Attributes:
        model: its model.
        key: the column that identifies what is committed to. If several rows share it, they are committed to as a list.
        apart: column -> why it is not committed to.
        opened: sealed column -> the sealer's name in `Services` and the context's first word. What it opens to is
            committed to: a new key changes the sealed bytes and not the row.
        present: sealed columns of which only is committed whether there is a value.
        later: column that was added -> the number of the list of columns that has it first (1 is the first list).
    """

    model: type[Recorded]
    key: str = "public_id"
    apart: Mapping[str, str] = field(default_factory=dict)
    opened: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    later: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def kind(self) -> str:
        """The table's name, in entries and in findings."""
        return self.model._meta.db_table

    @cached_property
    def version(self) -> int:
        """The number of the newest list of columns."""
        return max(self.later.values(), default=1)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every committed column, the primary key first."""
        return tuple(
            column.attname for column in self.model._meta.local_concrete_fields if column.name not in self.apart
        )

    @cached_property
    def column_set(self) -> frozenset[str]:
        """The same, without an order."""
        return frozenset(self.columns)

    def bytes_of(self, values: Sequence[Any], version: int) -> bytes:
        """Return a row of `columns` as the bytes that are hashed; none if a sealed value of it does not open."""
        named = dict(zip(self.columns, values, strict=True))
        for column, (sealer, word) in self.opened.items():
            sealed = bytes(named[column] or b"")
            place = f"{word}:{named['public_id']}".encode()
            try:
                plain = getattr(services(), sealer).open(sealed, place) if sealed else b""
            except SealBroken:
                return b""
            named[column] = hashlib.sha256(plain).hexdigest() if sealed else ""
        for column in self.present:
            named[column] = bool(named[column])
        for column, since in self.later.items():
            if since > version:
                del named[column]
        text = _encode(named)
        # PostgreSQL keeps no sign of a zero, and records may be moved there.
        return (_MINUS_ZERO.sub("0.0", text) if "-0.0" in text else text).encode()


def _plain(value: object) -> str:
    """Return what JSON has no word for, the same from every database."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"a column of {type(value).__name__} has no bytes")


_MINUS_ZERO = re.compile(r"(?<=[\[:,])-0\.0(?=[\],}])")

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode

_LETTER = "when a letter about it was sent; nothing depends on it"

COMMITTED: Final = (
    Committed(models.Search, later={"gallery_pictures": 2, "incomplete": 3}),
    Committed(models.Candidate, "search_id", later={"subject_id": 2}),
    Committed(models.Examination, later={"pictures": 2, "marks": 3}),
    Committed(models.SetAside, "id"),
    Committed(models.NoneOfThese, "id"),
    Committed(models.Verification, apart={"told_at": _LETTER}),
    Committed(models.VerificationItem, "verification_id", later={"more": 2}),
    Committed(models.Lead, apart={"reminded_at": _LETTER}),
    Committed(models.Withheld, "examination_id"),
    Committed(models.Outcome, "id"),
    Committed(models.Approval),
    Committed(
        models.Member,
        apart={
            "password": "a hash that signing in may renew; a reset and a new password have entries",
            "last_login": "changes with every sign-in, which has an entry",
            "locked_at": "a lock and its release have entries, and neither gives power",
        },
    ),
    Committed(models.PolicyVersion, "id"),
    Committed(models.Proposal),
    Committed(
        models.Reference,
        "id",
        opened={"template": ("templates", "template"), "other_template": ("templates", "template")},
        present=frozenset({"picture_hash"}),
        later={"subject_id": 2, "other_pack": 2, "other_template": 2, "face_file": 3},
    ),
    Committed(models.Subject, opened={"template": ("templates", "subject"), "number": ("templates", "subject number")}),
    Committed(models.SharedRequest, later={"further": 2}),
    Committed(
        models.SubjectRequest,
        opened={"sealed": ("rights", "request")},
        apart={"warned_at": _LETTER, "tell": "which letter is due; it is emptied when the letter is sent"},
    ),
)
"""Every table that the log commits to. A test compares it with the models: a table is here, or in `NOT_COMMITTED`."""

_NOT_YET = "its acts have entries, but no row of it is compared with them"
_DERIVED = "derived from the log or from other tables, and made again from them"
_WORKING = "work in progress: nothing is concluded from it, and it is erased when the work is done"
_OWN_SEAL = "sealed for its place; another value cannot be put there without the key"
_LOG = "the log itself, and what opens it: log.read verifies these"
_PACE = "when something is due, sent or was done; nothing is concluded from it"
_ACCESS = "access, not record: what was done with it has entries under the member's name"

NOT_COMMITTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("LogEntry", "LogKey", "LogOpening", "RowCommitment", "RowCheck", "WorkspaceState", "LogWitness"), _LOG
    ),
    **dict.fromkeys(
        (
            "View",
            "ViewMark",
            "GalleryCalibration",
            "NearDuplicate",
            "BackupRecord",
            "PublishedRegister",
        ),
        _DERIVED,
    ),
    **dict.fromkeys(
        (
            *(
                "ApiAnswer",
                "Draft",
                "Preparation",
                "PreparationPhotograph",
                "Enrolment",
                "Job",
                "PendingErasure",
                "SubjectPhoto",
                "SubjectFinding",
            ),
            *("Video", "VideoPart", "VideoSegment", "VideoTrack", "Still", "ProbeFrame"),
        ),
        _WORKING,
    ),
    **dict.fromkeys(("ProbeTemplate", "Tripwire", "SubjectAnswer", "LapsedSearch", "Letter", "Canary"), _OWN_SEAL),
    **dict.fromkeys(
        (
            *("AlertMark", "AlertPreference", "AlertSeen", "News", "Notice", "SharedNotice", "Delivery", "WebhookMark"),
            *(
                "GalleryFavourite",
                "ReportSchedule",
                "WorkerLife",
                "WorkerStep",
                "CanaryCheck",
                "ClockFault",
                "Feed",
                "FeedLink",
            ),
        ),
        _PACE,
    ),
    **dict.fromkeys(
        (
            "Invitation",
            "SignInDelay",
            "SignInFailure",
            "SignInRepeat",
            "SignInReset",
            "Token",
            "Webhook",
            "WebhookSecret",
        ),
        _ACCESS,
    ),
    **dict.fromkeys(
        (
            *("Agency", "Case", "Training", "Trial", "Flag", "LogReview", "Gallery", "GalleryChange", "BarredPicture"),
            *("Agreement", "AgreementVersion", "SharedLead", "Alert", "AlertGallery", "CanaryAlarm", "FeedWithdrawal"),
            *("DisclosureDownload", "DisclosureGrant", "DisclosurePackage", "ExonerationReview", "ProficiencyItem"),
            *("SamePerson",),
            *("CandidatePicture",),
            *("Hold", "RetentionEvent", "RetentionItem", "RetentionRun", "RetentionVersion"),
            *("WitnessRule", "Attestation", "AuditSample", "AuditSampleItem"),
        ),
        _NOT_YET,
    ),
}
"""Model -> why the log does not commit to its rows."""

BY_MODEL: Final[Mapping[type[Model], Committed]] = {table.model: table for table in COMMITTED}
BY_KIND: Final[Mapping[str, Committed]] = {table.kind: table for table in COMMITTED}


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that is not as the log has it: its table, its id, and what is wrong."""

    table: str
    key: str
    says: str

    def __str__(self) -> str:
        return f"table {self.table}, {self.key}: {self.says}"


@dataclass(frozen=True, slots=True)
class Commitment:
    """What opens a commitment: the salt, and a digest of each row.

    Attributes:
        version: the number of the list of columns that was hashed.
        salt: random, for this commitment alone.
        digests: one for each row, in the order of their primary keys.
    """

    version: int
    salt: bytes
    digests: tuple[bytes, ...]

    @classmethod
    def to(cls, table: Committed, key: str, rows: Sequence[Sequence[Any]]) -> Commitment:
        """Commit to the rows of one key, as `stored` read them."""
        salt = secrets.token_bytes(SALT_BYTES)
        texts = (table.bytes_of(values, table.version) for values in rows)
        return cls(table.version, salt, tuple(_digest(salt, table.kind, key, text) for text in texts))

    def public(self, kind: str, key: str) -> str:
        """Return the digest that the entry has: 64 hex digits."""
        about = f"{kind}\x00{key}\x00{self.version}\x00".encode()
        return hashlib.sha256(_OF_ALL + about + b"".join(self.digests)).hexdigest()

    def place(self, table: Committed, key: str, values: Sequence[Any]) -> int | None:
        """Return the place of a row among those committed to, from 0; None if it is not one of them."""
        digest = _digest(self.salt, table.kind, key, table.bytes_of(values, self.version))
        return self.digests.index(digest) if digest in self.digests else None

    def seal(self, kind: str, key: str, entry: int) -> bytes:
        """Return it sealed for its place."""
        plain = bytes([self.version]) + self.salt + b"".join(self.digests)
        return services().rows.seal(plain, context(kind, key, entry))

    @classmethod
    def open(cls, sealed: bytes, kind: str, key: str, entry: int) -> Commitment:
        """Open what `seal` sealed.

        Raises:
            SealBroken: it was altered, or is of another row or entry.
        """
        plain = services().rows.open(sealed, context(kind, key, entry))
        digests = plain[1 + SALT_BYTES :]
        return cls(
            plain[0],
            plain[1 : 1 + SALT_BYTES],
            tuple(digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)),
        )


def context(kind: str, key: str, entry: int) -> bytes:
    """Return the context for which a commitment is sealed."""
    return f"row:{kind}:{key}:{entry}".encode()


def _digest(salt: bytes, kind: str, key: str, text: bytes) -> bytes:
    about = f"{kind}\x00{key}\x00".encode()
    return hashlib.sha256(_OF_ONE + salt + about + text).digest()[:DIGEST_BYTES]


def stored(table: Committed, keys: Sequence[str]) -> dict[str, list[Sequence[Any]]]:
    """Read the committed columns of rows: key -> its rows, in the order of their primary keys."""
    statement, converters = _reader(table)
    prepare, position = table.model._meta.get_field(table.key).get_prep_value, table.columns.index(table.key)  # type: ignore[union-attr]
    by_key: dict[str, list[Sequence[Any]]] = {}
    ours = connections[DEFAULT_DB_ALIAS]
    with ours.cursor() as cursor:
        for first in range(0, len(keys), _KEYS):
            some = [prepare(key) for key in keys[first : first + _KEYS]]
            cursor.execute(statement.format(", ".join(["%s"] * len(some))), some)
            for record in cursor.fetchall():
                values = list(record)
                for at, column, convert in converters:
                    values[at] = convert(values[at], column, ours)
                by_key.setdefault(str(values[position]), []).append(values)
    return by_key


_KEYS = 500  # in one statement


@lru_cache(maxsize=32)
def _reader(table: Committed) -> tuple[str, list[tuple[int, Col, Callable[[Any, Col, Any], Any]]]]:
    """Return the statement, with a place for the marks, and what the ORM does to each column; see workspace.insert.

    The ORM's compiler takes longer than all else that a recorded search does with these rows.
    """
    quote, fields = connection.ops.quote_name, table.model._meta.local_concrete_fields
    columns = [field for field in fields if field.name not in table.apart]
    names = ", ".join(quote(str(field.column)) for field in columns)
    key = quote(str(table.model._meta.get_field(table.key).column))  # type: ignore[union-attr]
    statement = f"SELECT {names} FROM {quote(table.kind)} WHERE {key} IN ({{}}) ORDER BY {quote('id')}"  # noqa: S608  names of our own models
    converters = [
        (at, field.cached_col, convert)
        for at, field in enumerate(columns)
        for convert in (
            *connection.ops.get_db_converters(field.cached_col),
            *field.cached_col.get_db_converters(connection),
        )
    ]
    return statement, converters
