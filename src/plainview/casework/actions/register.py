"""Publishing the register: a static site and its JSON in one folder, which the operator can put anywhere.

Owns the folder's form. Earlier registers stay in `history/`, each names the hash of the one before, so that a month
that was taken out afterwards shows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from plainview.audit.checkpoint import BadCheckpoint, VerifierKey, parse, verify
from plainview.audit.durable import replace_file
from plainview.audit.logfile import LOG_NAME, read_lines, split_line
from plainview.audit.record import BadEntry, parse_line
from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import newest_checkpoint, write_entry
from plainview.casework.models import Member
from plainview.casework.queries.register import register
from plainview.casework.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

_PUBLIC = 0o644  # a web server of another user reads it

NAME, HISTORY, PAGE = "register.json", "history", "index.html"


@dataclass(frozen=True, slots=True)
class Published:
    """Where a register was written, its SHA-256, and how many agencies it lists."""

    folder: Path
    sha256: str
    agencies: int


def export_register(folder: Path, *, acting_member: Member) -> Published:
    """Write the register into a folder; one that is there already becomes history.

    Raises:
        Refused: no permission, or the folder holds something else.
        OSError: the disk refused.
    """
    with acting("register.export", Permission.REGISTER_EXPORT, acting_member):
        previous = _previous(folder)
        told: dict[str, Any] = register()
        told |= {
            "made_at": timezone.now().isoformat(timespec="seconds"), "log": services().origin,
            "log_key": services().first_key.text, "checkpoint": newest_checkpoint(),
            "previous_sha256": hashlib.sha256(previous).hexdigest() if previous else None,
        }  # fmt: skip
        data = json.dumps(told, indent=1, ensure_ascii=False).encode()
        digest = hashlib.sha256(data).hexdigest()
        page = render_to_string(
            "register.html", {"register": told, "sha256": digest, "history": _history(folder)}
        )
        (folder / HISTORY).mkdir(parents=True, exist_ok=True)
        written = {NAME: data, PAGE: page.encode()}
        if previous:
            written[f"{HISTORY}/{hashlib.sha256(previous).hexdigest()}.json"] = previous
        for name, content in written.items():
            replace_file(folder / name, content)
            (folder / name).chmod(_PUBLIC)
        write_entry(
            "register.exported",
            {"agency": acting_member.agency.public_id, "sha256": digest, "agencies": len(told["agencies"])},
            acting_member=acting_member,
        )
    return Published(folder, digest, len(told["agencies"]))


def _previous(folder: Path) -> bytes:
    if not folder.exists():
        return b""
    held = folder / NAME
    if not folder.is_dir() or (any(folder.iterdir()) and not held.is_file()):
        raise Refused(
            "register.folder", "Nothing published", f"{folder} holds something else than a register.",
            "Name a new folder, or one that holds an earlier register.",
        )  # fmt: skip
    return held.read_bytes() if held.is_file() else b""


def _history(folder: Path) -> list[str]:
    held = folder / HISTORY
    return sorted(path.name for path in held.glob("*.json")) if held.is_dir() else []


def check_register(folder: Path, log: Path | None = None) -> list[str]:
    """Check a published register, and with a copy of the log its totals; return what is wrong. Needs no workspace.

    Raises:
        Refused: register.unreadable.
    """
    try:
        data = (folder / NAME).read_bytes()
        told = json.loads(data)
        problems = _chain(folder, told)
        key = VerifierKey.parse(str(told["log_key"]))
        size = parse(str(told["checkpoint"])).size
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            "register.unreadable", "Not checked", f"{folder} holds no register: {error}.", "Name its folder."
        ) from None
    page = folder / PAGE
    if not page.is_file() or hashlib.sha256(data).hexdigest() not in page.read_text("utf-8"):
        problems.append(f"{PAGE} was made from another {NAME}")
    if log is not None:
        problems += _totals(told, log, size)
    else:
        try:
            verify(str(told["checkpoint"]), (key,))
        except BadCheckpoint as error:
            problems.append(
                f"its checkpoint: {error} (after a change of key, check it with a copy of the log)"
            )
    return problems


def _chain(folder: Path, told: dict[str, Any]) -> list[str]:
    """Every register names the one before it, which lies in the history unchanged, with no month fewer."""
    problems: list[str] = []
    months = _months(told)
    before = told.get("previous_sha256")
    while before:
        path = folder / HISTORY / f"{before}.json"
        if not path.is_file():
            return [*problems, f"the register {before[:12]}… is missing from its history"]
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != before:
            return [*problems, f"the register {before[:12]}… was changed afterwards"]
        earlier = json.loads(data)
        gone = _months(earlier) - months
        problems += [
            f"{agency}: the month {month} was there before and is gone" for agency, month in sorted(gone)
        ]
        before = earlier.get("previous_sha256")
    return problems


def _months(told: dict[str, Any]) -> set[tuple[str, str]]:
    return {(agency["name"], row["month"]) for agency in told["agencies"] for row in agency["by_month"]}


def _totals(told: dict[str, Any], log: Path, size: int) -> list[str]:
    """The number of searches that the log records up to the register's checkpoint, all agencies together."""
    from plainview.audit.verify import verify_folder

    report = verify_folder(log, vkey=str(told["log_key"]), kept_checkpoint=str(told["checkpoint"]))
    problems = [f"log: {problem}" for problem in report.problems]
    count = 0
    path = log / LOG_NAME
    for line in read_lines(path, path.stat().st_size) if path.is_file() else ():
        try:
            entry = parse_line(split_line(line)[0])
        except BadEntry:
            continue  # named by the verification already
        count += entry.seq < size and entry.action == "search.requested"
    stated = sum(int(agency["searches"]) for agency in told["agencies"])
    if count != stated:
        problems.append(f"the register states {stated} searches, the log records {count}")
    return problems
