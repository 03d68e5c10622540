"""Requests to a witness up to their limits, and answers: only a valid line of the witness itself is taken."""

from __future__ import annotations

import pytest

from plainview.audit.checkpoint import Signer
from plainview.audit.cosignature import WitnessSigner, cosignatures
from plainview.audit.merkle import EMPTY_ROOT
from plainview.audit.submission import (
    MAX_BODY,
    MAX_PROOF,
    BadSubmission,
    cosigned_by,
    format_submission,
    parse_submission,
)

NOW = 1_790_000_000
NOTE = Signer.from_private_bytes("log.example/a", bytes(32)).sign(0, EMPTY_ROOT)
WITNESS = WitnessSigner.from_private_bytes("w/1", bytes(32))
OTHER = WitnessSigner.from_private_bytes("w/2", bytes([2]) * 32)


def line(signer: WitnessSigner, at: int, note: str = NOTE) -> str:
    return signer.cosign(note, at).splitlines(keepends=True)[-1]


def test_the_line_of_the_witness_is_added_to_the_note() -> None:
    note, cosignature = cosigned_by(WITNESS.verifier, NOTE, line(WITNESS, NOW).encode())
    assert note == WITNESS.cosign(NOTE, NOW)
    assert (cosignature.witness, cosignature.at) == (WITNESS.verifier, NOW)
    assert cosignatures(note, [WITNESS.verifier]) == (cosignature,)


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_lines_the_newest_is_taken_and_those_of_others_are_left_out(turned: bool) -> None:
    reply = [line(WITNESS, NOW), line(OTHER, NOW + 9), line(WITNESS, NOW + 1), "\u2014 w/3 no base64\n"]
    note, cosignature = cosigned_by(WITNESS.verifier, NOTE, "".join(reply[:: -1 if turned else 1]).encode())
    assert note == NOTE + line(WITNESS, NOW + 1)
    assert cosignature.at == NOW + 1


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "has no cosignature of w/1"),
        (line(OTHER, NOW).encode(), "has no cosignature of w/1"),
        (b"\xff", "is not a cosignature"),
        (line(WITNESS, NOW, NOTE.replace("a\n", "b\n", 1)).encode(), "is not a cosignature"),  # on another text
        (line(WITNESS, NOW).rstrip().encode(), "is not a cosignature"),  # cut short
    ],
)
def test_a_reply_without_a_valid_line_of_the_witness_is_refused(reply: bytes, why: str) -> None:
    with pytest.raises(BadSubmission, match=why):
        cosigned_by(WITNESS.verifier, NOTE, reply)


def test_a_proof_has_up_to_63_hashes_on_either_side() -> None:
    proof = [bytes([number]) * 32 for number in range(MAX_PROOF + 1)]
    asked = parse_submission(format_submission(7, proof[:-1], NOTE))
    assert (asked.old, asked.proof, asked.note) == (7, tuple(proof[:-1]), NOTE)
    with pytest.raises(ValueError, match="63"):
        format_submission(7, proof, NOTE)
    with pytest.raises(BadSubmission, match="63"):
        parse_submission(format_submission(7, proof[:-1], NOTE).replace(b"old 7\n", b"old 7\n" + b"AAAA\n"))


def test_the_longest_request_is_read() -> None:
    note = "x" * 65_536
    body = format_submission(2**63 - 1, [bytes(32)] * MAX_PROOF, note)
    assert len(body) == MAX_BODY
    assert parse_submission(body).note == note
    with pytest.raises(BadSubmission, match=f"at most {MAX_BODY}"):
        parse_submission(body + b"x")
