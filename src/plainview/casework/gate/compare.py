"""The one function that compares faces with a gallery.

Owns that a comparison has a ground of the table, that the entry which must come first is in the log, and that the
misuse rules of the ground look at it. An index answers only while this function runs (workspace.guarded). It must never
know who asks or what the answer is for beyond its ground.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeVar

from django.db import transaction

from plainview.casework.log.read import canonical_of
from plainview.casework.misuse.inspection import Comparison, inspect
from plainview.casework.workspace.guarded import answering
from plainview.policy.gate import GROUNDS
from plainview.recognition.types import Vector

T = TypeVar("T")


class NotRecorded(RuntimeError):
    """A comparison without a ground, or before its entry: a fault of the program, never of a person."""


def compare(
    why: Comparison,
    work: Callable[[], T],
    *,
    faces: Callable[[T], Iterable[Vector]] | None = None,
    record: Callable[[T], object] | None = None,
) -> T:
    """Let `work` compare faces with a gallery, then inspect the comparison.

    Args:
        why: the ground, and what the misuse rules need.
        work: does the comparison; indexes answer it, and only it.
        faces: returns the templates that the answer is about, where only the answer says so; see `Vector`.
        record: records the answer, in the transaction of the inspection: one flush to the disk for both.

    Raises:
        NotRecorded: there is no such ground, or its entry is missing; nothing was compared.
    """
    ground = GROUNDS.get(why.ground)
    if ground is None:
        raise NotRecorded(f"There is no ground {why.ground!r} to compare a face with a gallery.")
    if ground.before and not (why.entries and all(_recorded(ground.before, entry) for entry in why.entries)):
        raise NotRecorded(f"The entry {ground.before!r} must be written before a comparison as {why.ground!r}.")
    with answering():
        answer = work()
    with transaction.atomic() if record is not None else nullcontext():
        if ground.rules:
            inspect(why if faces is None else replace(why, templates=tuple(faces(answer))), ground.rules)
        if record is not None:
            record(answer)
    return answer


def _recorded(action: str, entry: int) -> bool:
    # The action comes first in the canonical form of an entry.
    return canonical_of(entry).startswith(f'{{"action":"{action}"'.encode())
