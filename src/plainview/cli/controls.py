"""`plainview controls`: which points of security standards and of the law are met, and what shows it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from plainview.cli.common import Json, print_json, print_table, say
from plainview.policy.decision import Refused
from plainview.recheck.controls import STATES
from plainview.recheck.controls import controls as read


def controls(
    standard: Annotated[str, typer.Option(help='Part of a standard\'s name, such as "ASVS".')] = "",
    state: Annotated[str, typer.Option(help=f"One of: {'; '.join(STATES)}.")] = "",
    json: Json = False,
) -> None:
    """Show how many points of each standard are met, or with --state those points, each with its file and test."""
    if state and state not in STATES:
        raise Refused(
            "controls.state", "Not shown", f"There is no state {state!r}.", f"Choose one of: {'; '.join(STATES)}."
        )
    chosen = [
        control for control in read() if standard.lower() in control.standard.lower() and state in ("", control.state)
    ]
    if json:
        print_json({"controls": [control._asdict() for control in chosen]})
    elif state:
        for control in chosen:
            say(f"{control.standard} {control.number}: {control.text}. {control.why}".rstrip())
            if control.file:
                say(f"    {control.file}  {control.test}".rstrip())
    else:
        counts = Counter((control.standard, control.state) for control in chosen)
        names = list(dict.fromkeys(control.standard for control in chosen))
        print_table(("standard", *STATES), [(name, *(counts[name, known] for known in STATES)) for name in names])
