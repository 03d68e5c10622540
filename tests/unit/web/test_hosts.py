"""Names, origins and requests that are not understood: a page for people, a line for the operator, once each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from plainview.casework.enrolment.incoming import MAX_FILES, MAX_TABLES
from plainview.site import settings as site
from plainview.web import reception


@pytest.fixture(autouse=True)
def nothing_warned(workspace: Path) -> Iterator[None]:
    reception._warned.clear()
    yield
    reception._warned.clear()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines for the operator."""
    return [record.getMessage() for record in caplog.records if record.name == "plainview.front"]


@override_settings(ALLOWED_HOSTS=["faces.example"])
def test_another_name_gets_a_page_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        page = Client(headers={"host": "faces2.example"}).get("/")
        assert page.status_code == 400
        assert b"faces2.example" in page.content
    (line,) = said(caplog)
    assert "start `plainview serve` with --name faces2.example" in line


@override_settings(ALLOWED_HOSTS=["faces.example"])
@pytest.mark.parametrize("host", ["<b>x</b>", "a\nb", "", "x" * 5000, "a b"])
def test_a_name_that_is_none_breaks_neither_page_nor_line(host: str, caplog: pytest.LogCaptureFixture) -> None:
    page = Client(headers={"host": host}).get("/")
    assert page.status_code == 400
    assert b"<b>" not in page.content
    (line,) = said(caplog)
    assert "\n" not in line
    assert len(line) < 600


@override_settings(ALLOWED_HOSTS=["*"])
def test_the_lines_of_a_flood_of_names_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(300):
        reception.warn(f"name {number}")
    assert len(said(caplog)) == 200


def test_a_form_of_another_origin_says_so_and_one_of_an_old_page_does_not(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post("/accounts/login/", {}, headers={"origin": "https://faces.example:8443"})
    assert page.status_code == 403
    assert b"The form came from another address" in page.content
    (line,) = said(caplog)
    assert "--name faces.example:8443" in line
    old = client.post("/accounts/login/", {}, headers={"origin": "http://testserver"})
    assert old.status_code == 403
    assert b"The form came from another address" not in old.content
    assert said(caplog) == [line]


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}])
def test_a_form_that_hides_where_it_came_from_is_explained_to_who_can_change_that(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    page = Client(enforce_csrf_checks=True).post("/accounts/login/", {}, headers=headers, secure=True)
    assert page.status_code == 403
    assert b"Your browser hid the page" in page.content
    (line,) = said(caplog)
    assert "does not say which page it came from" in line


def test_no_page_names_an_option() -> None:
    folder = Path(reception.__file__).parent / "templates"
    for name in ("wrong_host.html", "403_csrf.html", "400.html", "429.html"):
        assert not re.search(r"(?<![<!-])--\w", (folder / name).read_text("utf-8")), name


def test_as_many_files_as_the_help_says_and_a_manifest_are_read() -> None:
    assert site.DATA_UPLOAD_MAX_NUMBER_FILES == MAX_FILES + MAX_TABLES
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FILES=3):
        files = {f"f{number}": SimpleUploadedFile(f"{number}.jpg", b"x") for number in range(4)}
        page = Client().post("/accounts/login/", files)
    assert page.status_code == 413
    assert f"more than {MAX_FILES:,} files".encode() in page.content


def test_what_a_page_accepts_is_in_its_row(workspace: Path) -> None:
    assert reception.limit("/galleries/1/enrol/") == (2 << 30, True)
    assert reception.limit("/rights/")[1] is False
    assert reception.limit("/accounts/login/") == (256 << 10, False)
    assert reception.limit("/no/such/page") == (256 << 10, False)
    assert not reception.signed_in("no such session")


def test_djangos_own_upload_handlers_are_used_nowhere() -> None:
    assert site.FILE_UPLOAD_HANDLERS == ["plainview.web.uploads.Sealed"]
    sources = Path(reception.__file__).parents[1].rglob("*.py")
    named = [path for path in sources if "TemporaryFileUploadHandler" in path.read_text("utf-8")]
    assert named == []


def test_what_is_not_taken_gets_a_page_with_the_number_that_the_log_has(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "plainview.front")
    text = reception.page(413, "The request is <larger> than this page accepts (30 MB).").decode()
    assert "That was too large" in text
    assert "&lt;larger&gt;" in text
    assert 'href="/"' in text
    (record,) = [record for record in caplog.records if record.getMessage() == "not taken"]
    assert record.known["reference"] in text  # type: ignore[attr-defined]


def test_a_page_of_trouble_shows_the_number_that_its_line_in_the_log_has(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "plainview.requests")
    page = Client(enforce_csrf_checks=True).post("/rights/", {})
    assert page.status_code == 403
    (record,) = [record for record in caplog.records if record.name == "plainview.requests"]
    assert f"Reference {record.known['reference']}" in page.content.decode()  # type: ignore[attr-defined]
