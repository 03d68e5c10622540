"""Operations of those who investigate: cases, probes, searches, examinations, leads, alerts, videos, shared searches.

Owns these rows; `operations` puts them together.
"""

from __future__ import annotations

from plainview.api import (
    alerts,
    approvals,
    cases,
    examination,
    jobs,
    leads,
    probes,
    searches,
    sharing,
    triage,
    videos,
)
from plainview.api.operation import AROUND, TUS, TUS_NEW, TUS_PIECE, Operation
from plainview.casework.probes.preparations import MAX_BYTES
from plainview.policy.permissions import Permission
from plainview.policy.probes import MOST_PHOTOGRAPHS

may = Permission

OPERATIONS: tuple[Operation, ...] = (
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
        versioned=True,
        group="Probes",
    ),
    Operation("GET", "/probes", probes.probe_list, may.SEARCH_RUN, probes.ProbesOut, group="Probes"),
    Operation(
        "GET", "/probes/{id}", probes.probe_show, may.SEARCH_RUN, probes.ProbeOut, versioned=True, group="Probes"
    ),
    Operation(
        "PATCH", "/probes/{id}", probes.probe_save, may.SEARCH_RUN, probes.ProbeOut, versioned=True, group="Probes"
    ),
    Operation("DELETE", "/probes/{id}", probes.probe_discard, may.SEARCH_RUN, None, 204, group="Probes"),
    Operation(
        "POST", "/probes/{id}/edits", probes.probe_edit, may.SEARCH_RUN, probes.ProbeOut, versioned=True, group="Probes"
    ),
    Operation(
        "POST", "/probes/{id}/undo", probes.probe_undo, may.SEARCH_RUN, probes.ProbeOut, versioned=True, group="Probes"
    ),
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
    Operation(
        "POST", "/searches/{id}/alert", alerts.search_alert, may.ALERT_CREATE, alerts.AlertOut, 201, group="Alerts"
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
    Operation("GET", "/videos/{id}", videos.video_show, may.VIDEO_READ, videos.VideoOut, group="Videos"),
    Operation("POST", "/videos/{id}/erase", videos.video_erase, may.VIDEO_ERASE, videos.VideoErased, group="Videos"),
    Operation("POST", "/videos/{id}/again", videos.video_again, may.VIDEO_UPLOAD, videos.VideoOut, group="Videos"),
    Operation(
        "POST",
        "/videos/{id}/streams/{int:number}",
        videos.video_stream,
        may.VIDEO_UPLOAD,
        videos.VideoOut,
        201,
        group="Videos",
    ),
    Operation("POST", "/videos/{id}/clock", videos.video_clock, may.VIDEO_UPLOAD, videos.VideoOut, group="Videos"),
    Operation(
        "POST", "/videos/{id}/persons", videos.persons_join, may.VIDEO_UPLOAD, videos.VideoOut, 201, group="Videos"
    ),
    Operation(
        "DELETE",
        "/videos/{id}/persons/{int:number}",
        videos.persons_part,
        may.VIDEO_UPLOAD,
        videos.VideoOut,
        group="Videos",
    ),
    Operation("POST", "/stills/{id}/probe", videos.still_probe, may.SEARCH_RUN, probes.ProbeOut, 201, group="Videos"),
    # Searches for other agencies, under agreements.
    Operation(
        "POST", "/probes/{id}/ask", sharing.shared_ask, may.SHARED_REQUEST, sharing.SharedRow, 201, group="Sharing"
    ),
    Operation("GET", "/shared", sharing.shared_list, may.SHARED_READ, sharing.SharedListOut, group="Sharing"),
    Operation("GET", "/shared/{id}", sharing.shared_show, may.SHARED_READ, sharing.SharedOut, group="Sharing"),
    Operation(
        "POST",
        "/shared/{id}/authorise",
        sharing.shared_authorise,
        may.SHARED_AUTHORISE,
        sharing.SharedRow,
        group="Sharing",
    ),
    Operation(
        "POST", "/shared/{id}/refuse", sharing.shared_refuse, may.SHARED_AUTHORISE, sharing.SharedRow, group="Sharing"
    ),
    Operation(
        "POST",
        "/shared/{id}/take-back",
        sharing.shared_take_back,
        may.SHARED_REQUEST,
        sharing.SharedRow,
        group="Sharing",
    ),
    Operation("POST", "/shared/{id}/take", sharing.shared_take, may.SHARED_ANSWER, sharing.SharedRow, group="Sharing"),
    Operation(
        "POST", "/shared/{id}/decline", sharing.shared_decline, may.SHARED_ANSWER, sharing.SharedRow, group="Sharing"
    ),
    Operation(
        "POST",
        "/shared/{id}/approval",
        sharing.shared_approval,
        may.SHARED_ANSWER,
        approvals.ApprovalOut,
        201,
        group="Sharing",
    ),
    Operation(
        "POST",
        "/shared/{id}/search",
        sharing.shared_search,
        may.SHARED_ANSWER,
        sharing.SharedSearchOut,
        201,
        group="Sharing",
    ),
    Operation(
        "POST", "/shared/{id}/answer", sharing.shared_answer, may.SHARED_ANSWER, sharing.SharedRow, group="Sharing"
    ),
    Operation(
        "POST", "/shared/{id}/outcome", sharing.shared_outcome, may.OUTCOME_REPORT, sharing.SharedRow, group="Sharing"
    ),
)
