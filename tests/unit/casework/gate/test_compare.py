"""The gate: a ground of the table, the entry first, and an index that answers nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.factories.work import entries, gallery, person

from plainview.casework.gate.compare import NotRecorded, compare
from plainview.casework.log.actions import ACTIONS
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Gallery
from plainview.casework.workspace.guarded import OutsideTheGate
from plainview.casework.workspace.services import services
from plainview.policy import misuse
from plainview.policy.gate import CANARY, CASE, GROUNDS, NEAR_DUPLICATE


def ran() -> None:
    raise AssertionError("something was compared")


def test_a_ground_that_the_table_lacks_does_not_exist(workspace: Path) -> None:
    with pytest.raises(NotRecorded):
        compare(Comparison("because I can", person("admin").agency), ran)


@pytest.mark.parametrize("ground", [name for name, ground in GROUNDS.items() if ground.before])
def test_nothing_is_compared_before_its_entry_or_after_another_one(workspace: Path, ground: str) -> None:
    agency = person("admin").agency
    for numbers in ((), (0,), (10**9,)):  # entry 0 is that of the workspace
        with pytest.raises(NotRecorded):
            compare(Comparison(ground, agency, numbers), ran)


def test_every_entry_of_a_comparison_must_be_there(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    (began,) = entries("enrolment.began")
    agency = person("admin").agency
    assert compare(Comparison(NEAR_DUPLICATE, agency, (began.seq,), person("admin")), lambda: 7) == 7
    with pytest.raises(NotRecorded):
        compare(Comparison(NEAR_DUPLICATE, agency, (began.seq, began.seq + 1), person("admin")), ran)


def test_an_index_answers_inside_the_gate_and_nowhere_else(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    held, pack = Gallery.objects.get(), services().engine.pack
    index = services().index(held.pk, pack.identity, pack.dimension)
    probe = np.zeros(pack.dimension, dtype=np.float32)
    probe[0] = 1
    with pytest.raises(OutsideTheGate):
        index.search(probe, 5)
    leaked = compare(Comparison(CANARY, held.agency), lambda: [index, index.search(probe, 5)])[0]
    with pytest.raises(OutsideTheGate):
        leaked.search(probe, 5)  # handed out by the gate, and still silent outside it


def test_the_table_names_entries_and_rules_that_exist() -> None:
    known = {value for name, value in vars(misuse).items() if name.isupper() and isinstance(value, str)}
    for ground in GROUNDS.values():
        assert {action for action in (ground.before, *ground.after) if action} <= ACTIONS.keys()
        assert set(ground.rules) <= known
    looking = {rule for ground in GROUNDS.values() for rule in ground.rules}
    # Attempts under closed cases are refused before anything is compared.
    assert known - looking == {misuse.CLOSED_CASE}


def test_every_ground_on_which_a_person_is_searched_for_is_watched_by_the_tripwires() -> None:
    unwatched = {name for name, ground in GROUNDS.items() if misuse.TRIPWIRE not in ground.rules}
    assert unwatched == {"verification", "proficiency", "canary", "calibration", "move of an index"}
    assert GROUNDS[CASE].before == "search.requested"
