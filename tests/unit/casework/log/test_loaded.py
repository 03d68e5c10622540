"""A row that is loaded without Django's constructor is the instance that Django would have made."""

from __future__ import annotations

from pathlib import Path

from django.db import models

from plainview.casework.models import Member, Search
from plainview.casework.models.rows import Recorded


def test_a_loaded_row_is_as_django_loads_it(workspace: Path) -> None:
    for row in Member.objects.all():
        names = [field.attname for field in Member._meta.concrete_fields]
        values = [getattr(row, name) for name in names]
        as_django = super(Recorded, Member).from_db("default", names, values)
        assert (
            (row._state.adding, row._state.db) == (as_django._state.adding, as_django._state.db) == (False, "default")
        )
        assert {name: value for name, value in vars(row).items() if name != "_state"} == {
            name: value for name, value in vars(as_django).items() if name != "_state"
        }
        assert row.agency.pk == row.agency_id  # a relation is loaded when it is asked for
        assert row == as_django


def test_a_row_of_which_columns_are_left_out_loads_them_when_they_are_asked_for(workspace: Path) -> None:
    row = Member.objects.only("email").order_by("pk")[0]
    assert row.get_deferred_fields() >= {"name", "roles"}
    assert row.name == Member.objects.get(pk=row.pk).name


def test_no_recorded_model_has_a_constructor_of_its_own() -> None:
    for model in Recorded.__subclasses__():
        assert model.__init__ in (models.Model.__init__, Member.__init__), model
    assert Search in Recorded.__subclasses__()
