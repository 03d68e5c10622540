"""The pictures of a candidate list: the probe, ten faces at a time, one face, whole pictures.

A picture that is asked for without a page that shows it opens the list. Whole pictures are the list's alone.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from plainview.casework import find
from plainview.casework.alerts.read import kept_blind
from plainview.casework.models import Examination, Member, Reference, Search
from plainview.casework.pictures import erased_jpeg, faces_jpeg, probe_jpeg, reference_jpeg, whole_jpeg
from plainview.casework.search.candidates import answered, faces_of, picture_of
from plainview.web.views.candidates import open_list
from plainview.web.views.common import member_of, page_shown, picture, side_of


@require_GET
def search_probe(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the probe's face; with `whole` the picture as searched, with `original` as it came."""
    member = member_of(request)
    search = answered(public_id, member)
    if {"original", "whole"} & request.GET.keys() or not _probe_on_a_page(request, search, member):
        open_list(request, search, member)
    if "original" in request.GET:
        return picture(whole_jpeg(search.probe_blob), lasting=True)
    if "whole" in request.GET:
        return picture(whole_jpeg(search.probe_blob, search.edits), lasting=True)
    return picture(probe_jpeg(search, side_of(request, 320)), lasting=True)


@require_GET
def candidate_face(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Return the face of a candidate, at the same scale as the probe."""
    reference = _shown_picture(request, public_id, rank, face=True)
    if not reference.template:
        return picture(erased_jpeg(320))
    return picture(reference_jpeg(reference, side_of(request, 320)), lasting=True)


@require_GET
def candidate_faces(request: HttpRequest, public_id: str, ten: int) -> HttpResponse:
    """Return ten faces of a list as one picture, one below the other: a list is a few requests instead of one a face."""
    member = member_of(request)
    search = answered(public_id, member)
    references = faces_of(search, ten)
    open_list(request, search, member)
    return picture(faces_jpeg(references, side_of(request, 208)), lasting=all(r.template for r in references))


@require_GET
def candidate_whole(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Return the whole picture of a candidate."""
    reference = _shown_picture(request, public_id, rank)
    return picture(whole_jpeg(reference.blob) if reference.template else erased_jpeg(320))


def _probe_on_a_page(request: HttpRequest, search: Search, member: Member) -> bool:
    """Say whether the probe's face is on a page that the member has: their tasks, or in this session its case or alert."""
    if search.member_id == member.pk or page_shown(request, reverse("case", args=[search.case_id])):
        return True
    if _on_alerts(request, search, member):
        return True
    return Examination.objects.filter(candidate__search=search, member=member).exists()


def _on_alerts(request: HttpRequest, search: Search, member: Member) -> bool:
    """Say whether the page of alerts shows the faces of a search: it is no view of the list, so only to whom it shows them."""
    if search.alert is None or kept_blind(search.alert, member):
        return False
    return search.alert.member_id == member.pk or page_shown(request, reverse("alerts"))  # the owner has them as tasks


def _shown_picture(request: HttpRequest, public_id: str, rank: int, *, face: bool = False) -> Reference:
    """Return the picture of a candidate that the address names; `face`: only its face is shown."""
    member = member_of(request)
    search = answered(public_id, member)
    candidate = find.candidate_of(search, rank)
    if not (face and _on_alerts(request, search, member)):
        open_list(request, search, member)
    return picture_of(candidate, request.GET.get("picture", ""))
