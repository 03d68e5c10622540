"""A part of a gallery's index that does not answer: the search is refused, or its list says what was not compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.factories.crew import LocalCrew
from tests.factories.power import change_policy
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.disclosure.make import disclose
from plainview.casework.models import PolicyVersion, Reference, Search
from plainview.casework.search.as_json import answer_json
from plainview.casework.search.meaning import cautions
from plainview.casework.workspace.services import Services, services
from plainview.index.base import Index
from plainview.index.compressed import ALL_BELOW, CUT
from plainview.index.parts import part_of
from plainview.index.sharded.index import ShardedIndex
from plainview.policy.decision import Refused
from plainview.recheck.package import verify_package

PARTS = 2


@pytest.fixture
def crew(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalCrew:
    """The gallery of two, in parts that are lost as those of a cluster are; each has one of the two pictures."""
    gallery(tmp_path / "pictures")
    case()
    crew = LocalCrew(services().engine.pack.dimension, tmp_path / "parts", PARTS, CUT, ALL_BELOW)
    index = ShardedIndex(services().engine.pack.dimension, crew)

    def opened(self: Services, place: str, dimension: int, adapter: str) -> Index:
        index.refresh()
        return index

    monkeypatch.setattr(Services, "_opened", opened)
    pictures = np.array(Reference.objects.values_list("pk", flat=True))
    assert len(set(part_of(pictures, PARTS).tolist())) == 2, "choose another number of parts: both pictures are in one"
    return crew


def allow() -> None:
    version = PolicyVersion.objects.order_by("-pk")[0]
    text = version.text.replace("incomplete_lists = false", "incomplete_lists = true")
    change_policy(text, reason="searches must not wait for a machine", acting_member=person("admin"))


def part_of_collins() -> int:
    collins = Reference.objects.get(file_name="collins.png")
    return int(part_of(np.array([collins.pk]), PARTS)[0])


def test_it_is_refused_and_recorded_unless_policy_says_otherwise(crew: LocalCrew, tmp_path: Path) -> None:
    crew.kill(part_of_collins())
    with pytest.raises(Refused, match="1 of 2 parts") as refused:
        search(probe(tmp_path))
    assert refused.value.rule_id == "index.unreachable"
    assert entries("search.refused")[-1].subject["rule"] == "index.unreachable"
    assert not entries("search.answered")


def test_where_policy_allows_it_the_list_of_the_others_says_so_everywhere(crew: LocalCrew, tmp_path: Path) -> None:
    allow()
    lost = part_of_collins()
    crew.kill(lost)
    answer = search(probe(tmp_path))
    assert [row.reference.file_name for row in answer.candidates] == ["hopper.png"]
    kept = Search.objects.get()
    assert (kept.gallery_size, kept.gallery_pictures) == (1, 1)
    assert kept.incomplete == {"parts": 2, "missing": [lost]}
    entry = entries("search.answered")[-1].subject
    assert (entry["parts"], entry["missing"], entry["gallery_size"]) == (2, [lost], 1)
    assert answer_json(answer)["incomplete"] == {"parts": 2, "missing": [lost]}
    [caution] = [row for row in cautions(kept, answer.candidates) if row.id == "incomplete"]
    assert caution.text.startswith("1 of 2 parts of the gallery were compared: the person may be in the part")


def test_its_package_can_be_checked_and_run_again(crew: LocalCrew, tmp_path: Path) -> None:
    allow()
    crew.kill(part_of_collins())
    answer = search(probe(tmp_path))
    file = tmp_path / "package.zip"
    disclose(answer.search.public_id, file, acting_member=person("supervisor"))
    report = verify_package(file)
    assert report.ok, report.problems
    assert report.rerun_identical


def test_a_whole_index_is_not_called_incomplete_by_a_policy_that_would_allow_it(
    crew: LocalCrew, tmp_path: Path
) -> None:
    allow()
    answer = search(probe(tmp_path))
    assert answer.candidates[0].reference.file_name == "collins.png"
    assert answer.search.incomplete is None
    assert not {"parts", "missing"} & entries("search.answered")[-1].subject.keys()
