"""A dark, noisy probe: prepared by itself, and said so on the draft, the list, in the record, the JSON and the disclosure."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.browser import signed_in, text
from tests.factories.models import collins
from tests.factories.work import case, entries, gallery, person
from tests.integration.conftest import Cli

from plainview.casework.alerts.open import alert_from_search
from plainview.casework.disclosure.make import disclose
from plainview.casework.models import Search
from plainview.recheck.package import verify_package

_VALUES = collins().pixels * 0.06 + np.random.default_rng(1).normal(0, 3, collins().pixels.shape)
DATA = cv2.imencode(".png", np.clip(np.rint(_VALUES), 0, 255).astype(np.uint8))[1].tobytes()
"""Eileen Collins in the dark, with the noise of a sensor."""

STEP = re.compile(r"prepared:\d\.\d\d,\d+\.\d\d")
SAID = re.compile(r"Prepared for the search: smoothed by \d\.\d pixels and brightened \d+\.\d times")


@pytest.fixture
def client(workspace: Path, tmp_path: Path) -> Client:
    gallery(tmp_path / "pictures")
    case()
    return signed_in()


def test_a_dark_probe_is_prepared_recorded_disclosed_and_run_again(client: Client, tmp_path: Path) -> None:
    photo = SimpleUploadedFile("dark.png", DATA, "image/png")
    draft = str(client.post("/prepare/", {"case": "C-1", "photo": photo})["Location"])
    page = text(client.get(draft))
    assert SAID.search(page)
    assert "The original is kept, and the candidate list shows this step." in page
    fields = {"purpose": "find the rider", "galleries": ["g"], "top": "20", "galleries_shown": "1"}
    assert SAID.search(text(client.post(f"{draft}search/", fields, follow=True)))
    search = Search.objects.get()
    assert search.candidate_set.get(rank=1).reference.file_name == "collins.png"
    assert search.quality_detail["luminance_mean"] < 20  # of the picture as it is, not as it was prepared
    asked = entries("search.requested")[-1]
    assert (asked.subject["prepared"], asked.subject["edits"]) == (True, 1)

    package = tmp_path / "package.zip"
    disclose(search.public_id, package, acting_member=person("supervisor"))
    with zipfile.ZipFile(package) as items:
        described = json.loads(items.read("search.json"))
        assert items.read("probe/original") == DATA
    assert STEP.fullmatch(described["probe_edits"][0])
    assert SAID.fullmatch(described["probe_edits_in_words"][0])
    report = verify_package(package)
    assert report.problems == []
    assert report.rerun_identical

    saved = alert_from_search(search.public_id, ["g"], days=5, acting_member=person("examiner"))
    assert (saved.edits, saved.quality) == (search.edits, search.quality)


@pytest.mark.long
def test_the_command_line_says_it_too_and_can_leave_it_out(cli: Cli, photographs: Path, tmp_path: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", "admin@agency.example")
    dark = tmp_path / "dark.png"
    dark.write_bytes(DATA)
    assert SAID.match(cli.json("faces", dark)["faces"][0]["prepared"])
    prepared = cli.search(dark)
    assert STEP.fullmatch(prepared["probe"]["edits"][0])
    as_it_is = cli.search(dark, "--edit", "prepared:0,1", "--case", "C-1")
    assert as_it_is["probe"]["edits"] == ["prepared:0.00,1.00"]
    assert prepared["candidates"][0]["score"] > as_it_is["candidates"][0]["score"] + 0.1
