"""Signed checkpoints: what an outsider keeps to prove later that the log was not rewritten.

Owns two formats of the C2SP, word for word: the signed note (c2sp.org/signed-note) and, inside it, the
transparency-log checkpoint (c2sp.org/tlog-checkpoint), both with Ed25519 (type 0x01). Signatures of keys that
are not trusted here are ignored, as the specification says, which leaves room for the cosignatures of
witnesses. It must never accept a checkpoint without at least one valid signature of a trusted key, and never
print a private key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plainview.audit.merkle import EMPTY_ROOT, HASH_BYTES
from plainview.audit.record import ORIGIN_PATTERN

ED25519 = b"\x01"
"""Signature type byte of plain Ed25519 (C2SP signed-note, "Signature types")."""

KEY_ID_BYTES = 4
"""Length of a key id (C2SP signed-note, "Signatures")."""

MAX_NOTE_BYTES = 65_536
"""Longest note that is read, bytes: hundreds of Ed25519 signatures; the specification asks for 16."""

SIGNATURE_MARK = "— "
"""An em dash (U+2014) and a space: how every signature line begins."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadKey(ValueError):
    """This text is not a verifier key (vkey) of type Ed25519."""


class BadCheckpoint(ValueError):
    """This text is not a checkpoint, or no trusted key vouches for it; the message says which."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a signing key, with its name.

    Attributes:
        name: the name of the key, which is the origin of the log that it signs.
        public: 32 bytes, the Ed25519 public key (RFC 8032).

    Raises:
        BadKey: the name or the bytes are not those of a key.
    """

    name: str
    public: bytes
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not ORIGIN_PATTERN.fullmatch(self.name):
            raise BadKey(f"the name of a key is of the form {ORIGIN_PATTERN.pattern}")
        try:
            object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.public))
        except ValueError:
            raise BadKey("an Ed25519 public key has 32 bytes") from None

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a key from its text form, name+keyid+base64(0x01 || public key).

        Raises:
            BadKey: the text is not exactly that.
        """
        parts = text.split("+", 2)  # base64 may hold a plus, a name may not
        if len(parts) != 3:
            raise BadKey("a verifier key has the form name+keyid+key")
        name, key_id, encoded = parts
        data = _unbase64(encoded)
        if data is None or data[:1] != ED25519:
            raise BadKey("the key is not an Ed25519 key (type 0x01) in base64")
        key = cls(name, data[1:])
        if key_id != key.key_id.hex():
            raise BadKey("the key id does not belong to this name and key")
        return key

    @property
    def key_id(self) -> bytes:
        """4 bytes: SHA-256(name || 0x0A || 0x01 || public key)[:4]."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The text form that `parse` reads: one line, without a newline."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Say whether the 64-byte signature of the message was made by this key."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note, not yet checked.

    Attributes:
        name: the name of the key.
        key_id: 4 bytes.
        signature: the bytes that the key made (64 for Ed25519; other types differ).
    """

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note taken apart, not yet checked.

    Attributes:
        text: what is signed, ending in a newline.
        signatures: at least one.
    """

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one size.

    Attributes:
        origin: the name of the log.
        size: number of entries.
        root: 32 bytes, the root of the tree over them.
        extensions: further lines, opaque; Plainview writes none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class KeyHolder:
    """Holds an Ed25519 private key under a name. It prints only its public half."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Take the key; see `generate` and `from_private_bytes`."""
        self._key = key

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key for the log or witness of that name."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, name: str, data: bytes) -> Self:
        """Take the key that `private_bytes` returned.

        Raises:
            BadKey: the name cannot be that of a key, or the data is not 32 bytes.
        """
        try:
            key = Ed25519PrivateKey.from_private_bytes(data)
        except ValueError:
            raise BadKey("an Ed25519 private key has 32 bytes") from None
        return cls(name, key)

    def private_bytes(self) -> bytes:
        """Return the 32-byte private key (RFC 8032 seed), for a file that only the service can read."""
        return self._key.private_bytes_raw()


class Signer(KeyHolder):
    """Holds the private key of a log and signs its checkpoints."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Take the key for the log of that name, its origin."""
        super().__init__(name, key)
        self.verifier = VerifierKey(name, key.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed checkpoint of the log at this size.

        Args:
            size: number of entries.
            root: 32 bytes, the root of the tree over them.

        Raises:
            ValueError: the size is negative or the root does not have 32 bytes.
        """
        if size < 0 or len(root) != HASH_BYTES:
            raise ValueError(f"a checkpoint has a size from 0 up and a root of {HASH_BYTES} bytes")
        return self.sign_note(f"{self.verifier.name}\n{size}\n{_base64(root)}\n")

    def sign_note(self, text: str) -> str:
        """Return any text, which must end in a newline, as a signed note.

        Raises:
            ValueError: the text does not end in a newline or holds control characters.
        """
        if not text.endswith("\n") or _CONTROL.search(text):
            raise ValueError("the text of a note ends in a newline and holds no other control character")
        blob = _base64(self.verifier.key_id + self._key.sign(text.encode()))
        return f"{text}\n{SIGNATURE_MARK}{self.verifier.name} {blob}\n"


def parse_note(text: str) -> Note:
    """Take a signed note apart without checking any signature.

    Raises:
        BadCheckpoint: the text is not a signed note.
    """
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise BadCheckpoint("a note is valid UTF-8") from None
    if length > MAX_NOTE_BYTES:
        raise BadCheckpoint(f"a note has at most {MAX_NOTE_BYTES} bytes")
    if _CONTROL.search(text):
        raise BadCheckpoint("a note holds no control character except newlines")
    body, blank, tail = text.rpartition("\n\n")
    if not blank or not body or not tail.endswith("\n"):
        raise BadCheckpoint("a note is a text, an empty line and signature lines")
    return Note(body + "\n", tuple(_parse_signature(line) for line in tail[:-1].split("\n")))


def verify_note(text: str, keys: Iterable[VerifierKey]) -> tuple[str, tuple[VerifierKey, ...]]:
    """Return the text of a signed note and the trusted keys that signed it.

    Signatures of other keys are ignored. A known key whose signature fails spoils the whole note.

    Raises:
        BadCheckpoint: not a signed note, not signed by a trusted key, or a trusted key's signature fails.
    """
    note = parse_note(text)
    trusted = {(key.name, key.key_id): key for key in keys}
    message = note.text.encode()
    signed_by = []
    for signature in note.signatures:
        key = trusted.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verifies(message, signature.signature):
            raise BadCheckpoint(f"the signature of {key.name} is not valid for this text")
        signed_by.append(key)
    if not signed_by:
        raise BadCheckpoint("no trusted key has signed this text")
    return note.text, tuple(signed_by)


def parse(text: str) -> Checkpoint:
    """Read a signed checkpoint without checking any signature.

    Raises:
        BadCheckpoint: the text is not a signed checkpoint.
    """
    return parse_body(parse_note(text).text)


def verify(text: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Read a signed checkpoint that at least one of these keys vouches for.

    A key vouches only for the log that it is named after.

    Raises:
        BadCheckpoint: not a checkpoint, or not validly signed by the key of the log that it names.
    """
    body, signed_by = verify_note(text, keys)
    checkpoint = parse_body(body)
    if all(key.name != checkpoint.origin for key in signed_by):
        raise BadCheckpoint(f"signed, but not by a key of the log {checkpoint.origin}")
    return checkpoint


def parse_body(body: str) -> Checkpoint:
    """Read the text of a checkpoint without its signatures.

    Raises:
        BadCheckpoint: the text is not that of a checkpoint.
    """
    lines = body[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise BadCheckpoint("a checkpoint has at least three lines, none empty: origin, size, root")
    origin, size, encoded, *extensions = lines
    root = _unbase64(encoded)
    if not _SIZE.fullmatch(size):
        raise BadCheckpoint("the size of a checkpoint is a decimal number without leading zeros")
    if root is None or len(root) != HASH_BYTES:
        raise BadCheckpoint(f"the root of a checkpoint is {HASH_BYTES} bytes in base64")
    if size == "0" and root != EMPTY_ROOT:
        raise BadCheckpoint("the root of an empty log is the hash of nothing")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def _parse_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    data = _unbase64(encoded)
    if not line.startswith(SIGNATURE_MARK) or data is None or len(data) <= KEY_ID_BYTES:
        raise BadCheckpoint("a signature line is an em dash, the name of a key and its signature in base64")
    if not name or "+" in name or any(character.isspace() for character in name):
        raise BadCheckpoint("the name of a key holds neither spaces nor a plus")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unbase64(text: str) -> bytes | None:
    """The bytes of RFC 4648 base64, or None; only the one spelling that `_base64` would write."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _base64(data) == text else None
