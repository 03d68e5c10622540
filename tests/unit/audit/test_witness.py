"""A witness cosigns what extends all it saw before, and nothing else; its cosignature is the C2SP's."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from plainview.audit import witness as module
from plainview.audit.checkpoint import BadCheckpoint, BadKey, Signer, verify
from plainview.audit.cosignature import Tally, WitnessKey, WitnessSigner, cosignatures, tally
from plainview.audit.logfile import Record
from plainview.audit.merkle import consistency_proof, root_of
from plainview.audit.witness import Witness, WitnessRefused

NOW = 1_790_000_000
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
"""The checkpoint of c2sp.org/tlog-cosignature."""


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness.create(tmp_path / "w", "witness.example/w1")


def cosign(witness: Witness, signer: Signer, records: list[Record], size: int, now: int = NOW) -> str:
    leaves = [record.leaf for record in records[:size]]
    return witness.cosign(
        signer.sign(size, root_of(leaves)),
        first_key=signer.verifier,
        keys=[signer.verifier],
        prove=lambda kept: consistency_proof(leaves, kept),
        now=now,
    )


def test_the_cosignature_is_built_as_the_specification_says() -> None:
    signer = WitnessSigner.from_private_bytes("witness.example/w1", bytes(32))
    line = signer.cosign(EXAMPLE, NOW).splitlines()[-1]
    mark, name, encoded = line.split(" ")
    blob = base64.b64decode(encoded)
    public = signer.verifier.public
    assert (mark, name, len(blob)) == ("—", "witness.example/w1", 4 + 8 + 64)
    assert blob[:4] == hashlib.sha256(b"witness.example/w1\n\x04" + public).digest()[:4]
    assert blob[4:12] == NOW.to_bytes(8, "big")
    body = EXAMPLE.split("\n\n")[0] + "\n"
    message = f"cosignature/v1\ntime {NOW}\n{body}".encode()
    Ed25519PublicKey.from_public_bytes(public).verify(blob[12:], message)
    assert [(row.witness, row.at) for row in cosignatures(signer.cosign(EXAMPLE, NOW), [signer.verifier])] == [
        (signer.verifier, NOW)
    ]


def test_cosigning_again_replaces_its_own_line_and_keeps_the_others() -> None:
    one, two = WitnessSigner.generate("w/1"), WitnessSigner.generate("w/2")
    note = one.cosign(two.cosign(one.cosign(EXAMPLE, NOW), NOW), NOW + 1)
    rows = cosignatures(note, [one.verifier, two.verifier])
    assert sorted((row.witness.name, row.at) for row in rows) == [("w/1", NOW + 1), ("w/2", NOW)]
    assert len(note.splitlines()) == 7


@pytest.mark.parametrize(("at", "stated"), [(0, False), (-1, False), (1, True), (2**63 - 1, True), (2**63, False)])
def test_a_cosignature_states_a_time_after_1970_in_63_bits(at: int, stated: bool) -> None:
    signer = WitnessSigner.generate("w/1")
    if stated:
        assert cosignatures(signer.cosign(EXAMPLE, at), [signer.verifier])[0].at == at
    else:
        with pytest.raises(ValueError, match="after 1970"):
            signer.cosign(EXAMPLE, at)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({}, "cosigned by 0 of 0 witnesses"),
        ({"a": None, "b": None}, "cosigned by 0 of 2 witnesses"),
        ({"a": (7, 1), "b": None}, "cosigned by 1 of 2 witnesses up to entry 6"),
        ({"a": (7, 1), "b": (3, 9)}, "cosigned by 2 of 2 witnesses up to entry 2"),
        ({"a": (7, 1), "b": (0, 9)}, "cosigned by 2 of 2 witnesses"),
    ],
)
def test_a_tally_says_what_every_witness_covers(sizes: dict[str, tuple[int, int] | None], says: str) -> None:
    assert str(Tally(sizes, (), None)) == says


def test_no_bit_of_a_cosignature_can_be_flipped() -> None:
    signer = WitnessSigner.generate("w/1")
    note = signer.cosign(EXAMPLE, NOW)
    head, encoded = note.rstrip("\n").rsplit(" ", 1)
    blob = base64.b64decode(encoded)
    for bit in range(8 * len(blob)):
        flipped = bytearray(blob)
        flipped[bit // 8] ^= 1 << bit % 8
        forged = f"{head} {base64.b64encode(bytes(flipped)).decode()}\n"
        if bit < 32:  # another key id: somebody else's line, ignored
            assert cosignatures(forged, [signer.verifier]) == ()
        else:
            with pytest.raises(BadCheckpoint):
                cosignatures(forged, [signer.verifier])


@given(st.text())
def test_what_is_no_witness_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        WitnessKey.parse(text)


def test_a_log_key_is_no_witness_key_nor_the_other_way_round(signer: Signer) -> None:
    with pytest.raises(BadKey):
        WitnessKey.parse(signer.verifier.text)
    with pytest.raises(BadKey):
        type(signer.verifier).parse(WitnessSigner.generate("w/1").verifier.text)
    key = WitnessSigner.generate("w/1").verifier
    assert WitnessKey.parse(key.text) == key


def test_it_cosigns_what_extends_and_the_log_still_verifies(
    witness: Witness, signer: Signer, records: list[Record]
) -> None:
    for size in (0, 1, 7, 7, 8, 40):
        note = cosign(witness, signer, records, size)
        assert verify(note, [signer.verifier]).size == size
        assert [row.at for row in cosignatures(note, [witness.key])] == [NOW]
    assert [row.size for row in Witness(witness.path).checkpoints()] == [40]
    assert (witness.path / "witness.key").stat().st_mode & 0o777 == 0o600


def test_rollback_and_forks_are_refused_with_both_checkpoints_as_evidence(
    witness: Witness, signer: Signer, records: list[Record], tools: Any
) -> None:
    cosign(witness, signer, records, 20)
    kept = witness.checkpoints()
    forked = tools.make_records(signer, 40, every=3)[::-1]
    for rows, size, rule in (
        (records, 19, "witness.rollback"),
        (forked, 20, "witness.fork"),
        (forked, 33, "witness.fork"),
    ):
        with pytest.raises(WitnessRefused) as refused:
            cosign(witness, signer, rows, size)
        assert refused.value.rule_id == rule
        for root in (kept[0].root, root_of([row.leaf for row in rows[:size]]).hex()):
            assert root in refused.value.why
        assert refused.value.evidence is not None
        for name, held in (("kept", 20), ("offered", size)):
            note = (refused.value.evidence / name).read_text("utf-8")
            assert verify(note, [signer.verifier]).size == held
    assert witness.checkpoints() == kept
    with pytest.raises(WitnessRefused) as again:
        cosign(witness, signer, forked, 33, NOW + 60)
    assert again.value.evidence == refused.value.evidence  # once a pair
    assert len(list((witness.path / "evidence").iterdir())) == 3


def test_evidence_is_kept_up_to_its_limit(
    witness: Witness, signer: Signer, records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.audit.witness.MOST_EVIDENCE", 2)
    cosign(witness, signer, records, 20)
    for size in (19, 18, 17):
        with pytest.raises(WitnessRefused) as refused:
            cosign(witness, signer, records, size)
    assert refused.value.evidence == witness.path / "evidence"
    assert len(list((witness.path / "evidence").iterdir())) == 2


def test_a_witness_is_made_in_a_new_or_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert Witness.create(tmp_path / "empty", "w/1").path == tmp_path / "empty"
    (tmp_path / "file").write_text("x")
    for taken in ("empty", "file"):
        with pytest.raises(WitnessRefused, match="is not an empty folder"):
            Witness.create(tmp_path / taken, "w/1")


def test_another_key_or_no_signature_is_refused(witness: Witness, signer: Signer, records: list[Record]) -> None:
    cosign(witness, signer, records, 5)
    with pytest.raises(WitnessRefused, match="first key"):
        cosign(witness, Signer.generate(signer.verifier.name), records, 6)
    note = Signer.generate(signer.verifier.name).sign(6, bytes(32))
    with pytest.raises(WitnessRefused, match="no trusted key"):
        witness.cosign(note, first_key=signer.verifier, keys=[signer.verifier], prove=lambda _: [], now=NOW)


def test_nothing_is_given_out_before_it_is_on_the_disk(
    witness: Witness, signer: Signer, records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "replace_file", full)
    with pytest.raises(OSError, match="No space"):
        cosign(witness, signer, records, 5)
    assert witness.checkpoints() == []


def test_a_damaged_memory_is_not_a_first_visit(witness: Witness, signer: Signer, records: list[Record]) -> None:
    cosign(witness, signer, records, 5)
    next((witness.path / "logs").iterdir()).write_text("{")
    with pytest.raises(WitnessRefused, match="damaged"):
        cosign(witness, signer, records, 6)


def test_the_tally_names_what_all_cover_and_what_contradicts(signer: Signer, records: list[Record]) -> None:
    one, two, three = (WitnessSigner.generate(f"w/{n}") for n in (1, 2, 3))
    trusted = [one.verifier, two.verifier, three.verifier]
    leaves = [record.leaf for record in records]
    notes = [
        one.cosign(str(records[9].checkpoint), NOW),
        two.cosign(one.cosign(str(records[4].checkpoint), NOW), NOW),
    ]

    def held(extra: list[str], size: int = 40) -> Any:
        return tally([*notes, *extra], trusted, signer.verifier.name, size, lambda n: root_of(leaves[:n]))

    assert str(held([])) == "cosigned by 2 of 3 witnesses up to entry 4"
    assert (held([]).problems, held([]).first_bad) == ((), None)
    assert held([three.cosign(signer.sign(6, bytes(32)), NOW)]).first_bad == 0
    assert held([], size=7).first_bad == 7


def test_a_witness_that_cosigned_the_whole_log_contradicts_nothing(signer: Signer, records: list[Record]) -> None:
    one, leaves = WitnessSigner.generate("w/1"), [record.leaf for record in records]
    notes = [one.cosign(str(records[9].checkpoint), NOW)]
    for size, first_bad in ((10, None), (9, 9)):
        report = tally(notes, [one.verifier], signer.verifier.name, size, lambda n: root_of(leaves[:n]))
        assert report.first_bad == first_bad


def test_only_the_witness_itself_reads_its_folders(witness: Witness, signer: Signer, records: list[Record]) -> None:
    cosign(witness, signer, records, 20)
    with pytest.raises(WitnessRefused) as refused:
        cosign(witness, signer, records, 19)
    assert refused.value.evidence is not None
    for folder in (witness.path, witness.path / "logs", witness.path / "evidence", refused.value.evidence):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_which_a_part_is_missing_or_damaged_is_no_witness(witness: Witness) -> None:
    other = WitnessSigner.generate("witness.example/w1")
    for name, contents in (
        ("witness.pub", [None, b"", b"\xff", other.verifier.text.encode() + b"\n", witness.key.text.encode()]),
        ("witness.key", [None, bytes(31), other.private_bytes()]),
    ):
        whole = (witness.path / name).read_bytes()
        for content in contents:
            (witness.path / name).unlink()
            if content is not None:
                (witness.path / name).write_bytes(content)
            with pytest.raises(WitnessRefused) as refused:
                Witness(witness.path)
            assert refused.value.rule_id == "witness.folder"
            (witness.path / name).write_bytes(whole)
    assert Witness(witness.path).key == witness.key
