"""Every operation of the API: its method, its path, its function and who may call it, one row each.

Owns the table. The addresses of the API are built from it, so an operation without a row cannot exist; `entry.Entry`
enforces it before every call. A row's permission is also the scope that a token needs. It must never have a row that
opens to more people than its act does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from plainview.api import (
    alerts,
    approvals,
    bulk,
    cases,
    examination,
    galleries,
    jobs,
    keeping,
    leads,
    me,
    oversight,
    probes,
    reports,
    searches,
    triage,
    videos,
)
from plainview.api.operation import AROUND, TUS, TUS_NEW, TUS_PIECE, Open, Operation
from plainview.casework.enrolment.incoming import MAX_BYTES as UPLOAD
from plainview.casework.enrolment.incoming import MAX_FILE_BYTES
from plainview.casework.probes.preparations import MAX_BYTES
from plainview.policy.permissions import Permission
from plainview.policy.probes import MOST_PHOTOGRAPHS

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/me", me.me, Open.MEMBER, me.MeOut, group="Token"),
    # Cases.
    Operation("POST", "/cases", cases.case_open, may.CASE_OPEN, cases.CaseOut, 201, group="Cases"),
    Operation("GET", "/cases", cases.case_list, may.CASE_READ, cases.CasesOut, group="Cases"),
    Operation("GET", "/cases/{int:id}", cases.case_show, may.CASE_READ, cases.CaseOut, group="Cases"),
    Operation("POST", "/cases/{int:id}/close", cases.case_close, may.CASE_CLOSE, cases.CaseOut, group="Cases"),
    # Searches.
    Operation(
        "POST",
        "/searches",
        searches.search_run,
        may.SEARCH_RUN,
        searches.SearchOut,
        201,
        body=MOST_PHOTOGRAPHS * MAX_BYTES + AROUND,
        group="Searches",
    ),
    Operation("GET", "/searches", searches.search_list, may.CASE_READ, searches.SearchesOut, group="Searches"),
    Operation("GET", "/searches/{id}", searches.search_show, may.CASE_READ, searches.SearchOut, group="Searches"),
    # Probes, prepared step by step.
    Operation(
        "POST",
        "/probes",
        probes.probe_prepare,
        may.SEARCH_RUN,
        probes.ProbeOut,
        201,
        body=MAX_BYTES + AROUND,
        group="Probes",
    ),
    Operation("GET", "/probes", probes.probe_list, may.SEARCH_RUN, probes.ProbesOut, group="Probes"),
    Operation("GET", "/probes/{id}", probes.probe_show, may.SEARCH_RUN, probes.ProbeOut, group="Probes"),
    Operation("PATCH", "/probes/{id}", probes.probe_save, may.SEARCH_RUN, probes.ProbeOut, group="Probes"),
    Operation("DELETE", "/probes/{id}", probes.probe_discard, may.SEARCH_RUN, None, 204, group="Probes"),
    Operation("POST", "/probes/{id}/edits", probes.probe_edit, may.SEARCH_RUN, probes.ProbeOut, group="Probes"),
    Operation("POST", "/probes/{id}/undo", probes.probe_undo, may.SEARCH_RUN, probes.ProbeOut, group="Probes"),
    Operation(
        "POST",
        "/probes/{id}/photographs",
        probes.photograph_add,
        may.SEARCH_RUN,
        probes.ProbeOut,
        201,
        body=MAX_BYTES + AROUND,
        group="Probes",
    ),
    Operation(
        "PATCH",
        "/probes/{id}/photographs/{int:number}",
        probes.photograph_face,
        may.SEARCH_RUN,
        probes.ProbeOut,
        group="Probes",
    ),
    Operation(
        "DELETE",
        "/probes/{id}/photographs/{int:number}",
        probes.photograph_remove,
        may.SEARCH_RUN,
        None,
        204,
        group="Probes",
    ),
    Operation(
        "POST", "/probes/{id}/search", probes.probe_search, may.SEARCH_RUN, probes.SearchedOut, 201, group="Probes"
    ),
    # Approvals.
    Operation(
        "POST",
        "/approvals",
        approvals.approval_request,
        may.SEARCH_RUN,
        approvals.ApprovalOut,
        201,
        group="Approvals",
    ),
    Operation(
        "GET", "/approvals", approvals.approvals_waiting, may.SEARCH_APPROVE, approvals.WaitingOut, group="Approvals"
    ),
    Operation(
        "POST",
        "/approvals/{id}/decide",
        approvals.approval_decide,
        may.SEARCH_APPROVE,
        approvals.ApprovalOut,
        group="Approvals",
    ),
    Operation(
        "POST",
        "/searches/{id}/authorise",
        approvals.urgent_authorise,
        may.SEARCH_AUTHORISE,
        approvals.AuthorisedOut,
        group="Approvals",
    ),
    # Reviews, examinations, verifications, leads.
    Operation("GET", "/searches/{id}/review", triage.review_show, may.CASE_READ, triage.ReviewOut, group="Review"),
    Operation(
        "POST",
        "/searches/{id}/candidates/{int:rank}/set-aside",
        triage.candidate_set_aside,
        may.EXAMINATION_RECORD,
        triage.ReviewOut,
        group="Review",
    ),
    Operation(
        "POST",
        "/searches/{id}/candidates/{int:rank}/take-back",
        triage.candidate_take_back,
        may.EXAMINATION_RECORD,
        triage.ReviewOut,
        group="Review",
    ),
    Operation(
        "POST", "/searches/{id}/none", triage.none_state, may.EXAMINATION_RECORD, triage.ReviewOut, group="Review"
    ),
    Operation(
        "POST",
        "/searches/{id}/none/take-back",
        triage.none_take_back,
        may.EXAMINATION_RECORD,
        triage.ReviewOut,
        group="Review",
    ),
    Operation(
        "GET",
        "/examinations",
        examination.examination_list,
        may.CASE_READ,
        examination.ExaminationsOut,
        group="Examination",
    ),
    Operation(
        "POST",
        "/searches/{id}/candidates/{int:rank}/examination",
        examination.examination_record,
        may.EXAMINATION_RECORD,
        examination.ExaminationOut,
        201,
        group="Examination",
    ),
    Operation(
        "GET",
        "/verifications",
        examination.verification_list,
        may.VERIFICATION_RECORD,
        examination.VerificationsOut,
        group="Examination",
    ),
    Operation(
        "GET",
        "/verifications/{id}",
        examination.verification_show,
        may.VERIFICATION_RECORD,
        examination.BlindOut,
        group="Examination",
    ),
    Operation(
        "POST",
        "/verifications/{id}",
        examination.verification_record,
        may.VERIFICATION_RECORD,
        examination.RecordedOut,
        group="Examination",
    ),
    Operation(
        "POST", "/examinations/{id}/release", leads.lead_release, may.LEAD_RELEASE, leads.LeadOut, 201, group="Leads"
    ),
    Operation(
        "POST", "/examinations/{id}/withhold", leads.lead_withhold, may.LEAD_RELEASE, leads.WithheldOut, group="Leads"
    ),
    Operation("GET", "/leads", leads.lead_list, may.LEAD_LIST, leads.LeadsOut, group="Leads"),
    Operation("GET", "/leads/{id}", leads.lead_show, may.LEAD_LIST, leads.LeadOut, group="Leads"),
    Operation("POST", "/leads/{id}/evidence", leads.lead_evidence, may.LEAD_RELEASE, leads.LeadOut, group="Leads"),
    Operation("POST", "/leads/{id}/outcome", leads.lead_outcome, may.OUTCOME_REPORT, leads.LeadOut, group="Leads"),
    # Alerts and background work.
    Operation(
        "POST",
        "/alerts",
        alerts.alert_create,
        may.ALERT_CREATE,
        alerts.AlertOut,
        201,
        body=MAX_BYTES + AROUND,
        group="Alerts",
    ),
    Operation("GET", "/alerts", alerts.alert_list, may.ALERT_READ, alerts.AlertsOut, group="Alerts"),
    Operation("POST", "/alerts/{id}/close", alerts.alert_close, may.ALERT_CLOSE, alerts.AlertOut, group="Alerts"),
    Operation("POST", "/alerts/{id}/renew", alerts.alert_renew, may.ALERT_RENEW, alerts.AlertOut, group="Alerts"),
    Operation("POST", "/alerts/{id}/mute", alerts.alert_mute, may.ALERT_OWN, alerts.AlertOut, group="Alerts"),
    Operation("GET", "/jobs", jobs.job_list, may.JOB_OWN, jobs.JobsOut, group="Jobs"),
    Operation("GET", "/jobs/{id}", jobs.job_show, may.JOB_OWN, jobs.JobOut, group="Jobs"),
    Operation("GET", "/jobs/{id}/events", jobs.job_events, may.JOB_OWN, None, gives="text/event-stream", group="Jobs"),
    Operation("POST", "/jobs/{id}/cancel", jobs.job_cancel, may.JOB_OWN, jobs.JobOut, group="Jobs"),
    # Videos: upload by tus, people and stills.
    Operation("POST", "/videos", videos.video_begin, may.VIDEO_UPLOAD, None, 201, headers=TUS_NEW, group="Videos"),
    Operation("GET", "/videos", videos.video_list, may.VIDEO_READ, videos.VideosOut, group="Videos"),
    Operation("HEAD", "/videos/{id}/upload", videos.video_offset, may.VIDEO_UPLOAD, None, headers=TUS, group="Videos"),
    Operation(
        "PATCH",
        "/videos/{id}/upload",
        videos.video_piece,
        may.VIDEO_UPLOAD,
        None,
        204,
        body=videos.MOST_BYTES,
        media=videos.MEDIA_TYPE,
        headers=TUS_PIECE,
        group="Videos",
    ),
    Operation(
        "DELETE", "/videos/{id}/upload", videos.video_discard, may.VIDEO_UPLOAD, None, 204, headers=TUS, group="Videos"
    ),
    Operation("GET", "/videos/{id}", videos.video_show, may.VIDEO_READ, dict[str, Any], group="Videos"),
    Operation("POST", "/videos/{id}/erase", videos.video_erase, may.VIDEO_ERASE, videos.VideoErased, group="Videos"),
    Operation("POST", "/stills/{id}/probe", videos.still_probe, may.SEARCH_RUN, probes.ProbeOut, 201, group="Videos"),
    # Retention, and requests of people about themselves.
    Operation(
        "GET",
        "/retention/upcoming",
        keeping.retention_upcoming,
        may.RETENTION_READ,
        keeping.UpcomingOut,
        group="Keeping",
    ),
    Operation("GET", "/retention/runs", keeping.retention_runs, may.RETENTION_READ, keeping.RunsOut, group="Keeping"),
    Operation(
        "POST",
        "/retention/runs",
        keeping.retention_propose,
        may.RETENTION_PROPOSE,
        keeping.RunOut,
        201,
        group="Keeping",
    ),
    Operation(
        "POST",
        "/retention/runs/{id}/approve",
        keeping.retention_approve,
        may.RETENTION_APPROVE,
        keeping.RunOut,
        group="Keeping",
    ),
    Operation(
        "POST",
        "/retention/runs/{id}/withdraw",
        keeping.retention_withdraw,
        may.RETENTION_PROPOSE,
        keeping.RunOut,
        group="Keeping",
    ),
    Operation("GET", "/rights-requests", keeping.rights_list, may.RIGHTS_READ, keeping.RightsListOut, group="Keeping"),
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
    Operation("GET", "/status", oversight.status_show, may.STATUS_READ, dict[str, Any], group="Oversight"),
    Operation("POST", "/reports", reports.report_make, may.REPORT_READ, reports.ReportOut, 201, group="Oversight"),
    Operation("GET", "/register", reports.register_show, Open.MEMBER, dict[str, Any], group="Oversight"),
    # Galleries and references.
    Operation(
        "POST", "/galleries", galleries.gallery_create, may.GALLERY_CREATE, galleries.GalleryOut, 201, group="Galleries"
    ),
    Operation("GET", "/galleries", galleries.gallery_list, may.GALLERY_LIST, galleries.GalleriesOut, group="Galleries"),
    Operation(
        "POST",
        "/galleries/{path:name}/references/bulk",
        bulk.reference_bulk,
        may.GALLERY_ENROL,
        None,
        body=bulk.MOST_BYTES,
        media=bulk.MEDIA_TYPE,
        gives=bulk.MEDIA_TYPE,
        group="Galleries",
    ),
    Operation(
        "POST",
        "/galleries/{path:name}/references",
        galleries.reference_enrol,
        may.GALLERY_ENROL,
        galleries.EnrolledOut,
        body=MAX_FILE_BYTES + AROUND,
        group="Galleries",
    ),
    Operation(
        "GET",
        "/galleries/{path:name}/references",
        galleries.reference_list,
        may.GALLERY_LIST,
        galleries.ReferencesOut,
        group="Galleries",
    ),
    Operation(
        "POST",
        "/galleries/{path:name}/enrolments",
        keeping.enrolment_ask,
        may.GALLERY_ENROL,
        jobs.JobOut,
        202,
        body=UPLOAD + (16 << 20),
        group="Galleries",
    ),
    Operation(
        "PATCH",
        "/galleries/{path:name}",
        keeping.passport_change,
        may.GALLERY_CREATE,
        galleries.GalleryOut,
        group="Galleries",
    ),
    Operation(
        "GET",
        "/galleries/{path:name}",
        galleries.gallery_show,
        may.GALLERY_LIST,
        galleries.GalleryOut,
        group="Galleries",
    ),
    Operation(
        "GET", "/references/{id}", galleries.reference_show, may.GALLERY_LIST, galleries.ReferenceOut, group="Galleries"
    ),
    Operation(
        "POST",
        "/references/{id}/expunge",
        galleries.reference_erase,
        may.REFERENCE_EXPUNGE,
        galleries.ErasedOut,
        group="Galleries",
    ),
)
"""Read from top to bottom: of two rows that match an address, the upper one answers."""

BY_NAME: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in OPERATIONS})
"""Every operation by its name."""


def operation_of(act: Any) -> str | None:
    """Return the operation with which an act begins, e.g. "POST /api/v1/cases"; None if the API has none."""
    named = [operation for operation in OPERATIONS if operation.who is act]
    named.sort(key=lambda operation: operation.method == "GET")  # what makes something helps most
    return f"{named[0].method} /api/v1{named[0].shown}" if named else None
