"""What verifying a disclosure package finds, and reading what is said to be JSON without believing it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from plainview.recognition.foreign import Unreadable, foreign


@dataclass(frozen=True, slots=True)
class ListedCandidate:
    """One row of a candidate list: rank, reference, cosine and adjusted score as they are recorded (six decimals)."""

    rank: int
    reference: str
    score: str
    adjusted: str

    @property
    def values(self) -> tuple[str, str, str]:
        """What must be the same wherever the row is: everything but the rank, from which erased rows are missing."""
        return self.reference, self.score, self.adjusted


@dataclass
class PackageReport:
    """What verification found; `rerun_identical` is None when the search could not be run again.

    `recorded` is the list as the log committed to it, `again` what came out of the enclosed templates now.
    """

    items: int = 0
    rerun_identical: bool | None = None
    log: str = ""
    search: str = ""
    recorded: list[ListedCandidate] = field(default_factory=list)
    again: list[ListedCandidate] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No check failed, and the search gave the same list."""
        return not self.problems and self.rerun_identical is True


def json_value(data: bytes | str) -> Any:
    """Return the value of JSON text.

    Raises:
        ValueError: it is not JSON, or half a character is in it, which nothing can print or write.
    """
    value = json.loads(data)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def json_bytes(data: bytes, name: str, report: PackageReport) -> Any:
    """The value of a JSON file; None and a problem when it is not JSON."""
    try:
        with foreign():
            return json_value(data.decode("utf-8"))
    except Unreadable:
        report.problems.append(f"{name}: it is not JSON")
        return None


def json_item(items: dict[str, bytes], name: str, report: PackageReport) -> Any:
    """The value of a JSON item; None when it is not there, which is a problem already."""
    return json_bytes(items[name], name, report) if name in items else None
