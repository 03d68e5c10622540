"""Prepared queries: the rows of the ordinary query, for every new value, checked like any row."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories.work import case, person

from plainview.casework.models import Case, Member
from plainview.casework.models.rows import reading
from plainview.casework.workspace.prepared import Prepared


@pytest.fixture
def cases(workspace: Path) -> list[Case]:
    for number in ("C-1", "C-2", "C-3"):
        case(number)
    return list(Case.objects.select_related("agency").order_by("pk"))


def by_number() -> Prepared:
    return Prepared(
        lambda agency, number: Case.objects.select_related("agency").filter(agency=agency, number=number)[:1], int, str
    )


def test_it_returns_the_rows_of_the_ordinary_query_for_each_value(cases: list[Case]) -> None:
    prepared = by_number()
    for known in [*cases, *cases]:
        found = prepared.first(known.agency_id, known.number)
        assert {f.attname: getattr(found, f.attname) for f in Case._meta.concrete_fields} == {
            f.attname: getattr(known, f.attname) for f in Case._meta.concrete_fields
        }
        with CaptureQueriesContext(connection) as asked:
            assert found.agency == known.agency
        assert len(asked) == 0
    assert prepared.first(cases[0].agency_id, "C-4") is None
    assert prepared.first(cases[0].agency_id + 1, "C-1") is None


def test_moments_and_columns_are_values_too(cases: list[Case]) -> None:
    since = Prepared(
        lambda at: Case.objects.filter(opened_at__gte=at).order_by("pk").values_list("number", flat=True), datetime
    )
    middle = cases[1].opened_at
    assert list(since(middle)) == ["C-2", "C-3"]
    assert list(since(middle + timedelta(days=1))) == []
    assert list(since(timezone.now() - timedelta(days=1))) == ["C-1", "C-2", "C-3"]


def test_a_loaded_row_waits_for_its_check_as_from_any_query(workspace: Path) -> None:
    prepared = Prepared(lambda key: Member.objects.filter(pk=key), int)
    with reading(lambda: None) as loaded:
        (member,) = prepared(person("examiner").pk)
        assert (Member, member.pk) in loaded.waiting


def test_queries_that_wait_do_not_mix_their_values(cases: list[Case]) -> None:
    prepared = by_number()
    waiting = [prepared(known.agency_id, known.number) for known in cases]
    assert [next(iter(asked)).number for asked in reversed(waiting)] == ["C-3", "C-2", "C-1"]


def test_a_query_that_drops_a_value_is_refused(workspace: Path) -> None:
    with pytest.raises(ValueError, match="no place"):
        Prepared(lambda key: Member.objects.all(), int)(1)
