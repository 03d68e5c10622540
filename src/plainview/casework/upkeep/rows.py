"""The nightly comparison of the rows with the log: in parts, so that a million rows stop no other work; and who is told.

Owns the pass (`RowCheck`), the entry about what it found, and the letters. It must never repair a row: what is wrong
stays as it is, for the auditor.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework.canaries.read import alarm_recipients
from plainview.casework.log.committed import Problem
from plainview.casework.log.read import newest_entry
from plainview.casework.log.rows import Rows, compare, not_committed
from plainview.casework.log.write import write_entry
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Agency, RowCheck
from plainview.policy.wording import counted

EVERY = timedelta(hours=20)
"""A pass a day; it begins a little earlier than the day before, so that a late finding does not move all that follow."""

SLICE_S = 60.0
"""Seconds of finding part of a pass: the step runs every hour, and what follows it in the clock waits no longer."""

_COMMITMENTS = 5_000  # compared before the time is looked at again
_MOST = 200  # findings kept and named; the number of all is counted


def compare_some() -> int:
    """Compare the next rows of the pass, if finding is due; return how many commitments were compared."""
    check, _ = RowCheck.objects.get_or_create(pk=1)
    now = timezone.now()
    if check.began_at is None:
        if check.done_at is not None and now - check.done_at < EVERY:
            return 0
        check.began_at, check.seq, check.checked, check.findings = now, 0, 0, []
    rows, until = Rows(), time.monotonic() + SLICE_S
    newest = newest_entry()
    while True:
        check.seq = compare(rows, check.seq, _COMMITMENTS)
        if check.seq > newest or time.monotonic() >= until:
            break
    check.checked += rows.checked
    if check.seq > newest:
        rows.problems += not_committed()
    check.findings = [*check.findings, *(_json(problem) for problem in rows.problems)][: 10 * _MOST]
    with transaction.atomic():
        if check.seq > newest:
            _finish(check)
        check.save()
    return rows.checked


def _finish(check: RowCheck) -> None:
    """End the pass: what it found is an entry and a letter, once."""
    check.done_at, check.began_at, check.last_checked = timezone.now(), None, check.checked
    known = {(finding["table"], finding["key"], finding["says"]) for finding in check.problems}
    fresh = [finding for finding in check.findings if (finding["table"], finding["key"], finding["says"]) not in known]
    check.problems = check.findings
    if not fresh:
        return
    receipt = write_entry(
        "rows.altered",
        {"rows": len(fresh), "named": [[finding["table"], finding["key"]] for finding in fresh[:_MOST]]},
        {"says": [finding["says"] for finding in fresh[:_MOST]]},
        acting_member=None,
    )
    people = [member for agency in Agency.objects.exclude(opened_at=None) for member in alarm_recipients(agency)]
    write_letters(
        "rows.altered",
        sorted({member.email for member in people}),
        "Records differ from the log",
        _letter(fresh, receipt.entry),
        about=str(receipt.entry),
    )


def _json(problem: Problem) -> dict[str, str]:
    return {"table": problem.table, "key": problem.key, "says": problem.says}


def _letter(fresh: list[dict[str, str]], entry: int) -> str:
    lines = "\n".join(f"- table {finding['table']}, {finding['key']}: {finding['says']}" for finding in fresh[:_MOST])
    return (
        f"{counted(len(fresh), 'record')} in the database {'is' if len(fresh) == 1 else 'are'} not as the log recorded "
        f"{'it' if len(fresh) == 1 else 'them'} (entry {entry}):\n\n{lines}\n\n"
        "Nothing was repaired, and pages refuse what was altered. Somebody changed the database by other means than "
        "Plainview, or a disk is failing.\n\n"
        "What to do: keep the workspace as it is, and have it copied. Ask who had access to the server. Compare with the "
        "newest backup from before, and with a copy of the log that the operator does not hold:\n"
        "plainview audit verify\n"
    )
