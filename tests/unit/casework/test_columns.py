"""A column says what it is as Django says it, only sooner."""

from __future__ import annotations

from django.apps import apps
from django.db.models.expressions import Col

from plainview.casework import apps as casework


def test_a_column_is_what_django_says_it_is() -> None:
    columns = [
        column
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        for column in (Col("t", field), Col("t", field, model._meta.pk), Col(None, field, None))
    ]
    assert len(columns) > 1000
    for column in columns:
        told = column.identity
        assert told == casework._general(column)
        assert hash(column) == hash(told)
    named = Col("t", columns[0].target, output_field=columns[-1].target)
    assert named.identity == casework._general(named) != columns[0].identity
