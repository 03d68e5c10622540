"""A disk that is full under an upload: a page that says so, nothing kept and no entry of it, and the next upload works."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from tests.factories.browser import signed_in
from tests.factories.models import hopper
from tests.factories.pictures import png_chunk
from tests.factories.work import case, entries, gallery, person, ready, search, write

from plainview.casework import jobs
from plainview.casework.disclosure.kept_packages import ask_package, run_package
from plainview.casework.models import (
    DisclosurePackage,
    Enrolment,
    Job,
    LogEntry,
    Preparation,
    ProficiencyItem,
    Reference,
    SubjectRequest,
    VideoPart,
)
from plainview.casework.videos.upload import begin_video
from plainview.casework.workspace.services import services
from plainview.storage.base import StorageFull

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


def rights_filed(client: Client, photo: SimpleUploadedFile) -> Any:
    about = {"agency": person("admin").agency.public_id, "wishes": ["access"], "own": "yes"}
    return client.post("/rights/", {**about, "name": "A. Person", "email": "a@person.example", "photo": photo})


def item_added(client: Client, photo: SimpleUploadedFile) -> Any:
    about = {"reference": Reference.objects.earliest("pk").public_id, "same": "no", "basis": "consent of 1 May 2026"}
    return client.post("/proficiency/items/", {**about, "probe_picture": photo})


def part_sent(client: Client, photo: SimpleUploadedFile) -> Any:
    data = photo.read()
    video = begin_video("C-1", "clip.mp4", len(data), acting_member=person("examiner"))
    return client.post(f"/videos/{video.public_id}/part/?offset=0", data, content_type="application/octet-stream")


def no_room(monkeypatch: pytest.MonkeyPatch, call: str, where: str, error: int = errno.ENOSPC) -> None:
    """Let a call of the operating system fail for files whose path has `where` in it, or let the database not grow."""
    if where == DATABASE:
        with connection.cursor() as cursor:
            (pages,) = cursor.execute("PRAGMA page_count").fetchone()
            cursor.execute(f"PRAGMA max_page_count = {pages}")
        return
    whole = getattr(os, call)

    def full(number: int, *arguments: Any) -> Any:
        if where in str(Path(f"/proc/self/fd/{number}").readlink()):
            raise OSError(error, os.strerror(error))
        return whole(number, *arguments)

    monkeypatch.setattr(os, call, full)


STORED, WAITING, DATABASE = "/blobs/tmp/", "/scratch/", "the database"


@pytest.mark.parametrize(
    ("name", "act", "call", "where"),
    [
        ("examiner", prepared, "write", STORED),
        ("examiner", prepared, "fsync", STORED),
        ("admin", enrolled, "write", STORED),
        ("admin", enrolled, "pwrite", WAITING),
        ("admin", rights_filed, "", DATABASE),
        ("admin", item_added, "write", STORED),
        ("examiner", part_sent, "write", STORED),
    ],
)
def test_an_upload_onto_a_full_disk_is_a_page_that_says_so_and_leaves_nothing(
    workspace: Path, tmp_path: Path, name: str, act: Callable[..., Any], call: str, where: str
) -> None:
    gallery(tmp_path / "pictures")
    case()
    client = signed_in(name, raise_request_exception=False)
    models = (LogEntry, Preparation, Enrolment, Job, SubjectRequest, ProficiencyItem, VideoPart)
    if act is part_sent:
        models = models[1:]  # the video that is begun has an entry; its parts have none
    before, stored = [model.objects.count() for model in models], set(services().blobs.digests())
    with pytest.MonkeyPatch.context() as disk:
        no_room(disk, call, where)
        answer = act(client, photograph(tmp_path, PADDING))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")  # there is room again
    page = answer.content.decode().replace("&#x27;", "'")
    assert answer.status_code == 503
    assert '<p class="error" role="alert">The server\'s disk is full.</p>' in page  # our scripts look for it
    assert [model.objects.count() for model in models] == before
    assert set(services().blobs.digests()) == stored
    assert not list((services().workspace.root / "blobs" / "tmp").iterdir())
    assert act(client, photograph(tmp_path, PADDING)).status_code in (200, 302)
    assert [model.objects.count() for model in models] != before


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EIO, "cannot reach its stored files"), (errno.EROFS, "is read-only")]
)
def test_a_disk_that_fails_is_said_as_that_and_nothing_is_kept(
    workspace: Path, tmp_path: Path, number: int, words: str
) -> None:
    gallery(tmp_path / "pictures")
    case()
    client, before = signed_in("examiner", raise_request_exception=False), LogEntry.objects.count()
    with pytest.MonkeyPatch.context() as disk:
        no_room(disk, "write", STORED, number)
        answer = prepared(client, photograph(tmp_path, PADDING))
    assert answer.status_code == 503
    assert words in answer.content.decode()
    assert (LogEntry.objects.count(), Preparation.objects.count()) == (before, 0)


def test_a_package_that_finds_no_room_is_a_job_that_failed_and_no_entry_says_that_it_was_made(
    workspace: Path, tmp_path: Path
) -> None:
    found = search(ready(tmp_path)).search.public_id
    job = ask_package(found, acting_member=person("supervisor"))
    before = LogEntry.objects.count()
    with pytest.MonkeyPatch.context() as disk:
        no_room(disk, "write", STORED)
        with pytest.raises(StorageFull):
            jobs.run(job.pk, run_package)
    job.refresh_from_db()
    assert (job.state, LogEntry.objects.count(), entries("disclosure.made")) == (Job.State.FAILED, before, [])
    assert job.note.startswith("The server's disk is full.")
    assert not DisclosurePackage.objects.exclude(blob="").exists()
