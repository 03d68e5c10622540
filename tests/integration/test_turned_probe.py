"""A photograph that is upside down: searched all the same, and said; the turn is offered as an edit, never made silently."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.browser import signed_in, text
from tests.factories.models import collins
from tests.factories.work import case, entries, gallery, person, search
from tests.integration.conftest import Cli

from plainview.casework.disclosure.make import disclose
from plainview.casework.models import Preparation
from plainview.recheck.package import verify_package

DATA = cv2.imencode(".png", cv2.rotate(collins().pixels, cv2.ROTATE_180))[1].tobytes()


@pytest.fixture
def client(workspace: Path, tmp_path: Path) -> Client:
    gallery(tmp_path / "pictures")
    case()
    return signed_in()


def test_the_page_says_it_and_offers_the_turn_as_an_edit(client: Client) -> None:
    photo = SimpleUploadedFile("turned.png", DATA, "image/png")
    draft = str(client.post("/prepare/", {"case": "C-1", "photo": photo})["Location"])
    page = text(client.get(draft))
    assert "The face is turned by 180 degrees in the picture." in page
    assert 'name="rotate" value="-180"' in page
    assert "Turn the face upright" in page
    assert Preparation.objects.get().edits == []
    assert client.post(f"{draft}edit/", {"rotate": "-180"}).status_code == 302
    page = text(client.get(draft))
    assert "Turn the face upright" not in page
    assert Preparation.objects.get().edits == ["rotate:180"]
    assert Preparation.objects.get().faces[0]["components"]["turned"] == 0


def test_a_search_with_it_finds_the_person_records_the_turn_and_is_run_again(client: Client, tmp_path: Path) -> None:
    image = tmp_path / "turned.png"
    image.write_bytes(DATA)
    answer = search(image)
    assert answer.candidates[0].reference.file_name == "collins.png"
    assert answer.candidates[0].score > 0.9
    assert entries("search.requested")[-1].subject["face_turned"] == 180
    package = tmp_path / "package.zip"
    disclose(answer.search.public_id, package, acting_member=person("supervisor"))
    report = verify_package(package)
    assert (report.problems, report.rerun_identical) == ([], True)


@pytest.mark.long
def test_the_command_line_says_it(cli: Cli, photographs: Path, tmp_path: Path) -> None:
    image = tmp_path / "turned.png"
    image.write_bytes(DATA)
    assert cli.json("faces", image)["faces"][0]["turned"] == 180
    cli.run("enrol", "g", photographs, "--as", "admin@agency.example")
    assert cli.search(image)["probe"]["turned"] == 180
    upright = cli.search(image, "--edit", "rotate:180")
    assert (upright["probe"]["turned"], upright["probe"]["edits"]) == (0, ["rotate:180"])
