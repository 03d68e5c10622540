"""A row that is inserted without the ORM is the row that the ORM would have saved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from plainview.casework.find import member_by_email
from plainview.casework.models import Enrolment, Gallery, Member, Reference
from plainview.casework.workspace.insert import insert, insert_many


def _reference(gallery: Gallery, run: Enrolment, number: int) -> Reference:
    return Reference(
        gallery=gallery,
        enrolment=run,
        blob="0" * 64,
        face_number=number,
        box=[1.5, 2, 3, 4],
        points=[],
        quality=7,
        quality_detail={"a": 0.25, "é": 1},
        file_name="x'); drop table member; --",
        captured_on=date(2020, 2, 29),
        pack="p",
        template=b"\x00\xff",
    )


def test_inserted_rows_are_those_that_save_writes(workspace: Path) -> None:
    admin: Member = member_by_email("admin@agency.example")
    gallery = Gallery(
        agency=admin.agency,
        name="g",
        legal_basis="l",
        source="s",
        owner="o",
        expires_on=date(2999, 1, 1),
        created_by=admin,
    )
    insert(gallery)
    assert Gallery.objects.get().pk == gallery.pk
    assert abs((datetime.now(UTC) - Gallery.objects.get().created_at).total_seconds()) < 60
    run = Enrolment.objects.create(gallery=gallery, member=admin)
    _reference(gallery, run, 1).save()
    insert_many([_reference(gallery, run, 2), _reference(gallery, run, 3)])
    insert_many([])
    hidden = {"id", "public_id", "face_number"}
    saved, *inserted = (
        {name: value for name, value in row.items() if name not in hidden}
        for row in Reference.objects.order_by("face_number").values()
    )
    assert inserted == [saved, saved]
    assert len({row.public_id for row in Reference.objects.all()}) == 3
    known = [_reference(gallery, run, 5), _reference(gallery, run, 4)]
    insert_many(known, known_by="public_id")
    assert [Reference.objects.get(pk=row.pk).face_number for row in known] == [5, 4]
    known[1].quality = 8
    known[1].save()  # an update too
    assert list(Reference.objects.order_by("face_number").values_list("quality", flat=True)) == [7, 7, 7, 8, 7]
    gallery.name = "renamed"
    gallery.save()  # an update: the row knows that it is stored
    assert [g.name for g in Gallery.objects.all()] == ["renamed"]
