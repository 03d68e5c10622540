"""Readers who ask for a picture by its address, without the page that shows it: its view must be in the log."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from tests.factories.alerts import alert, arrive, her
from tests.factories.browser import signed_in
from tests.factories.outsiders import client_of, outside_auditor
from tests.factories.work import case, entries, gallery, newest, person, probe, search

from plainview.casework.models import Case, LogEntry, Search

WHOLE = ("probe.jpg?original", "probe.jpg?whole", "candidates/1/whole.jpg")
FACES = ("probe.jpg", "candidates/1/face.jpg", "candidates/tens/0/faces.jpg")


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    gallery(tmp_path / "g")
    case()
    return search(probe(tmp_path)).search.public_id


@pytest.fixture
def raised(found: str, tmp_path: Path) -> str:
    """A search that an alert raised: its candidate is on the page of alerts."""
    alert(tmp_path)
    arrive(tmp_path, "her.png", her())
    return Search.objects.get(alert__isnull=False).public_id


def readers() -> list[Client]:
    return [client_of(outside_auditor()), signed_in("supervisor"), signed_in("auditor")]


def views() -> int:
    return len(entries("candidates.viewed"))


@pytest.mark.parametrize("name", [*WHOLE, *FACES])
def test_a_picture_without_its_page_opens_the_list(raised: str, found: str, name: str) -> None:
    for client in readers():
        for public_id in (found, raised):
            before = views()
            for _ in range(2):
                assert client.get(f"/searches/{public_id}/{name}").status_code == 200
            assert views() == before + 1, (name, public_id)
            assert newest().subject["search"] == public_id


def test_a_page_that_shows_a_face_is_enough_for_the_face_and_for_no_whole_picture(raised: str, found: str) -> None:
    key = Case.objects.get().pk
    for client in readers():
        client.get(f"/cases/{key}/")
        client.get("/alerts/")
        before = views()
        for path in (f"{found}/probe.jpg?side=96", f"{raised}/probe.jpg?side=208", f"{raised}/candidates/1/face.jpg"):
            assert client.get(f"/searches/{path}").status_code == 200
        assert views() == before
        for number, path in enumerate((f"{found}/probe.jpg?original", f"{raised}/candidates/1/whole.jpg"), start=1):
            assert client.get(f"/searches/{path}").status_code == 200
            assert views() == before + number


def test_the_pages_of_an_outsider_are_entries_before_their_pictures(found: str) -> None:
    client = client_of(outside_auditor())
    before = LogEntry.objects.count()
    client.get(f"/cases/{Case.objects.get().pk}/")
    assert [entry.action for entry in entries()[before:]] == ["outsider.opened"]
    client.get(f"/searches/{found}/probe.jpg")
    assert LogEntry.objects.count() == before + 1


def test_the_tasks_of_whoever_searched_show_the_face_alone(found: str) -> None:
    client = signed_in()
    assert client.get(f"/searches/{found}/probe.jpg?side=96").status_code == 200
    assert views() == 0
    client.get(f"/searches/{found}/probe.jpg?whole")
    assert views() == 1
    assert entries("candidates.viewed")[0].actor == person("examiner").public_id
