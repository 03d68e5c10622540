"""Making a report of the agency's work; the log keeps which one was made, from which of its own sizes, and its hash.

Owns the report's form. Its numbers are counted from the log up to a signed checkpoint, so that a copy of the log gives
them again (casework.report_check); what only the records know stands beside them and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from plainview.audit.checkpoint import parse
from plainview.casework.log.guard import acting, permit, refusals_recorded
from plainview.casework.log.write import newest_checkpoint, write_entry
from plainview.casework.models import Agency, Member
from plainview.casework.reports import read, records
from plainview.casework.reports.files import to_csv, to_json
from plainview.casework.reports.pdf import to_pdf
from plainview.casework.workspace.services import services
from plainview.policy import reporting, rules
from plainview.policy.permissions import Permission
from plainview.policy.reporting import Period
from plainview.policy.roles import holds
from plainview.recheck.report import FORMAT, digest

FORMS: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = MappingProxyType(
    {"json": to_json, "csv": to_csv, "pdf": to_pdf}
)
"""What a report can be written as."""

_TRIES = 3  # times that a report is counted while the log grows


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report as plain values, the hash that the log holds, the entry that holds it, and the files asked for by form."""

    told: dict[str, Any]
    sha256: str
    entry: int
    files: dict[str, bytes]


def make_report(
    period: Period, before: Period | None, forms: Collection[str] = (), *, acting_member: Member
) -> MadeReport:
    """Count the agency's work in a period, and in another to compare it with; that it was made is an entry.

    Args:
        period: the days.
        before: the days to compare with; None for none.
        forms: keys of `FORMS` to write it as.
        acting_member: who reads it.

    Raises:
        Refused: no permission, or a period that there is not.
    """
    permit("report.make", Permission.REPORT_READ, acting_member)
    with refusals_recorded("report.make", acting_member):
        today = timezone.now().date()
        rules.require(*(reporting.period_fits(one, today) for one in (period, before) if one is not None))
    # Before the transaction: a long log takes seconds to count, and meanwhile others search.
    told = build(acting_member.agency, period, before, readers=[acting_member])
    files = written(told, forms)
    with acting("report.make", Permission.REPORT_READ, acting_member):
        entry = record(told, files, acting_member=acting_member)
    return MadeReport(told, digest(told), entry, files)


def build(agency: Agency, period: Period, before: Period | None, *, readers: Sequence[Member]) -> dict[str, Any]:
    """The report of one agency as plain values for JSON; every number an integer.

    It holds only what all of its readers may know: how many flags wait is for FLAG_READ, with whose examinations the
    verifiers agreed for PROFICIENCY_REPORT.

    `counted` is what `Recount.figures` says of the log's first `size` entries, `records` and `due` what only the
    records know; `differences` says where both do not agree, which is nowhere unless somebody changed the records.
    """
    may = {
        need
        for need in (Permission.FLAG_READ, Permission.PROFICIENCY_REPORT)
        if readers and all(holds(reader.roles, need) for reader in readers)
    }
    for _ in range(_TRIES):
        told = _built(agency, period, before, may)
        if not told["differences"] or parse(newest_checkpoint()).size == told["size"]:
            break  # else it was counted while somebody worked, which alone may look like a difference
    return told


def _built(agency: Agency, period: Period, before: Period | None, may: Collection[Permission]) -> dict[str, Any]:
    by_examiner, open_flags = Permission.PROFICIENCY_REPORT in may, Permission.FLAG_READ in may
    checkpoint = newest_checkpoint()
    size = parse(checkpoint).size
    recount = read.recount(agency, size)
    counted = recount.figures(period)
    told: dict[str, Any] = {
        "format": FORMAT,
        "agency": {"id": agency.public_id, "name": agency.name},
        "sample": agency.is_sample,
        "period": period.to_dict(),
        "before": before.to_dict() if before else None,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "log": services().origin,
        "log_key": services().first_key.text,
        "size": size,
        "checkpoint": checkpoint,
        "counted": counted,
        "counted_before": recount.figures(before) if before else None,
        "records": records.of_period(agency, period, size, by_examiner=by_examiner),
        "records_before": records.of_period(agency, before, size, by_examiner=by_examiner) if before else None,
        "due": records.as_of_now(agency, open_flags=open_flags),
        "differences": read.differences(agency, period, size, counted),
    }
    told["names"] = read.names(agency, _people(told), _galleries(told))
    if not open_flags:
        for figures in (told["counted"], told["counted_before"]):
            if figures:
                del figures["flags_raised"]  # that a flag waits is the auditor's to know
    return told


def _people(told: Mapping[str, Any]) -> set[str]:
    """Ids of the members whom the report speaks of."""
    of_periods = [told[name] for name in ("counted", "counted_before") if told[name]]
    of_records = [told[name] for name in ("records", "records_before") if told[name]]
    due = told["due"]
    return {
        *(who for row in of_periods for who in row["by_member"]),
        *(who for row in of_records for who in row["agreement"]["by_examiner"]),
        *(row["member"] for row in (*due["training"], *due["proficiency"]["people"])),
    }


def _galleries(told: Mapping[str, Any]) -> set[str]:
    return {pk for name in ("counted", "counted_before") if told[name] for pk in told[name]["by_gallery"]}


def written(told: Mapping[str, Any], forms: Collection[str]) -> dict[str, bytes]:
    """The report in these forms."""
    return {form: FORMS[form](told) for form in forms}


def record(
    told: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    acting_member: Member | None,
    sent: Mapping[str, str | int] | None = None,
) -> int:
    """Write the entry of a report; returns its number. `sent`: schedule and letters, when the clock made it."""
    receipt = write_entry(
        "report.made",
        {
            "agency": told["agency"]["id"],
            **told["period"],
            "size": told["size"],
            "sha256": digest(told),
            "files": {form: hashlib.sha256(data).hexdigest() for form, data in files.items()},
            **(sent or {}),
        },
        acting_member=acting_member,
    )
    return receipt.entry
