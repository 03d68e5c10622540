"""Which pairs a person is asked about, and what each ruling changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.factories.evaluation import samples, unit

from plainview.evaluation.dataset import Dataset, DatasetError, Item
from plainview.evaluation.pairs import compare_all
from plainview.evaluation.rulings import read_rulings, suspects, to_csv, without
from plainview.evaluation.samples import CosineScorer

NAMES = ("ada/1", "ada/2", "bo/1", "bo/2", "cy/1")
SET = Dataset("set", tuple(Item(Path(name), name, name.split("/")[0]) for name in NAMES))


def rulings(folder: Path, *lines: str) -> Path:
    path = folder / "rulings.csv"
    path.write_text("\n".join(["image_a,image_b,ruling,wrong", *lines]) + "\n", "utf-8")
    return path


def test_the_pairs_that_contradict_their_names_come_first_and_people_once() -> None:
    axes = np.eye(6, dtype=np.float32)
    # Person 0: an outlier (picture 2). Persons 1 and 2: the same direction twice each.
    rows = [axes[0], axes[0], axes[5], axes[1], axes[1], axes[1] + 0.1 * axes[2], axes[1] + 0.1 * axes[3]]
    some = samples(unit(np.array(rows)), np.array([0, 0, 0, 1, 1, 2, 2]))
    found = suspects(some, compare_all(some, CosineScorer()), 2)
    assert [(pair.same, pair.image_a[:3], pair.image_b[:3]) for pair in found] == [
        (True, "000", "000"),
        (True, "002", "002"),
        (False, "001", "002"),
        (False, "000", "001"),
    ]
    assert found[0].score == 0.0
    assert found[2].score > 0.99


def test_a_filled_file_comes_back(tmp_path: Path) -> None:
    some = samples(unit(np.random.default_rng(1).normal(size=(5, 4))), np.array([0, 0, 1, 1, 2]))
    text = to_csv(suspects(some, compare_all(some, CosineScorer()), 9))
    path = tmp_path / "rulings.csv"
    path.write_text(text, "utf-8")
    people = Dataset("set", tuple(Item(Path(name), name, name.split("/")[0]) for name in some.names))
    found = read_rulings(path, people)
    assert found.counts == {"same": 0, "different": 0, "unsure": 0, "not ruled": 5}
    assert not found.left_out
    assert not found.same_people


@pytest.mark.parametrize(
    ("line", "left_out", "same_people"),
    [
        ("ada/1,ada/2,different,a", {"ada/1"}, set()),
        ("ada/1,ada/2,different,b", {"ada/2"}, set()),
        ("ada/1,ada/2,different,", {"ada/1", "ada/2"}, set()),
        ("ada/1,ada/2,same,", set(), set()),
        ("ada/1,ada/2,unsure,a", set(), set()),
        ("bo/1,ada/2,same,", set(), {("ada", "bo")}),
        ("bo/1,ada/2,Same,a", {"bo/1"}, set()),
        ("bo/1,ada/2,different,", set(), set()),
        ("bo/1,ada/2,,", set(), set()),
    ],
)
def test_what_a_ruling_changes(
    tmp_path: Path, line: str, left_out: set[str], same_people: set[tuple[str, str]]
) -> None:
    found = read_rulings(rulings(tmp_path, line), SET)
    assert (found.left_out, found.same_people) == (left_out, same_people)
    assert {item.name for item in without(SET, found).items} == set(NAMES) - left_out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ada/1,ada/9,same,", "line 2: there is no file 'ada/9'"),
        ("ada/1,ada/2,maybe,", "line 2: the ruling is 'maybe'"),
        ("ada/1,ada/2,different,c", "line 2: the wrong picture is 'c'"),
        ("ada/1,ada/2,different", r"line 2: it has fewer cells than the header \(3; the header has 4\)"),
        ("ada/1,ada/2,different,a,b", r"line 2: it has more cells than the header \(5; the header has 4\)"),
    ],
)
def test_rulings_that_are_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        read_rulings(rulings(tmp_path, line), SET)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("path,sex\nada/1,f\n", "utf-8")
    with pytest.raises(
        DatasetError, match=r"line 1: this is not the header of a rulings file.*image_a, image_b, ruling"
    ):
        read_rulings(path, SET)
