"""Operations that show pictures, and the sheets that people print.

Owns these rows; `operations` puts them together. A row's permission is that of the page with the picture.
"""

from __future__ import annotations

from plainview.api import approvals, enrolments, examination, galleries, leads, pictures
from plainview.api.operation import Operation, under
from plainview.api.pictures import JPEG, PDF
from plainview.policy.permissions import Permission

may = Permission

OPERATIONS: tuple[Operation, ...] = (
    *under(
        "Probes",
        Operation("GET", "/probes/{id}/picture", pictures.probe_picture, may.SEARCH_RUN, None, gives=JPEG),
    ),
    *under(
        "Searches",
        Operation("GET", "/searches/{id}/probe", pictures.search_probe, may.CASE_READ, None, gives=JPEG),
        Operation(
            "GET",
            "/searches/{id}/candidates/{int:rank}/picture",
            pictures.candidate_picture,
            may.CASE_READ,
            None,
            gives=JPEG,
        ),
        Operation("GET", "/searches/{id}/candidates.pdf", pictures.candidates_sheet, may.CASE_READ, None, gives=PDF),
    ),
    *under(
        "Examination",
        Operation(
            "GET",
            "/searches/{id}/candidates/{int:rank}/examination",
            examination.examination_open,
            may.EXAMINATION_RECORD,
            examination.PairOut,
        ),
    ),
    *under(
        "Leads",
        Operation("GET", "/examinations/{id}/release", leads.release_show, may.LEAD_RELEASE, leads.DecisionDue),
        Operation("GET", "/leads/{id}/picture", pictures.lead_picture, may.LEAD_LIST, None, gives=JPEG),
        Operation("GET", "/leads/{id}/sheet.pdf", pictures.lead_sheet, may.LEAD_LIST, None, gives=PDF),
    ),
    *under(
        "Approvals",
        Operation("GET", "/approvals/{id}/picture", pictures.approval_picture, may.SEARCH_APPROVE, None, gives=JPEG),
        Operation("GET", "/lapsed/{id}", approvals.lapsed_show, may.URGENT_REVIEW, approvals.LapsedOut),
    ),
    *under(
        "Galleries",
        Operation(
            "GET", "/references/{id}/picture", pictures.reference_picture, may.REFERENCE_EXPUNGE, None, gives=JPEG
        ),
        Operation(
            "GET",
            "/galleries/{path:name}/contents",
            galleries.gallery_contents,
            may.GALLERY_LIST,
            galleries.ContentsOut,
        ),
        Operation(
            "GET",
            "/galleries/{path:name}/enrolments",
            enrolments.enrolment_list,
            may.GALLERY_ENROL,
            enrolments.EnrolmentsOut,
        ),
        Operation(
            "GET", "/enrolments/{int:number}", enrolments.enrolment_show, may.GALLERY_ENROL, enrolments.EnrolmentOut
        ),
        Operation(
            "GET",
            "/enrolments/{int:number}/failed/{int:place}/picture",
            enrolments.unusable_picture,
            may.GALLERY_ENROL,
            None,
            gives=JPEG,
        ),
        Operation(
            "POST",
            "/enrolments/{int:number}/failed/erase",
            enrolments.unusable_erase,
            may.GALLERY_ENROL,
            enrolments.EnrolmentOut,
        ),
    ),
    *under(
        "Videos",
        Operation("GET", "/stills/{id}/picture", pictures.still_picture, may.VIDEO_READ, None, gives=JPEG),
        Operation("GET", "/videos/{id}/stills.pdf", pictures.stills_sheet, may.VIDEO_READ, None, gives=PDF),
    ),
)
