"""A disk that is full under an upload: a page that says so, nothing kept and no entry of it, and the next upload works."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.browser import signed_in
from tests.factories.models import hopper
from tests.factories.pictures import png_chunk
from tests.factories.work import case, gallery, write

from plainview.casework.models import Enrolment, Job, LogEntry, Preparation, SubjectRequest
from plainview.casework.workspace.services import services

PADDING = 2 << 20
"""Bytes: what is larger than a megabyte waits in a file of its own before it is stored."""


def photograph(folder: Path, padding: int) -> SimpleUploadedFile:
    write(hopper(), folder / "photo.png")
    data = (folder / "photo.png").read_bytes()
    return SimpleUploadedFile("photo.png", data[:-12] + png_chunk(b"prVt", bytes(padding)) + data[-12:], "image/png")


def prepared(client: Client, photo: SimpleUploadedFile) -> Any:
    return client.post("/prepare/", {"case": "C-1", "photo": photo})


def enrolled(client: Client, photo: SimpleUploadedFile) -> Any:
    from plainview.casework.models import Gallery

    return client.post(f"/galleries/{Gallery.objects.get().pk}/enrol/", {"pictures": [photo], "source_url": ""})


def no_room(monkeypatch: pytest.MonkeyPatch, call: str, where: str) -> None:
    """Let a call of the operating system fail for files whose path has `where` in it."""
    whole = getattr(os, call)

    def full(number: int, *arguments: Any) -> Any:
        if where in str(Path(f"/proc/self/fd/{number}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(number, *arguments)

    monkeypatch.setattr(os, call, full)


STORED, WAITING = "/blobs/tmp/", "/scratch/"


@pytest.mark.parametrize(
    ("name", "act", "call", "where"),
    [
        ("examiner", prepared, "write", STORED),
        ("examiner", prepared, "fsync", STORED),
        ("admin", enrolled, "write", STORED),
        ("admin", enrolled, "pwrite", WAITING),
    ],
)
def test_an_upload_onto_a_full_disk_is_a_page_that_says_so_and_leaves_nothing(
    workspace: Path, tmp_path: Path, name: str, act: Callable[..., Any], call: str, where: str
) -> None:
    gallery(tmp_path / "pictures")
    case()
    client = signed_in(name, raise_request_exception=False)
    models = (LogEntry, Preparation, Enrolment, Job, SubjectRequest)
    before, stored = [model.objects.count() for model in models], set(services().blobs.digests())
    with pytest.MonkeyPatch.context() as disk:
        no_room(disk, call, where)
        answer = act(client, photograph(tmp_path, PADDING))
    page = answer.content.decode().replace("&#x27;", "'")
    assert (answer.status_code, "The server's disk is full" in page) == (503, True)
    assert [model.objects.count() for model in models] == before
    assert set(services().blobs.digests()) == stored
    assert not list((services().workspace.root / "blobs" / "tmp").iterdir())
    assert act(client, photograph(tmp_path, PADDING)).status_code == 302
