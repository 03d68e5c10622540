"""`plainview clock`: times in which the log was ahead of the clock, and how two members settle them."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.upkeep.clock import confirm, explain, faults
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, print_rows
from plainview.cli.start import open_workspace
from plainview.policy.clock import WRONG


def clock_list(
    every: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False, json: Json = False
) -> None:
    """List the times in which the log was ahead of the clock, and what was said about each."""
    open_workspace()
    rows = [
        {
            "entry": fault.first,
            "newest_entry_was_of": fault.ahead,
            "clock_said": fault.clock,
            "wrong": fault.wrong or None,
            "explained_by": fault.explained_by.email if fault.explained_by else None,
            "explanation": fault.explanation or None,
            "settled_in_entry": fault.closed_entry,
        }
        for fault in faults(all_of_them=every)
    ]
    heads = ("Entry", "Newest entry was of", "Clock said", "Wrong", "Explained by", "Explanation", "Settled in")
    print_rows("faults", heads, rows, "The log was never ahead of the clock, or all of it is settled.", json=json)


def clock_explain(
    entry: Annotated[int, typer.Argument(help="The entry clock.ahead.")],
    wrong: Annotated[str, typer.Option(help=f"What was wrong: {' or '.join(WRONG)}.")],
    reason: Reason,
    acting: As,
    json: Json = False,
) -> None:
    """Explain why the log was ahead of the clock; another administrator or auditor confirms it."""
    fault = explain(entry, wrong, reason, acting_member=acting_member(acting))
    answer("Recorded. Another administrator or auditor confirms it.", json=json, entry=fault.first, state="explained")


def clock_confirm(
    entry: Annotated[int, typer.Argument(help="The entry clock.ahead.")], acting: As, json: Json = False
) -> None:
    """Confirm another member's explanation of why the log was ahead of the clock."""
    fault = confirm(entry, acting_member=acting_member(acting))
    answer(
        f"Settled in entry {fault.closed_entry}.",
        json=json,
        entry=fault.first,
        state="settled",
        settled_in_entry=fault.closed_entry,
    )
