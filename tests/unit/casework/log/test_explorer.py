"""What the log shows to whom, and the proof of one entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.examination import SIMILAR
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.audit.merkle import verify_inclusion
from plainview.casework.examination.examine import examine
from plainview.casework.examination.verify import answer_verification, show_verification
from plainview.casework.log import explorer
from plainview.casework.log.read import root_at
from plainview.policy.decision import Refused
from plainview.policy.examination import NOT, POTENTIAL


def test_the_proof_of_every_entry_at_every_size(workspace: Path) -> None:
    held = entries()
    for size in range(1, len(held) + 1):
        for entry in held:
            proof = explorer.proof_of(entry, size)
            if entry.seq >= size:
                assert proof is None
                continue
            assert proof is not None
            steps = [bytes.fromhex(step) for step in proof["proof"]]
            assert verify_inclusion(entry.leaf(), entry.seq, size, steps, root_at(size))


def test_a_filter_takes_the_word_itself_and_not_a_part_of_it(workspace: Path) -> None:
    auditor = person("auditor")
    assert explorer.entries(auditor, explorer.Wanted(action="member"))[0] == []
    assert explorer.entries(auditor, explorer.Wanted(action='member.joined"'))[0] == []
    assert len(explorer.entries(auditor, explorer.Wanted(action="member.joined"))[0]) == 5


def test_an_entry_that_is_not_ours_is_as_unknown_as_none(workspace: Path) -> None:
    with pytest.raises(Refused, match=r"entry\.unknown"):
        explorer.entry_numbered(10_000, person("auditor"))


def test_ones_record_does_not_tell_what_a_verification_is_about_before_it_is_answered(
    workspace: Path, tmp_path: Path
) -> None:
    gallery(tmp_path / "pictures")
    case()
    found = search(probe(tmp_path)).search.public_id
    row = examine(found, 1, components=SIMILAR, conclusion=POTENTIAL, notes="", acting_member=person("examiner"))
    verifier, task = person("verifier"), row.verifications.get()

    def told() -> str:
        return str([own.entry.canonical for own in explorer.record_of(verifier).entries])

    for _ in range(2):
        assert row.public_id not in told()
        assert task.public_id not in told()
        show_verification(task.public_id, acting_member=verifier)
    answers = {item.position: NOT for item in task.items.all()}
    answer_verification(task.public_id, answers, {}, acting_member=verifier)
    assert task.public_id in told()
