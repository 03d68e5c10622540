"""What an expunge leaves: nothing of the reference in any table or file, whoever made something from it; and its list."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from django.apps import apps
from django.db import connection
from tests.factories.models import collins
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.enrolment.near import open_hash
from plainview.casework.erasure import erasers
from plainview.casework.erasure.expunge import expunge
from plainview.casework.erasure.expunged import Line, bring_level, list_file, mark, read_list
from plainview.casework.erasure.read import _KEEPERS, _KEEPERS_OF_LISTS
from plainview.casework.examination.examine import examine
from plainview.casework.galleries.read import open_template
from plainview.casework.models import Enrolment, NearDuplicate, Reference
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.examination import COMPONENTS, POTENTIAL
from plainview.storage.base import digest_of


@pytest.fixture
def filled(workspace: Path, tmp_path: Path) -> Path:
    """A gallery that was searched and examined, with a near duplicate and a failure under the same name."""
    pictures = tmp_path / "pictures"
    gallery(pictures)
    case()
    found = search(probe(tmp_path)).search
    similar = dict.fromkeys(COMPONENTS, "similar")
    examine(found.public_id, 1, components=similar, conclusion=POTENTIAL, acting_member=person("examiner"))
    more = tmp_path / "more"
    more.mkdir()
    cv2.imwrite(str(more / "copy.jpg"), collins().pixels)
    (more / "collins.png").write_text("no picture under the same name")
    enrol("g", read_items(more), acting_member=person("admin"))
    return pictures


def traces(row: Reference) -> dict[str, bytes]:
    """Everything that could be left of a reference, as bytes."""
    plain = open_template(row.public_id, row.template)
    return {
        "file name": row.file_name.encode(),
        "source": row.source_url.encode(),
        "digest": row.blob.encode(),
        "digest as bytes": bytes.fromhex(row.blob),
        "digest of the face's file": str(row.face_file).encode(),
        "sealed template": bytes(row.template),
        "template": plain.tobytes(),
        "template float16": plain.astype(np.float16).tobytes(),
        "sealed hash": bytes(row.picture_hash),
        "hash": open_hash(bytes(row.picture_hash), row.public_id),
    }


def everywhere(home: Path) -> dict[str, bytes]:
    """Every row of every table, and every file of the workspace."""
    held: dict[str, bytes] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            cells = [cell for row in cursor.fetchall() for cell in row]
            held[table] = b"\0".join(c if isinstance(c, bytes) else str(c).encode() for c in cells)
    for path in home.rglob("*"):
        if path.is_file():
            held[str(path)] = path.name.encode() + b"\0" + path.read_bytes()
    return held


def test_nothing_is_left_in_any_table_or_file(filled: Path, workspace: Path) -> None:
    row = Reference.objects.get(file_name="collins.png")
    assert NearDuplicate.objects.filter(near=row).exists()
    assert any(one["path"] == "collins.png" for one in Enrolment.objects.get(source_kind="folder").failed)
    wanted = traces(row)
    before = everywhere(workspace)
    assert [name for name, trace in wanted.items() if any(trace in data for data in before.values())] == [
        "file name",
        "source",
        "digest",
        "digest of the face's file",
        "sealed template",
        "sealed hash",
    ]
    done = expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert done.picture_erased
    assert done.journal_emptied
    left = {
        (name, place)
        for place, data in everywhere(workspace).items()
        for name, trace in wanted.items()
        if trace in data
    }
    assert left == set()
    assert not NearDuplicate.objects.exists()


def test_every_table_that_names_a_reference_is_known_to_erasing() -> None:
    """A new model that points at references has to be thought of: give it an eraser, then name it here."""
    pointing = {
        model._meta.db_table
        for model in apps.get_app_config("casework").get_models()
        for field in model._meta.get_fields()
        if field.many_to_one and field.related_model is Reference
    }
    assert pointing == {
        "candidate",  # a rank and a score of a row that is blank now
        "candidate_picture",  # a score of a row that is blank now
        "gallery_change",  # the ordered log: a number and what happened
        "hold",  # none in force: it would have kept the reference
        "near_duplicate",  # erasers.near_duplicates
        "proficiency_item",  # erasers.proficiency_items
        "retention_event",  # the day and the authority by which it went
        "subject",  # its lead; the mean is made again from the pictures that are left
        "subject_finding",  # whose it was, for the person's own answer; what it says of it is sealed
        "verification_item",  # a conclusion about a row that is blank now
    }
    assert [eraser.__name__ for eraser in erasers.ERASERS] == [
        "near_duplicates",
        "run_lists",
        "proficiency_items",
        "disclosure_packages",
        "stored_answers",
        "picture",
    ]


def test_every_table_that_keeps_pictures_is_an_owner() -> None:
    """A new model with the digest of a picture has to be thought of: give it an owner, then name it here."""
    keeping = {
        model._meta.db_table
        for model in apps.get_app_config("casework").get_models()
        for field in model._meta.get_fields()
        if "blob" in field.name or field.name == "face_file"
    }
    listed = {model._meta.db_table for model, _, _ in (*_KEEPERS, *_KEEPERS_OF_LISTS)}
    assert keeping <= listed | {"pending_erasure"}


def test_a_picture_that_is_also_a_probe_stays(filled: Path, workspace: Path) -> None:
    search(filled / "collins.png")
    row = Reference.objects.get(file_name="collins.png")
    done = expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert not done.picture_erased
    assert services().blobs.exists(row.blob)


def test_the_file_of_a_face_stays_while_another_gallery_needs_it(filled: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "others", name="other")
    here, there = Reference.objects.filter(file_name="collins.png").order_by("pk")
    assert here.face_file == there.face_file
    for row, left in ((here, True), (there, False)):
        digest = str(row.face_file)
        expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
        assert services().blobs.exists(digest) is left


def test_the_list_is_made_of_the_log_and_made_again_when_it_is_lost(filled: Path) -> None:
    row = Reference.objects.get(file_name="collins.png")
    entry = expunge(row.public_id, reason="by order of the court", acting_member=person("admin")).entry
    expected = [Line(entry, row.public_id, mark(row.blob), False)]
    assert read_list(list_file()) == expected
    assert list_file().stat().st_mode & 0o777 == 0o600
    list_file().unlink()
    assert read_list(list_file()) == []
    assert bring_level() == bring_level() == read_list(list_file()) == expected
    (logged,) = entries("reference.expunged")
    assert logged.subject["picture_mark"] == mark(row.blob)
    list_file().write_text('{"entry": 1}\n')
    with pytest.raises(Refused) as caught:
        bring_level()
    assert caught.value.rule_id == "expunged.damaged"


def test_a_mark_says_nothing_without_the_key(workspace: Path) -> None:
    digest = digest_of(b"picture")
    before = mark(digest)
    assert before not in {digest, digest_of(digest.encode())}
    key = workspace / "keys" / "expunge.key"
    key.write_bytes(bytes(32))
    services.cache_clear()  # as in another process
    assert mark(digest) != before
