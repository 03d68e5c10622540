"""Checking a published register: its history, its pages, its checkpoint, and with a copy of the log every figure.

Owns the verdict. It needs no workspace, believes nothing that the folder says of itself but what hashes and the log
bear out, and names whatever was taken out, altered or added.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from plainview.audit.checkpoint import BadCheckpoint, VerifierKey, parse, verify
from plainview.audit.logfile import LOG_NAME, read_lines, split_line
from plainview.audit.record import BadEntry, parse_line
from plainview.audit.verify import verify_folder
from plainview.policy.decision import Refused
from plainview.recheck.figures import contradicted, counted_until, figures
from plainview.recheck.findings import json_value
from plainview.recheck.tally import COUNTED, Stated, Tally, months_between
from plainview.recognition.foreign import Unreadable, foreign


def check_register(folder: Path, log: Path | None = None) -> list[str]:
    """Check a published register, and with a copy of the log its figures; return what is wrong. Needs no workspace.

    Raises:
        Refused: register.unreadable.
    """
    try:
        with foreign():
            data = (folder / NAME).read_bytes()
            register = json_value(data)
            problems = _chain(folder, register) + _pages(folder, data)
            key = VerifierKey.parse(str(register["log_key"]))
            size = parse(str(register["checkpoint"])).size
            if log is not None:
                return problems + _log(folder, register, hashlib.sha256(data).hexdigest(), log, size)
    except (Unreadable, ValueError) as error:  # BadKey, BadCheckpoint and BadEntry are ValueErrors of ours
        raise Refused(
            "register.unreadable",
            "Not checked",
            f"{folder} contains no register: {error}.",
            "Choose the folder of a register.",
        ) from None
    try:
        verify(str(register["checkpoint"]), (key,))
    except BadCheckpoint as error:
        problems.append(f"its checkpoint: {error} (after a change of key, check it with a copy of the log)")
    return problems


def _chain(folder: Path, register: dict[str, Any]) -> list[str]:
    """Every register names the one before it, which is unchanged in the history, with no month fewer or other."""
    problems: list[str] = []
    later, before = register, register.get("previous_sha256")
    while before:
        path = folder / HISTORY / f"{before}.json"
        if not path.is_file():
            return [*problems, f"the register {before[:12]}… is missing from its history"]
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != before:
            return [*problems, f"the register {before[:12]}… was changed afterwards"]
        earlier = json_value(data)
        problems += _taken_out(earlier, later)
        later, before = earlier, earlier.get("previous_sha256")
    return problems


def _taken_out(earlier: dict[str, Any], later: dict[str, Any]) -> list[str]:
    """What an earlier register states and a later one no longer does."""
    agencies = {agency["id"]: agency for agency in later["agencies"]}
    problems = []
    for agency in earlier["agencies"]:
        name = agency["name"]
        if agency["id"] not in agencies:
            problems.append(f"{name}: the agency was there before and is gone")
            continue
        rows = agencies[agency["id"]]["by_month"]
        months = {month for period in rows for month in months_between(period["from"], period["until"])}
        for period in agency["by_month"]:
            gone = [month for month in months_between(period["from"], period["until"]) if month not in months]
            problems += [f"{name}: the month {month} was there before and is gone" for month in gone]
            running = agency["sample"] and period["until"] == agency["counted_until"]
            final = period["searches"] is not None and not running
            if not gone and final and period not in rows:
                problems.append(f"{name}: {_span(period)} says other numbers than before")
    return problems


def _pages(folder: Path, data: bytes) -> list[str]:
    """Every file of the site is the one that was written with this register."""
    page = folder / PAGE
    if not page.is_file() and not (folder / SITE).is_file():
        return []  # the data alone, as the live pages give them
    if not page.is_file() or hashlib.sha256(data).hexdigest() not in page.read_text("utf-8", "replace"):
        return [f"{PAGE} was made from another {NAME}"]
    problems = []
    for name, digest in json_value((folder / SITE).read_bytes())["files"].items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            problems.append(f"{name} was changed after it was written")
    return problems


def _site(folder: Path) -> str | None:
    path = folder / SITE
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _log(folder: Path, register: dict[str, Any], digest: str, log: Path, size: int) -> list[str]:
    report = verify_folder(log, vkey=str(register["log_key"]), kept_checkpoint=str(register["checkpoint"]))
    problems = [f"log: {problem}" for problem in report.problems]
    tally, whole = _counted(log, size), _counted(log, report.entries)
    record = whole.published.get(digest)
    if record is None:
        problems.append(f"the log does not record that this {NAME} was published (take a newer copy of it)")
    elif record.get("site_sha256") != _site(folder):
        problems.append(f"{SITE} is not the one whose hash the log holds")
    stated = {agency["id"] for agency in register["agencies"]}
    problems += [f"the agency {gone} of the log is left out" for gone in sorted(tally.opened.keys() - stated)]
    for agency in register["agencies"]:
        problems += [f"{agency['name']}: {problem}" for problem in _agency(agency, register["made_at"], tally)]
    return problems


def _counted(log: Path, size: int) -> Tally:
    """The counts of a copy's first entries."""
    tally, path = Tally(), log / LOG_NAME
    for line in read_lines(path, path.stat().st_size) if path.is_file() else ():
        try:
            entry = parse_line(split_line(line)[0])
        except BadEntry:
            continue  # named by the verification already
        if entry.seq < size and entry.action in COUNTED:
            tally.add(Stated(entry.seq, entry.time, entry.action, entry.subject))
    return tally


_LATER = {"searches_by_programs"}
"""Figures that registers of earlier versions do not have."""


def _agency(agency: dict[str, Any], made_at: str, tally: Tally) -> list[str]:
    """What an agency's part says and the log does not."""
    until = counted_until(datetime.fromisoformat(made_at), sample=agency["sample"])
    opened = tally.opened.get(agency["id"], agency["opened_on"])
    recorded = figures(tally, agency["id"], opened[:7], until, sample=agency["sample"])
    problems = [] if opened == agency["opened_on"] else [f"it was opened on {opened}"]
    rows = {(period["from"], period["until"]): period for period in agency["by_month"]}
    for period in recorded["by_month"]:
        earlier = rows.get((period["from"], period["until"]))
        if earlier is None:
            problems.append(f"{_span(period)} of the log is left out")
        elif earlier != period:
            problems.append(
                f"{_span(period)}: the register states {_period(earlier)}, the log records {_period(period)}"
            )
    problems += [
        f"{name}: the register states {agency.get(name)}, the log records {count}"
        for name, count in recorded.items()
        if name != "by_month" and agency.get(name) != count and not (name in _LATER and name not in agency)
    ]
    for said in agency["attested"]:
        earlier = tally.attested.get(str(said["entry"]), {})
        span = (agency["id"], said["from"], said["until"])
        if (earlier.get("agency"), earlier.get("from"), earlier.get("until")) != span:
            problems.append(f"entry {said['entry']} of the log does not attest {_span(said)}")
        if contradicted(tally, *span) != said["contradicted"]:
            problems.append(f"the log holds searches in {_span(said)}, which is said to be without use")
    return problems


def _span(period: dict[str, Any]) -> str:
    first, last = period["from"], period["until"]
    return f"the month {first}" if first == last else f"the months {first} to {last}"


def _period(period: dict[str, Any]) -> str:
    number = "fewer than 5" if period["searches"] is None else period["searches"]
    cells = [f"{offence} {count}" for offence, count in period["offences"].items()]
    return f"{number} searches ({', '.join([*cells, 'others ' + str(period['other'])])})"


NAME, HISTORY, PAGE, SITE, SCRIPT = "register.json", "history", "index.html", "site.json", "register.js"
