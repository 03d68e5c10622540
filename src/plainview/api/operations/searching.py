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
from plainview.api.operation import AROUND, TUS, TUS_NEW, TUS_PIECE, Operation, under
from plainview.casework.probes.preparations import MAX_BYTES
from plainview.policy.permissions import Permission
from plainview.policy.probes import MOST_PHOTOGRAPHS

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    *under(
        "Cases",
        Operation("POST", "/cases", cases.case_open, may.CASE_OPEN, cases.CaseOut, 201),
        Operation("GET", "/cases", cases.case_list, may.CASE_READ, cases.CasesOut),
        Operation("GET", "/cases/{int:id}", cases.case_show, may.CASE_READ, cases.CaseOut),
        Operation("POST", "/cases/{int:id}/close", cases.case_close, may.CASE_CLOSE, cases.CaseOut),
    ),
    *under(
        "Searches",
        Operation(
            "POST",
            "/searches",
            searches.search_run,
            may.SEARCH_RUN,
            searches.SearchOut,
            201,
            body=MOST_PHOTOGRAPHS * MAX_BYTES + AROUND,
        ),
        Operation("GET", "/searches", searches.search_list, may.CASE_READ, searches.SearchesOut),
        Operation("GET", "/searches/{id}", searches.search_show, may.CASE_READ, searches.SearchOut),
    ),
    # Probes, prepared step by step.
    *under(
        "Probes",
        Operation(
            "POST",
            "/probes",
            probes.probe_prepare,
            may.SEARCH_RUN,
            probes.ProbeOut,
            201,
            body=MAX_BYTES + AROUND,
            versioned=True,
        ),
        Operation("GET", "/probes", probes.probe_list, may.SEARCH_RUN, probes.ProbesOut),
        Operation("GET", "/probes/{id}", probes.probe_show, may.SEARCH_RUN, probes.ProbeOut, versioned=True),
        Operation("PATCH", "/probes/{id}", probes.probe_save, may.SEARCH_RUN, probes.ProbeOut, versioned=True),
        Operation("DELETE", "/probes/{id}", probes.probe_discard, may.SEARCH_RUN, None, 204),
        Operation("POST", "/probes/{id}/edits", probes.probe_edit, may.SEARCH_RUN, probes.ProbeOut, versioned=True),
        Operation("POST", "/probes/{id}/undo", probes.probe_undo, may.SEARCH_RUN, probes.ProbeOut, versioned=True),
        Operation(
            "POST",
            "/probes/{id}/photographs",
            probes.photograph_add,
            may.SEARCH_RUN,
            probes.ProbeOut,
            201,
            body=MAX_BYTES + AROUND,
        ),
        Operation(
            "PATCH", "/probes/{id}/photographs/{int:number}", probes.photograph_face, may.SEARCH_RUN, probes.ProbeOut
        ),
        Operation(
            "DELETE", "/probes/{id}/photographs/{int:number}", probes.photograph_remove, may.SEARCH_RUN, None, 204
        ),
        Operation("POST", "/probes/{id}/search", probes.probe_search, may.SEARCH_RUN, probes.SearchedOut, 201),
    ),
    *under(
        "Approvals",
        Operation("POST", "/approvals", approvals.approval_request, may.SEARCH_RUN, approvals.ApprovalOut, 201),
        Operation("GET", "/approvals", approvals.approvals_waiting, may.SEARCH_APPROVE, approvals.WaitingOut),
        Operation(
            "POST", "/approvals/{id}/decide", approvals.approval_decide, may.SEARCH_APPROVE, approvals.ApprovalOut
        ),
        Operation(
            "POST",
            "/searches/{id}/authorise",
            approvals.urgent_authorise,
            may.SEARCH_AUTHORISE,
            approvals.AuthorisedOut,
        ),
    ),
    # Reviews, examinations, verifications, leads.
    *under(
        "Review",
        Operation("GET", "/searches/{id}/review", triage.review_show, may.CASE_READ, triage.ReviewOut),
        Operation(
            "POST",
            "/searches/{id}/candidates/{int:rank}/set-aside",
            triage.candidate_set_aside,
            may.EXAMINATION_RECORD,
            triage.ReviewOut,
        ),
        Operation(
            "POST",
            "/searches/{id}/candidates/{int:rank}/take-back",
            triage.candidate_take_back,
            may.EXAMINATION_RECORD,
            triage.ReviewOut,
        ),
        Operation("POST", "/searches/{id}/none", triage.none_state, may.EXAMINATION_RECORD, triage.ReviewOut),
        Operation(
            "POST", "/searches/{id}/none/take-back", triage.none_take_back, may.EXAMINATION_RECORD, triage.ReviewOut
        ),
    ),
    *under(
        "Examination",
        Operation("GET", "/examinations", examination.examination_list, may.CASE_READ, examination.ExaminationsOut),
        Operation(
            "POST",
            "/searches/{id}/candidates/{int:rank}/examination",
            examination.examination_record,
            may.EXAMINATION_RECORD,
            examination.ExaminationOut,
            201,
        ),
        Operation(
            "GET",
            "/verifications",
            examination.verification_list,
            may.VERIFICATION_RECORD,
            examination.VerificationsOut,
        ),
        Operation(
            "GET", "/verifications/{id}", examination.verification_show, may.VERIFICATION_RECORD, examination.BlindOut
        ),
        Operation(
            "POST",
            "/verifications/{id}",
            examination.verification_record,
            may.VERIFICATION_RECORD,
            examination.RecordedOut,
        ),
    ),
    *under(
        "Leads",
        Operation("POST", "/examinations/{id}/release", leads.lead_release, may.LEAD_RELEASE, leads.LeadOut, 201),
        Operation("POST", "/examinations/{id}/withhold", leads.lead_withhold, may.LEAD_RELEASE, leads.WithheldOut),
        Operation("GET", "/leads", leads.lead_list, may.LEAD_LIST, leads.LeadsOut),
        Operation("GET", "/leads/{id}", leads.lead_show, may.LEAD_LIST, leads.LeadOut),
        Operation("POST", "/leads/{id}/evidence", leads.lead_evidence, may.LEAD_RELEASE, leads.LeadOut),
        Operation("POST", "/leads/{id}/outcome", leads.lead_outcome, may.OUTCOME_REPORT, leads.LeadOut),
    ),
    # Alerts and background work.
    *under(
        "Alerts",
        Operation(
            "POST", "/alerts", alerts.alert_create, may.ALERT_CREATE, alerts.AlertOut, 201, body=MAX_BYTES + AROUND
        ),
        Operation("POST", "/searches/{id}/alert", alerts.search_alert, may.ALERT_CREATE, alerts.AlertOut, 201),
        Operation("GET", "/alerts", alerts.alert_list, may.ALERT_READ, alerts.AlertsOut),
        Operation("POST", "/alerts/{id}/close", alerts.alert_close, may.ALERT_CLOSE, alerts.AlertOut),
        Operation("POST", "/alerts/{id}/renew", alerts.alert_renew, may.ALERT_RENEW, alerts.AlertOut),
        Operation("POST", "/alerts/{id}/mute", alerts.alert_mute, may.ALERT_OWN, alerts.AlertOut),
    ),
    *under(
        "Jobs",
        Operation("GET", "/jobs", jobs.job_list, may.JOB_OWN, jobs.JobsOut),
        Operation("GET", "/jobs/{id}", jobs.job_show, may.JOB_OWN, jobs.JobOut),
        Operation("GET", "/jobs/{id}/events", jobs.job_events, may.JOB_OWN, None, gives="text/event-stream"),
        Operation("POST", "/jobs/{id}/cancel", jobs.job_cancel, may.JOB_OWN, jobs.JobOut),
    ),
    # Videos: upload by tus, people and stills.
    *under(
        "Videos",
        Operation("POST", "/videos", videos.video_begin, may.VIDEO_UPLOAD, None, 201, headers=TUS_NEW),
        Operation("GET", "/videos", videos.video_list, may.VIDEO_READ, videos.VideosOut),
        Operation("HEAD", "/videos/{id}/upload", videos.video_offset, may.VIDEO_UPLOAD, None, headers=TUS),
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
        ),
        Operation("DELETE", "/videos/{id}/upload", videos.video_discard, may.VIDEO_UPLOAD, None, 204, headers=TUS),
        Operation("GET", "/videos/{id}", videos.video_show, may.VIDEO_READ, videos.VideoOut),
        Operation("POST", "/videos/{id}/erase", videos.video_erase, may.VIDEO_ERASE, videos.VideoErased),
        Operation("POST", "/videos/{id}/again", videos.video_again, may.VIDEO_UPLOAD, videos.VideoOut),
        Operation(
            "POST", "/videos/{id}/streams/{int:number}", videos.video_stream, may.VIDEO_UPLOAD, videos.VideoOut, 201
        ),
        Operation("POST", "/videos/{id}/clock", videos.video_clock, may.VIDEO_UPLOAD, videos.VideoOut),
        Operation("POST", "/videos/{id}/persons", videos.persons_join, may.VIDEO_UPLOAD, videos.VideoOut, 201),
        Operation(
            "DELETE", "/videos/{id}/persons/{int:number}", videos.persons_part, may.VIDEO_UPLOAD, videos.VideoOut
        ),
        Operation("POST", "/stills/{id}/probe", videos.still_probe, may.SEARCH_RUN, probes.ProbeOut, 201),
    ),
    # Searches for other agencies, under agreements.
    *under(
        "Sharing",
        Operation("POST", "/probes/{id}/ask", sharing.shared_ask, may.SHARED_REQUEST, sharing.SharedRow, 201),
        Operation("GET", "/shared", sharing.shared_list, may.SHARED_READ, sharing.SharedListOut),
        Operation("GET", "/shared/{id}", sharing.shared_show, may.SHARED_READ, sharing.SharedOut),
        Operation("POST", "/shared/{id}/authorise", sharing.shared_authorise, may.SHARED_AUTHORISE, sharing.SharedRow),
        Operation("POST", "/shared/{id}/refuse", sharing.shared_refuse, may.SHARED_AUTHORISE, sharing.SharedRow),
        Operation("POST", "/shared/{id}/take-back", sharing.shared_take_back, may.SHARED_REQUEST, sharing.SharedRow),
        Operation("POST", "/shared/{id}/take", sharing.shared_take, may.SHARED_ANSWER, sharing.SharedRow),
        Operation("POST", "/shared/{id}/decline", sharing.shared_decline, may.SHARED_ANSWER, sharing.SharedRow),
        Operation(
            "POST", "/shared/{id}/approval", sharing.shared_approval, may.SHARED_ANSWER, approvals.ApprovalOut, 201
        ),
        Operation(
            "POST", "/shared/{id}/search", sharing.shared_search, may.SHARED_ANSWER, sharing.SharedSearchOut, 201
        ),
        Operation("POST", "/shared/{id}/answer", sharing.shared_answer, may.SHARED_ANSWER, sharing.SharedRow),
        Operation("POST", "/shared/{id}/outcome", sharing.shared_outcome, may.OUTCOME_REPORT, sharing.SharedRow),
    ),
)
