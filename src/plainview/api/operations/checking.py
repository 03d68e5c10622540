"""Operations by which others check: flags, the log, reports, the register, disclosure, exoneration reviews.

Owns these rows; `operations` puts them together.
"""

from __future__ import annotations

from typing import Any

from plainview.api import disclosure, exoneration, jobs, oversight, probes, reports
from plainview.api.operation import Open, Operation, under
from plainview.policy.permissions import Permission

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    # What lets others check.
    *under(
        "Oversight",
        Operation("GET", "/flags", oversight.flag_list, may.FLAG_READ, oversight.FlagsOut),
        Operation("GET", "/flags/{id}", oversight.flag_show, may.FLAG_READ, oversight.FlagOut),
        Operation("POST", "/flags/{id}/decide", oversight.flag_decide, may.FLAG_DECIDE, oversight.FlagRow),
        Operation("GET", "/log/entries", oversight.log_entries, may.AUDIT_READ, oversight.EntriesOut),
        Operation("GET", "/log/entries/{int:number}", oversight.log_entry, may.AUDIT_READ, oversight.ProofOut),
        Operation("GET", "/log/checkpoint", oversight.log_checkpoint, may.AUDIT_READ, oversight.CheckpointOut),
        Operation("GET", "/log/consistency", oversight.log_consistency, may.AUDIT_READ, oversight.ConsistencyOut),
        Operation("GET", "/status", oversight.status_show, may.STATUS_READ, oversight.StatusOut),
        Operation("POST", "/reports", reports.report_make, may.REPORT_READ, reports.ReportOut, 201),
        Operation("GET", "/reports/schedules", reports.schedule_list, may.REPORT_READ, reports.SchedulesOut),
        Operation("POST", "/reports/schedules", reports.schedule_make, may.REPORT_SCHEDULE, reports.ScheduleOut, 201),
        Operation("POST", "/reports/{id}/stop", reports.schedule_stop, may.REPORT_SCHEDULE, reports.ScheduleOut),
        Operation(
            "POST", "/register/attestations", reports.register_attest, may.REGISTER_ATTEST, reports.AttestedOut, 201
        ),
        Operation("GET", "/register", reports.register_show, Open.MEMBER, dict[str, Any]),
        Operation("GET", "/register/months", reports.register_months, Open.MEMBER, reports.MonthsOut),
    ),
    # Disclosure, and exoneration reviews.
    *under(
        "Disclosure",
        Operation(
            "GET",
            "/searches/{id}/disclosure",
            disclosure.disclosure_show,
            may.DISCLOSURE_GRANT,
            disclosure.DisclosureOut,
        ),
        Operation("POST", "/searches/{id}/packages", disclosure.package_make, may.DISCLOSURE_MAKE, jobs.JobOut, 202),
        Operation(
            "GET",
            "/packages/{id}/package.zip",
            disclosure.package_download,
            may.DISCLOSURE_MAKE,
            None,
            gives="application/zip",
        ),
        Operation(
            "POST", "/searches/{id}/grants", disclosure.grant_make, may.DISCLOSURE_GRANT, disclosure.GrantedOut, 201
        ),
        Operation("POST", "/grants/{id}/revoke", disclosure.grant_revoke, may.DISCLOSURE_GRANT, disclosure.GrantOut),
        Operation(
            "POST",
            "/searches/{id}/exonerations",
            exoneration.exoneration_ask,
            may.EXONERATION_ASK,
            exoneration.ExonerationOut,
            201,
        ),
        Operation(
            "GET", "/exonerations", exoneration.exoneration_list, may.EXONERATION_READ, exoneration.ExonerationsOut
        ),
        Operation(
            "GET", "/exonerations/{id}", exoneration.exoneration_show, may.EXONERATION_READ, exoneration.ExonerationOut
        ),
        Operation(
            "POST",
            "/exonerations/{id}/decide",
            exoneration.exoneration_decide,
            may.EXONERATION_DECIDE,
            exoneration.ExonerationOut,
        ),
        Operation(
            "POST", "/exonerations/{id}/prepare", exoneration.exoneration_prepare, may.SEARCH_RUN, probes.ProbeOut, 201
        ),
        Operation(
            "POST",
            "/exonerations/{id}/answer",
            exoneration.exoneration_answer,
            may.EXONERATION_DECIDE,
            exoneration.ExonerationOut,
        ),
    ),
)
