"""One finding of `plainview doctor`, and the guard that turns an error of a check into a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from plainview.cli.errors import explain


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: what was checked.
        state: "ok", "warn" (it works, but) or "fail".
        says: the finding, in a sentence.
        next_step: what fixes it; empty if there is nothing to fix.
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    says: str
    next_step: str = ""


def guarded(name: str, check: Callable[[], Iterator[Check]]) -> list[Check]:
    """Return the findings of a check; an error is a finding too, and does not stop the other checks."""
    findings: list[Check] = []
    try:
        findings += check()
    except Exception as error:  # the doctor reports anything that is broken
        why, next_step = explain(error)
        findings.append(Check(name, "fail", why, next_step))
    return findings
