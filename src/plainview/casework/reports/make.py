"""Making a report of the agency's work; the log records its period, its hash, and the size of the log it is from.

Owns the report's form. Its figures are counted from the log up to a signed checkpoint, so that anyone with a copy of the
log can count them again (`recheck.report`). It must never mix them with figures from the records, which are marked.
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
"""The file formats of a report."""

_TRIES = 3  # attempts to count a report while the log grows


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A report as plain values, its hash and the entry that has it, and the requested files by form."""

    report: dict[str, Any]
    sha256: str
    entry: int
    files: dict[str, bytes]


def make_report(
    period: Period,
    before: Period | None,
    forms: Collection[str] = (),
    *,
    deliver: Callable[[Mapping[str, bytes]], None] = lambda _: None,
    acting_member: Member,
) -> MadeReport:
    """Count the agency's work in a period, and in another one to compare with; log that the report was made.

    Args:
        period: the days.
        before: the days to compare with; None for no comparison.
        forms: keys of `FORMS`, the files to write.
        deliver: writes the files, by form, before the entry says that the report was made.
        acting_member: the reader.

    Raises:
        Refused: no permission, or an invalid period.
    """
    permit("report.make", Permission.REPORT_READ, acting_member)
    with refusals_recorded("report.make", acting_member):
        today = timezone.now().date()
        rules.require(*(reporting.period_fits(days, today) for days in (period, before) if days is not None))
    # Outside the transaction: a long log takes seconds to count, and other people search meanwhile.
    report_json = build(acting_member.agency, period, before, readers=[acting_member])
    files = written(report_json, forms)
    with acting("report.make", Permission.REPORT_READ, acting_member):
        deliver(files)
        entry = record(report_json, files, acting_member=acting_member)
    return MadeReport(report_json, digest(report_json), entry, files)


def build(agency: Agency, period: Period, before: Period | None, *, readers: Sequence[Member]) -> dict[str, Any]:
    """Return the report of one agency as plain values for JSON; every number is an integer.

    It has only what all of its readers may know: the number of open flags needs FLAG_READ, the agreement of verifiers
    with each examiner needs PROFICIENCY_REPORT.

    `counted` is from `Recount.figures` over the log's first `size` entries; `records` and `due` are from the records.
    `differences` lists where log and records disagree, which should be nowhere unless the records were changed.
    """
    may = {
        need
        for need in (Permission.FLAG_READ, Permission.PROFICIENCY_REPORT)
        if readers and all(holds(reader.roles, need) for reader in readers)
    }
    for _ in range(_TRIES):
        report_json = _built(agency, period, before, may)
        if not report_json["differences"] or parse(newest_checkpoint()).size == report_json["size"]:
            break  # otherwise the log grew during the count, which can look like a difference
    return report_json


def _built(agency: Agency, period: Period, before: Period | None, may: Collection[Permission]) -> dict[str, Any]:
    by_examiner, open_flags = Permission.PROFICIENCY_REPORT in may, Permission.FLAG_READ in may
    checkpoint = newest_checkpoint()
    size = parse(checkpoint).size
    recount = read.recount(agency, size)
    counted = recount.figures(period)
    report_json: dict[str, Any] = {
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
    report_json["names"] = read.names(agency, _people(report_json), _galleries(report_json))
    if not open_flags:
        for figures in (report_json["counted"], report_json["counted_before"]):
            if figures:
                del figures["flags_raised"]  # only an auditor may know that flags are open
    return report_json


def _people(report_json: Mapping[str, Any]) -> set[str]:
    """Return the ids of the members in the report."""
    of_periods = [report_json[name] for name in ("counted", "counted_before") if report_json[name]]
    of_records = [report_json[name] for name in ("records", "records_before") if report_json[name]]
    due = report_json["due"]
    return {
        *(who for figures in of_periods for who in figures["by_member"]),
        *(who for figures in of_records for who in figures["agreement"]["by_examiner"]),
        *(person["member"] for person in (*due["training"], *due["proficiency"]["people"])),
    }


def _galleries(report_json: Mapping[str, Any]) -> set[str]:
    return {pk for name in ("counted", "counted_before") if report_json[name] for pk in report_json[name]["by_gallery"]}


def written(report_json: Mapping[str, Any], forms: Collection[str]) -> dict[str, bytes]:
    """Return the report in these forms."""
    return {form: FORMS[form](report_json) for form in forms}


def record(
    report_json: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    acting_member: Member | None,
    sent: Mapping[str, str | int] | None = None,
) -> int:
    """Write the log entry of a report and return its number. `sent`: schedule and number of e-mails, if it was scheduled."""
    receipt = write_entry(
        "report.made",
        {
            "agency": report_json["agency"]["id"],
            **report_json["period"],
            "size": report_json["size"],
            "sha256": digest(report_json),
            "files": {form: hashlib.sha256(data).hexdigest() for form, data in files.items()},
            **(sent or {}),
        },
        acting_member=acting_member,
    )
    return receipt.entry
