"""Operations of those who look after what is kept: galleries, people of a gallery, retention, holds, rights.

Owns these rows; `operations` puts them together.
"""

from __future__ import annotations

from typing import Any

from plainview.api import bulk, galleries, holds, jobs, proposals, retention, rights, subjects
from plainview.api.operation import AROUND, Operation, under
from plainview.casework.enrolment.incoming import MAX_BYTES as UPLOAD
from plainview.casework.enrolment.incoming import MAX_FILE_BYTES
from plainview.casework.retention.court_orders import MAX_BYTES
from plainview.policy.permissions import Permission

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    # Galleries and references.
    *under(
        "Galleries",
        Operation("POST", "/galleries", galleries.gallery_create, may.GALLERY_CREATE, galleries.GalleryOut, 201),
        Operation("GET", "/galleries", galleries.gallery_list, may.GALLERY_LIST, galleries.GalleriesOut),
        Operation(
            "POST",
            "/galleries/{path:name}/references/bulk",
            bulk.reference_bulk,
            may.GALLERY_ENROL,
            None,
            body=bulk.MOST_BYTES,
            media=bulk.MEDIA_TYPE,
            gives=bulk.MEDIA_TYPE,
        ),
        Operation(
            "POST",
            "/galleries/{path:name}/references",
            galleries.reference_enrol,
            may.GALLERY_ENROL,
            galleries.EnrolledOut,
            body=MAX_FILE_BYTES + AROUND,
        ),
        Operation(
            "GET",
            "/galleries/{path:name}/references",
            galleries.reference_list,
            may.GALLERY_LIST,
            galleries.ReferencesOut,
        ),
        Operation(
            "POST",
            "/galleries/{path:name}/enrolments",
            galleries.enrolment_ask,
            may.GALLERY_ENROL,
            jobs.JobOut,
            202,
            body=UPLOAD + (16 << 20),
        ),
        Operation(
            "GET", "/galleries/{path:name}/subjects", subjects.subject_list, may.SUBJECT_CHANGE, subjects.SubjectsOut
        ),
        Operation(
            "POST",
            "/galleries/{path:name}/subjects/change",
            subjects.subject_change,
            may.SUBJECT_CHANGE,
            subjects.ChangedOut,
        ),
        Operation(
            "POST",
            "/galleries/{path:name}/subjects/merge",
            subjects.subject_merge,
            may.SUBJECT_CHANGE,
            subjects.ChangedOut,
        ),
        Operation(
            "PATCH",
            "/galleries/{path:name}",
            galleries.passport_change,
            may.GALLERY_CREATE,
            galleries.GalleryOut,
            versioned=True,
        ),
        Operation(
            "GET",
            "/galleries/{path:name}",
            galleries.gallery_show,
            may.GALLERY_LIST,
            galleries.GalleryOut,
            versioned=True,
        ),
        Operation("GET", "/references/{id}", galleries.reference_show, may.GALLERY_LIST, galleries.ReferenceOut),
        Operation(
            "POST", "/references/{id}/expunge", galleries.reference_erase, may.REFERENCE_EXPUNGE, galleries.ErasedOut
        ),
    ),
    # Retention, and holds.
    *under(
        "Retention",
        Operation(
            "GET", "/retention/upcoming", retention.retention_upcoming, may.RETENTION_READ, retention.UpcomingOut
        ),
        Operation(
            "GET", "/retention/rules", retention.retention_rules, may.RETENTION_READ, retention.RulesOut, versioned=True
        ),
        Operation(
            "POST",
            "/retention/rules",
            retention.retention_change,
            may.RETENTION_SET,
            proposals.ProposalOut,
            201,
            versioned=True,
        ),
        Operation("GET", "/retention/events", retention.event_list, may.RETENTION_EVENT, retention.EventsOut),
        Operation(
            "POST", "/retention/events", retention.event_record, may.RETENTION_EVENT, retention.EventRecorded, 201
        ),
        Operation(
            "POST",
            "/retention/orders",
            retention.order_import,
            may.RETENTION_EVENT,
            retention.ImportedOut,
            201,
            body=MAX_BYTES + AROUND,
        ),
        Operation("GET", "/retention/runs", retention.retention_runs, may.RETENTION_READ, retention.RunsOut),
        Operation("POST", "/retention/runs", retention.retention_propose, may.RETENTION_PROPOSE, retention.RunOut, 201),
        Operation("GET", "/retention/runs/{id}", retention.retention_run, may.RETENTION_READ, retention.RunOut),
        Operation(
            "GET", "/retention/runs/{id}/items", retention.retention_items, may.RETENTION_READ, retention.ItemsOut
        ),
        Operation("GET", "/retention/runs/{id}/proof", retention.retention_proof, may.RETENTION_READ, dict[str, Any]),
        Operation(
            "POST", "/retention/runs/{id}/approve", retention.retention_approve, may.RETENTION_APPROVE, retention.RunOut
        ),
        Operation(
            "POST", "/retention/runs/{id}/again", retention.retention_again, may.RETENTION_APPROVE, retention.RunOut
        ),
        Operation(
            "POST",
            "/retention/runs/{id}/withdraw",
            retention.retention_withdraw,
            may.RETENTION_PROPOSE,
            retention.RunOut,
        ),
        Operation("GET", "/holds", holds.hold_list, may.RETENTION_READ, holds.HoldsOut),
        Operation("POST", "/holds", holds.hold_place, may.HOLD_PLACE, holds.HoldOut, 201),
        Operation("POST", "/holds/{id}/end", holds.hold_end, may.HOLD_END, holds.HoldOut),
    ),
    # Requests of people about themselves.
    *under(
        "Rights",
        Operation("GET", "/rights-requests", rights.rights_list, may.RIGHTS_READ, rights.RightsListOut),
        Operation("GET", "/rights-requests/{id}", rights.rights_show, may.RIGHTS_READ, rights.RightsShownOut),
        Operation("POST", "/rights-requests/{id}/confirm", rights.rights_confirm, may.RIGHTS_CONFIRM, rights.RightsOut),
        Operation("POST", "/rights-requests/{id}/search", rights.rights_search, may.RIGHTS_ANSWER, rights.FacesOut),
        Operation("POST", "/rights-requests/{id}/decide", rights.rights_decide, may.RIGHTS_ANSWER, rights.FacesOut),
        Operation("POST", "/rights-requests/{id}/answer", rights.rights_answer, may.RIGHTS_ANSWER, rights.RightsOut),
        Operation("POST", "/rights-requests/{id}/refuse", rights.rights_refuse, may.RIGHTS_ANSWER, rights.RightsOut),
        Operation("POST", "/rights-requests/{id}/extend", rights.rights_extend, may.RIGHTS_ANSWER, rights.RightsOut),
        Operation(
            "GET",
            "/rights-requests/{id}/letter.pdf",
            rights.rights_letter,
            may.RIGHTS_ANSWER,
            None,
            gives="application/pdf",
        ),
    ),
)
