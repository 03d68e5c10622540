"""Every sealed column is sealed again, and nothing else is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import BinaryField
from tests.factories.work import case, entries, gallery, probe, search

from plainview.casework.enrolment.near import open_hash
from plainview.casework.models import LogOpening, Reference, WorkspaceState
from plainview.casework.upkeep import reseal
from plainview.casework.workspace.folder import write_private
from plainview.casework.workspace.keys import digest
from plainview.casework.workspace.services import services
from plainview.storage.seal import SealBroken, Sealer

NOT_SEALED = {
    ("LogEntry", "canonical"),
    ("LogEntry", "leaf"),
    ("LogEntry", "frontier"),
    ("PublishedRegister", "data"),
}


def test_every_binary_column_is_sealed_or_said_not_to_be() -> None:
    columns = {
        (model.__name__, field.name)
        for model in apps.get_app_config("casework").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField)
    }
    sealed = {(column.model.__name__, column.column) for column in reseal.SEALED}
    assert not sealed & NOT_SEALED
    assert columns == sealed | NOT_SEALED


@pytest.fixture
def two_keys(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a search, in the state between two keys: the new one is in force, the old one still opens."""
    gallery(tmp_path / "pictures")
    case()
    search(probe(tmp_path))
    reseal._begin(services().workspace, "a disk was lost")
    services.cache_clear()
    return workspace


def test_between_two_keys_everything_opens_and_what_is_new_needs_the_new_key_only(two_keys: Path) -> None:
    assert sorted(path.name for path in (two_keys / "keys").glob("blobs.key*")) == ["blobs.key", "blobs.key.old"]
    assert entries("workspace.key_changed")[0].subject["keys"] == {
        "blobs.key": digest("blobs.key", (two_keys / "keys" / "blobs.key").read_bytes())
    }
    store = services().blobs
    assert all(store.get(name) for name in store.digests())
    fresh = store.put(b"fresh")
    alone = Sealer((two_keys / "keys" / "blobs.key").read_bytes()).derive("blobs")
    assert alone.open((two_keys / "blobs" / fresh[:2] / fresh).read_bytes(), f"blob:{fresh}".encode()) == b"fresh"


def test_afterwards_nothing_needs_the_old_key(two_keys: Path) -> None:
    old = Sealer((two_keys / "keys" / "blobs.key.old").read_bytes())
    assert reseal._seal_pictures(lambda _: None) >= 2
    assert reseal._seal_rows() > 10
    assert reseal._seal_pictures(lambda _: None) == reseal._seal_rows() == 0, "twice changes nothing"
    reseal._end(services().workspace, 1, 1)
    assert not list((two_keys / "keys").glob("blobs.key.*"))
    reference = Reference.objects.exclude(template=b"")[0]
    context = f"template:{reference.public_id}".encode()
    assert services().templates.open(bytes(reference.template), context)
    with pytest.raises(SealBroken):
        old.derive("templates").open(bytes(reference.template), context)
    assert len(open_hash(bytes(reference.picture_hash), reference.public_id)) == 32
    opening = LogOpening.objects.first()
    assert opening is not None
    assert services().openings.open(bytes(opening.sealed), f"opening:{opening.entry_id}:{opening.name}".encode())
    assert entries("workspace.key_destroyed")[0].subject["key"] == digest("blobs.key", old._key)


@pytest.mark.parametrize("old_is_there", [False, True])
def test_a_change_that_was_killed_after_its_entry_is_completed_at_the_next_opening(
    workspace: Path, *, old_is_there: bool
) -> None:
    keys, new = workspace / "keys", os.urandom(32)
    before = (keys / "blobs.key").read_bytes()
    write_private(keys / "blobs.key.next", new)
    reseal.finish_key_change(services().workspace)
    assert (keys / "blobs.key").read_bytes() == before, "without an entry the key that waits is none"
    state = WorkspaceState.objects.get()
    state.keys["blobs.key"] = digest("blobs.key", new)
    state.save()
    if old_is_there:
        write_private(keys / "blobs.key.old", before)
    reseal.finish_key_change(services().workspace)
    assert ((keys / "blobs.key").read_bytes(), (keys / "blobs.key.old").read_bytes()) == (new, before)
    assert not (keys / "blobs.key.next").exists()
