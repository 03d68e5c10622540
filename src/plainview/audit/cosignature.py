"""Cosignatures: a witness's dated statement that it saw a checkpoint and that it extends all it saw before.

Owns one format of the C2SP, word for word: tlog-cosignature (c2sp.org/tlog-cosignature) with Ed25519, type
0x04. What a witness must have checked before it signs is in `witness`. It must never take a cosignature
for a signature of the log, nor the other way round: their types, and so their key ids, differ.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plainview.audit.checkpoint import KEY_ID_BYTES, SIGNATURE_MARK, BadCheckpoint, BadKey, KeyHolder, parse, parse_note
from plainview.audit.record import ORIGIN_PATTERN

COSIGNATURE: Final = b"\x04"
"""Signature type byte of a timestamped Ed25519 cosignature (C2SP signed-note, "Signature types")."""

_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_LAST_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public half of a witness's key, with its name.

    Attributes:
        name: the name of the witness, such as "witness.example/w1".
        public: 32 bytes, the Ed25519 public key (RFC 8032).

    Raises:
        BadKey: the name or the bytes are not those of a key.
    """

    name: str
    public: bytes
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not ORIGIN_PATTERN.fullmatch(self.name):
            raise BadKey(f"the name of a witness is of the form {ORIGIN_PATTERN.pattern}")
        try:
            object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.public))
        except ValueError:
            raise BadKey("an Ed25519 public key has 32 bytes") from None

    @classmethod
    def parse(cls, text: str) -> WitnessKey:
        """Read a key from its text form, name+keyid+base64(0x04 || public key).

        Raises:
            BadKey: the text is not exactly that.
        """
        name, key_id, encoded = [*text.split("+", 2), "", ""][:3]
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if data[:1] != COSIGNATURE:
            raise BadKey("the key is not the key of a witness: name+keyid+base64 of type 0x04")
        key = cls(name, data[1:])
        if text != key.text:
            raise BadKey(f"the key id {key_id} does not belong to this name and key, or its base64 is not plain")
        return key

    @property
    def key_id(self) -> bytes:
        """4 bytes: SHA-256(name || 0x0A || 0x04 || public key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + COSIGNATURE + self.public).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The text form that `parse` reads: one line, without a newline."""
        encoded = base64.b64encode(COSIGNATURE + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def cosigned_at(self, body: str, signature: bytes) -> int | None:
        """Return when this witness cosigned the text, seconds since 1970 UTC; None when it did not.

        Args:
            body: the text of the note, ending in a newline.
            signature: 72 bytes of a signature line, after the key id: time, then Ed25519 signature.
        """
        if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES:
            return None
        at = int.from_bytes(signature[:_TIME_BYTES], "big")
        try:
            self._key.verify(signature[_TIME_BYTES:], message(body, at))
        except InvalidSignature:
            return None
        return at


class WitnessSigner(KeyHolder):
    """Holds the private key of a witness and signs what it has seen."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Take the key of the witness of that name."""
        super().__init__(name, key)
        self.verifier = WitnessKey(name, key.public_key().public_bytes_raw())

    def cosign(self, note: str, at: int) -> str:
        """Return the note with this witness's signature line added, in place of an older one of its own.

        Args:
            note: a signed note; nothing in it is checked here.
            at: now, seconds since 1970 UTC.

        Raises:
            BadCheckpoint: the text is not a signed note.
            ValueError: the time is not one that a cosignature can state.
        """
        if not 0 < at <= _LAST_TIME:
            raise ValueError("a cosignature states a time after 1970")
        parsed, mine = parse_note(note), self.verifier
        lines = note[len(parsed.text) + 1 :].splitlines(keepends=True)
        others = [
            line
            for line, signature in zip(lines, parsed.signatures, strict=True)
            if (signature.name, signature.key_id) != (mine.name, mine.key_id)
        ]
        signature = self._key.sign(message(parsed.text, at))
        blob = base64.b64encode(mine.key_id + at.to_bytes(_TIME_BYTES, "big") + signature).decode()
        return f"{parsed.text}\n{''.join(others)}{SIGNATURE_MARK}{mine.name} {blob}\n"


def message(body: str, at: int) -> bytes:
    """Return the bytes that a witness signs: two lines of its own, then the whole text of the note."""
    return f"cosignature/v1\ntime {at}\n{body}".encode()


@dataclass(frozen=True, slots=True)
class Cosignature:
    """One valid cosignature of a trusted witness.

    Attributes:
        witness: whose it is.
        at: when it was made by the witness's clock, seconds since 1970 UTC.
    """

    witness: WitnessKey
    at: int


def cosignatures(note: str, witnesses: Iterable[WitnessKey]) -> tuple[Cosignature, ...]:
    """Return the cosignatures of these witnesses on a note; every other signature line is ignored.

    Raises:
        BadCheckpoint: not a signed note, or a line that names a trusted witness's key is not by it.
    """
    parsed = parse_note(note)
    trusted = {(key.name, key.key_id): key for key in witnesses}
    valid = []
    for signature in parsed.signatures:
        key = trusted.get((signature.name, signature.key_id))
        if key is None:
            continue
        at = key.cosigned_at(parsed.text, signature.signature)
        if at is None:
            raise BadCheckpoint(f"the cosignature of {key.name} is not valid for this text")
        valid.append(Cosignature(key, at))
    return tuple(valid)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the trusted witnesses vouch for.

    Attributes:
        sizes: name of each trusted witness -> (number of entries, time) of the newest checkpoint of this log
            that it cosigned; None for one that cosigned none.
        problems: plain sentences; a cosigned checkpoint that the log does not extend is one.
        first_bad: number of the first entry that these problems make doubtful, None without one.
    """

    sizes: dict[str, tuple[int, int] | None]
    problems: tuple[str, ...]
    first_bad: int | None

    def __str__(self) -> str:
        """Say it in one line."""
        covered: list[int] = [newest[0] for newest in self.sizes.values() if newest is not None]
        share = f"cosigned by {len(covered)} of {len(self.sizes)} witnesses"
        return f"{share} up to entry {min(covered) - 1}" if all(covered) and covered else share


def tally(
    notes: Iterable[str | BadCheckpoint],
    witnesses: Iterable[WitnessKey],
    origin: str,
    size: int,
    root_at: Callable[[int], bytes],
) -> Tally:
    """Hold every cosigned checkpoint against the log.

    Args:
        notes: the cosigned checkpoints, in any order; unreadable ones as the reason.
        witnesses: the witnesses that are trusted here.
        origin: the name of the log.
        size: number of entries of the log now.
        root_at: the 32-byte root of the log at a size from 0 to `size`.
    """
    trusted = list(witnesses)
    sizes: dict[str, tuple[int, int] | None] = {key.name: None for key in trusted}
    problems: list[str] = []
    doubtful: list[int] = []
    for number, note in enumerate(notes, start=1):
        try:
            if isinstance(note, BadCheckpoint):
                raise note
            checkpoint, signed = parse(note), cosignatures(note, trusted)
        except BadCheckpoint as error:
            problems.append(f"cosigned checkpoint {number}: {error}")
            continue
        if not signed:
            continue
        names = ", ".join(sorted(signature.witness.name for signature in signed))
        if checkpoint.origin != origin:
            problems.append(f"cosigned checkpoint {number} is of another log, {checkpoint.origin}")
        elif checkpoint.size > size:
            problems.append(f"{names} cosigned {checkpoint.size} entries, {size} are there")
            doubtful.append(size)
        elif root_at(checkpoint.size) != checkpoint.root:
            problems.append(f"{names} cosigned another history of the first {checkpoint.size} entries")
            doubtful.append(0)
        else:
            for signature in signed:
                this = (checkpoint.size, signature.at)
                sizes[signature.witness.name] = max([sizes[signature.witness.name] or this, this])
    return Tally(sizes, tuple(problems), min(doubtful) if doubtful else None)
