"""Makes all tables of a new workspace in one step, and adds columns in one step: by single operations Django renders every
model after each, for seconds."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddField, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field, Model


class AtOnce(Operation):
    """The operations of a migration: it makes tables, each as the last operation leaves it, and adds columns.

    A new column may be null or has a default of the database, so that no table is copied for it.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Take what `makemigrations` wrote."""
        self.operations = list(operations)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Follow every operation, without rendering in between."""
        state.__dict__.pop("apps", None)  # a cached property; it renders again when it is asked for
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Make the tables with all their columns, constraints and indexes."""
        for operation in self.operations:
            if isinstance(operation, CreateModel):
                model = to_state.apps.get_model(app_label, operation.name)
                if self.allow_migrate_model(schema_editor.connection.alias, model):
                    schema_editor.create_model(model)
            elif isinstance(operation, AddField) and (app_label, operation.model_name_lower) in from_state.models:
                _add(schema_editor, to_state.apps.get_model(app_label, operation.model_name), operation)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Remove them, the newest first."""
        for operation in reversed(self.operations):
            if isinstance(operation, CreateModel):
                schema_editor.delete_model(from_state.apps.get_model(app_label, operation.name))


def _add(schema_editor: BaseDatabaseSchemaEditor, model: type[Model], operation: AddField) -> None:
    field = model._meta.get_field(operation.name)
    assert isinstance(field, Field)  # noqa: S101
    if not (field.null or field.has_db_default()):
        raise ValueError(f"{operation.model_name}.{operation.name} needs a default of the database")
    # SQLite's own editor copies the table for a column that is not null; a constant default needs no copy.
    BaseDatabaseSchemaEditor.add_field(schema_editor, model, field)
