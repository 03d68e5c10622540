"""The report of a data set large enough for every figure, made of templates instead of pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from tests.factories.evaluation import made_up

from plainview.evaluation.identification import identify
from plainview.evaluation.plots import plots
from plainview.evaluation.report import sections, to_html, to_pdf
from plainview.evaluation.run import _identification, _verification
from plainview.evaluation.samples import CosineScorer, raw_scorer
from plainview.evaluation.verification import verify_all


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    some = made_up(people=150, each=2, singles=320, noise=1.4)
    notes: dict[str, str] = {}
    figures = _verification(verify_all(some, CosineScorer(), seed=1, replicates=50), notes)
    found = identify(some, some.templates, ~some.masked, raw_scorer, seed=1, replicates=50, splits=2)
    figures["identification"] = _identification(found, "identification", notes)
    figures["masked"] = {**_identification(found, "masked", notes), "covers": "drawn", "kinds": {}}
    return {
        "n_people": 300,
        "n_images": 450,
        "gallery_size": 150,
        "fta": 0.0,
        "fta_count": 0,
        "failures": [],
        **figures,
        "raw": figures,
        "normalisation": "some",
        "insufficient_data": notes,
        "seconds_per_probe": 0.02,
        "rulings": {"counts": {"same": 1}, "left_out": []},
        "repeat": {
            "dataset": "made up",
            "pack": "none",
            "how": "So.",
            "definitions": "ISO",
            "seed": 1,
            "replicates": 50,
            "galleries": 2,
            "versions": {"x": "1"},
            "dataset_sha256": "d",
            "recogniser_sha256": "e",
        },
    }


def test_every_figure_is_drawn_and_said_in_words(result: dict[str, Any]) -> None:
    drawn = plots(result)
    assert [plot.name for plot in drawn] == ["det", "scores", "cmc", "discard", "group-fmr-sex", "group-fnmr-sex"]
    for plot in drawn:
        assert ET.fromstring(plot.svg).tag.endswith("svg")  # noqa: S314  made here
        assert any(letter.isdigit() for letter in plot.alt)
    assert plots(result) == drawn


def test_no_mark_where_data_is_insufficient(result: dict[str, Any]) -> None:
    groups = {"sex": {value: {**rates, "fmr": None} for value, rates in result["groups"]["sex"].items()}}
    names = [plot.name for plot in plots({**result, "groups": groups, "identification": None, "masked": None})]
    assert names == ["det", "scores", "group-fnmr-sex"]


def test_page_and_document_hold_the_numbers_of_the_result(result: dict[str, Any]) -> None:
    drawn = plots(result)
    page = to_html(result, drawn)
    assert page.count("<figure>") == 6
    assert f"{result['verification']['tar']['1e-2']:.4f}" in page
    assert f"{result['identification']['rank1']:.4f}" in page
    identifiers = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(identifiers) == len(set(identifiers))
    rows = [row for _, table in sections(result) for row in table]
    assert ("TAR at FMR 1e-6", "insufficient data", "") in rows
    assert to_pdf(result, drawn).startswith(b"%PDF-")


@pytest.mark.long
def test_a_second_pack_is_beside_the_first_one(result: dict[str, Any]) -> None:
    other = {
        **result,
        "repeat": {**result["repeat"], "pack": "other 1"},
        "identification": {**result["identification"], "rank1": 0.1234, "gallery_size": 149},
    }
    both = {**result, "beside": other}
    rows = {row[0]: row for title, table in sections(both) if title.startswith("Identification") for row in table}
    rank1 = rows["Rank-1 identification rate"]
    assert (rank1[1], rank1[3]) == (f"{result['identification']['rank1']:.4f}", "0.1234")
    page = to_html(both, [])
    assert "<th>none</th><th>95 % interval</th><th>other 1</th>" in page
    assert "The plots are of the first pack." in page
    assert to_pdf(both, plots(result)).startswith(b"%PDF-")
