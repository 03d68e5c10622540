"""A face that a person drew because none was found: on the page and the command line, in the record, the disclosure, the rerun."""

from __future__ import annotations

import json
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
from plainview.casework.models import Preparation, Search
from plainview.recheck.package import verify_package

DATA = cv2.imencode(".png", (collins().pixels * 0.03).astype(np.uint8))[1].tobytes()
"""Eileen Collins in the dark, in eight grey levels: no face is found."""
BOX = {"edit": "drawn", "x": "168", "y": "53", "width": "110", "height": "132"}


@pytest.fixture
def client(workspace: Path, tmp_path: Path) -> Client:
    gallery(tmp_path / "pictures")
    case()
    return signed_in()


def test_a_drawn_face_is_searched_recorded_disclosed_and_run_again(client: Client, tmp_path: Path) -> None:
    photo = SimpleUploadedFile("dark.png", DATA, "image/png")
    draft = str(client.post("/prepare/", {"case": "C-1", "photo": photo})["Location"])
    page = text(client.get(draft))
    assert "No face was found" in page
    assert "This is the face" in page
    beyond = client.post(f"{draft}edit/", BOX | {"width": "900"})
    assert beyond.status_code == 422
    assert "goes beyond the picture" in text(beyond)
    assert client.post(f"{draft}edit/", BOX).status_code == 302
    page = text(client.get(draft))
    assert "Face drawn by Sample examiner: 110 × 132 pixels, from 168 right and 53 down" in page
    assert "A person drew the box of this face" in page
    assert Preparation.objects.get().face == 1

    fields = {"purpose": "find the rider", "galleries": ["g"], "top": "20", "galleries_shown": "1"}
    found = client.post(f"{draft}search/", fields, follow=True)
    assert "Face drawn by Sample examiner" in text(found)
    search = Search.objects.get()
    assert search.candidate_set.get(rank=1).reference.file_name == "collins.png"
    assert search.box == [168.0, 53.0, 110.0, 132.0]
    asked = entries("search.requested")[-1]
    assert asked.subject["face_drawn"] is True
    assert asked.actor == person("examiner").public_id

    package = tmp_path / "package.zip"
    disclose(search.public_id, package, acting_member=person("supervisor"))
    with zipfile.ZipFile(package) as items:
        described = json.loads(items.read("search.json"))
    assert described["probe_edits"] == ["face:168,53,110,132 by Sample examiner"]
    assert described["probe_edits_in_words"][0].startswith("Face drawn by Sample examiner")
    report = verify_package(package)
    assert report.problems == []
    assert report.rerun_identical

    saved = alert_from_search(search.public_id, ["g"], days=5, acting_member=person("examiner"))
    assert saved.edits == search.edits


@pytest.mark.long
def test_the_box_may_be_given_on_the_command_line(cli: Cli, photographs: Path, tmp_path: Path) -> None:
    cli.run("enrol", "g", photographs, "--as", "admin@agency.example")
    dark = tmp_path / "dark.png"
    dark.write_bytes(DATA)
    without = cli.run("faces", dark, code=1)
    assert "draw a box around the face" in without.stderr
    seen = cli.json("faces", dark, "--box", "168,53,110,132")
    assert seen["faces"][0]["box"] == [168.0, 53.0, 110.0, 132.0]
    found = cli.search(dark, "--box", "168, 53, 110, 132")
    assert found["probe"]["edits"] == ["face:168,53,110,132 by Sample examiner"]
    assert found["candidates"][0]["score"] > 0.3
    asked = (
        "search",
        dark,
        "--case",
        "C-1",
        "--purpose",
        "identify the person at the till",
        "--gallery",
        "g",
        "--as",
        "examiner@agency.example",
    )
    for words in (["--box", "1,2,3"], ["--edit", "face:168,53,110,132 by Somebody Else"]):
        assert "--box" in cli.run(*asked, *words, code=2).stderr
