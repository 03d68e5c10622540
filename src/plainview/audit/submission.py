"""What a log sends to a witness, and what comes back: `add-checkpoint` of c2sp.org/tlog-witness, word for word.

Owns the body of a request and the reading of a reply, for both sides. It never opens a connection. It must never read
more than the specification lets a client send, nor take a reply for a cosignature that the witness's key did not make.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plainview.audit.checkpoint import MAX_NOTE_BYTES, SIGNATURE_MARK, BadCheckpoint, parse_note
from plainview.audit.cosignature import Cosignature, WitnessKey, cosignatures
from plainview.audit.merkle import HASH_BYTES

PATH: Final = "add-checkpoint"
"""What follows the submission prefix (tlog-witness, "add-checkpoint")."""

SIZE_TYPE: Final = "text/x.tlog.size"
"""Content type of the 409 that states the size which the witness has (tlog-witness, "add-checkpoint")."""

MAX_PROOF: Final = 63
"""Most lines of a consistency proof (tlog-witness, "add-checkpoint")."""

MAX_BODY: Final = 24 + (MAX_PROOF * 45) + 1 + MAX_NOTE_BYTES
"""Longest request that is read, bytes: the line of the old size, 63 hashes in base64, an empty line and a note."""

MAX_REPLY: Final = 16 << 10
"""Longest reply that is read, bytes: as transparency-dev/witness reads; a cosignature line has some 150."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class BadSubmission(ValueError):
    """This is not a request of the protocol, or not a reply to one; the message says which."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One request.

    Attributes:
        old: number of entries of the checkpoint that the witness is believed to have; 0 for none.
        proof: 32-byte hashes, the consistency proof from there to the checkpoint; empty if `old` is 0.
        note: the signed checkpoint.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str


def format_submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Return the body of a request.

    Raises:
        ValueError: the proof has more than 63 hashes.
    """
    if len(proof) > MAX_PROOF:
        raise ValueError(f"a consistency proof has at most {MAX_PROOF} hashes")
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof), "", note]
    return "\n".join(lines).encode()


def parse_submission(data: bytes) -> Submission:
    """Read the body of a request; the note in it is not checked.

    Raises:
        BadSubmission: the body is not of the form of the specification.
    """
    if len(data) > MAX_BODY:
        raise BadSubmission(f"a request has at most {MAX_BODY} bytes")
    try:
        head, blank, note = data.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise BadSubmission("a request is valid UTF-8") from None
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    if not blank or old is None:
        raise BadSubmission("a request is the line 'old SIZE', lines of a proof, an empty line and a checkpoint")
    if len(lines) > MAX_PROOF:
        raise BadSubmission(f"a proof has at most {MAX_PROOF} lines")
    proof = tuple(_hash(line) for line in lines)
    if proof and old[1] == "0":
        raise BadSubmission("the proof from size 0 is empty")
    return Submission(int(old[1]), proof, note)


def stated_size(content_type: str, body: bytes) -> int | None:
    """Return the size that a 409 states, None when it states none."""
    size = _SIZE.fullmatch(body)
    return int(size[1]) if content_type == SIZE_TYPE and size is not None else None


def cosigned_by(key: WitnessKey, note: str, reply: bytes) -> tuple[str, Cosignature]:
    """Return the note with the signature lines of this witness from its reply, and the newest cosignature in them.

    Lines of other keys are left out: the specification has clients ignore them.

    Raises:
        BadSubmission: the reply has no valid cosignature of this key on this note.
    """
    try:
        lines = reply.decode().splitlines(keepends=True)
        body = parse_note(note).text
        named = [f"{body}\n{line}" for line in lines if line.startswith(f"{SIGNATURE_MARK}{key.name} ")]
        signed = [(whole, cosignature) for whole in named for cosignature in cosignatures(whole, [key])]
    except (UnicodeDecodeError, BadCheckpoint) as error:
        raise BadSubmission(f"the reply is not a cosignature: {error}") from None
    if not signed:
        raise BadSubmission(f"the reply has no cosignature of {key.name}")
    whole, newest = max(signed, key=lambda pair: pair[1].at)
    return note + whole[len(body) + 1 :], newest


def _hash(line: str) -> bytes:
    try:
        data = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != HASH_BYTES or base64.b64encode(data).decode() != line:
        raise BadSubmission(f"a line of a proof is a hash of {HASH_BYTES} bytes in base64")
    return data
