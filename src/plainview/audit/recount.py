"""Count the searches of a public register again in a copy of the log: the second half of the outsider's verifier.

Owns an independent reading of docs/reference/register.md: it shares no code with what makes the register. standalone.py
runs it once the log is found sound. It must never import Plainview, write a file or use the network, and needs Python
3.11 or later only. It is short so that you can read it before you trust it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Counts = Counter[tuple[str, str, str]]  # (agency, month, offence) -> searches

SMALLEST = 5  # smaller numbers are not published
SETTLED = timedelta(hours=1)  # after the end of a month, before it is counted


def recount(data: bytes, folder: Path) -> list[str]:
    """Return what a register.json states otherwise than the log in a folder, which is sound."""
    register = json.loads(data)
    size = int(register["checkpoint"].split("\n")[1])
    counts, digests = read(folder / "log.jsonl", size)
    bad = [] if hashlib.sha256(data).hexdigest() in digests else ["the log does not record its publication"]
    for agency in register["agencies"]:
        bad += [f"{agency['name']}: {problem}" for problem in check(agency, counts)]
    # What no row has counted may only be of a month that was running.
    running = f"{datetime.fromisoformat(register['made_at']) - SETTLED:%Y-%m}"
    bad += sorted({f"{agency}: {month} is left out" for agency, month, _ in counts if month < running})
    return [f"the register: {problem}" for problem in bad]


def read(path: Path, size: int) -> tuple[Counts, set[str]]:
    """Return the searches among the first `size` entries, and the hashes of all registers that were published."""
    counts: Counts = Counter()
    digests = set()
    with path.open("rb") as lines:
        for line in lines:
            entry = json.loads(line)["entry"]
            about: dict[str, Any] = entry["subject"]
            if entry["action"] in ("register.exported", "register.published"):
                digests.add(about["sha256"])
            elif entry["action"] == "search.requested" and entry["seq"] < size:
                written = about.get("clock", entry["at"])  # stated while the log is ahead of the clock
                counts[about["agency"], written[:7], about["offence"]] += 1
    return counts, digests


def check(agency: dict[str, Any], counts: Counts) -> list[str]:
    """Return what is wrong with an agency's rows, and take what they cover out of `counts`."""
    bad, total, recorded = [], 0, 0
    for month in agency["by_month"]:
        total += month["searches"] or 0
        counted: Counter[str] = Counter()
        early = 0  # searches of all its months but the last
        for key in [key for key in counts if key[0] == agency["id"] and month["from"] <= key[1] <= month["until"]]:
            early += counts[key] if key[1] < month["until"] else 0
            counted[key[2]] += counts.pop(key)
        recorded += counted.total()
        if not right(month, counted, early):
            bad.append(f"{month['from']} to {month['until']}: the log records {dict(sorted(counted.items()))}")
    expected = recorded if agency["sample"] else total  # a made-up agency's total is never hidden
    if expected != (agency["searches"] or 0):
        bad.append(f"its rows are {expected} searches, it states {agency['searches']}")
    return bad


def right(month: dict[str, Any], counted: Counter[str], early: int) -> bool:
    """Say whether a row states what was found, and hides no more than it has to."""
    if 0 < counted.total() < SMALLEST:
        return (month["searches"], month["offences"], month["other"]) == (None, {}, 0)
    other = sorted(count for offence, count in counted.items() if offence not in month["offences"])
    # Put together are offences with few searches; one with more only where these alone would be too few.
    hidden = not other or other[-1] < SMALLEST or 0 < sum(other[:-1]) < SMALLEST
    named = {offence: counted[offence] for offence in month["offences"]}
    stated = (month["searches"], month["offences"], month["other"])
    return hidden and early < SMALLEST and stated == (counted.total(), named, sum(other))
