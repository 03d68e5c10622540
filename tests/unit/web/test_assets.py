"""Static files by their hash, compressed text, pictures that a session keeps, uploads that are sealed."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpResponse
from django.templatetags.static import static
from django.test import Client, RequestFactory

from plainview.casework.workspace.services import services
from plainview.web.assets import Compressed, hashed
from plainview.web.uploads import Sealed
from plainview.web.views.common import picture


def test_a_static_file_has_its_hash_in_its_name_and_is_kept_for_good(workspace: Path) -> None:
    address = static("plainview/plainview.css")
    assert address != "/static/plainview/plainview.css"
    assert _kept(address) == "max-age=315360000, public, immutable"
    assert _kept("/static/plainview/plainview.css") == "max-age=60, public"
    assert Client().get(address.replace(".css", "0.css")).status_code == 404


def _kept(address: str) -> str:
    answer = Client().get(address)
    assert answer.status_code == 200
    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    answer.close()
    return str(answer["Cache-Control"])


def test_a_file_that_does_not_exist_has_its_plain_name() -> None:
    assert hashed("no/such/file.css") == "no/such/file.css"


def test_text_is_compressed_and_a_picture_is_not() -> None:
    request = RequestFactory().get("/", headers={"accept-encoding": "gzip"})
    text = Compressed(lambda _: HttpResponse("a" * 1000))(request)
    assert gzip.decompress(text.content) == b"a" * 1000
    sizes = {len(Compressed(lambda _: HttpResponse("a" * 1000))(request).content) for _ in range(20)}
    assert len(sizes) > 1, "random bytes against BREACH"
    assert Compressed(lambda _: picture(b"\xff" * 1000))(request).content == b"\xff" * 1000


def test_the_files_of_pages_are_compressed_but_not_a_part_of_one(workspace: Path) -> None:
    address = static("plainview/plainview.js")
    whole = b"".join(Client().get(address).streaming_content)  # type: ignore[attr-defined]
    answer = Client().get(address, headers={"accept-encoding": "gzip"})
    sent = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(sent) == whole
    assert len(sent) < len(whole) / 2
    part = Client().get(address, headers={"accept-encoding": "gzip", "range": "bytes=0-9"})
    assert b"".join(part.streaming_content) == whole[:10]  # type: ignore[attr-defined]
    for closed in (answer, part):
        closed.close()


def test_a_lasting_picture_is_kept_for_its_session_and_others_are_not() -> None:
    lasting = picture(b"x", lasting=True)
    assert lasting["Cache-Control"] == "private, max-age=1800"
    assert lasting["Vary"] == "Cookie"
    assert not picture(b"x").has_header("Cache-Control")


def _upload(handler: FileUploadHandler, data: bytes) -> object:
    handler.new_file("photo", "a.jpg", "image/jpeg", len(data), None, {})
    for start in range(0, len(data), 65536):
        handler.receive_data_chunk(data[start : start + 65536], start)
    return handler.file_complete(len(data))


def test_a_large_upload_is_sealed_and_reads_the_same(workspace: Path) -> None:
    data = b"a face in the clear " * 200_000
    file = _upload(Sealed(), data)
    assert file.read() == data  # type: ignore[attr-defined]
    file.seek(0)  # type: ignore[attr-defined]
    assert b"".join(file.chunks()) == data  # type: ignore[attr-defined]
    scratch = file.file.raw._spool.held.raw  # type: ignore[attr-defined]
    assert b"face" not in os.pread(scratch._descriptor, 1 << 20, 0)
    assert list(services().workspace.scratch().iterdir()) == []
    file.close()  # type: ignore[attr-defined]


def test_an_interrupted_upload_frees_the_disk(workspace: Path) -> None:
    handler = Sealed()
    handler.new_file("photo", "a.jpg", "image/jpeg", 9, None, {})
    handler.receive_data_chunk(b"a" * (3 << 20), 0)
    handler.upload_interrupted()
    assert handler.file.held.closed
