"""Manifests and uploads that people really have, through the command line and the page: read and said, or refused by line."""

from __future__ import annotations

import io
import json
import os
import shutil
import unicodedata
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories.browser import signed_in
from tests.factories.tables import workbook
from tests.factories.work import entries, person
from tests.integration.conftest import ADMIN, Cli

from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Enrolment, Gallery, Job, Reference
from plainview.casework.workspace.services import services
from plainview.storage.base import digest_of
from plainview.worker.tasks import run_job

pytestmark = pytest.mark.long

INPUTS = Path(__file__).parents[1] / "inputs"
PHOTO = (INPUTS / "photos" / "p0.jpg").read_bytes()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("manifest-unbalanced-quote.csv", "line 3: a quote is opened in this row and never closed"),
        ("manifest-bad-line-5.jsonl", "line 5: it is not valid JSON"),
        ("manifest-date-in-future.csv", "line 2: captured_on '2124-03-01' is in the future"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_refused_with_its_line(cli: Cli, name: str, why: str) -> None:
    assert why in cli.run("enrol", "g", INPUTS / name, "--as", ADMIN, code=1).stderr


def test_manifests_of_excel_and_of_careless_programs_are_read_and_said(cli: Cli) -> None:
    done = cli.json("enrol", "g", INPUTS / "manifest-excel-semicolon.csv", "--dry-run", "--as", ADMIN)
    assert (done["enrolled"], done["failed_total"]) == (6, 0)
    assert done["manifest"]["separator"] == ";"
    assert "semicolons" in done["manifest"]["sentences"][0]
    done = cli.json("enrol", "g", INPUTS / "manifest-space-after-comma.csv", "--dry-run", "--as", ADMIN)
    assert (done["enrolled"], done["manifest"]["rows"], done["manifest"]["sentences"]) == (6, 6, [])


def test_rows_and_pictures_without_each_other_are_told_and_nothing_enrolled_is_no_success(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(PHOTO)
    (tmp_path / "photos" / "z.jpg").write_bytes(PHOTO + b"z")
    (tmp_path / "m.csv").write_text("path\nphotos\\A.jpg\nphotos/none.jpg\n")
    done = cli.json("enrol", "g", tmp_path / "m.csv", "--as", ADMIN)
    assert (done["enrolled"], done["failed"][0]["code"]) == (1, "no_picture")
    assert "m.csv, line 3" in done["failed"][0]["why"]
    assert done["manifest"]["sentences"] == [
        "1 of 2 rows met its picture under a slightly different name, such as photos\\A.jpg → photos/a.jpg.",
        "1 of 2 rows has no picture: line 3.",
        "1 picture has no row and was not enrolled: photos/z.jpg.",
    ]
    (tmp_path / "m.csv").write_text("path\nphotos/none.jpg\n")
    refused = cli.run("enrol", "g", tmp_path / "m.csv", "--as", ADMIN, code=1)
    assert "No picture was enrolled." in refused.stderr
    assert "1 not usable" in refused.stdout


def test_a_manifest_in_a_folder_is_offered(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(PHOTO)
    (folder / "list.csv").write_text("path;captured_on\na.jpg;2024-11\n")
    (folder / "unrelated.csv").write_text("colour,weight\nred,3\n")
    offered = cli.run("enrol", "g", folder, "--as", ADMIN, code=1).stderr
    assert f"plainview enrol g {folder}/list.csv --as {ADMIN}" in offered
    assert "unrelated" not in offered
    assert cli.json("enrol", "g", folder, "--without-manifest", "--dry-run", "--as", ADMIN)["enrolled"] == 1
    done = cli.json("enrol", "g", folder / "list.csv", "--as", ADMIN)
    assert done["enrolled"] == 1
    told = json.loads(cli.run("gallery", "statistics", "g", "--json", "--as", ADMIN).stdout)
    assert "2024-11" in json.dumps(told)


def test_names_that_are_not_utf_8_work_and_three_copies_of_an_unusable_file_are_three(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "old disk"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/M\xfcller.jpg")).write_bytes(PHOTO)
    for name in "abc":
        (folder / f"{name}.txt").write_bytes(b"no picture")
    done = cli.json("enrol", "g", folder, "--as", ADMIN)
    assert (done["enrolled"], done["duplicates"], done["failed_total"]) == (1, 0, 3)
    assert cli.search(next(folder.glob("M*")))["candidates"]
    (folder / "m.csv").write_text("path\nMüller.jpg\n")
    again = cli.json("enrol", "g", folder / "m.csv", "--as", ADMIN)
    assert (again["duplicates"], again["manifest"]["found_under_another_name"]) == (1, 1)
    rehearsed = cli.json("enrol", "g", folder, "--without-manifest", "--dry-run", "--as", ADMIN)
    assert (rehearsed["duplicates"], rehearsed["failed_total"]) == (1, 4)


def test_typed_text_that_is_not_utf_8_is_a_usage_error(cli: Cli) -> None:
    purpose = os.fsdecode(b"Stra\xdfe")
    for words in (("case", "open", purpose, "--offence", "robbery"), ("case", "open", "C-2", "--offence", purpose)):
        assert "Stra\\xdfe is not UTF-8" in cli.run(*words, "--as", "examiner@agency.example", code=2).stderr


@pytest.fixture
def custody(workspace: Path) -> Gallery:
    return create_gallery(
        "custody",
        legal_basis="Act s. 4",
        source="desk",
        owner="Records",
        expires_on=date(2999, 1, 1),
        acting_member=person("admin"),
    )


@pytest.fixture
def client(custody: Gallery) -> Client:
    return signed_in("admin")


def sent(client: Client, gallery: Gallery, *files: tuple[str, bytes], **form: Any) -> Enrolment:
    """Upload files on the page and let the worker enrol them."""
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    answer = client.post(f"/galleries/{gallery.pk}/enrol/", {"pictures": uploads, **form})
    assert answer.status_code == 302, answer.content.decode()
    run_job(Job.objects.latest("pk").pk)
    return Enrolment.objects.latest("pk")


@pytest.mark.parametrize(
    ("name", "link", "day"),
    [
        ("zip-of-a-folder-with-manifest.zip", "https://custody.example/r/1", date(2024, 3, 1)),
        ("zip-dot-slash.zip", "https://custody.example/r/5", date(2024, 3, 5)),
    ],
)
def test_a_zip_of_a_folder_keeps_what_its_manifest_says(
    client: Client, custody: Gallery, name: str, link: str, day: date
) -> None:
    run = sent(client, custody, (name, (INPUTS / name).read_bytes()))
    row = Reference.objects.get()
    assert (row.source_url, row.captured_on, row.captured) == (link, day, f"{day.day} Mar 2024")
    assert (run.images, run.failed_total, run.reading["rows_without_picture"]) == (1, 0, 0)


def zipped(members: dict[bytes, bytes]) -> bytes:
    """A ZIP file whose names are these bytes, without saying how they are encoded."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, (name, data) in enumerate(members.items()):
            archive.writestr(str(number) * len(name), data)
    packed = out.getvalue()
    for number, name in enumerate(members):
        packed = packed.replace(b"%d" % number * len(name), name, 2)
    return packed


ROW = "path,source_url,captured_on\n{},https://e.example/1,2023\n"


@pytest.mark.parametrize(
    ("picture", "stated"),
    [
        (unicodedata.normalize("NFD", "photos/Müller.jpg").encode(), "photos/Müller.jpg"),
        ("photos/Müller.jpg".encode("cp1252"), "photos/Müller.jpg"),
        ("photos/Müller.jpg".encode("cp437"), "photos/Müller.jpg"),
        (b"photos/a.jpg", "photos\\\\A.JPG"),
        (b"export/photos/a.jpg", "photos/a.jpg"),
    ],
)
def test_rows_meet_their_pictures_whatever_wrote_the_names(
    client: Client, custody: Gallery, picture: bytes, stated: str
) -> None:
    manifest = ROW.format(stated).encode()
    run = sent(client, custody, ("all.zip", zipped({picture: PHOTO, b"list/manifest.csv": manifest})))
    row = Reference.objects.get()
    assert (row.source_url, row.captured, row.captured_iso) == ("https://e.example/1", "2023", "2023")
    assert run.reading["found_under_another_name"] == (b"\x81" not in picture)  # CP437 is what the format says
    page = client.get(f"/galleries/{custody.pk}/enrolments/{run.pk}/").content.decode()
    assert ("slightly different name" in page) == (b"\x81" not in picture)


def test_loose_files_and_a_workbook_meet_and_what_does_not_is_told_on_the_page(
    client: Client, custody: Gallery
) -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Path", "Source URL", "Captured on"])
        sheet.append(["photos/a.jpg", "https://e.example/1", date(2024, 11, 5)])
        sheet.append(["photos/none.jpg", None, None])

    run = sent(
        client, custody, ("a.jpg", PHOTO), ("b.jpg", PHOTO + b"b"), ("empty.jpg", b""), ("list.xlsx", workbook(fill))
    )
    rows = {row.file_name: row for row in Reference.objects.all()}
    assert (rows["a.jpg"].source_url, rows["a.jpg"].captured_iso) == ("https://e.example/1", "2024-11-05")
    assert rows["b.jpg"].source_url.startswith("urn:plainview:upload:")
    assert {failure["code"] for failure in run.failed} == {"empty", "no_picture"}
    page = client.get(f"/galleries/{custody.pk}/enrolments/{run.pk}/").content.decode()
    for sentence in (
        "2 rows, 1 without a picture",
        "list.xlsx: Read as an Excel workbook.",
        "1 of 2 rows has no picture: row 3.",
        "2 pictures have no row and were enrolled without a link: b.jpg, empty.jpg.",
    ):
        assert sentence in page
    begun = entries("enrolment.began")[-1]
    assert (begun.subject["rows_without_picture"], begun.subject["pictures_without_row"]) == (1, 2)
    assert b"Excel" not in begun.canonical


def test_an_upload_without_a_picture_or_with_a_bad_manifest_is_refused(client: Client, custody: Gallery) -> None:
    for files, why in (
        ([("m.csv", b"path\na.jpg\n")], "m.csv with 1 row, and no picture"),
        ([("a.jpg", PHOTO), ("m.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")], "an old Excel workbook"),
        ([("a.jpg", PHOTO), ("m.csv", b"path\nM\xfcller.jpg\n")], "m.csv, line 2: the line is not UTF-8"),
    ):
        uploads = [SimpleUploadedFile(name, data) for name, data in files]
        answer = client.post(f"/galleries/{custody.pk}/enrol/", {"pictures": uploads})
        assert why in answer.content.decode()
    assert not Enrolment.objects.exists()


def test_rows_that_say_different_things_about_one_picture_are_not_chosen_between(
    client: Client, custody: Gallery
) -> None:
    twice = b"path,source_url\n2023/a.jpg,https://e.example/1\n2024/a.jpg,https://e.example/2\nb.jpg,\nb.jpg,\n"
    run = sent(client, custody, ("a.jpg", PHOTO), ("b.jpg", PHOTO + b"b"), ("m.csv", twice))
    assert (run.images, run.duplicates, [failure["code"] for failure in run.failed]) == (1, 1, ["contradiction"] * 2)
    assert "m.csv: line 2, line 3 say different things about this picture." in run.failed[0]["why"]
    assert run.reading["sentences"][-1] == (
        "2 rows say different things about one picture and were not used: line 2, line 3."
    )
    stored = {row.blob for row in Reference.objects.all()}
    assert [services().blobs.exists(digest_of(data)) for data in (PHOTO, PHOTO + b"b")] == [
        digest_of(PHOTO) in stored,
        True,
    ]


def test_a_folder_of_the_server_with_a_manifest_is_offered_on_the_page(
    client: Client, custody: Gallery, workspace: Path
) -> None:
    allowed = workspace.parent / "desk"
    allowed.mkdir()
    shutil.copy(INPUTS / "photos" / "p0.jpg", allowed / "a.jpg")
    (allowed / "m.csv").write_text("path,captured_on\na.jpg,2024\n")
    settings = workspace / "workspace.toml"
    settings.write_text(settings.read_text() + f'enrol_folders = ["{allowed}"]\n')
    url = f"/galleries/{custody.pk}/enrol/"
    assert "This folder contains m.csv" in client.post(url, {"folder": str(allowed)}).content.decode()
    assert client.post(url, {"folder": str(allowed), "inside": "m.csv"}).status_code == 302
    run_job(Job.objects.get().pk)
    assert Reference.objects.get().captured == "2024"
    assert client.post(url, {"folder": str(allowed), "without_manifest": "on"}).status_code == 302


def test_more_files_than_one_upload_takes_are_told_with_what_next(
    client: Client, custody: Gallery, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    files = [SimpleUploadedFile(f"{number}.jpg", PHOTO) for number in range(4)]
    answer = client.post(f"/galleries/{custody.pk}/enrol/", {"pictures": files})
    assert answer.status_code == 413
    told = (
        "more than 5,000 files. Nothing was enrolled. Upload the files in parts, or ask the operator to allow a folder"
    )
    assert told in answer.content.decode()
    assert not Enrolment.objects.exists()


@pytest.mark.slow
def test_five_thousand_files_and_their_manifest_come_in_at_once(client: Client, custody: Gallery) -> None:
    files = [SimpleUploadedFile(f"{number}.jpg", b"%d" % number) for number in range(5_000)]
    files.append(SimpleUploadedFile("m.csv", b"path\n1.jpg\n"))
    assert client.post(f"/galleries/{custody.pk}/enrol/", {"pictures": files}).status_code == 302
    assert Job.objects.get().total == 5_000
