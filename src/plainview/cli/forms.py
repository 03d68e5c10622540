"""Forms that a person fills in: TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.policy.decision import Refused

Form = Annotated[Path, typer.Argument(help="The filled-in form.")]


def read_form(path: Path, fields: set[str], optional: str = "") -> dict[str, Any]:
    """Return the answers of a form.

    Raises:
        Refused: form.invalid, when it cannot be read or has other fields.
    """
    try:
        filled = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise bad_form(path, "it must be a TOML file that can be read") from None
    if filled.keys() - {optional} != fields:
        raise bad_form(path, f"it must have exactly these fields: {', '.join(sorted(fields))}")
    return filled


def words_of(table: object) -> dict[str, str]:
    """Return a table of a form after checking that every answer is a text.

    Raises:
        Refused: form.invalid.
    """
    if not isinstance(table, dict) or not all(isinstance(word, str) for word in table.values()):
        raise Refused("form.invalid", "Form refused", "An answer is not text.", "Put every answer in quotes.")
    return table


def bad_form(path: Path, rule: str) -> Refused:
    """Return the refusal of a form that breaks a rule."""
    return Refused(
        "form.invalid",
        "Form refused",
        f"{path} cannot be used: {rule}.",
        "Print an empty form and fill it in.",
    )
