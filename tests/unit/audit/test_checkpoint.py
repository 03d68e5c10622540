"""Checkpoints are C2SP signed notes: published vectors, strict reading, no trust without a signature."""

from __future__ import annotations

import base64
import hashlib

import pytest

from plainview.audit.checkpoint import (
    MAX_NOTE_BYTES,
    BadCheckpoint,
    BadKey,
    Checkpoint,
    Signer,
    VerifierKey,
    parse,
    parse_note,
    verify,
    verify_note,
)
from plainview.audit.merkle import EMPTY_ROOT

# The example of the specification, github.com/C2SP/C2SP, signed-note.md, "Example".
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The example of the format's first implementation, golang.org/x/mod/sumdb/note, note.go and note_test.go: a
# published key pair, known to everyone, whose deterministic signature (RFC 8032) pins signing as well.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
GO_NOTE = f"{GO_TEXT}\n— PeterNeumann {GO_SIGNATURE}\n"
ROOT = hashlib.sha256(b"root").digest()
LOG = "agency.example/log"
LONGEST = "x" * (MAX_NOTE_BYTES - len("\n\n— a AAAAAAA=\n".encode()))


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.generate(LOG)


@pytest.fixture(scope="module")
def other() -> Signer:
    return Signer.generate(LOG)


def test_the_example_of_the_specification_verifies() -> None:
    key = VerifierKey.parse(SPEC_VKEY)
    assert key.name == "example.com/foo"
    assert key.key_id.hex() == "530d903a"
    assert key.text == SPEC_VKEY
    assert verify_note(SPEC_NOTE, [key]) == ("This is an example message.\n", (key,))


def test_the_example_of_the_first_implementation_is_signed_to_the_byte() -> None:
    signer = Signer.from_private_bytes("PeterNeumann", base64.b64decode(GO_PRIVATE)[1:])
    assert signer.verifier.text == GO_VKEY
    assert signer.sign_note(GO_TEXT) == GO_NOTE
    assert verify_note(GO_NOTE, [VerifierKey.parse(GO_VKEY)])[0] == GO_TEXT


def test_a_checkpoint_is_three_lines_and_a_signature(signer: Signer) -> None:
    text = signer.sign(41, ROOT)
    body, signature = text.split("\n\n")
    assert body == f"{LOG}\n41\n{base64.b64encode(ROOT).decode()}"
    assert signature.startswith(f"— {LOG} ")
    assert verify(text, [signer.verifier]) == parse(text) == Checkpoint(LOG, 41, ROOT)


def test_a_key_survives_storage_and_does_not_show_itself(signer: Signer) -> None:
    again = Signer.from_private_bytes(LOG, signer.private_bytes())
    assert again.sign(1, ROOT) == signer.sign(1, ROOT)
    assert VerifierKey.parse(signer.verifier.text) == signer.verifier
    assert signer.private_bytes().hex() not in repr(signer) + repr(vars(signer))


def test_without_a_trusted_key_nothing_is_believed(signer: Signer, other: Signer) -> None:
    text = signer.sign(41, ROOT)
    with pytest.raises(BadCheckpoint, match="no trusted key"):
        verify(text, [])
    with pytest.raises(BadCheckpoint, match="no trusted key"):
        verify(text, [other.verifier])


def test_unknown_signatures_are_ignored(signer: Signer) -> None:
    witness = "— witness.example/w1 " + base64.b64encode(b"abcd" + bytes(72)).decode() + "\n"
    text = signer.sign(41, ROOT)
    for cosigned in (text + witness, text.replace("\n\n", "\n\n" + witness)):
        assert verify(cosigned, [signer.verifier]).size == 41
    body = text.split("\n\n")[0]
    with pytest.raises(BadCheckpoint, match="no trusted key"):
        verify(f"{body}\n\n{witness}", [signer.verifier])


def test_a_failing_signature_of_a_known_key_spoils_the_note(signer: Signer, other: Signer) -> None:
    text = signer.sign(41, ROOT)
    forged = "— " + LOG + " " + base64.b64encode(other.verifier.key_id + bytes(64)).decode() + "\n"
    assert verify(text + forged, [signer.verifier]).size == 41
    with pytest.raises(BadCheckpoint, match="not valid"):
        verify(text + forged, [signer.verifier, other.verifier])


def test_two_keys_of_one_log_may_both_be_trusted(signer: Signer, other: Signer) -> None:
    for one in (signer, other):
        assert verify(one.sign(41, ROOT), [signer.verifier, other.verifier]).size == 41


@pytest.mark.parametrize(("old", "new"), [("\n41\n", "\n42\n"), (LOG + "\n41", "agency.example/lag\n41")])
def test_a_changed_text_is_refused(signer: Signer, old: str, new: str) -> None:
    with pytest.raises(BadCheckpoint):
        verify(signer.sign(41, ROOT).replace(old, new, 1), [signer.verifier])


def test_a_key_vouches_only_for_its_own_log(signer: Signer) -> None:
    text = signer.sign_note(f"other.example/log\n41\n{base64.b64encode(ROOT).decode()}\n")
    with pytest.raises(BadCheckpoint, match="not by a key of the log"):
        verify(text, [signer.verifier])


def body(size: str = "41", root: str = base64.b64encode(ROOT).decode(), rest: str = "") -> str:
    return f"{LOG}\n{size}\n{root}\n{rest}"


def test_extension_lines_are_kept(signer: Signer) -> None:
    assert verify(signer.sign_note(body(rest="one\ntwo\n")), [signer.verifier]).extensions == ("one", "two")


@pytest.mark.parametrize(
    "text",
    [
        "one line\n",
        f"{LOG}\n41\n",
        f"\n41\n{base64.b64encode(ROOT).decode()}\n",
        body(size="041"),
        body(size="-1"),
        body(size="+41"),
        body(size=" 41"),
        body(size="٤١"),
        body(size="4" * 20),
        body(size=""),
        body(root="AAAA"),
        body(root=base64.b64encode(ROOT).decode().rstrip("=")),
        body(root=base64.b64encode(ROOT).decode()[:-2] + "B="),
        body(root=base64.b64encode(ROOT).decode() + " "),
        body(rest="\nafter an empty line\n"),
        body(size="0"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(signer: Signer, text: str) -> None:
    with pytest.raises(BadCheckpoint):
        verify(signer.sign_note(text), [signer.verifier])


def test_an_empty_log_has_a_checkpoint(signer: Signer) -> None:
    assert verify(signer.sign(0, EMPTY_ROOT), [signer.verifier]).size == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAA=\n",
        "text\n\n— a AAAAAAA=",
        "text\n\n- a AAAAAAA=\n",
        "text\n\n—a AAAAAAA=\n",
        "text\n\n— AAAAAAA=\n",
        "text\n\n— a  AAAAAAA=\n",
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a AAAAAAA\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n— a\u00a0b AAAAAAA=\n",
        "text\r\n\n— a AAAAAAA=\n",
        "te\x00xt\n\n— a AAAAAAA=\n",
        "te\ud800xt\n\n— a AAAAAAA=\n",
        "text\n\n— a AAAAAAA=\n\n",
        LONGEST + "y\n\n— a AAAAAAA=\n",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        parse_note(text)


def test_the_shortest_note_is_read() -> None:
    note = parse_note("text\n\n— a AAAAAAA=\n")
    assert note.text == "text\n"
    assert note.signatures[0].name == "a"
    assert note.signatures[0].key_id == bytes(4)
    assert note.signatures[0].signature == bytes(1)


def test_the_longest_note_is_read() -> None:
    assert len(f"{LONGEST}\n\n— a AAAAAAA=\n".encode()) == MAX_NOTE_BYTES
    assert parse_note(f"{LONGEST}\n\n— a AAAAAAA=\n").text == LONGEST + "\n"


def test_the_text_ends_at_the_last_empty_line() -> None:
    assert parse_note("one\n\ntwo\n\n— a AAAAAAA=\n").text == "one\n\ntwo\n"


def test_sixteen_signatures_are_accepted(signer: Signer) -> None:
    # C2SP signed-note asks verifiers to accept at least 16.
    lines = "".join(f"— w{n} {base64.b64encode(bytes(100)).decode()}\n" for n in range(16))
    assert verify(signer.sign(1, ROOT) + lines, [signer.verifier]).size == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+530d903a",
        SPEC_VKEY + " ",
        SPEC_VKEY + "\n",
        SPEC_VKEY.replace("530d903a", "530d903b"),
        SPEC_VKEY.replace("530d903a", "530D903A"),
        SPEC_VKEY.replace("foo", "fop"),
        SPEC_VKEY.replace("+Aeky", "+Beky"),
        SPEC_VKEY[:-4],
        "a b+00000000+" + SPEC_VKEY.rsplit("+", 1)[1],
        "é+00000000+" + SPEC_VKEY.rsplit("+", 1)[1],
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        VerifierKey.parse(text)


def test_what_cannot_be_signed_is_refused(signer: Signer) -> None:
    with pytest.raises(ValueError, match="size"):
        signer.sign(-1, ROOT)
    with pytest.raises(ValueError, match="root"):
        signer.sign(1, ROOT[:-1])
    with pytest.raises(ValueError, match="newline"):
        signer.sign_note("no newline")
    with pytest.raises(ValueError, match="control"):
        signer.sign_note("a\tb\n")
    with pytest.raises(BadKey):
        Signer.from_private_bytes(LOG, b"short")
    with pytest.raises(BadKey):
        Signer.generate("not a name")


def test_a_key_answers_yes_or_no(signer: Signer) -> None:
    assert signer.verifier.verifies(b"entries", bytes(64)) is False
