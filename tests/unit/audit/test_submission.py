"""What a witness answers is taken for its cosignature only if it is one, and only its own lines are taken."""

from __future__ import annotations

import pytest

from plainview.audit.checkpoint import Signer
from plainview.audit.cosignature import WitnessSigner, cosignatures
from plainview.audit.merkle import EMPTY_ROOT
from plainview.audit.submission import BadSubmission, cosigned_by

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
