"""Malicious files: links that lead elsewhere, paths that climb, names that are code, rules that are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.factories.browser import signed_in
from tests.factories.models import collins, hopper
from tests.factories.refusals import rule_of
from tests.factories.work import case, person, probe, search, write

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.items import Unusable
from plainview.casework.enrolment.manifest import Item, read_items
from plainview.casework.find import member_by_email
from plainview.casework.galleries.passports import create_gallery
from plainview.casework.models import Proposal, Reference
from plainview.casework.proposals.make import propose
from plainview.policy.agency import SAMPLE
from plainview.policy.proposals import Kind
from plainview.recognition.errors import BadMedia
from plainview.tables.links import own_link, without_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to enrol, and a picture beside it that is none of its business."""
    inside, outside = tmp_path / "custody", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    write(hopper(), inside / "hopper.png")
    write(collins(), outside / "secret.png")
    return inside


@pytest.fixture
def gallery(workspace: Path) -> str:
    from datetime import date

    fields = {"legal_basis": "law", "source": "tests", "owner": "tests", "expires_on": date(2999, 1, 1)}
    create_gallery("g", **fields, acting_member=person("admin"))
    return "g"


def enrolled(gallery: str, path: Path) -> tuple[int, set[str]]:
    """How many references an enrolment made, and the codes of what it refused."""
    result = enrol(gallery, read_items(path), acting_member=member_by_email("admin@agency.example"))
    return result.enrolled, {failure["code"] for failure in result.failed}


def test_a_link_to_a_picture_outside_the_folder_is_not_enrolled(gallery: str, folder: Path) -> None:
    (folder / "a.png").symlink_to(folder.parent / "outside" / "secret.png")
    assert enrolled(gallery, folder) == (1, {"link"})
    assert Reference.objects.count() == 1


def test_a_link_to_a_folder_outside_is_not_followed(gallery: str, folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent / "outside")
    assert enrolled(gallery, folder) == (1, {"link"})


def test_a_chain_of_links_that_leads_out_is_not_followed(gallery: str, folder: Path) -> None:
    (folder / "b").symlink_to(folder / "c")
    (folder / "c").symlink_to(folder.parent / "outside" / "secret.png")
    assert enrolled(gallery, folder) == (1, {"link"})


def test_a_link_in_a_circle_ends_nothing(gallery: str, folder: Path) -> None:
    (folder / "loop").symlink_to(folder / "loop")
    assert enrolled(gallery, folder) == (1, {"link"})


def test_a_pipe_among_the_pictures_stops_nothing(gallery: str, folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    assert enrolled(gallery, folder) == (1, set())


@pytest.mark.parametrize(
    "path", ["../outside/secret.png", "{outside}/secret.png", "hopper.png/../../outside/secret.png"]
)
def test_a_path_of_a_manifest_that_climbs_out_is_not_enrolled(gallery: str, folder: Path, path: str) -> None:
    row = path.format(outside=folder.parent / "outside")
    (folder / "m.csv").write_text(f"path\nhopper.png\n{row}\n")
    made, codes = enrolled(gallery, folder / "m.csv")
    assert made == 1
    assert codes
    assert Reference.objects.get().file_name == "hopper.png"


def test_a_picture_that_becomes_a_link_after_it_was_listed_is_not_read(folder: Path) -> None:
    (item,) = read_items(folder)
    (folder / "hopper.png").unlink()
    (folder / "hopper.png").symlink_to(folder.parent / "outside" / "secret.png")
    with pytest.raises((Unusable, BadMedia)):
        item.read()


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,<script>", "ftp://host/x", "\\\\host\\share", "//host"]
)
def test_a_manifest_with_a_link_that_is_code_or_another_protocol_is_refused(folder: Path, link: str) -> None:
    for column in ("source_url", "page_url"):
        (folder / "m.csv").write_text(f"path,{column}\nhopper.png,{link!s}\n".replace("<script>", "x"))
        assert rule_of(lambda: list(read_items(folder / "m.csv"))) == "manifest.bad_row", column


def test_a_manifest_that_states_a_path_of_the_server_shows_only_a_name(gallery: str, folder: Path) -> None:
    (folder / "m.csv").write_text("path,source_url\nhopper.png,file:///srv/undercover/unit-7/h.png\n")
    enrolled(gallery, folder / "m.csv")
    assert Reference.objects.get().source_url == "urn:plainview:file:h.png"


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("file:///srv/a/b%20c.png", "urn:plainview:file:b%20c.png"),
        ("FILE:/srv/a/b.png#2", "urn:plainview:file:b.png#2"),
        ("file://host/share/b.png", "urn:plainview:file:b.png"),
        ("https://police.example/file:/x", "https://police.example/file:/x"),
        ("", ""),
    ],
)
def test_no_form_of_a_path_is_shown(link: str, shown: str) -> None:
    assert without_path(link) == shown


def test_the_link_of_a_file_is_its_name_whatever_the_name_is() -> None:
    assert own_link('custody/"><script>.png') == "urn:plainview:file:custody/%22%3E%3Cscript%3E.png"


def test_a_file_name_that_is_markup_is_text_on_every_page(gallery: str, folder: Path, tmp_path: Path) -> None:
    name = "<script>alert(1)<!-- .png"
    write(collins(), tmp_path / "x.png").rename(folder / name)
    assert enrolled(gallery, folder)[0] == 2
    case()
    found = search(probe(tmp_path)).search
    client = signed_in("examiner")
    for path in (f"/searches/{found.public_id}/", f"/searches/{found.public_id}/candidates/1/examine/"):
        page = client.get(path).content.decode()
        assert "<script>alert(1)" not in page, path


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='x'/>", b"%PDF-1.7\n", b"#EXTM3U\nfile:///etc/passwd", b"GIF89a", b"\0" * 64]
)
def test_what_is_no_photograph_is_one_failure_under_any_name(gallery: str, folder: Path, data: bytes) -> None:
    (folder / "evil.jpg").write_bytes(data)
    made, codes = enrolled(gallery, folder)
    assert made == 1
    assert len(codes) == 1


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.POLICY, "offences = 1"),
        (Kind.POLICY, "= not toml"),
        (Kind.POLICY, SAMPLE + '\nbackdoor = "yes"\n'),
        (Kind.POLICY, SAMPLE.replace("urgent_hours = 48", "urgent_hours = 100000")),
        (Kind.RETENTION, "[[rule]]\nid = 1"),
        (Kind.RETENTION, '[[rule]]\nid = "x"\nwhat = "log"\nafter = "enrolment"\ndays = 0'),
        (Kind.RETENTION, "automatic = 1"),
    ],
)
def test_a_policy_or_rules_that_are_not_valid_are_not_even_proposed(workspace: Path, kind: Kind, text: str) -> None:
    assert rule_of(propose, kind, {"text": text}, reason="a new one now", acting_member=person("admin")) in {
        "policy.invalid",
        "retention.invalid",
    }
    assert not Proposal.objects.exists()


def test_a_picture_named_by_a_path_stays_in_its_folder_when_it_is_read_alone(folder: Path) -> None:
    (item,) = read_items(folder / "hopper.png")
    assert isinstance(item, Item)
    assert item.source_url == "urn:plainview:file:custody/hopper.png"
