"""The JSON object: its keys, which are a contract, its nulls, and what is in it with rulings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.factories.evaluation import portraits
from tests.factories.models import engine

from plainview.evaluation import run
from plainview.evaluation.dataset import read_dataset
from plainview.evaluation.embedding import TemplateCache
from plainview.evaluation.metrics import Floats
from plainview.evaluation.report import sections, to_html, to_pdf, write_report
from plainview.evaluation.rulings import Rulings
from plainview.evaluation.run import Options, Which, evaluate
from plainview.recognition.decode import Decoder

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = portraits(tmp_path_factory.mktemp("data") / "set")
    (root / "nobody").mkdir()
    (root / "nobody" / "0.png").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def measured(root: Path, cache: Path, protocol: Which = "all", **more: Any) -> dict[str, Any]:
    with Decoder() as decoder:
        return evaluate(
            read_dataset(root),
            engine(),
            decoder,
            TemplateCache(cache),
            Options(protocol, replicates=20),
            **more,
        )


@pytest.fixture(scope="module")
def result(root: Path, cache: Path) -> dict[str, Any]:
    return measured(root, cache)


def test_the_keys_that_scripts_read(result: dict[str, Any]) -> None:
    assert {
        "n_people",
        "n_images",
        "gallery_size",
        "fta",
        "verification",
        "identification",
        "masked",
        "groups",
        "differential",
        "raw",
    } <= set(result)
    assert (result["n_people"], result["n_images"], result["gallery_size"]) == (3, 9, 2)
    assert result["fta"] == pytest.approx(1 / 9)
    assert result["failures"] == [{"path": "nobody/0.png", "code": "empty", "why": "The file is empty (0 bytes)."}]
    for each in (result, result["raw"]):
        assert set(each["verification"]["tar"]) == {"1e-2", "1e-3", "1e-4", "1e-5", "1e-6"}
        for name in ("identification", "masked"):
            assert set(each[name]["fnir"]) == {"0.1", "0.01", "0.003"}
            assert "rank1" in each[name]
        assert {"fmr", "fnmr", "n", "ci"} <= set(each["groups"]["era"]["navy"])
        assert {"fmr_max_over_min", "fnmr_max_over_min"} <= set(each["differential"]["sex"])
    assert result["masked"]["covers"] == "drawn"
    assert result["normalisation"] == "cosine"  # too few people for a nearness
    assert {"cllr", "cllr_ci", "slope", "offset"} == set(result["likelihood_ratio"])
    assert result["groups"]["era"]["navy"]["n"] == 1
    assert {"pack", "dataset_sha256", "recogniser_sha256", "seed", "versions"} <= set(result["repeat"])
    assert result["seconds_per_probe"] > 0


def test_two_people_give_no_number_and_every_null_has_a_reason(result: dict[str, Any]) -> None:
    assert {*result["verification"]["tar"].values(), *result["identification"]["fnir"].values()} == {None}
    assert result["identification"]["rank1"] is None
    assert result["masked"]["rank1"] is None
    assert result["groups"]["era"]["navy"]["fmr"] is None
    reasons = result["insufficient_data"]
    for key in (
        "verification.tar.1e-3",
        "identification.rank1",
        "masked.fnir.0.01",
        "groups.era.navy.fmr",
        "differential.sex.fmr_max_over_min",
    ):
        assert reasons[key].startswith("insufficient data: ")


def test_it_is_json_without_nan_and_the_same_again(root: Path, cache: Path, result: dict[str, Any]) -> None:
    text = json.dumps(result, allow_nan=False)
    again = measured(root, cache)
    again["seconds_per_probe"] = result["seconds_per_probe"]
    assert json.dumps(again, allow_nan=False) == text


def test_a_changed_picture_or_label_changes_the_data_sets_digest(
    root: Path, cache: Path, tmp_path: Path, result: dict[str, Any]
) -> None:
    other = portraits(tmp_path / "set")
    assert measured(other, cache)["repeat"]["dataset_sha256"] != result["repeat"]["dataset_sha256"]


@pytest.mark.parametrize("protocol", ["verification", "identification", "masked"])
def test_only_what_was_asked_is_measured(root: Path, cache: Path, protocol: Which) -> None:
    found = measured(root, cache, protocol)
    assert found[protocol] is not None
    for other in {"verification", "identification", "masked"} - {protocol}:
        assert found[other] is None
    assert (found["groups"] is None) == (protocol != "verification")


def test_a_data_set_without_any_face_is_all_failures(tmp_path: Path, cache: Path) -> None:
    for person in ("a", "b"):
        (tmp_path / person).mkdir()
        (tmp_path / person / "1.jpg").write_bytes(b"nothing")
    found = measured(tmp_path, cache)
    assert (found["fta"], found["gallery_size"], found["seconds_per_probe"]) == (1.0, 0, None)


def test_real_covers_are_measured_beside_drawn_ones(cache: Path, tmp_path: Path) -> None:
    root = portraits(tmp_path / "set")
    (root / "labels.csv").write_text("path,masked\nhopper/3.png,yes\ncollins/3.png,yes\n", "utf-8")
    found = measured(root, cache)
    assert set(found["masked"]["kinds"]) == {"real", "drawn"}
    assert found["masked"]["kinds"]["real"]["mated_probes"] == 1  # the other person is left out as a stranger
    assert found["verification"]["mated_pairs"] == 3 + 3


def test_one_protocol_alone_gives_its_own_figures(root: Path, cache: Path) -> None:
    masked, identified = (measured(root, cache, which) for which in ("masked", "identification"))
    assert (masked["gallery_size"], identified["gallery_size"]) == (2, 2)
    assert masked["identification"] is masked["verification"] is identified["masked"] is None
    assert set(masked["raw"]) == {"masked"}


def test_rulings_are_applied_and_the_figures_without_them_kept(root: Path, cache: Path) -> None:
    rulings = Rulings(frozenset({"hopper/0.png"}), frozenset({("collins", "hopper")}), {"same": 1}, "d" * 64)
    found = measured(root, cache, "verification", rulings=rulings)
    assert found["verification"]["mated_pairs"] == 3 + 6
    assert found["verification"]["impostor_pairs"] == 0
    assert found["without_rulings"]["verification"]["mated_pairs"] == 6 + 6
    assert found["without_rulings"]["verification"]["impostor_pairs"] == 16
    assert found["rulings"]["left_out"] == ["hopper/0.png"]


class _Halved:
    name = "halved"

    def scores(self, probes: Floats, references: Floats) -> Floats:
        return np.asarray(probes @ references.T / 2, np.float32)


def test_a_normaliser_gives_the_top_level_and_raw_stays_the_cosine(
    root: Path, cache: Path, result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "search_scorer", lambda gallery: _Halved())
    found = measured(root, cache)
    assert found["normalisation"] == "halved"
    assert found["raw"] == result["raw"]
    top, raw = (each["verification"]["histogram"]["edges"][-1] for each in (found, found["raw"]))
    assert top < raw


def test_the_report_loads_nothing_and_says_insufficient(result: dict[str, Any], tmp_path: Path) -> None:
    page, document = write_report(result, tmp_path / "new")
    text = page.read_text("utf-8")
    assert "insufficient data" in text
    assert 'role="img"' in text
    assert "<script" not in text
    assert 'src="http' not in text
    assert document.read_bytes().startswith(b"%PDF-")


def test_text_from_a_data_set_is_never_code_in_the_report(result: dict[str, Any]) -> None:
    evil = '<img src=x onerror=alert(1)> #panic("no") \\" ] $x$'
    changed = {
        **result,
        "repeat": {**result["repeat"], "dataset": evil},
        "groups": {evil: result["groups"]["era"]},
        "differential": {evil: result["differential"]["era"]},
    }
    assert "<img" not in to_html(changed, [])
    assert to_pdf(changed, []).startswith(b"%PDF-")
    assert any(evil in title for title, _ in sections(changed))
