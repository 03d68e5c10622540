"""A witness that is asked over the network, on the published vectors of other people's witnesses and logs.

Sources: FiloSottile/torchwood, internal/witness/witness_test.go (the log of sigsum-go's gentest) and
cmd/litewitness/testdata/sumdb.txt (the Go checksum database), read November 2026; C2SP/C2SP, tlog-witness.md.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from plainview.audit import witness as module
from plainview.audit.checkpoint import Signer, VerifierKey
from plainview.audit.cosignature import cosignatures
from plainview.audit.durable import replace_file
from plainview.audit.logfile import Record
from plainview.audit.merkle import consistency_proof, root_of
from plainview.audit.submission import MAX_PROOF, BadSubmission, format_submission, parse_submission, stated_size
from plainview.audit.witness import DAY, Rejected, Witness

NOW = 1_790_000_000
SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
SIGSUM_KEY = bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f")
LEAVES = [f"KgE{'A' * 40}=", f"KgI{'A' * 40}="]
TO_1 = f"""old 0

{SIGSUM}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

— {SIGSUM} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=
"""
TO_3 = f"""old 1
KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

{SIGSUM}
3
RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=

— {SIGSUM} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=
"""
TO_5 = f"""old 1
KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=
KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

{SIGSUM}
5
QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=

— {SIGSUM} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=
"""
SUMDB = """old 0

go.sum database tree
35225469
vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=

— sum.golang.org Az3grpukl5AXaVfYkLiDGORx/DN2nlcS5kZHR5uYOBV2KA2HgXpD+gu9HHONebHLAyaKbbTM75QTtPydhKCExixSfwQ=
"""
SUMDB_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness.create(tmp_path / "w", "witness.example/w1")
    made.follow(VerifierKey(SIGSUM, SIGSUM_KEY))
    return made


def ask(witness: Witness, body: str | bytes) -> str:
    return witness.add_checkpoint(body if isinstance(body, bytes) else body.encode(), NOW)


def refused(witness: Witness, body: str | bytes) -> tuple[int, int | None]:
    before = [(path, path.read_bytes()) for path in (witness.path / "logs").iterdir()]
    with pytest.raises(Rejected) as error:
        ask(witness, body)
    assert [(path, path.read_bytes()) for path in (witness.path / "logs").iterdir()] == before
    return error.value.status, error.value.size


def evidence(witness: Witness) -> list[str]:
    return sorted(path.name.split("-")[1] for path in (witness.path / "evidence").iterdir())


def test_the_requests_of_torchwood_are_answered_as_torchwood_answers_them(witness: Witness) -> None:
    line = ask(witness, TO_1)
    note = parse_submission(TO_1.encode()).note
    assert [(row.witness, row.at) for row in cosignatures(note + line, [witness.key])] == [(witness.key, NOW)]
    assert ask(witness, TO_3).startswith("— witness.example/w1 ")
    assert refused(witness, TO_5) == (409, 3), "its old size is 1, as in the race of torchwood's test"
    assert witness.checkpoints()[0].size == 3


def test_a_checkpoint_of_the_go_checksum_database_is_cosigned_under_its_own_origin(witness: Witness) -> None:
    assert refused(witness, SUMDB) == (404, None)
    witness.follow(VerifierKey.parse(SUMDB_KEY), "go.sum database tree")
    assert ask(witness, SUMDB).startswith("— witness.example/w1 ")
    assert [log.size for log in witness.checkpoints()] == [35225469]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda body: body.replace("6go=", "6gs="), 403),  # litewitness.txt: "invalid signature"
        (lambda body: body.replace("e562", "e561"), 404),  # "unknown log"
        (lambda body: body.replace(LEAVES[0] + "\n" + LEAVES[1] + "\n", ""), 422),  # no proof
        (lambda body: body.replace(LEAVES[1], f"KgI{'A' * 39}E="), 422),  # the last bit of a hash differs
        (lambda body: body.replace("old 1\n", "old 4\n"), 400),  # larger than the checkpoint
        (lambda body: body.replace("old 1\n", "old 01\n"), 400),
        (lambda body: body.replace("old 1\n", "old -1\n"), 400),
        (lambda body: body.replace("old 1\n", "old 1 \n"), 400),
        (lambda body: body.replace("old 1\n", "OLD 1\n"), 400),
        (lambda body: body.replace(LEAVES[0], LEAVES[0][:-1]), 400),  # no padding
        (lambda body: body.replace("\n", "\r\n"), 400),
        (lambda body: body.split("\n\n")[0], 400),
        (lambda body: "", 400),
        (lambda body: body.replace("RcCI", "RcC"), 400),
        (lambda body: body.replace(LEAVES[0], "\n".join([LEAVES[0]] * MAX_PROOF)), 400),
    ],
)
def test_what_is_wrong_with_a_request_has_the_status_of_the_specification(witness: Witness, change, status) -> None:  # type: ignore[no-untyped-def]
    ask(witness, TO_1)
    assert refused(witness, change(TO_3)) == (status, None)
    ask(witness, TO_3)


def test_a_request_from_size_zero_learns_the_size_and_the_same_checkpoint_is_cosigned_again(witness: Witness) -> None:
    ask(witness, TO_1)
    ask(witness, TO_3)
    assert refused(witness, TO_1) == (409, 3)
    again = "old 3\n\n" + TO_3.split("\n\n", 1)[1]
    assert ask(witness, again).startswith("— witness.example/w1 ")
    assert evidence(witness) == []
    witness.add_checkpoint(again.encode(), NOW + 60)
    assert [(log.size, log.at) for log in witness.checkpoints()] == [(3, NOW)]  # what was cosigned first is kept


def test_of_two_requests_at_once_neither_rolls_the_other_back(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race of the specification: the check and the write are one step."""
    ask(witness, TO_1)
    answers: list[object] = []

    def send(body: str) -> None:
        try:
            answers.append(ask(witness, body))
        except Rejected as error:
            answers.append(error.status)

    threads = [threading.Thread(target=send, args=(body,)) for body in (TO_3, TO_5) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(409) == 7
    assert witness.checkpoints()[0].size in (3, 5)


def test_no_cosignature_leaves_before_its_checkpoint_is_on_the_disk(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(witness, TO_1)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "replace_file", full)
    with pytest.raises(OSError, match="space"):
        ask(witness, TO_3)
    monkeypatch.setattr(module, "replace_file", replace_file)
    assert witness.checkpoints()[0].size == 1


def test_a_log_grows_as_often_a_day_as_its_list_allows(witness: Witness, signer: Signer, records: list[Record]) -> None:
    witness.follow(signer.verifier)
    listed = witness.path / module.LIST_NAME
    listed.write_text(listed.read_text() + "qpd 2\n")
    leaves = [record.leaf for record in records]

    def grow(old: int, size: int, now: int) -> None:
        note = signer.sign(size, root_of(leaves[:size]))
        witness.add_checkpoint(format_submission(old, consistency_proof(leaves[:size], old) if old else (), note), now)

    midnight = NOW // DAY * DAY + DAY
    grow(0, 1, midnight - 2)
    grow(1, 2, midnight - 1)
    grow(2, 2, midnight - 1)  # asking again for the same is free
    with pytest.raises(Rejected) as error:
        grow(2, 3, midnight - 1)
    assert error.value.status == 429
    grow(2, 3, midnight)
    grow(3, 4, midnight + 1)
    with pytest.raises(Rejected) as error:
        grow(4, 5, midnight + DAY - 1)
    assert error.value.status == 429
    assert [log.size for log in witness.checkpoints()] == [4]


@pytest.mark.parametrize(
    ("content_type", "body", "size"),
    [
        ("text/plain", b"10", None),
        ("text/x.tlog.size", b"", None),
        ("text/x.tlog.size", b"0\n", 0),
        ("text/x.tlog.size", b"50\n", 50),
        ("text/x.tlog.size", b"50", None),
        ("text/x.tlog.size", b"050\n", None),
        ("text/x.tlog.size; charset=utf8", b"51\n", None),
    ],
)
def test_the_size_of_a_conflict_is_read_as_sigsum_reads_it(content_type: str, body: bytes, size: int | None) -> None:
    """sigsum-go, pkg/client/client_test.go, TestProcessConflictResponse."""
    assert stated_size(content_type, body) == size


def test_the_example_of_the_specification_is_a_request() -> None:
    text = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""
    asked = parse_submission(text.encode())
    assert (asked.old, len(asked.proof)) == (20852014, 4)
    with pytest.raises(BadSubmission, match="63"):
        parse_submission(text.replace("old 20852014\n", "old 20852014\n" + (LEAVES[0] + "\n") * 60).encode())


def test_a_witness_that_lost_its_memory_cosigns_nothing_that_it_cosigned_before(witness: Witness) -> None:
    mine, of_another = ask(witness, TO_1), ask(witness, TO_3)
    next((witness.path / "logs").iterdir()).unlink()
    assert refused(witness, TO_1 + mine) == (503, None)
    assert evidence(witness) == ["state"]
    assert ask(witness, TO_1 + of_another) == mine  # a line that is not valid for this note vouches for nothing


def test_another_history_of_the_same_size_is_a_conflict_and_is_kept(
    witness: Witness, signer: Signer, records: list[Record]
) -> None:
    witness.follow(signer.verifier)
    root = root_of([record.leaf for record in records[:5]])
    ask(witness, format_submission(0, (), signer.sign(5, root)))
    assert refused(witness, format_submission(5, (), signer.sign(5, bytes(32)))) == (409, None)
    assert evidence(witness) == ["fork"]
    ask(witness, format_submission(5, (), signer.sign(5, root)))
