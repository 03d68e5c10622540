"""Operations by which others check: flags, the log, reports, the register, disclosure, exoneration reviews.

Owns these rows; `operations` puts them together.
"""

from __future__ import annotations

from typing import Any

from plainview.api import disclosure, exoneration, jobs, oversight, probes, reports
from plainview.api.operation import Open, Operation
from plainview.policy.permissions import Permission

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    # What lets others check.
    Operation("GET", "/flags", oversight.flag_list, may.FLAG_READ, oversight.FlagsOut, group="Oversight"),
    Operation("GET", "/flags/{id}", oversight.flag_show, may.FLAG_READ, oversight.FlagOut, group="Oversight"),
    Operation(
        "POST", "/flags/{id}/decide", oversight.flag_decide, may.FLAG_DECIDE, oversight.FlagRow, group="Oversight"
    ),
    Operation("GET", "/log/entries", oversight.log_entries, may.AUDIT_READ, oversight.EntriesOut, group="Oversight"),
    Operation(
        "GET", "/log/entries/{int:number}", oversight.log_entry, may.AUDIT_READ, oversight.ProofOut, group="Oversight"
    ),
    Operation(
        "GET", "/log/checkpoint", oversight.log_checkpoint, may.AUDIT_READ, oversight.CheckpointOut, group="Oversight"
    ),
    Operation(
        "GET",
        "/log/consistency",
        oversight.log_consistency,
        may.AUDIT_READ,
        oversight.ConsistencyOut,
        group="Oversight",
    ),
    Operation("GET", "/status", oversight.status_show, may.STATUS_READ, oversight.StatusOut, group="Oversight"),
    Operation("POST", "/reports", reports.report_make, may.REPORT_READ, reports.ReportOut, 201, group="Oversight"),
    Operation(
        "GET", "/reports/schedules", reports.schedule_list, may.REPORT_READ, reports.SchedulesOut, group="Oversight"
    ),
    Operation(
        "POST",
        "/reports/schedules",
        reports.schedule_make,
        may.REPORT_SCHEDULE,
        reports.ScheduleOut,
        201,
        group="Oversight",
    ),
    Operation(
        "POST", "/reports/{id}/stop", reports.schedule_stop, may.REPORT_SCHEDULE, reports.ScheduleOut, group="Oversight"
    ),
    Operation(
        "POST",
        "/register/attestations",
        reports.register_attest,
        may.REGISTER_ATTEST,
        reports.AttestedOut,
        201,
        group="Oversight",
    ),
    Operation("GET", "/register", reports.register_show, Open.MEMBER, dict[str, Any], group="Oversight"),
    Operation("GET", "/register/months", reports.register_months, Open.MEMBER, reports.MonthsOut, group="Oversight"),
    # Disclosure, and exoneration reviews.
    Operation(
        "GET",
        "/searches/{id}/disclosure",
        disclosure.disclosure_show,
        may.DISCLOSURE_GRANT,
        disclosure.DisclosureOut,
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/searches/{id}/packages",
        disclosure.package_make,
        may.DISCLOSURE_MAKE,
        jobs.JobOut,
        202,
        group="Disclosure",
    ),
    Operation(
        "GET",
        "/packages/{id}/package.zip",
        disclosure.package_download,
        may.DISCLOSURE_MAKE,
        None,
        gives="application/zip",
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/searches/{id}/grants",
        disclosure.grant_make,
        may.DISCLOSURE_GRANT,
        disclosure.GrantedOut,
        201,
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/grants/{id}/revoke",
        disclosure.grant_revoke,
        may.DISCLOSURE_GRANT,
        disclosure.GrantOut,
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/searches/{id}/exonerations",
        exoneration.exoneration_ask,
        may.EXONERATION_ASK,
        exoneration.ExonerationOut,
        201,
        group="Disclosure",
    ),
    Operation(
        "GET",
        "/exonerations",
        exoneration.exoneration_list,
        may.EXONERATION_READ,
        exoneration.ExonerationsOut,
        group="Disclosure",
    ),
    Operation(
        "GET",
        "/exonerations/{id}",
        exoneration.exoneration_show,
        may.EXONERATION_READ,
        exoneration.ExonerationOut,
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/exonerations/{id}/decide",
        exoneration.exoneration_decide,
        may.EXONERATION_DECIDE,
        exoneration.ExonerationOut,
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/exonerations/{id}/prepare",
        exoneration.exoneration_prepare,
        may.SEARCH_RUN,
        probes.ProbeOut,
        201,
        group="Disclosure",
    ),
    Operation(
        "POST",
        "/exonerations/{id}/answer",
        exoneration.exoneration_answer,
        may.EXONERATION_DECIDE,
        exoneration.ExonerationOut,
        group="Disclosure",
    ),
)
