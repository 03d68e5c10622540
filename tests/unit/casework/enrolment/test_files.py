"""Nothing outside the folder is enrolled unless it is asked for, and no link ends a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from plainview.casework.enrolment.files import Beneath
from plainview.casework.enrolment.items import Item, Unusable
from plainview.casework.enrolment.manifest import read_items


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with links: to a secret, to a folder outside, in a circle, to nothing, and to a picture inside."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "shadow.jpg").write_bytes(b"secret")
    folder = tmp_path / "desk"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"a")
    (folder / "sub" / "b.jpg").write_bytes(b"b")
    (folder / "circle").symlink_to("circle")
    (folder / "inside.jpg").symlink_to("sub/b.jpg")
    (folder / "nothing.jpg").symlink_to("gone.jpg")
    (folder / "out.jpg").symlink_to(tmp_path / "secret" / "shadow.jpg")
    (folder / "sub" / "up").symlink_to("..")
    (folder / "zelsewhere").symlink_to(tmp_path / "secret")
    return folder


def outcome(item: Item) -> str:
    try:
        return item.read().decode()
    except Unusable as bad:
        return bad.code


def test_links_that_lead_out_or_nowhere_are_failures_and_the_rest_is_read(folder: Path) -> None:
    assert [(item.name, outcome(item)) for item in read_items(folder)] == [
        ("a.jpg", "a"),
        ("circle", "link"),
        ("inside.jpg", "b"),
        ("nothing.jpg", "link"),
        ("out.jpg", "link"),
        ("sub/b.jpg", "b"),
        ("sub/up", "link"),
        ("zelsewhere", "link"),
    ]


def test_outside_is_followed_when_asked_each_folder_once(folder: Path) -> None:
    read = [(item.name, outcome(item)) for item in read_items(folder, outside=True)]
    assert ("out.jpg", "secret") in read
    assert ("zelsewhere/shadow.jpg", "secret") in read
    assert ("circle", "link") in read
    assert len(read) == 7


def test_a_path_of_a_manifest_that_leads_out_is_one_failure(folder: Path) -> None:
    secret = folder.parent / "secret" / "shadow.jpg"
    (folder / "m.csv").write_text(f"path\na.jpg\n../secret/shadow.jpg\n{secret}\nout.jpg\nzelsewhere/shadow.jpg\n")
    assert [outcome(item) for item in read_items(folder / "m.csv")] == ["a", *["outside"] * 4]
    assert [outcome(item) for item in read_items(folder / "m.csv", outside=True)] == ["a", *["secret"] * 4]


def test_a_file_that_is_exchanged_for_a_link_after_it_was_listed_is_not_read(folder: Path) -> None:
    (item, *_) = read_items(folder)
    (folder / "a.jpg").unlink()
    (folder / "a.jpg").symlink_to(folder.parent / "secret" / "shadow.jpg")
    assert outcome(item) == "outside"
    assert Beneath(folder / "sub" / "b.jpg", folder)() == b"b"
