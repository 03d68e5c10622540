"""Members who ask another process of the server for what was erased: its memory has the picture, the store does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from tests.factories.browser import signed_in
from tests.factories.work import probe, ready, search

from plainview.casework.models import Search
from plainview.casework.pictures import aligned_jpeg, face_jpeg, forget_pictures, small_jpeg, whole_jpeg
from plainview.casework.workspace.services import services
from plainview.storage.base import BlobMissing

BOX = (40.0, 40.0, 80.0, 80.0)
POINTS = ((60.0, 70.0), (100.0, 70.0), (80.0, 90.0), (65.0, 105.0), (95.0, 105.0))

WAYS: dict[str, Callable[[str], bytes]] = {
    "face": lambda blob: face_jpeg(blob, BOX, 320),
    "whole": whole_jpeg,
    "small": small_jpeg,
    "aligned": lambda blob: aligned_jpeg(blob, BOX, POINTS),
}


def erased_elsewhere(blob: str) -> None:
    """Erase as another process does: this one's memory is not emptied."""
    assert services().blobs.delete(blob)


@pytest.mark.parametrize("way", WAYS)
def test_what_another_process_erased_is_not_answered_from_memory(workspace: Path, tmp_path: Path, way: str) -> None:
    data, make = probe(tmp_path).read_bytes(), WAYS[way]
    blob = services().blobs.put(data)
    before = make(blob)
    erased_elsewhere(blob)
    with pytest.raises(BlobMissing):
        make(blob)
    services().blobs.put(data)
    assert make(blob) == before


def test_an_erased_picture_leaves_the_memory_too(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = probe(tmp_path).read_bytes()
    blob = services().blobs.put(data)
    forget_pictures()
    whole_jpeg(blob)
    with monkeypatch.context() as patched:
        patched.setattr(services().decoder, "decode", None)
        assert whole_jpeg(blob), "from memory"
    erased_elsewhere(blob)
    with pytest.raises(BlobMissing):
        whole_jpeg(blob)
    services().blobs.put(data)
    monkeypatch.setattr(services().decoder, "decode", None)
    with pytest.raises(TypeError):
        whole_jpeg(blob)


@pytest.mark.parametrize("part", ["?original", "?whole", ""])
def test_a_page_does_not_show_it(workspace: Path, tmp_path: Path, part: str) -> None:
    found = search(ready(tmp_path)).search.public_id
    client: Client = signed_in()
    client.get(f"/searches/{found}/")
    address = f"/searches/{found}/probe.jpg{part}"
    assert client.get(address).status_code == 200
    erased_elsewhere(Search.objects.get().probe_blob)
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"][:9]) == (503, "text/html"), "a row that has lost its file"
