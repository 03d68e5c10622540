"""The proof of a retention run: its form, and its check by anyone, without a workspace and without its operator.

Owns the JSON form `plainview.retention.v1`. What it shows: the list that was proposed is the list that was approved and
worked off, every erased line has its entry, and all these entries are in the log that the checkpoint signs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from plainview.audit.checkpoint import BadCheckpoint, BadKey, VerifierKey, verify
from plainview.audit.merkle import leaf_hash, verify_inclusion
from plainview.audit.record import BadEntry, parse_line
from plainview.recheck.findings import json_value
from plainview.recognition.foreign import Unreadable, foreign

FORM = "plainview.retention.v1"

_NAMES = {
    "references": ("reference",),
    "searches": ("search", "shared_request"),
    "drafts": ("preparation",),
    "videos": ("video",),
    "alerts": ("alert",),
}
"""What a line is about -> under which name its entry has the id; a rule about searches also erases ended requests to
another agency."""


class NoProof(ValueError):
    """This is not the proof of a run."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Result of a check: the run, its lines by outcome, and the problems; sound when there are none."""

    run: str
    agency: str
    states: dict[str, int]
    problems: list[str]


def check_proof(text: str, *, vkey: str | None = None) -> Checked:
    """Check a proof.

    Args:
        text: the JSON file.
        vkey: the log's key line that the reader trusts; without one, the key that the file itself names.

    Raises:
        NoProof: the text is not such a file.
    """
    try:
        with foreign():
            proof: dict[str, Any] = json_value(text)
            if proof["type"] != FORM:
                raise NoProof("this is not the proof of a retention run")
            return _checked(proof, VerifierKey.parse(vkey or str(proof["vkey"])))
    except (Unreadable, BadKey, BadCheckpoint, BadEntry):
        raise NoProof("this is not the proof of a retention run, or it is damaged") from None


def _checked(proof: dict[str, Any], key: VerifierKey) -> Checked:
    problems: list[str] = []
    try:
        signed = verify(str(proof["checkpoint"]), (key,))
        size, root = signed.size, signed.root
    except BadCheckpoint as error:
        problems.append(f"checkpoint: {error}")
        size, root = int(proof["size"]), bytes.fromhex(proof["root"])
    if (size, root.hex()) != (proof["size"], proof["root"]):
        problems.append("the checkpoint is of another log than the proofs")
    entries = _entries(proof, size, root, problems)
    items = proof["items"]
    digest = hashlib.sha256("".join(_line(item) for item in items).encode()).hexdigest()
    for step in ("proposed", "approved", "done"):
        entry = entries.get(proof["steps"][step])
        if entry is None or (entry[0], entry[1].get("run")) != (f"retention.{step}", proof["run"]):
            problems.append(f"the run's own entry {step!r} is missing")
        elif entry[1].get("list_sha256") != digest:
            problems.append(f"the list is not the one that was {step}")
    states: dict[str, int] = {}
    for item in items:
        states[item["state"]] = states.get(item["state"], 0) + 1
        if item["state"] == "erased":
            _erased(proof["run"], item, entries, problems)
    _, done = entries.get(proof["steps"]["done"], ("", {}))
    for state in ("erased", "held", "gone", "kept"):
        if done and done.get(state) != states.get(state, 0):
            problems.append(f"the log says that {done.get(state)} lines are {state}, the file {states.get(state, 0)}")
    return Checked(str(proof["run"]), str(proof["agency"]), states, problems)


def _entries(
    proof: dict[str, Any], size: int, root: bytes, problems: list[str]
) -> dict[int, tuple[str, dict[str, Any]]]:
    events: dict[int, tuple[str, dict[str, Any]]] = {}
    for entry in proof["entries"]:
        canonical, number = str(entry["canonical"]).encode(), int(entry["entry"])
        steps = [bytes.fromhex(step) for step in entry["proof"]]
        if not verify_inclusion(leaf_hash(canonical), number, size, steps, root):
            problems.append(f"entry {number} is not in the log that the checkpoint signs")
            continue
        try:
            parsed = parse_line(canonical)
        except BadEntry as error:
            problems.append(f"entry {number}: {error}")
            continue
        events[number] = parsed.action, dict(parsed.subject)
    return events


def _erased(
    run: str, item: dict[str, Any], entries: dict[int, tuple[str, dict[str, Any]]], problems: list[str]
) -> None:
    named = f"line {item['number']} ({item['what']} {item['subject']})"
    entry = entries.get(item["entry"])
    if not item["planned"]:
        problems.append(f"{named} was erased and not approved")
    if entry is None:
        problems.append(f"{named} has no entry")
    elif item["subject"] not in [entry[1].get(name) for name in _NAMES[item["what"]]] or (
        entry[1].get("run"),
        entry[1].get("rule"),
    ) != (run, item["rule"]):
        problems.append(f"{named}: its entry {item['entry']} is about something else")


def _line(item: dict[str, Any]) -> str:
    """As casework.queries.retention.digest_of_lines freezes it."""
    frozen = [
        item["what"],
        item["subject"],
        item["rule"],
        item["due_on"],
        item["planned"],
        item["holds"],
    ]
    return json.dumps(frozen, ensure_ascii=False, separators=(",", ":")) + "\n"
