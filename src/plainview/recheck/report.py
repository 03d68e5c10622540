"""Checking a report against a copy of the log: every number that the log can say is counted again.

Needs no workspace and no database. It must never call a report whole of which a number differs, that no entry of the
log holds, or whose log is not the one that its checkpoint was signed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import rfc8785

from plainview.audit.checkpoint import BadCheckpoint, BadKey, parse
from plainview.audit.logfile import LOG_NAME, read_lines, split_line
from plainview.audit.record import BadEntry, parse_line
from plainview.audit.verify import verify_folder
from plainview.policy.decision import Refused
from plainview.policy.reporting import Period
from plainview.recheck.findings import json_value
from plainview.recheck.recount import Recount
from plainview.recognition.foreign import Unreadable, foreign, reason

_MAX_BYTES = 32 << 20  # a report of ten years by day is below a tenth of this
_MAY_LACK = {"flags_raised", "by_programs"}  # the first is an auditor's alone, the second not in earlier versions
_MADE_ENTRY = b'{"action":"report.made"'


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found: numbers compared, the entry that holds the report (None: the copy ends before it), problems."""

    numbers: int
    entry: int | None
    problems: list[str]


def check_report(path: Path, log: Path, *, vkey: str | None = None) -> Checked:
    """Check a report's JSON file against a copy of the log.

    Args:
        path: the file.
        log: the folder of the copy, as `plainview audit export` makes it.
        vkey: the log's key line that is trusted; without it the one in the report is believed.

    Raises:
        Refused: report.unreadable, when there is no report or no log to check.
    """
    try:
        with foreign():
            if path.stat().st_size > _MAX_BYTES:
                raise ValueError("it is too long")
            report_json = json_value(path.read_bytes())
            if report_json["format"] != FORMAT:
                raise ValueError(f"its format is {report_json['format']!r}")
            return _check(report_json, log, vkey)
    except (Unreadable, ValueError) as error:  # BadKey, BadCheckpoint and BadEntry are ValueErrors of ours
        raise Refused(
            "report.unreadable",
            "Not checked",
            f"{path} or {log} cannot be read: {error or type(error).__name__}.",
            "Choose the report's JSON file, and the folder of a copy of the log.",
        ) from None


def _check(report_json: Mapping[str, Any], log: Path, vkey: str | None) -> Checked:
    problems: list[str] = []
    note = str(report_json["checkpoint"])
    try:
        size = parse(note).size
    except BadCheckpoint as error:
        return Checked(0, None, [f"its checkpoint: {error}"])
    if size != report_json["size"]:
        problems.append(f"it states {report_json['size']} entries, its checkpoint {size}")
    try:
        report = verify_folder(log, vkey=vkey or str(report_json["log_key"]), kept_checkpoint=note)
    except BadKey as error:
        return Checked(0, None, [*problems, f"the key of the log: {error}"])
    problems += [f"log: {problem}" for problem in report.problems]
    recount, sha256, entry, last = Recount(str(report_json["agency"]["id"])), digest(report_json), None, 0
    for canonical in _entries(log):
        number = last
        last += 1
        try:
            if number < size:
                recount.add(canonical)
            elif canonical.startswith(_MADE_ENTRY) and parse_line(canonical).subject.get("sha256") == sha256:
                entry = number
        except (BadEntry, KeyError, ValueError) as error:
            problems.append(f"log: entry {number} cannot be counted: {reason(error)}")
    if last > size and entry is None:
        problems.append(
            "no entry of the log holds this report's SHA-256: it was changed after it was made, "
            "or the copy was taken in the moment before"
        )
    numbers = 0
    for name, days in (("counted", "period"), ("counted_before", "before")):
        if report_json[name] is None:
            continue
        period = Period(*(date.fromisoformat(report_json[days][end]) for end in ("since", "until")))
        counted = recount.figures(period)
        gone = counted.keys() - report_json[name].keys() - _MAY_LACK
        problems += [f"{period}, {key.replace('_', ' ')}: the report states nothing" for key in sorted(gone)]
        stated = dict(_leaves(report_json[name]))
        recorded = dict(_leaves({key: value for key, value in counted.items() if key in report_json[name]}))
        numbers += len(recorded)
        for place in dict.fromkeys([*stated, *recorded]):
            said, counted_value = stated.get(place), recorded.get(place)
            if said != counted_value and (said or counted_value):
                problems.append(
                    f"{period}, {place}: the report states {_spoken(said)}, the log records {_spoken(counted_value)}"
                )
    return Checked(numbers, entry, problems)


def _entries(log: Path) -> Iterator[bytes]:
    path = log / LOG_NAME
    for line in read_lines(path, path.stat().st_size):
        try:
            yield split_line(line)[0]
        except BadEntry:
            yield b""  # named by the verification already; counting it fails and says so


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every number with its place in words: ("by offence, robbery", 12)."""
    for name, inner in value.items():
        place = f"{above}, {name}" if above else name.replace("_", " ")
        if isinstance(inner, Mapping):
            yield from _leaves(inner, place)
        else:
            yield place, inner


def _spoken(value: Any) -> str:
    return "nothing" if value is None else str(value)


FORMAT = "plainview-report-1"


def digest(report: Mapping[str, Any]) -> str:
    """The SHA-256 (hex) of a report in RFC 8785 form: however its file is laid out, this stays.

    Raises:
        rfc8785.CanonicalizationError: it holds something that is not JSON.
    """
    return hashlib.sha256(rfc8785.dumps(dict(report))).hexdigest()
