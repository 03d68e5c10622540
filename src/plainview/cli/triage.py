"""The commands of reviewing a candidate list: examine aside, examine none."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework.search.candidates import answered, candidates_of
from plainview.casework.triage.aside import none_of_these, set_aside, take_back, take_none_back
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer
from plainview.policy.triage import REASONS

Undo = Annotated[bool, typer.Option("--undo", help="Take it back; the first decision stays on record.")]


def examine_aside(
    search: str,
    rank: int,
    acting: As,
    reason: Annotated[str, typer.Option(help=f"One of: {', '.join(REASONS.values())}.")] = "",
    undo: Undo = False,
    json: Json = False,
) -> None:
    """Set a candidate aside after a quick look, or take that back: a review, not an examination."""
    member = acting_member(acting)
    if undo:
        decision = take_back(search, rank, acting_member=member)
        answer(f"Candidate {rank} is open again.", json=json, search=search, rank=rank, entry=decision.undo_entry)
        return
    decision = set_aside(search, rank, REASONS.get(reason, reason), acting_member=member)
    answer(
        f"Candidate {rank} is set aside: {decision.reason}. This is a review, not an examination.",
        json=json,
        search=search,
        rank=rank,
        reason=decision.reason,
        entry=decision.entry,
    )


def examine_none(
    search: str,
    acting: As,
    statement: Annotated[str, typer.Option(help="What sets all of the candidates apart from the probe.")] = "",
    undo: Undo = False,
    json: Json = False,
) -> None:
    """Conclude that no candidate of a list is the person, or take that back."""
    member = acting_member(acting)
    if undo:
        conclusion = take_none_back(search, acting_member=member)
        answer("The list is open again.", json=json, search=search, entry=conclusion.undo_entry)
        return
    every = {candidate.rank for candidate in candidates_of(answered(search, member))}
    conclusion = none_of_these(search, statement, every, acting_member=member)
    answer(
        f"None of these {conclusion.count}: recorded as a review, not an examination.",
        json=json,
        search=search,
        candidates=conclusion.count,
        entry=conclusion.entry,
    )
